import { describe, expect, it } from 'vitest';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import { contextsOf } from '../../../src/scenarios/expand.ts';
import { computeScenario, modelAtQuant } from '../../../src/scenarios/scenario.ts';
import {
  DEFAULT_SETTINGS,
  EstimateError,
  fewestDevices,
  largestContext,
  needOf,
  placeOn,
} from '../../../src/vram/index.ts';
import { catalog, keyOf } from './catalog.ts';

const DEVICES = ['rtx-3060-12gb', 'rtx-4090', 'h100-80gb-sxm', 'apple-m1-8gb', 'apple-m4-max-128gb'];
const models = catalog.estimableModels.filter((_, index) => index % 11 === 0).map(({ id }) => id);

describe.each(models)('%s, shared work of its pages', (id) => {
  const at = modelAtQuant(catalog, id, 'q4-k-m');
  const context = contextsOf(at.model).at(-1) ?? 0;

  it('has the Needs and Plan for of the estimator', () => {
    const own = needOf(at.file, { ...DEFAULT_SETTINGS, context });
    expect(at.need(context)).toEqual(own);
  });

  it.each(DEVICES)('places as the estimator does on %s', (gpu) => {
    const device = devicesOf(catalog).byId.get(gpu)?.device;
    if (!device) throw new Error(gpu);
    for (const devices of [1, 2, 5]) {
      const placed = placeOn(at.file, { ...DEFAULT_SETTINGS, context, devices }, device);
      expect(at.fitOn(device, devices, context)).toMatchObject({
        fit: placed.fit,
        usableBytes: placed.usableBytes,
        headroomBytes: placed.headroomBytes,
        planHeadroomBytes: placed.planHeadroomBytes,
        ...(placed.tensorSplit && { tensorSplit: placed.tensorSplit }),
      });
      const largest = largestContext(at.file, { ...DEFAULT_SETTINGS, devices }, device, at.maximumContext);
      // Below the shortest context with a page the site does not count.
      expect(at.largestContext(device, devices)).toBe(largest < 4096 ? 0 : largest);
    }
    expect(at.fewestDevices(device, context)).toBe(fewestDevices(at.file, { ...DEFAULT_SETTINGS, context }, device));
  });
});

describe('a machine whose memory is one', () => {
  // Bytes of the machine, less what the system keeps, the driver's context, and both parts of the allocation.
  it.each([
    [
      'qwen3-8-flash-next/q5-k-m/32k',
      'ryzen-ai-max-395-128gb',
      137_438_953_472 - 4_294_967_296 - 479_199_232 - 96_694_551_040 - 38_903_736_384,
      'no',
    ],
    [
      'qwen3-8-flash-next/q4-k-m/8k',
      'ryzen-ai-max-395-128gb',
      137_438_953_472 - 4_294_967_296 - 479_199_232 - 84_233_462_272 - 35_586_214_976,
      'fits',
    ],
    [
      'gemma-4-e4b/bf16/8k',
      'apple-m4-16gb',
      17_179_869_184 - 2_233_382_994 - 536_870_912 - 9_691_653_504 - 7_021_287_456,
      'no',
    ],
    // The token embedding, 0.3 GB, lies in what the GPU may not use: its limit decides.
    ['llama-3-1-8b/q4-k-m/8k', 'apple-m4-16gb', 12_713_103_196 - 536_870_912 - 5_812_783_488, 'fits'],
  ])('%s on %s leaves %i bytes: %s', (path, gpu, headroomBytes, fit) => {
    const { at, contextTokens } = computeScenario(catalog, keyOf(path));
    const device = devicesOf(catalog).byId.get(gpu)?.device;
    if (!device) throw new Error(gpu);
    expect(at.fitOn(device, 1, contextTokens)).toMatchObject({ fit, headroomBytes });
    const settings = { ...DEFAULT_SETTINGS, context: contextTokens };
    expect(placeOn(at.file, settings, device)).toMatchObject({ fit, headroomBytes });
    expect(at.largestContext(device, 1)).toBe(largestContext(at.file, settings, device, at.maximumContext));
  });

  it('holds no more than with host memory apart, and the largest context shows it', () => {
    for (const { gpu, device } of devicesOf(catalog).all) {
      expect('hostRoomBytes' in device, gpu.id).toBe(gpu.class === 'apple' || gpu.class === 'unified');
      const { hostRoomBytes, ...apart } = device;
      for (const [model, quant] of [
        ['gemma-4-e4b', 'bf16'],
        ['qwen3-8-flash-next', 'q4-k-m'],
        ['llama-3-1-8b', 'q8-0'],
      ] as const) {
        const at = modelAtQuant(catalog, model, quant);
        const longest = at.largestContext(device, 1);
        expect(longest, gpu.id).toBeLessThanOrEqual(at.largestContext(apart, 1));
        if (hostRoomBytes === undefined) expect(at.fitOn(device, 1, 8192)).toEqual(at.fitOn(apart, 1, 8192));
        if (longest > 0) expect(at.fitOn(device, 1, longest).fit, gpu.id).toBe('fits');
      }
    }
  });
});

describe('a scenario', () => {
  it('is computed once per model and quant', () => {
    const key = keyOf('llama-3-1-8b/q4-k-m/8k');
    expect(computeScenario(catalog, key).at).toBe(computeScenario(catalog, { ...key, context: 16_384 }).at);
  });

  it('names what it cannot find', () => {
    expect(() => computeScenario(catalog, { model: 'no-such-model', quant: 'q4-k-m', context: 8192 })).toThrow(
      EstimateError,
    );
    expect(() => computeScenario(catalog, { model: 'no-such-model', quant: 'q4-k-m', context: 8192 })).toThrow(
      '"no-such-model"',
    );
    expect(() => computeScenario(catalog, { model: 'llama-3-1-8b', quant: 'q9', context: 8192 })).toThrow('"q9"');
  });

  it('has no type of cache that llama.cpp refuses', () => {
    // Phi-3.5's heads of 96 elements hold whole blocks of 32.
    expect(modelAtQuant(catalog, 'phi-3-5-mini', 'q4-k-m').needWithKvType(8192, 'q8_0')).toBeDefined();
    const at = modelAtQuant(catalog, 'llama-3-1-8b', 'q4-k-m');
    const smaller = at.needWithKvType(32_768, 'q8_0');
    // 34 bytes hold 32 elements instead of 64 bytes.
    expect(smaller?.kvBytes).toBe((at.allocate(32_768).device.kvCache * 34) / 64);
  });
});
