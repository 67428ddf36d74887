/** Cells and bytes of the caches, kind by kind; sums of whole models are in llama-cpp.test.ts. */
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../src/vram/architecture.ts';
import { type CacheSettings, cacheBytes, cacheLayoutOf, windowCells } from '../../../src/vram/kv-cache.ts';
import { plannedModel } from './weights-fixtures.ts';

const BASE: CacheSettings = {
  context: 8192,
  kType: 'f16',
  vType: 'f16',
  microBatch: 512,
  sequences: 1,
  transposedValues: false,
};

const of = (model: string, changes: Partial<CacheSettings> = {}) =>
  cacheBytes(plannedModel(model), { ...BASE, ...changes });

describe('full attention', () => {
  test('two tensors of kvHeads x headDim per layer and cell', () => {
    // 32 layers, 8 heads of 128, K and V in 16 bits.
    expect(of('Llama-3.1-8B')).toEqual({ kvCache: 32 * 2 * 8 * 128 * 2 * 8192, state: 0 });
  });

  test('contexts are padded to 256 cells', () => {
    expect(of('Llama-3.1-8B', { context: 8193 })).toEqual(of('Llama-3.1-8B', { context: 8448 }));
    expect(of('Llama-3.1-8B', { context: 1 })).toEqual(of('Llama-3.1-8B', { context: 256 }));
  });

  test('sequences share the cells', () => {
    expect(of('Llama-3.1-8B', { sequences: 8 })).toEqual(of('Llama-3.1-8B'));
  });

  test('K and V have types of their own', () => {
    const half = 32 * 8 * 128 * 8192;
    expect(of('Llama-3.1-8B', { kType: 'q8_0' }).kvCache).toBe((half * 34) / 32 + half * 2);
    expect(of('Llama-3.1-8B', { kType: 'q4_0', vType: 'q4_0' }).kvCache).toBe((2 * half * 18) / 32);
  });

  // A scale of 16 bits for 32 elements, in q5_1 and q4_1 a minimum beside it; iq4_nl is as large as q4_0.
  test.each([
    ['f32', 512],
    ['bf16', 256],
    ['q8_0', 136],
    ['q5_1', 96],
    ['q5_0', 88],
    ['q4_1', 80],
    ['q4_0', 72],
    ['iq4_nl', 72],
  ] as const)('128 elements in %s take %d bytes', (type, bytes) => {
    expect(of('Llama-3.1-8B', { kType: type, vType: type }).kvCache).toBe(32 * 2 * 8 * bytes * 8192);
  });
});

describe('windows', () => {
  test('hold the window and a micro-batch, no more than the context', () => {
    expect(windowCells(1024, BASE)).toBe(1536);
    expect(windowCells(1024, { ...BASE, sequences: 4 })).toBe(4608);
    expect(windowCells(1024, { ...BASE, microBatch: 2048 })).toBe(3072);
    expect(windowCells(1024, { ...BASE, context: 1024 })).toBe(1024);
  });

  test('cap what window layers grow by', () => {
    const growth = (from: number): number =>
      of('Gemma-3-12B', { context: 2 * from }).kvCache - of('Gemma-3-12B', { context: from }).kvCache;
    // 8 of 48 layers attend in full: 8 heads of 256.
    expect(growth(32_768)).toBe(8 * 2 * 8 * 256 * 2 * 32_768);
  });

  test('values are padded to the widest layer without FlashAttention', () => {
    expect(of('Gemma-4-26B-A4B', { transposedValues: true }).kvCache).toBeGreaterThan(of('Gemma-4-26B-A4B').kvCache);
    expect(of('Gemma-3-12B', { transposedValues: true })).toEqual(of('Gemma-3-12B'));
  });
});

describe('latent attention', () => {
  test('one row of rank and rotary part per layer and cell', () => {
    expect(of('DeepSeek-V3').kvCache).toBe(61 * (512 + 64) * 2 * 8192);
  });

  test('an indexer caches one key more', () => {
    expect(of('DeepSeek-V3.2').kvCache).toBe(61 * (512 + 64 + 128) * 2 * 8192);
  });
});

describe('states', () => {
  test('do not grow with the context, only with the sequences', () => {
    const one = of('Qwen3-Next-80B-A3B');
    expect(of('Qwen3-Next-80B-A3B', { context: 262_144 }).state).toBe(one.state);
    expect(of('Qwen3-Next-80B-A3B', { sequences: 4 }).state).toBe(4 * one.state);
    expect(one.state).toBeGreaterThan(0);
  });

  test('the attention layers of a hybrid are the only ones that cache', () => {
    // 12 of 48 layers, 2 heads of 256.
    expect(of('Qwen3-Next-80B-A3B').kvCache).toBe(12 * 2 * 2 * 256 * 2 * 8192);
  });

  test('Falcon-H1 has both in every layer', () => {
    const layout = cacheLayoutOf(plannedModel('Falcon-H1-7B'));
    expect(layout.kinds).toHaveLength(1);
    expect(of('Falcon-H1-7B').kvCache).toBeGreaterThan(0);
    expect(of('Falcon-H1-7B').state).toBeGreaterThan(0);
  });
});

describe('compressed rows', () => {
  test('grow by a quarter and a 128th of a row per token', () => {
    const grown =
      of('DeepSeek-V4-Flash', { context: 1_048_576 }).kvCache - of('DeepSeek-V4-Flash', { context: 524_288 }).kvCache;
    // 21 layers with a row of 512 and an index key of 128 per 4 tokens, 20 with a row per 128 tokens.
    expect(grown).toBe(21 * (512 + 128) * 2 * (524_288 / 4) + 20 * 512 * 2 * (524_288 / 128));
  });

  test('every sequence has its own', () => {
    expect(of('DeepSeek-V4-Flash', { sequences: 2 }).kvCache).toBeGreaterThan(of('DeepSeek-V4-Flash').kvCache);
  });
});

test('layouts are kept per architecture', () => {
  const architecture: Architecture = plannedModel('Gemma-3-12B');
  const layout = cacheLayoutOf(architecture);
  expect(cacheLayoutOf(architecture)).toBe(layout);
  expect(layout.kinds).toHaveLength(2);
  expect(layout.counts.reduce((sum, count) => sum + count, 0)).toBe(48);
  expect(layout.kindOfLayer).toHaveLength(48);
});
