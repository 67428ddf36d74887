import { describe, expect, test } from 'vitest';
import {
  bytesPerParameterOf,
  DEFAULT_SETTINGS,
  estimateRuleOfThumb,
  formatGB,
  planForBytes,
  type QuantizationScheme,
} from '../../../src/vram/index.ts';
import { plannedModel } from './weights-fixtures.ts';

test('the figures of the DeepSeek V4 Pro page: 896 + 24.2 + 92.0 = 1012 GB', () => {
  const { weights, kvCache, overhead, total } = estimateRuleOfThumb(
    plannedModel('DeepSeek-V4-Flash'),
    'Q4_K_M',
    { ...DEFAULT_SETTINGS, context: 1_048_576 },
    1600e9,
    { layers: 80, kvHeads: 1, headDim: 288, sequenceCompression: 0.25 },
  );
  expect([weights, kvCache, overhead, total].map(formatGB)).toEqual(['896 GB', '24.2 GB', '92.0 GB', '1012 GB']);
});

describe('parts', () => {
  test.each<[QuantizationScheme, number]>([
    ['Q4_K_M', 0.56],
    ['Q8_0', 1.06],
    ['F16', 2],
    ['BF16', 2],
    ['Q2_K', 0.33],
  ])('%s counts %d bytes per parameter', (scheme, bytes) => {
    expect(bytesPerParameterOf(scheme)).toBe(bytes);
  });

  test('weights, a cache of every layer, ten percent', () => {
    const { weights, kvCache, overhead, total } = estimateRuleOfThumb(
      plannedModel('Llama-3.1-8B'),
      'F16',
      DEFAULT_SETTINGS,
      8e9,
    );
    expect(weights).toBe(16e9);
    expect(kvCache).toBe(32 * 2 * 8 * 128 * 2 * 8192);
    expect(overhead).toBe(Math.round((weights + kvCache) * 0.1));
    expect(total).toBe(weights + kvCache + overhead);
  });

  test('experts that stay in MXFP4 count 17 bytes for 32 parameters, whatever the quant', () => {
    const weightsOf = (scheme: QuantizationScheme): number =>
      estimateRuleOfThumb(plannedModel('gpt-oss-20b'), scheme, DEFAULT_SETTINGS, 21e9).weights;
    for (const scheme of ['MXFP4_MOE', 'Q4_K_M', 'Q8_0', 'BF16'] as const)
      expect(weightsOf(scheme)).toBe(Math.round(21e9 * 0.53));
    expect(weightsOf('Q2_K')).toBe(Math.round(21e9 * 0.33));
  });

  test('layers with a state cache nothing, windows their tokens only', () => {
    const cacheOf = (model: string, context: number): number =>
      estimateRuleOfThumb(plannedModel(model), 'Q4_K_M', { ...DEFAULT_SETTINGS, context }, 1e9).kvCache;
    expect(cacheOf('Qwen3-Next-80B-A3B', 8192)).toBe(12 * 2 * 2 * 256 * 2 * 8192);
    expect(cacheOf('Gemma-3-12B', 65_536) - cacheOf('Gemma-3-12B', 32_768)).toBe(8 * 2 * 8 * 256 * 2 * 32_768);
    expect(cacheOf('DeepSeek-V3', 8192)).toBe(61 * 576 * 2 * 8192);
  });
});

test('Plan for is the larger of the rule of thumb and five percent on top of Needs', () => {
  expect(planForBytes(963e9, 1012e9)).toBe(1012e9);
  expect(planForBytes(100e9, 90e9)).toBe(105e9);
  expect(planForBytes(100e9)).toBe(105e9);
});
