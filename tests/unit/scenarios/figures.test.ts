import { describe, expect, it } from 'vitest';
import { FigureError } from '../../../src/scenarios/figure-attributes.ts';
import { figureTable, figureText, workingSteps } from '../../../src/scenarios/figures.ts';
import { catalog } from './catalog.ts';

const text = (attributes: Record<string, string>): string => figureText(catalog, attributes);

/** Sizes as the site writes them, rounded here and not by the code under test. */
const gb = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;

describe('figures in the text of a guide equal a calculation by hand', () => {
  it('GQA: Llama 3.1 8B, 32 layers, 8 KV heads of 128, keys and values of 2 bytes', () => {
    const asked = { model: 'llama-3-1-8b', quant: 'q4-k-m', part: 'kv' };
    expect(text({ ...asked, context: '32k' })).toBe(gb(32 * 8 * (128 + 128) * 2 * 32768));
    expect(text({ ...asked, context: '128k' })).toBe(gb(32 * 8 * (128 + 128) * 2 * 131072));
    expect(text({ model: 'llama-3-1-8b', part: 'per-token' })).toBe('128 KiB');
  });

  it('a Q8_0 cache has 34 bytes for 32 elements', () => {
    const asked = { model: 'llama-3-1-8b', quant: 'q4-k-m', context: '128k', part: 'kv' };
    expect(text({ ...asked, kv: 'q8_0' })).toBe(gb(((32 * 8 * 256 * 34) / 32) * 131072));
    expect(text({ ...asked, kv: 'q8_0', 'over-kv': 'f16' })).toBe('0.53');
  });

  it('sliding window: Gemma 3 27B, 10 layers with all tokens, 52 with 1,024 + 512', () => {
    const row = 2 * 16 * 128 * 2;
    expect(text({ model: 'gemma-3-27b', quant: 'q4-k-m', context: '128k', part: 'kv' })).toBe(
      gb(10 * row * 131072 + 52 * row * 1536),
    );
  });

  it('MLA: DeepSeek V3.1, 61 layers, one row of 512 + 64', () => {
    expect(text({ model: 'deepseek-v3-1', quant: 'q4-k-m', context: '32k', part: 'kv' })).toBe(
      gb(61 * (512 + 64) * 2 * 32768),
    );
  });

  it('DeltaNet: Qwen3.6 27B, 48 states of 48 x 128 x 128 and a convolution of 3 x 10,240, for each slot', () => {
    const bytes = 48 * (48 * 128 * 128 + 3 * 10240) * 4;
    const asked = { model: 'qwen3-6-27b', quant: 'q4-k-m', context: '8k', part: 'state', unit: 'MiB' };
    expect(text(asked)).toBe(`${Math.round(bytes / 2 ** 20)} MiB`);
    expect(text({ ...asked, slots: '8' })).toBe(`${Math.round((8 * bytes) / 2 ** 20)} MiB`);
  });

  it('a difference is of the two figures, before rounding', () => {
    const asked = { model: 'llama-3-1-8b', quant: 'q4-k-m', part: 'kv' };
    expect(text({ ...asked, context: '128k', 'from-context': '32k' })).toBe(gb(131072 * 98304));
  });

  it('room on an RTX 4090: 24,080 MiB that CUDA reports less 457 MiB', () => {
    expect(text({ gpu: 'rtx-4090', part: 'room' })).toBe(gb((24080 - 457) * 2 ** 20));
  });

  it('a file needs no context, of a model that ends at 2K neither: TinyLlama in 2 bytes a weight, norms of 45 x 2,048 in 4', () => {
    const asked = { model: 'tinyllama-1-1b', quant: 'f16', part: 'file' };
    expect(text(asked)).toBe(gb(2 * 1_100_048_384 + 2 * 45 * 2048));
    expect(text({ ...asked, model: 'llama-3-1-8b', 'over-model': 'tinyllama-1-1b' })).toBe(
      (8_030_261_248 / 1_100_048_384).toFixed(2),
    );
  });

  it('fields of a record are shown as they are', () => {
    expect(text({ model: 'llama-3-1-8b', field: 'architecture.attention.kvHeads' })).toBe('8');
    expect(text({ model: 'llama-3-1-8b', field: 'parameters.total' })).toBe('8,030,261,248');
    expect(text({ quant: 'q4-k-m', field: 'nominalBits' })).toBe('4.50');
  });
});

