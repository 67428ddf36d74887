import { z } from 'astro/zod';
import { describe, expect, it } from 'vitest';
import { dataPage, guidePage, modelPage } from '../../../src/scenarios/pages.ts';
import { apiIndexSchema, apiJsonSchema, apiMeasurementsSchema, apiModelSchema } from '../../../src/site/api.schema.ts';
import { apiIndex, measurementsOf, modelApi } from '../../../src/site/api.ts';
import { feedItems } from '../../../src/site/feed.ts';
import { llmsText } from '../../../src/site/llms-text.ts';
import { modelText } from '../../../src/site/model-text.ts';
import { catalog } from '../scenarios/catalog.ts';

const ORIGIN = 'https://example.org';

describe('the schema of the data', () => {
  const model = catalog.estimableModels.find(({ id }) => id === 'qwen3-8b');
  if (!model) throw new Error('qwen3-8b');
  const index = apiIndex(catalog, ORIGIN);
  const ofModel = modelApi(catalog, model, ORIGIN);
  const measurements = measurementsOf(catalog);
  /** What a reader of the published schema finds of a file, as it is served. */
  const published = z.fromJSONSchema(JSON.parse(JSON.stringify(apiJsonSchema())));
  const isValid = (file: object): boolean => published.safeParse(JSON.parse(JSON.stringify(file))).success;

  it('names every field of the files', () => {
    expect(apiIndexSchema.safeParse(index).error).toBeUndefined();
    expect(apiModelSchema.safeParse(ofModel).error).toBeUndefined();
    expect(apiMeasurementsSchema.safeParse(measurements).error).toBeUndefined();
  });

  it('as published, holds for the files and for fields that are added', () => {
    for (const file of [index, ofModel, measurements]) {
      expect(isValid(file)).toBe(true);
      expect(isValid({ ...file, added: 1 })).toBe(true);
    }
    const [first, ...others] = index.models;
    expect(isValid({ ...index, models: [{ ...first, added: 1 }, ...others] })).toBe(true);
  });

  it('as published, refuses a file that lost a field, or whose bytes are no whole number', () => {
    const { license: _, ...rest } = ofModel;
    expect(isValid(rest)).toBe(false);
    const quants = ofModel.quants.map((quant) => ({ ...quant, fileBytes: quant.fileBytes + 0.5 }));
    expect(isValid({ ...ofModel, quants })).toBe(false);
    const { speed: __, ...memory } = measurements;
    expect(isValid(memory)).toBe(false);
    expect(isValid({})).toBe(false);
  });

  it('is published with the meaning of the fields', () => {
    const text = JSON.stringify(apiJsonSchema());
    expect(text).toContain('"needsBytes"');
    expect(text).toContain('Needs: weights, KV cache, state and compute buffer on one device, in bytes.');
  });
});

it('the page about the data lists every file that language models are told of', () => {
  const told = llmsText(catalog, ORIGIN).matchAll(/\]\(https:\/\/example\.org(\/api\/[^)]+)\)/g);
  const listed = dataPage(catalog).files.rows.map(({ head }) => head.href);
  expect(listed).toEqual(expect.arrayContaining([...told].map(([, path]) => path)));
});

describe('the feed', () => {
  const items = feedItems(catalog);

  it('has the newest records first, each with its day', () => {
    const times = items.map(({ pubDate }) => pubDate.getTime());
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(items[0]?.pubDate.toISOString().slice(0, 10)).toBe(catalog.updated);
    expect(new Set(items.map(({ link }) => link)).size).toBe(items.length);
  });
});

describe('a page as plain text', () => {
  const page = modelPage(catalog, 'qwen3-8b');
  const text = modelText(page, ORIGIN);

  it('says what the page says', () => {
    for (const sentence of page.answer) expect(text).toContain(sentence);
    for (const { question, answer } of page.faq) expect(text).toContain(`### ${question}\n\n${answer}`);
    expect(text).toContain(`| ${page.grid.rows[0]?.head.text} |`);
  });

  it('has one heading of the first level and absolute links', () => {
    expect(text.match(/^# /gm)).toHaveLength(1);
    for (const [, href = ''] of text.matchAll(/\]\(([^)]+)\)/g)) expect(href).toMatch(/^https:\/\//);
  });
});

describe('the page about the site', () => {
  it('has an address of its own, without the guides above it', () => {
    const { meta } = guidePage(catalog, 'about');
    expect(meta.path).toBe('/about/');
    expect(meta.breadcrumbs.map(({ href }) => href)).toEqual(['/', '/about/']);
  });
});
