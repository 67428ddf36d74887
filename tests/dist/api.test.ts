import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { shortNames } from '../../scripts/small-scripts.ts';
import { computeAnswer } from '../../src/islands/calculator/answer.ts';
import { type CalculatorData, prepareModel } from '../../src/islands/calculator/data.ts';
import { firstState } from '../../src/islands/calculator/state.ts';
import type { ApiIndex, ApiModel } from '../../src/site/api.schema.ts';
import { calculatorDataPath, calculatorMoreDataPath } from '../../src/site/routes.ts';
import { type BuiltSite, fileOf, openSite, pageFiles, sitemapAddresses } from '../support/site.ts';

describe('the JSON API of the built site', () => {
  let site: BuiltSite;
  let models: readonly ApiModel[];

  function readJson<T>(path: string): T {
    return JSON.parse(readFileSync(join(site.directory, path), 'utf8')) as T;
  }

  beforeAll(() => {
    site = openSite('dist');
    models = [...site.files]
      .filter((file) => file.startsWith('/api/v1/models/'))
      .sort()
      .map((file) => readJson<ApiModel>(file));
  });

  test('every JSON file of the site parses', () => {
    for (const file of site.files) if (file.endsWith('.json')) expect(() => readJson(file), file).not.toThrow();
  });

  test('the index lists the models that have a file', () => {
    const { models: listed } = readJson<ApiIndex>('/api/v1/models.json');
    const paths = listed.map(({ json }) => new URL(json).pathname);
    expect(paths.filter((path) => !site.files.has(path))).toEqual([]);
    expect(listed.map(({ id }) => id).sort()).toEqual(models.map(({ model }) => model.id).sort());
  });

  test('there is an entry for every scenario page and a page for every entry', () => {
    const pages = pageFiles(site).filter((file) => /^\/models\/[^/]+\/[^/]+\/[^/]+\/index\.html$/.test(file));
    const entries = models.flatMap(({ quants }) =>
      quants.flatMap(({ scenarios }) => scenarios.map(({ url }) => fileOf(new URL(url).pathname))),
    );
    expect(entries.sort()).toEqual(pages);
  });

  test('an entry says what its page says: the words, the bytes, whether it is indexed', () => {
    const listed = new Set(sitemapAddresses(site));
    const differing: string[] = [];
    for (const { quants } of models) {
      for (const { url, needs, planFor, needsBytes, planForBytes, indexable } of quants.flatMap(
        ({ scenarios }) => scenarios,
      )) {
        const html = readFileSync(join(site.directory, fileOf(new URL(url).pathname)), 'utf8');
        const told = [`>${needs}<`, `>${planFor}<`, `value="${needsBytes}"`, `value="${planForBytes}"`];
        differing.push(
          ...told.filter((text) => !html.includes(text)).map((text) => `${url}: ${text} is not on the page`),
        );
        if (listed.has(url) !== indexable) differing.push(`${url}: indexable is ${indexable}`);
      }
    }
    expect(differing.slice(0, 20)).toEqual([]);
  });

  test('scripts read all that calculators load by its own names', () => {
    const shortened = new Set(Object.keys(shortNames(join(site.directory, '..'))));
    const found = new Set<string>();
    for (const path of [calculatorDataPath(), calculatorMoreDataPath()])
      JSON.parse(readFileSync(join(site.directory, path), 'utf8'), (key, value) => {
        if (shortened.has(key)) found.add(key);
        return value;
      });
    expect(shortened.size).toBeGreaterThan(100);
    expect([...found]).toEqual([]);
  });

  test('the calculator computes the bytes of the API from the data it loads', async () => {
    const data = readJson<CalculatorData>('/api/v1/calculator.json');
    expect(data.models.map(({ id }) => id).sort()).toEqual(models.map(({ model }) => model.id).sort());
    for (const model of data.models) await prepareModel(model);
    for (const { model, quants } of models) {
      for (const { quant, scenarios } of quants) {
        const scenario = scenarios.at(-1);
        const answer = computeAnswer(data, {
          ...firstState(data),
          model: model.id,
          quant,
          context: scenario?.contextTokens ?? 0,
        });
        expect(answer.rows.needs.bytes, `${model.id} ${quant}`).toBe(scenario?.needsBytes);
        expect(answer.rows['plan-for'].bytes, `${model.id} ${quant}`).toBe(scenario?.planForBytes);
      }
    }
  });
});
