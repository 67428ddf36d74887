import { describe, expect, it } from 'vitest';
import { guidePage, modelPage } from '../../../src/scenarios/pages.ts';
import { apiIndexSchema, apiJsonSchema, apiModelSchema } from '../../../src/site/api.schema.ts';
import { apiIndex, modelApi } from '../../../src/site/api.ts';
import { feedItems } from '../../../src/site/feed.ts';
import { modelText } from '../../../src/site/model-text.ts';
import { catalog } from '../scenarios/catalog.ts';

const ORIGIN = 'https://example.org';

describe('the schema of the data', () => {
  it('holds for the files', () => {
    expect(apiIndexSchema.safeParse(apiIndex(catalog, ORIGIN)).error).toBeUndefined();
    for (const id of ['qwen3-8b', 'deepseek-v4-pro']) {
      const model = catalog.estimableModels.find((own) => own.id === id);
      if (!model) throw new Error(id);
      expect(apiModelSchema.safeParse(modelApi(catalog, model, ORIGIN)).error, id).toBeUndefined();
    }
  });

  it('refuses a file that lost a field, or whose bytes are no whole number', () => {
    const model = catalog.estimableModels.find(({ id }) => id === 'qwen3-8b');
    if (!model) throw new Error('qwen3-8b');
    const { license: _, ...rest } = modelApi(catalog, model, ORIGIN);
    expect(apiModelSchema.safeParse(rest).success).toBe(false);
    const api = structuredClone(modelApi(catalog, model, ORIGIN)) as unknown as {
      quants: { fileBytes: number }[];
    };
    for (const quant of api.quants) quant.fileBytes += 0.5;
    expect(apiModelSchema.safeParse(api).success).toBe(false);
  });

  it('is published as JSON Schema, with the meaning of the fields', () => {
    const text = JSON.stringify(apiJsonSchema());
    expect(text).toContain('"needsBytes"');
    expect(text).toContain('Needs: weights, KV cache, state and compute buffer on one device, in bytes.');
  });
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
