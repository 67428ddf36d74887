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

const DEVICES = ['rtx-3060-12gb', 'rtx-4090', 'h100-80gb-sxm', 'apple-m4-max-128gb'];
const models = catalog.estimableModels.filter((_, index) => index % 11 === 0).map(({ id }) => id);

describe.each(models)('%s, shared work of its pages', (id) => {
  const at = modelAtQuant(catalog, id, 'q4-k-m');
  const context = contextsOf(at.model).at(-1) ?? 0;

  it('has the Needs and Plan for of the estimator', () => {
    const own = needOf(at.file, { ...DEFAULT_SETTINGS, context });
    expect(at.need(context)).toEqual({ needsBytes: own.needsBytes, planForBytes: own.planForBytes });
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
    }
    const largest = largestContext(at.file, DEFAULT_SETTINGS, device, at.maximumContext);
    // Below the shortest context with a page the site does not count.
    expect(at.largestContext(device, 1)).toBe(largest < 4096 ? 0 : largest);
    expect(at.fewestDevices(device, context)).toBe(fewestDevices(at.file, { ...DEFAULT_SETTINGS, context }, device));
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
