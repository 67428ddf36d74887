/** Bytes of checkpoints against published sizes, bits of formats against their definitions. */
import { describe, expect, test } from 'vitest';
import {
  bitsPerLinearWeight,
  CHECKPOINT_FORMATS,
  EstimateError,
  encodedBytes,
  formatOf,
  weighCheckpoint,
  weighExl3,
} from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

/** Bits per value as the formats' own descriptions give them. */
test.each([
  ['AWQ', 4.15625],
  ['GPTQ_INT4', 4.15625],
  ['W4A16', 4.125],
  ['W4A16_G32', 4.5],
  ['FP8_BLOCK', 8.00195],
  ['NVFP4', 4.5],
  ['MXFP4', 4.25],
  ['NF4', 4.5],
  ['NF4_DOUBLE', 4.127],
  ['MLX_4BIT', 4.5],
  ['MLX_6BIT', 6.5],
  ['MLX_8BIT', 8.5],
  ['MLX_MXFP4', 4.25],
  ['MLX_NVFP4', 4.5],
  ['MLX_MXFP8', 8.25],
  ['BF16', 16],
])('%s: %d bits', (name, bits) => {
  expect(bitsPerLinearWeight(formatOf(name))).toBeCloseTo(bits, 3);
});

test('scales of a row, of a column and of a tile that the matrix does not fill are whole', () => {
  // Per channel: a 32-bit scale for each of 4096 rows.
  expect(encodedBytes({ bits: 8, rowBytes: 4 }, 1024, 4096)).toBe(1024 * 4096 + 4096 * 4);
  // 576 rows are five tiles of 128, the last one half full (kv_a of DeepSeek V3).
  expect(encodedBytes({ bits: 8, tile: { rows: 128, columns: 128, bytes: 4 } }, 7168, 576)).toBe(
    7168 * 576 + 5 * 56 * 4,
  );
  // EXL3: a 16-bit vector along each side.
  expect(encodedBytes({ bits: 4, rowBytes: 2, columnBytes: 2 }, 5120, 1024)).toBe(
    (5120 * 1024) / 2 + (5120 + 1024) * 2,
  );
});

/**
 * Checkpoints that makers publish in their own format, by the size that the catalogue records with a source. Text models
 * only, but for Kimi, whose vision tower is a thousandth of it.
 */
test.each([
  ['deepseek-v3-1', 'FP8_BLOCK', 0.0002],
  ['deepseek-r1', 'FP8_BLOCK', 0.0002],
  ['deepseek-v3-2', 'FP8_BLOCK', 0.0002],
  ['minimax-m2-7', 'FP8_BLOCK', 0.001],
  ['deepseek-v4-pro', 'FP8_FP4_EXPERTS', 0.002],
  ['kimi-k2-6', 'INT4_EXPERTS', 0.002],
] as const)('%s as published (%s)', (id, format, tolerance) => {
  const model = catalog.byId.models.get(id);
  const published = model?.nativeFormat?.checkpointBytes ?? 0;
  if (!model?.architecture) throw new Error(id);
  const { fileBytes } = weighCheckpoint(model.architecture, formatOf(format), true);
  expect(Math.abs(fileBytes / published - 1)).toBeLessThan(tolerance);
});

test('the 0731 checkpoint of DeepSeek V4 Flash carries a drafter of three blocks instead of the one for prediction', () => {
  const model = catalog.byId.models.get('deepseek-v4-flash');
  if (!model?.architecture) throw new Error('no architecture');
  const format = formatOf('FP8_FP4_EXPERTS');
  const main = weighCheckpoint(model.architecture, format, false).fileBytes;
  const block = weighCheckpoint(model.architecture, format, true).fileBytes - main;
  expect((main + 3 * block) / (model.nativeFormat?.checkpointBytes ?? 0)).toBeCloseTo(1, 2);
});

test('EXL3 at 4 bits: a 32B model measured at 18,665 MiB with a 16-bit cache of 8,192 tokens', () => {
  const architecture = catalog.byId.models.get('qwen2-5-32b')?.architecture;
  if (!architecture) throw new Error('no architecture');
  const { fileBytes, deviceBytes: onDevice } = weighExl3(architecture, 4);
  // The embedding stays in RAM.
  expect(onDevice).toBe(fileBytes - 152_064 * 5120 * 2);
  const cache = 8192 * 64 * 8 * (128 + 128) * 2;
  const measured = 18_665 * 2 ** 20;
  expect((onDevice + cache) / measured).toBeGreaterThan(0.93);
  expect((onDevice + cache) / measured).toBeLessThan(1);
});

test('EXL3 stores a packed head where the embedding is the head', () => {
  const architecture = catalog.byId.models.get('qwen3-4b')?.architecture;
  if (!architecture) throw new Error('no architecture');
  expect(architecture.tiedEmbeddings).toBe(true);
  const { fileBytes, deviceBytes } = weighExl3(architecture, 4);
  // 36 blocks: q, k, v, o and three feed-forward matrices at 4 bits, a 16-bit vector along each side; norms in 16 bits.
  const matrices = [
    [2560, 4096],
    [2560, 1024],
    [2560, 1024],
    [4096, 2560],
    [2560, 9728],
    [2560, 9728],
    [9728, 2560],
  ] as const;
  const block = matrices.reduce((sum, [columns, rows]) => sum + (columns * rows) / 2 + 2 * (columns + rows), 0);
  const norms = 2 * (2 * 2560 + 2 * 128);
  const head = (151_936 * 2560 * 6) / 8 + 2 * (151_936 + 2560);
  expect(deviceBytes).toBe(36 * (block + norms) + 2 * 2560 + head);
  expect(fileBytes - deviceBytes).toBe(151_936 * 2560 * 2);
});

describe('formatOf', () => {
  test('takes any spelling, and names the formats where it knows none', () => {
    expect(formatOf('mlx 4bit').name).toBe('MLX_4BIT');
    expect(formatOf('fp8-block').name).toBe('FP8_BLOCK');
    expect(formatOf('gptq').name).toBe('GPTQ_INT4');
    expect(() => formatOf('q4-k-m')).toThrow(EstimateError);
    expect(() => formatOf('q4-k-m')).toThrow('AWQ');
  });

  test('no name stands for two formats', () => {
    const names = CHECKPOINT_FORMATS.flatMap(({ name, aliases = [] }) => [name, ...aliases]).map((name) =>
      name.toUpperCase(),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});
