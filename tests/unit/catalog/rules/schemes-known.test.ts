import { expect, test } from 'vitest';
import { schemesKnown } from '../../../../src/catalog/rules/schemes-known.ts';
import { drafts, quant } from '../made-up.ts';

function fieldsOf(changes: Parameters<typeof quant>[0]): unknown[] {
  return schemesKnown(drafts({ quants: [quant(changes)] })).map(({ path }) => path[0]);
}

test('a GGUF format has the name that llama-quantize gives it', () => {
  expect(fieldsOf({ scheme: 'IQ4_XS', nominalBits: 4.25 })).toEqual([]);
  expect(fieldsOf({ scheme: 'iq4_xs' })).toEqual(['scheme']);
});

test('a format of an engine without a module has any name, as long as no pages are made of it', () => {
  expect(fieldsOf({ engine: 'tensorrt-llm', scheme: 'W4A8' })).toEqual([]);
  expect(fieldsOf({ engine: 'tensorrt-llm', scheme: 'W4A8', scenarioPages: true })).toEqual(['scheme']);
});

test('a format of checkpoints is one that its engine loads, at the bits of its linear layers', () => {
  // 4 bits, and 16 + 4 more for every 128 weights.
  expect(fieldsOf({ engine: 'vllm', scheme: 'AWQ', nominalBits: 4.15625 })).toEqual([]);
  expect(fieldsOf({ engine: 'vllm', scheme: 'AWQ', nominalBits: 4 })).toEqual(['nominalBits']);
  expect(fieldsOf({ engine: 'mlx', scheme: 'AWQ' })).toEqual(['scheme']);
  expect(fieldsOf({ engine: 'exllamav3', scheme: 'EXL3_3BPW', nominalBits: 3 })).toEqual([]);
  expect(fieldsOf({ engine: 'exllamav3', scheme: 'AWQ' })).toEqual(['scheme']);
  expect(fieldsOf({ engine: 'mlx', scheme: 'MLX_4BIT', nominalBits: 4.5 })).toEqual([]);
});

test('a format says that it needs an importance matrix exactly where llama-quantize refuses to go without', () => {
  expect(fieldsOf({ scheme: 'IQ2_XXS', nominalBits: 2.0625, needsImatrix: true })).toEqual([]);
  expect(fieldsOf({ scheme: 'IQ2_XXS', nominalBits: 2.0625 })).toEqual(['needsImatrix']);
  expect(fieldsOf({ scheme: 'Q4_K_M', needsImatrix: true })).toEqual(['needsImatrix']);
});

test('the nominal bits are those of the base type', () => {
  expect(fieldsOf({ scheme: 'Q8_0', nominalBits: 8.5 })).toEqual([]);
  expect(fieldsOf({ scheme: 'Q8_0', nominalBits: 8 })).toEqual(['nominalBits']);
});
