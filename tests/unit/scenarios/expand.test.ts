import { describe, expect, it } from 'vitest';
import { buildCatalog } from '../../../src/catalog/catalog.ts';
import type { ModelRecord } from '../../../src/catalog/model.schema.ts';
import type { QuantRecord } from '../../../src/catalog/quant.schema.ts';
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
import { model, quant, records } from '../catalog/made-up.ts';
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
  const paged = (id: string, scheme: NonNullable<QuantRecord['scheme']>, nominalBits: number, order: number) =>
    quant({ id, name: scheme, scheme, nominalBits, order, scenarioPages: true });
  const { comparedWith: _, ...mixture } = named('gpt-oss-20b');
  const small = buildCatalog(
    records({
      models: [
        withContext({ native: 4096, extended: 12_288 }),
        { ...mixture, family: 'small', popularityRank: 1, context: { native: 8192, source: 'config' } },
      ],
      quants: [
        paged('q8-0', 'Q8_0', 8.5, 30),
        paged('mxfp4-moe', 'MXFP4_MOE', 4.25, 20),
        paged('q4-k-m', 'Q4_K_M', 4.5, 10),
        quant({ id: 'q2-k', name: 'Q2_K', scheme: 'Q2_K', nominalBits: 2.625, order: 5 }),
      ],
      measurements: [],
    }),
  );

  it('are every model x quant with pages x context: models most looked-up first, then bits, then tokens', () => {
    expect(scenarioKeys(small).map(({ model: id, quant: of, context }) => `${id} ${of} ${context}`)).toEqual([
      'gpt-oss-20b q4-k-m 4096',
      'gpt-oss-20b q4-k-m 8192',
      'gpt-oss-20b mxfp4-moe 4096',
      'gpt-oss-20b mxfp4-moe 8192',
      'gpt-oss-20b q8-0 4096',
      'gpt-oss-20b q8-0 8192',
      'tiny q4-k-m 4096',
      'tiny q4-k-m 8192',
      'tiny q4-k-m 12288',
      'tiny q8-0 4096',
      'tiny q8-0 8192',
      'tiny q8-0 12288',
    ]);
  });

  it('stand under a model and a quant each', () => {
    expect(modelQuantKeys(small).map(({ model: id, quant: of }) => `${id} ${of}`)).toEqual([
      'gpt-oss-20b q4-k-m',
      'gpt-oss-20b mxfp4-moe',
      'gpt-oss-20b q8-0',
      'tiny q4-k-m',
      'tiny q8-0',
    ]);
  });

  it('of the whole catalogue have an address each', () => {
    const keys = scenarioKeys(catalog);
    const addresses = keys.map(({ model: id, quant: of, context }) => `${id}/${of}/${contextLabel(context)}`);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(addresses.length).toBeGreaterThan(5000);
  });
});
