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

test('a format of another engine has any name, as long as no pages are made of it', () => {
  expect(fieldsOf({ engine: 'vllm', scheme: 'AWQ' })).toEqual([]);
  expect(fieldsOf({ engine: 'vllm', scheme: 'AWQ', scenarioPages: true })).toEqual(['scheme']);
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
