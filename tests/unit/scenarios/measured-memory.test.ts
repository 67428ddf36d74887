/** The records of real runs are the independent source here: llama.cpp's own log lines. */
import { describe, expect, test } from 'vitest';
import { buildCatalog } from '../../../src/catalog/catalog.ts';
import { type MemoryComparison, memoryComparisons } from '../../../src/scenarios/measured-memory.ts';
import { medianOf } from '../../../src/scenarios/measured-speed.ts';
import { gpu, measurement, model, quant, records } from '../catalog/made-up.ts';
import { catalog } from './catalog.ts';

const all = memoryComparisons(catalog);

/** Weights, cache and state of a run together, estimate over measurement. */
function residentError({ parts }: MemoryComparison): number | undefined {
  const { weights, kvCache } = parts;
  if (!weights || !kvCache) return undefined;
  return Math.abs(
    (weights.estimatedBytes + kvCache.estimatedBytes) / (weights.measuredBytes + kvCache.measuredBytes) - 1,
  );
}

describe('llama.cpp logs', () => {
  const standard = all.filter(({ run, record }) => record.engine === 'llama-cpp' && run.recipe === undefined);
  const errors = standard.flatMap((own) => residentError(own) ?? []);

  test('weights and cache of standard quants are within 0.1 %, or the record says why not', () => {
    expect(errors.length).toBeGreaterThanOrEqual(10);
    expect(medianOf(errors)).toBeLessThan(0.001);
    const off = standard.filter((own) => (residentError(own) ?? 0) > 0.001);
    for (const { run } of off) expect(run.note, JSON.stringify(run)).toBeDefined();
    expect(off.length).toBeLessThanOrEqual(errors.length / 10);
  });

  test('the cache of every run is within 2 %, also where the file has another recipe', () => {
    const off = all.filter(({ parts, run }) => run.note === undefined && Math.abs(parts.kvCache?.error ?? 0) > 0.02);
    expect(off.map(({ run }) => run)).toEqual([]);
  });

  test('the total is within 5 % in the median', () => {
    const totals = all.flatMap(({ parts }) => parts.total?.error ?? []).map(Math.abs);
    expect(totals.length).toBeGreaterThanOrEqual(10);
    expect(medianOf(totals)).toBeLessThan(0.05);
  });

  test('a miss of a whole run by 5 % has a reason in its record', () => {
    for (const { run, parts } of all) if (Math.abs(parts.total?.error ?? 0) > 0.05) expect(run.note).toBeDefined();
  });
});

describe('vLLM logs', () => {
  const served = all.filter(({ record }) => record.engine === 'vllm');
  const errorsOf = (part: 'weights' | 'kvCache') =>
    served.flatMap(({ parts }) => parts[part]?.error ?? []).map(Math.abs);

  test('weights within 2 % and tokens of the cache within 5 %', () => {
    expect(Math.max(...errorsOf('weights'))).toBeLessThan(0.02);
    expect(Math.max(...errorsOf('kvCache'))).toBeLessThan(0.05);
    expect(errorsOf('weights').length).toBeGreaterThanOrEqual(9);
    expect(errorsOf('kvCache').length).toBeGreaterThanOrEqual(14);
  });

  test('what cannot be compared says why', () => {
    const compared = new Set(served.map(({ run }) => run));
    const left = catalog.measurements
      .filter(({ engine }) => engine === 'vllm')
      .flatMap(({ memory = [] }) => memory.filter((run) => !compared.has(run)));
    expect(left.length).toBeGreaterThan(0);
    for (const run of left) expect(run.note ?? run.differs, JSON.stringify(run)).toBeDefined();
  });
});

describe('what is compared', () => {
  const run = { model: 'tiny', quant: 'q4-k-m', gpu: 'rtx-4090', context: 8192 };
  /** 28 layers x 8192 cells x 2 x 8 heads x 128 x 2 bytes. */
  const cacheMiB = (28 * 8192 * 2 * 8 * 128 * 2) / 2 ** 20;
  const comparisonsOf = (memory: readonly object[], engine = 'llama-cpp') => {
    const own = measurement({ memory: memory as never, speed: [], engine });
    const base = records({ models: [model()], quants: [quant()], gpus: [gpu()], measurements: [own] });
    const other = { ...base.engines[0], id: 'other', name: 'Other' };
    return memoryComparisons(buildCatalog({ ...base, engines: [...base.engines, other as never] }));
  };

  test('buffers that the source shows, the total only where it shows all', () => {
    const [some, every] = comparisonsOf([
      { ...run, MiB: { kvCache: cacheMiB } },
      { ...run, MiB: { weights: 400, kvCache: 2 * cacheMiB, compute: 300 } },
    ]);
    expect(Object.keys(some?.parts ?? {})).toEqual(['kvCache']);
    expect(some?.parts.kvCache?.error).toBe(0);
    expect(Object.keys(every?.parts ?? {})).toEqual(['weights', 'kvCache', 'compute', 'total']);
    expect(every?.parts.kvCache?.error).toBe(-0.5);
    expect(every?.parts.total?.measuredBytes).toBe((700 + 2 * cacheMiB) * 2 ** 20);
  });

  test('no weights of another recipe, no compute buffer that differs', () => {
    const MiB = { weights: 400, kvCache: cacheMiB, compute: 300 };
    const [recipe, differs] = comparisonsOf([
      { ...run, MiB, recipe: 'UD-Q4_K_XL' },
      { ...run, MiB, differs: 'Another allocator' },
    ]);
    expect(Object.keys(recipe?.parts ?? {})).toEqual(['kvCache', 'compute']);
    expect(Object.keys(differs?.parts ?? {})).toEqual(['weights', 'kvCache']);
  });

  test('an engine that no estimate exists for is left out', () => {
    expect(comparisonsOf([{ ...run, MiB: { kvCache: cacheMiB } }], 'other')).toEqual([]);
  });
});
