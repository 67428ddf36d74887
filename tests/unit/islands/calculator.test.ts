import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeAnswer } from '../../../src/islands/calculator/answer.ts';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { isStateFragment } from '../../../src/islands/calculator/fragment.ts';
import {
  type CalculatorState,
  FLASH_ATTENTION_CHOICES,
  firstState,
  KV_TYPE_NAMES,
  LIMITS,
  readFragment,
  writeFragment,
} from '../../../src/islands/calculator/state.ts';
import {
  type Architecture,
  DEFAULT_SETTINGS,
  estimateLlamaCpp,
  packTensors,
  planForBytes,
} from '../../../src/vram/index.ts';

const LLAMA: Architecture = {
  className: 'LlamaForCausalLM',
  layers: 32,
  hiddenSize: 4096,
  vocabularySize: 128256,
  tiedEmbeddings: false,
  attention: { kind: 'full', heads: 32, kvHeads: 8, headDim: 128 },
  feedForward: { intermediateSize: 14336 },
  ropeFactors: 'llama3',
};

const DATA: CalculatorData = {
  version: 1,
  models: [
    {
      id: 'llama-3-1-8b',
      name: 'Llama 3.1 8B',
      publishedParameters: 8e9,
      maxContext: 131072,
      architecture: LLAMA,
      tensors: packTensors(LLAMA, false),
    },
  ],
  quants: [
    { id: 'q4-k-m', name: 'Q4_K_M', scheme: 'Q4_K_M', nominalBits: 4.5 },
    { id: 'f16', name: 'F16', scheme: 'F16', nominalBits: 16 },
  ],
  devices: [
    { id: 'rtx-3090', name: 'RTX 3090', group: 'Desktop', vendor: 'nvidia', usableBytes: 25_300_000_000 },
    { id: 'rtx-3060', name: 'RTX 3060', group: 'Desktop', vendor: 'nvidia', usableBytes: 12_500_000_000 },
  ],
};
const BASE = firstState(DATA);

const states: fc.Arbitrary<CalculatorState> = fc.record({
  model: fc.constantFrom(...DATA.models.map(({ id }) => id)),
  quant: fc.constantFrom(...DATA.quants.map(({ id }) => id)),
  gpu: fc.constantFrom(...DATA.devices.map(({ id }) => id)),
  context: fc.integer({ min: 1, max: 131072 }),
  kType: fc.constantFrom(...KV_TYPE_NAMES),
  vType: fc.constantFrom(...KV_TYPE_NAMES),
  sequences: fc.integer({ min: LIMITS.sequences[0], max: LIMITS.sequences[1] }),
  microBatch: fc.integer({ min: LIMITS.microBatch[0], max: LIMITS.microBatch[1] }),
  flashAttention: fc.constantFrom(...FLASH_ATTENTION_CHOICES),
  devices: fc.integer({ min: LIMITS.devices[0], max: LIMITS.devices[1] }),
});

describe('the fragment of the calculator', () => {
  test('carries every setting there and back', () => {
    fc.assert(
      fc.property(states, (state) => {
        const fragment = writeFragment(state);
        expect(isStateFragment(fragment)).toBe(true);
        expect(readFragment(fragment, DATA, BASE)).toEqual(state);
      }),
    );
  });

  test('takes what it understands and ignores the rest, whatever it is', () => {
    expect(readFragment('#q=f16&c=16k&m=unknown&n=0&s=1.5&k=f17&zz=1', DATA, BASE)).toEqual({
      ...BASE,
      quant: 'f16',
      context: 16384,
    });
    fc.assert(
      fc.property(fc.string(), (text) => {
        const state = readFragment(`#${text}`, DATA, BASE);
        expect(Object.keys(state)).toEqual(Object.keys(BASE));
        expect(DATA.models.some(({ id }) => id === state.model)).toBe(true);
      }),
    );
  });

  test('is told from the name of an element', () => {
    expect(isStateFragment('#faq')).toBe(false);
    expect(isStateFragment('')).toBe(false);
    expect(isStateFragment('#m=x')).toBe(true);
  });
});

describe('the answer of the calculator', () => {
  test("is the engine's, to the byte, with the parts of one device", () => {
    const state: CalculatorState = { ...BASE, context: 8192, gpu: 'rtx-3090', devices: 2 };
    const model = DATA.models[0];
    if (model === undefined) throw new Error('no model');
    const { device } = estimateLlamaCpp(model.architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, context: 8192 });
    const { rows, fit, headroom, largestContext } = computeAnswer(DATA, state);
    // llama.cpp's own plan: 4,617,396,480 bytes of weights, 1 GiB of cache.
    expect(rows.weights.bytes).toBe(4617396480);
    expect(rows['kv-cache'].bytes).toBe(1073741824);
    expect(rows.state.bytes).toBe(0);
    expect(rows.needs.bytes).toBe(device.total);
    // Rule of thumb: (8e9 x 0.56 + 1 GiB) x 1.1.
    expect(rows['plan-for'].bytes).toBe(planForBytes(device.total, 6_109_116_006));
    expect(fit).toBe('fits');
    expect(headroom).toMatch(/ GB free each$/);
    expect(largestContext).toBe('128K tokens, the maximum');
  });

  test('a device that is too small: how much is short, and the context that still fits', () => {
    const small = computeAnswer(DATA, { ...BASE, context: 131072, gpu: 'rtx-3060' });
    expect(small.fit).toBe('no');
    expect(small.headroom).toMatch(/ GB short$/);
    expect(small.largestContext).toMatch(/^\d+(\.\d+)?K tokens$/);
    expect(computeAnswer(DATA, { ...BASE, quant: 'f16', gpu: 'rtx-3060' }).largestContext).toBe('none');
  });

  test('refusals of the engine and contexts beyond the model are errors in words', () => {
    expect(() => computeAnswer(DATA, { ...BASE, vType: 'q8_0', flashAttention: 'off' })).toThrow('FlashAttention');
    expect(() => computeAnswer(DATA, { ...BASE, context: 131073 })).toThrow('Llama 3.1 8B takes at most 128K tokens');
  });
});
