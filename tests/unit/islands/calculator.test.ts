import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeAnswer } from '../../../src/islands/calculator/answer.ts';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { isStateFragment, readFragment, writeFragment } from '../../../src/islands/calculator/fragment.ts';
import {
  type CalculatorState,
  ENGINES,
  FLASH_ATTENTION_CHOICES,
  firstState,
  LIMITS,
} from '../../../src/islands/calculator/state.ts';
import {
  type Architecture,
  atOnce,
  DEFAULT_SETTINGS,
  estimateLlamaCpp,
  KV_TYPES,
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
      graph: 'decoder',
      tensors: packTensors(LLAMA),
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

const whole = (field: keyof typeof LIMITS): fc.Arbitrary<number> =>
  fc.integer({ min: LIMITS[field][0], max: LIMITS[field][1] });

const states: fc.Arbitrary<CalculatorState> = fc.record({
  engine: fc.constantFrom(...ENGINES),
  model: fc.constantFrom(...DATA.models.map(({ id }) => id)),
  quant: fc.constantFrom(...DATA.quants.map(({ id }) => id)),
  gpu: fc.constantFrom(...DATA.devices.map(({ id }) => id)),
  context: fc.integer({ min: 1, max: 131072 }),
  kType: fc.constantFrom(...KV_TYPES),
  vType: fc.constantFrom(...KV_TYPES),
  sequences: whole('sequences'),
  microBatch: whole('microBatch'),
  flashAttention: fc.constantFrom(...FLASH_ATTENTION_CHOICES),
  devices: whole('devices'),
  experts: whole('experts'),
  mtp: whole('mtp'),
  projector: whole('projector'),
  reserve: whole('reserve'),
  limit: whole('limit'),
});

describe('the fragment of the calculator', () => {
  test('carries every setting there and back', () => {
    fc.assert(
      fc.property(states, (state) => {
        const fragment = writeFragment(state);
        expect(isStateFragment(fragment)).toBe(true);
        expect(readFragment(fragment, DATA, BASE)).toEqual(state);
        // A link that names no engine is one of the time when there was llama.cpp alone.
        expect(fragment.includes('e=')).toBe(state.engine !== '');
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

  test('takes numbers as people write them, and as pages do', () => {
    for (const context of ['32k', '32 K', '32,768', '32 768', ' 32\u00A0k '])
      expect(readFragment(`#c=${context}`, DATA, BASE).context, context).toBe(32_768);
    expect(readFragment('#c=32.768&s=&x=', DATA, { ...BASE, sequences: 4, experts: 2 })).toEqual({
      ...BASE,
      sequences: 4,
      experts: 2,
    });
    expect(readFragment('#s=1e2', DATA, BASE).sequences).toBe(100);
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
    const { rows, placed, largestContext } = computeAnswer(DATA, state);
    // llama.cpp's own plan: 4,617,396,480 bytes of weights, 1 GiB of cache.
    expect(rows.weights.bytes).toBe(4617396480);
    expect(rows['kv-cache'].bytes).toBe(1073741824);
    expect(rows.state.bytes).toBe(0);
    expect(rows.needs.bytes).toBe(device.total);
    // Rule of thumb: (8e9 x 0.56 + 1 GiB) x 1.1.
    expect(rows['plan-for'].bytes).toBe(planForBytes(device.total, 6_109_116_006));
    expect(placed().fit).toBe('fits');
    expect(placed().headroom).toMatch(/ GB free each$/);
    expect(atOnce(largestContext())).toBe('128K tokens, the maximum');
  });

  test('what is kept free for a display is taken off the device', () => {
    const state: CalculatorState = { ...BASE, context: 8192, gpu: 'rtx-3090' };
    const free = (reserve: number): number =>
      Number.parseFloat(computeAnswer(DATA, { ...state, reserve }).placed().headroom);
    // 2048 MiB are 2.15 GB, and the text has one decimal.
    expect(free(0) - free(2048)).toBeCloseTo(2.15, 0.5);
    expect(computeAnswer(DATA, { ...state, reserve: 20_000 }).placed().fit).toBe('no');
  });

  test('of a dense model ignores experts, drafts and projector, which it has not', () => {
    const state: CalculatorState = { ...BASE, context: 8192, gpu: 'rtx-3090' };
    const said = (change: Partial<CalculatorState>): unknown => {
      const { placed, largestContext, ...rest } = computeAnswer(DATA, { ...state, ...change });
      return [rest, placed(), atOnce(largestContext())];
    };
    expect(said({ experts: 12, mtp: 1, projector: 1 })).toEqual(said({}));
  });

  test('counts the projector file, and Plan for with it', () => {
    const [model] = DATA.models;
    if (!model) throw new Error('no model');
    const data: CalculatorData = { ...DATA, models: [{ ...model, projectorBytes: 900_000_000 }] };
    const state: CalculatorState = { ...BASE, context: 8192, gpu: 'rtx-3090' };
    const [without, loaded] = [computeAnswer(data, state), computeAnswer(data, { ...state, projector: 1 })];
    expect(loaded.rows.projector.bytes).toBe(900_000_000);
    expect(loaded.rows.needs.bytes - without.rows.needs.bytes).toBe(900_000_000);
    // The rule of thumb's 6.1 GB do not count it; the file comes on top.
    expect(loaded.rows['plan-for'].bytes).toBe(planForBytes(loaded.rows.needs.bytes, 6_109_116_006 + 900_000_000));
  });

  test('a device that is too small: how much is short, and the context that still fits', () => {
    const small = computeAnswer(DATA, { ...BASE, context: 131072, gpu: 'rtx-3060' });
    expect(small.placed().fit).toBe('no');
    expect(small.placed().headroom).toMatch(/ GB short$/);
    expect(atOnce(small.largestContext())).toMatch(/^\d+(\.\d+)?K tokens$/);
    const none = computeAnswer(DATA, { ...BASE, quant: 'f16', gpu: 'rtx-3060' });
    expect(atOnce(none.largestContext())).toBe('none');
  });

  test('refusals of the engine and contexts beyond the model are errors in words', () => {
    expect(() => computeAnswer(DATA, { ...BASE, vType: 'q8_0', flashAttention: 'off' })).toThrow('FlashAttention');
    expect(() => computeAnswer(DATA, { ...BASE, context: 131073 })).toThrow('Llama 3.1 8B takes at most 128K tokens');
  });
});
