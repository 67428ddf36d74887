import { describe, expect, it } from 'vitest';
import type { ModelRecord } from '../../../src/catalog/model.schema.ts';
import {
  contextsOf,
  defaultContextOf,
  defaultQuantOf,
  maximumContext,
  modelQuantKeys,
  quantsOf,
  recommendedQuants,
  scenarioKeys,
} from '../../../src/scenarios/expand.ts';
import { contextLabel } from '../../../src/vram/index.ts';
import { model } from '../catalog/made-up.ts';
import { catalog } from './catalog.ts';

const withContext = (context: Partial<ModelRecord['context']>): ModelRecord =>
  model({ context: { native: 40_960, source: 'page', ...context } });
const labels = (record: ModelRecord): readonly string[] => contextsOf(record).map(contextLabel);
const named = (id: string): ModelRecord => {
  const record = catalog.byId.models.get(id);
  if (!record) throw new Error(id);
  return record;
};

describe('contexts of a model', () => {
  it('go up the ladder to the native maximum, and to it', () => {
    expect(labels(withContext({}))).toEqual(['4k', '8k', '16k', '32k', '40k']);
    expect(labels(withContext({ native: 1_048_576 }))).toEqual([
      '4k',
      '8k',
      '16k',
      '32k',
      '64k',
      '128k',
      '256k',
      '512k',
      '1m',
    ]);
    expect(labels(withContext({ native: 10_485_760 })).slice(-2)).toEqual(['1m', '10m']);
    expect(labels(withContext({ native: 4096 }))).toEqual(['4k']);
  });

  it('go on to a published extension, and keep the native maximum', () => {
    expect(labels(withContext({ extended: 131_072 }))).toEqual(['4k', '8k', '16k', '32k', '40k', '64k', '128k']);
    expect(labels(withContext({ native: 262_144, extended: 1_010_000 })).slice(-2)).toEqual(['512k', '1010000']);
    expect(maximumContext(withContext({ extended: 131_072 }))).toBe(131_072);
  });

  it('have the usual one within reach', () => {
    expect(defaultContextOf(withContext({}))).toBe(8192);
    expect(defaultContextOf(withContext({ native: 4096 }))).toBe(4096);
  });
});

describe('quants of a model', () => {
  it('are those with pages, fewest bits first', () => {
    const quants = quantsOf(catalog, named('deepseek-v4-pro'));
    expect(quants.length).toBeGreaterThanOrEqual(12);
    expect(quants.every(({ scenarioPages }) => scenarioPages === true)).toBe(true);
    expect(quants.map(({ order }) => order)).toEqual(quants.map(({ order }) => order).toSorted((a, b) => a - b));
  });

  it('leave out MXFP4_MOE for dense models only', () => {
    const has = (id: string): boolean => quantsOf(catalog, named(id)).some(({ scheme }) => scheme === 'MXFP4_MOE');
    expect(has('llama-3-1-8b')).toBe(false);
    expect(has('gpt-oss-120b')).toBe(true);
    expect(has('deepseek-v4-pro')).toBe(true);
  });

  it('default to Q4_K_M, and to MXFP4_MOE where the experts are published in it', () => {
    expect(defaultQuantOf(catalog, named('llama-3-1-8b')).name).toBe('Q4_K_M');
    expect(defaultQuantOf(catalog, named('deepseek-v4-pro')).name).toBe('Q4_K_M');
    expect(defaultQuantOf(catalog, named('gpt-oss-120b')).name).toBe('MXFP4_MOE');
  });

  it('are not all recommended', () => {
    const names = recommendedQuants(catalog, named('llama-3-1-8b')).map(({ name }) => name);
    expect(names).toContain('Q4_K_M');
    for (const outdated of ['Q4_0', 'Q4_1', 'Q5_0', 'MXFP4_MOE']) expect(names).not.toContain(outdated);
    expect(recommendedQuants(catalog, named('gpt-oss-20b')).map(({ name }) => name)).toContain('MXFP4_MOE');
  });
});

describe('scenarios', () => {
  const keys = scenarioKeys(catalog);

  it('are every model x quant x context, once', () => {
    const expected = catalog.estimableModels.reduce(
      (sum, own) => sum + quantsOf(catalog, own).length * contextsOf(own).length,
      0,
    );
    expect(keys).toHaveLength(expected);
    expect(new Set(keys.map(({ model: id, quant, context }) => `${id}/${quant}/${contextLabel(context)}`)).size).toBe(
      keys.length,
    );
    expect(keys.length).toBeGreaterThan(5000);
  });

  it('stand under a model and a quant each', () => {
    const parents = new Set(modelQuantKeys(catalog).map(({ model: id, quant }) => `${id}/${quant}`));
    expect(keys.every(({ model: id, quant }) => parents.has(`${id}/${quant}`))).toBe(true);
    expect(new Set(keys.map(({ model: id, quant }) => `${id}/${quant}`)).size).toBe(parents.size);
  });
});
