import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../src/vram/architecture.ts';
import { weighModel, weighTensors } from '../../../src/vram/index.ts';
import { elementsOf, GGML_TYPES, tensorBytes } from '../../../src/vram/quantization/ggml-types.ts';
import { type QuantizationScheme, SCHEME_NAMES, schemeOf } from '../../../src/vram/quantization/schemes.ts';
import { plannedModel, readJson } from './weights-fixtures.ts';

function llamaOf(changes: Partial<Architecture>): Architecture {
  return {
    className: 'LlamaForCausalLM',
    layers: 8,
    hiddenSize: 2048,
    vocabularySize: 32000,
    tiedEmbeddings: false,
    attention: { kind: 'full', heads: 16, kvHeads: 4, headDim: 128 },
    feedForward: { intermediateSize: 5632 },
    ...changes,
  };
}

function typesOf(architecture: Architecture, scheme: QuantizationScheme): Record<string, string> {
  return Object.fromEntries(weighTensors(architecture, scheme).map(({ tensor, type }) => [tensor.name, type]));
}

describe('ggml types', () => {
  // The figures by which llama.cpp's users name these types.
  test.each([
    ['Q4_0', 4.5],
    ['Q4_1', 5],
    ['Q5_0', 5.5],
    ['Q5_1', 6],
    ['Q8_0', 8.5],
    ['Q2_K', 2.625],
    ['Q3_K', 3.4375],
    ['Q4_K', 4.5],
    ['Q5_K', 5.5],
    ['Q6_K', 6.5625],
    ['IQ1_S', 1.5625],
    ['IQ1_M', 1.75],
    ['IQ2_XXS', 2.0625],
    ['IQ2_XS', 2.3125],
    ['IQ3_XXS', 3.0625],
    ['IQ3_S', 3.4375],
    ['IQ4_XS', 4.25],
    ['MXFP4', 4.25],
    ['TQ1_0', 1.6875],
    ['TQ2_0', 2.0625],
  ] as const)('%s takes %f bits per weight', (type, bits) => {
    expect((GGML_TYPES[type].blockBytes * 8) / GGML_TYPES[type].blockElements).toBe(bits);
  });
});

describe('schemes', () => {
  test.each([
    ['Q4_K_M', 'Q4_K_M'],
    ['q4-k-m', 'Q4_K_M'],
    ['iq2_xxs', 'IQ2_XXS'],
    ['Q5_K', 'Q5_K_M'],
    ['mxfp4', 'MXFP4_MOE'],
  ])('%s is %s', (name, scheme) => {
    expect(schemeOf(name)).toBe(scheme);
  });

  test('a name that llama-quantize does not know is refused with the known ones', () => {
    expect(() => schemeOf('Q9_X')).toThrow(expect.objectContaining({ code: 'unknown-quant' }));
    expect(() => schemeOf('Q9_X')).toThrow(/"Q9_X".*Q4_K_M/);
  });
});

interface Bits {
  readonly models: Readonly<Record<string, Architecture>>;
  readonly bitsPerWeight: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

describe('bits per weight of whole files', () => {
  const { models, bitsPerWeight } = readJson<Bits>('weights-bits.json');

  test.each(Object.entries(bitsPerWeight))('%s', (scheme, expected) => {
    for (const [model, bits] of Object.entries(expected)) {
      const weighed = weighTensors(models[model] as Architecture, schemeOf(scheme), {
        mtpInFile: model === 'GLM-4.5-Air',
      });
      const bytes = weighed.reduce((sum, { type, tensor }) => sum + tensorBytes(type, tensor.shape), 0);
      const elements = weighed.reduce((sum, { tensor }) => sum + elementsOf(tensor.shape), 0);
      expect((bytes * 8) / elements, model).toBeCloseTo(bits, 3);
    }
  });
});

describe('types of tensors', () => {
  test('Q4_K_M spares the output, and the value and down projections of some blocks', () => {
    const types = typesOf(llamaOf({ layers: 32 }), 'Q4_K_M');
    expect(types['output.weight']).toBe('Q6_K');
    expect(types['token_embd.weight']).toBe('Q4_K');
    expect(types['blk.0.attn_norm.weight']).toBe('F32');
    const spared = (part: string) =>
      Array.from({ length: 32 }, (_, layer) => layer).filter(
        (layer) => types[`blk.${layer}.${part}.weight`] === 'Q6_K',
      );
    // The first and the last eighth, and every third block between them.
    expect(spared('ffn_down')).toEqual([0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31]);
    expect(spared('attn_v')).toEqual(spared('ffn_down'));
    expect(types['blk.0.attn_q.weight']).toBe('Q4_K');
  });

  test('rows that are no whole number of blocks fall back', () => {
    const types = typesOf(llamaOf({ feedForward: { intermediateSize: 5632 + 32 } }), 'Q4_K_M');
    expect(types['blk.0.ffn_down.weight']).toBe('Q8_0');
    expect(types['blk.2.ffn_down.weight']).toBe('Q5_0');
    expect(types['blk.0.ffn_up.weight']).toBe('Q4_K');
    const odd = typesOf(llamaOf({ feedForward: { intermediateSize: 5632 + 8 } }), 'Q4_K_M');
    expect(odd['blk.0.ffn_down.weight']).toBe('F16');
  });

  test('experts published in MXFP4 stay in it', () => {
    for (const scheme of ['F16', 'Q8_0', 'Q4_K_M', 'MXFP4_MOE'] as const) {
      expect(typesOf(plannedModel('gpt-oss-20b'), scheme)['blk.0.ffn_up_exps.weight'], scheme).toBe('MXFP4');
    }
  });

  test('routers and norms are never quantized', () => {
    for (const scheme of SCHEME_NAMES) {
      const types = typesOf(plannedModel('Qwen3-30B-A3B'), scheme);
      expect(types['blk.0.ffn_gate_inp.weight'], scheme).toBe('F32');
      expect(types['blk.0.attn_q_norm.weight'], scheme).toBe('F32');
    }
  });
});

test('every scheme gives every tensor whole blocks', () => {
  for (const scheme of SCHEME_NAMES) {
    for (const name of ['GLM-4.5-Air', 'Kimi-Linear-48B-A3B', 'Granite-4.0-H-Tiny', 'Gemma-4-26B-A4B']) {
      for (const { tensor, type } of weighTensors(plannedModel(name), scheme)) {
        expect((tensor.shape[0] ?? 0) % GGML_TYPES[type].blockElements, `${name} ${scheme} ${tensor.name}`).toBe(0);
      }
    }
  }
});

test('fewer bits are never a larger file', () => {
  const falling = ['F32', 'F16', 'Q8_0', 'Q6_K', 'Q5_K_M', 'Q5_K_S', 'Q4_K_M', 'Q4_K_S', 'Q3_K_M', 'Q3_K_S'] as const;
  const multiple = fc.integer({ min: 1, max: 24 }).map((count) => count * 256);
  fc.assert(
    fc.property(
      multiple,
      multiple,
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      (hiddenSize, width, layers, tiedEmbeddings) => {
        const architecture = llamaOf({
          layers,
          hiddenSize,
          tiedEmbeddings,
          attention: { kind: 'full', heads: hiddenSize / 128, kvHeads: 1, headDim: 128 },
          feedForward: { intermediateSize: width },
        });
        const sizes = falling.map((scheme) => weighModel(architecture, scheme).fileBytes);
        expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
      },
    ),
    { numRuns: 40 },
  );
});