describe('a table', () => {
  it('has a row for every combination, the first attribute slowest', () => {
    const table = figureTable(catalog, {
      model: 'llama-3-1-8b gemma-3-27b',
      kv: 'f16 q8_0',
      quant: 'q4-k-m',
      context: '32k',
      columns: 'kv needs',
      caption: 'Two models',
    });
    expect(table.rows.map(({ head }) => head.map((own) => own.text).join('/'))).toEqual([
      'Llama 3.1 8B/F16 cache',
      'Llama 3.1 8B/Q8_0 cache',
      'Gemma 3 27B/F16 cache',
      'Gemma 3 27B/Q8_0 cache',
    ]);
    expect(table.columns).toEqual(['KV cache', 'Needs']);
    expect(table.rows[0]?.cells[0]).toBe(gb(131072 * 32768));
  });

  it('may lay one attribute across', () => {
    const table = figureTable(catalog, {
      model: 'llama-3-1-8b gemma-3-27b',
      context: '8k 32k',
      across: 'context',
      quant: 'q4-k-m',
      part: 'kv',
      caption: 'Two models',
    });
    expect(table.columns).toEqual(['8K', '32K']);
    expect(table.rows[0]?.cells).toEqual([gb(131072 * 8192), gb(131072 * 32768)]);
  });
});

it('a worked cache ends with the sum of its terms', () => {
  const steps = workingSteps(catalog, { model: 'gemma-3-27b', quant: 'q4-k-m', context: '128k', of: 'cache' });
  const row = 2 * 16 * 128 * 2;
  expect(steps.map(({ result }) => result)).toEqual([
    gb(10 * row * 131072),
    `${Math.round((52 * row * 1536) / 1e6)} MB`,
    gb(10 * row * 131072 + 52 * row * 1536),
  ]);
});

describe('an element that names no figure says what is wrong', () => {
  const kv = { model: 'llama-3-1-8b', quant: 'q4-k-m', context: '8k', part: 'kv' };
  it.each([
    ['a model', { ...kv, model: 'lama-3-1-8b' }, 'model', '"lama-3-1-8b"', 'did you mean "llama-3-1-8b"?'],
    ['a quant', { ...kv, quant: 'q4km' }, 'quant', '"q4km"', undefined],
    ['a context', { ...kv, context: 'long' }, 'context', '"long"', undefined],
    ['a context beyond the model', { ...kv, context: '1m' }, 'context', '"1m"', undefined],
    ['no context', { model: 'llama-3-1-8b', quant: 'q4-k-m', part: 'kv' }, 'context', 'nothing', undefined],
    ['a part', { ...kv, part: 'cash' }, 'part', '"cash"', 'did you mean "cache"?'],
    ['a device', { ...kv, part: 'fit', gpu: 'rtx-4091' }, 'gpu', '"rtx-4091"', undefined],
    ['a unit', { ...kv, unit: 'TB' }, 'unit', '"TB"', undefined],
    ['an attribute', { ...kv, modl: 'x' }, 'modl', 'the attribute "modl"', 'did you mean "model"?'],
    ['experts of a dense model', { ...kv, 'cpu-moe': 'all' }, 'model', '"llama-3-1-8b"', undefined],
    ['a cache that llama.cpp refuses', { ...kv, kv: 'q8_0', flash: 'off' }, 'part', undefined, undefined],
  ])('%s', (_, attributes, attribute, found, fix) => {
    let error: unknown;
    try {
      figureText(catalog, attributes);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FigureError);
    const wrong = error as FigureError;
    expect(wrong.attribute).toBe(attribute);
    if (found) expect(wrong.found).toBe(found);
    if (fix) expect(wrong.fix).toBe(fix);
  });
});
