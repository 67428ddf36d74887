import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_SETTINGS,
  type Device,
  DRIVER_OVERHEAD_BYTES,
  expertsInRam,
  fewestDevices,
  GiB,
  largestContext,
  type ModelFile,
  needOf,
  overheadOf,
  placeOn,
  roomOn,
  type Settings,
} from '../../../src/vram/index.ts';
import { placeLayers } from '../../../src/vram/layer-split.ts';
import { plannedModel } from './weights-fixtures.ts';

const card = (gib: number): Device => ({ vendor: 'nvidia', usableBytes: gib * GiB });
const llama: ModelFile = { architecture: plannedModel('Llama-3.1-8B'), scheme: 'Q4_K_M' };
const qwen: ModelFile = { architecture: plannedModel('Qwen3-30B-A3B'), scheme: 'Q4_K_M' };
const at = (context: number): Settings => ({ ...DEFAULT_SETTINGS, context });

describe('which layer goes where', () => {
  const counts = (model: string, settings: Partial<Settings>, nextTokenLayers = 0): number[] => {
    const { deviceOfLayer } = placeLayers(plannedModel(model), nextTokenLayers, { ...DEFAULT_SETTINGS, ...settings });
    const devices = settings.devices ?? 1;
    return Array.from({ length: devices + 1 }, (_, index) => deviceOfLayer.filter((at) => at === index - 1).length);
  };

  test('the output layer counts as a block of the last device', () => {
    // 33 blocks over two and over four devices.
    expect(counts('Llama-3.1-8B', { devices: 2 })).toEqual([0, 17, 15]);
    expect(counts('Llama-3.1-8B', { devices: 4 })).toEqual([0, 9, 8, 8, 7]);
  });

  test('-ngl takes the last layers, the output first', () => {
    expect(counts('Llama-3.1-8B', { gpuLayers: 0 })).toEqual([32, 0]);
    expect(counts('Llama-3.1-8B', { gpuLayers: 1 })).toEqual([32, 0]);
    expect(counts('Llama-3.1-8B', { gpuLayers: 11 })).toEqual([22, 10]);
    expect(counts('Llama-3.1-8B', { gpuLayers: 99 })).toEqual([0, 32]);
  });

  test('multi-token-prediction blocks of the file count too', () => {
    expect(counts('GLM-4.5-Air', { devices: 2 }, 1)).toEqual([0, 24, 22]);
  });

  test('a pipeline needs several devices and every layer on them', () => {
    const pipelined = (settings: Partial<Settings>): boolean =>
      placeLayers(plannedModel('Qwen3-30B-A3B'), 0, { ...DEFAULT_SETTINGS, ...settings }).pipelined;
    expect(pipelined({})).toBe(false);
    expect(pipelined({ devices: 2 })).toBe(true);
    expect(pipelined({ devices: 2, gpuLayers: 20 })).toBe(false);
    expect(pipelined({ devices: 2, cpuMoeLayers: -1 })).toBe(false);
  });
});

describe('verdicts', () => {
  test('fits, tight, no by what the two figures leave', () => {
    const { needsBytes, planForBytes } = needOf(llama, at(8192));
    expect(planForBytes).toBeGreaterThan(needsBytes);
    const verdict = (usableBytes: number): string => placeOn(llama, at(8192), { vendor: 'nvidia', usableBytes }).fit;
    const overhead = DRIVER_OVERHEAD_BYTES.nvidia;
    expect(verdict(planForBytes + overhead)).toBe('fits');
    expect(verdict(planForBytes + overhead - 1)).toBe('tight');
    expect(verdict(needsBytes + overhead)).toBe('tight');
    expect(verdict(needsBytes + overhead - 1)).toBe('no');
  });

  test('headroom is counted against both figures', () => {
    const { needsBytes, planForBytes } = needOf(llama, at(8192));
    const placement = placeOn(llama, at(8192), card(24));
    const room = 24 * GiB - DRIVER_OVERHEAD_BYTES.nvidia;
    expect(placement.headroomBytes).toBe(room - needsBytes);
    expect(placement.planHeadroomBytes).toBe(room - planForBytes);
    expect(placement.usableBytes).toBe(24 * GiB);
  });

  test("the driver's share is the device's own where it is told", () => {
    expect(overheadOf(card(24))).toBe(DRIVER_OVERHEAD_BYTES.nvidia);
    expect(overheadOf({ ...card(24), overheadBytes: 1 })).toBe(1);
    expect(overheadOf({ vendor: 'apple', usableBytes: 1 })).toBe(DRIVER_OVERHEAD_BYTES.apple);
  });
});

describe('unified memory', () => {
  const bytes = fc.integer({ min: 0, max: 2 ** 40 });
  const unified = (gib: number, hostRoomBytes: number): Device => ({ ...card(gib), hostRoomBytes });

  test('has what stays in host memory beside the model, and takes the rest off the GPU', () => {
    const { hostBytes } = needOf(llama, at(8192));
    const { headroomBytes, planHeadroomBytes } = placeOn(llama, at(8192), card(8));
    expect(placeOn(llama, at(8192), unified(8, hostBytes))).toMatchObject({ headroomBytes, planHeadroomBytes });
    expect(placeOn(llama, at(8192), unified(8, hostBytes - 1000))).toMatchObject({
      headroomBytes: headroomBytes - 1000,
      planHeadroomBytes: planHeadroomBytes - 1000,
    });
  });

  test('never holds more than the same device with host memory apart, which host bytes do not concern', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (usableBytes, hostRoomBytes, hostBytes) => {
        const apart: Device = { vendor: 'nvidia', usableBytes };
        expect(roomOn(apart, hostBytes)).toBe(usableBytes - DRIVER_OVERHEAD_BYTES.nvidia);
        expect(roomOn({ ...apart, hostRoomBytes }, hostBytes)).toBeLessThanOrEqual(roomOn(apart, hostBytes));
        expect(roomOn({ ...apart, hostRoomBytes }, hostBytes)).toBe(
          Math.min(usableBytes, usableBytes + hostRoomBytes - hostBytes) - DRIVER_OVERHEAD_BYTES.nvidia,
        );
      }),
    );
  });

  test('gains no room by experts in RAM', () => {
    const { needsBytes, planForBytes, hostBytes } = needOf(qwen, at(8192));
    const short = { vendor: 'nvidia', usableBytes: needsBytes } as const;
    expect(expertsInRam(qwen, at(8192), short)?.cpuMoeLayers).toBeGreaterThan(0);
    expect(expertsInRam(qwen, at(8192), { ...short, hostRoomBytes: 0 })).toBeUndefined();
    const usableBytes = planForBytes + hostBytes + DRIVER_OVERHEAD_BYTES.nvidia;
    expect(expertsInRam(qwen, at(8192), { ...short, usableBytes, hostRoomBytes: 0 })?.cpuMoeLayers).toBe(0);
  });
});

describe('searches', () => {
  test('the largest context fits and the next step does not', () => {
    const device = card(12);
    const context = largestContext(llama, DEFAULT_SETTINGS, device, 131_072);
    expect(context % 256).toBe(0);
    expect(context).toBeGreaterThan(8192);
    expect(context).toBeLessThan(131_072);
    expect(placeOn(llama, at(context), device).fit).toBe('fits');
    expect(placeOn(llama, at(context + 256), device).fit).not.toBe('fits');
    expect(largestContext(llama, DEFAULT_SETTINGS, device, 131_072, 'tight')).toBeGreaterThan(context);
  });

  test('so it is of every kind of cache, memory and number of devices, and of experts in RAM', () => {
    const models = ['Llama-3.1-8B', 'Qwen3-30B-A3B', 'Gemma-3-12B', 'DeepSeek-V3', 'Qwen3-Next-80B-A3B'].map(
      (name): ModelFile => ({ architecture: plannedModel(name), scheme: 'Q4_K_M' }),
    );
    const memory = fc.integer({ min: 3, max: 160 }).map(card);
    const counts = fc.integer({ min: 1, max: 3 });
    const types = fc.constantFrom('f16' as const, 'q8_0' as const);
    const maximum = 131_072;
    const holdsAt = (model: ModelFile, settings: Settings, device: Device, atLeast: 'fits' | 'tight'): boolean => {
      const { fit } = placeOn(model, settings, device);
      return fit === 'fits' || fit === atLeast;
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        memory,
        counts,
        types,
        fc.constantFrom('fits' as const, 'tight' as const),
        (model, device, devices, kvType, atLeast) => {
          const settings = { ...DEFAULT_SETTINGS, devices, kType: kvType, vType: kvType };
          const context = largestContext(model, settings, device, maximum, atLeast);
          if (context > 0) expect(holdsAt(model, { ...settings, context }, device, atLeast)).toBe(true);
          if (context < maximum)
            expect(holdsAt(model, { ...settings, context: context + 256 }, device, atLeast)).toBe(false);
          const layers = expertsInRam(model, { ...settings, context: 8192 }, device, atLeast)?.cpuMoeLayers;
          const withExperts = (cpuMoeLayers: number): boolean =>
            holdsAt(model, { ...settings, context: 8192, cpuMoeLayers }, device, atLeast);
          if (layers !== undefined) expect(withExperts(layers)).toBe(true);
          if (layers) expect(withExperts(layers - 1)).toBe(false);
        },
      ),
      { numRuns: 60, seed: 20_261_201 },
    );
  });

  test('no context is larger than the model allows, none is found where nothing fits', () => {
    expect(largestContext(llama, DEFAULT_SETTINGS, card(80), 131_072)).toBe(131_072);
    expect(largestContext(llama, DEFAULT_SETTINGS, card(80), 131_000)).toBe(131_000);
    expect(largestContext(llama, DEFAULT_SETTINGS, card(4), 131_072)).toBe(0);
  });

  test('the fewest devices hold it and one less does not', () => {
    const device = card(12);
    const devices = fewestDevices(qwen, at(32_768), device) ?? 0;
    expect(devices).toBeGreaterThan(1);
    expect(placeOn(qwen, { ...at(32_768), devices }, device).fit).toBe('fits');
    expect(placeOn(qwen, { ...at(32_768), devices: devices - 1 }, device).fit).not.toBe('fits');
    expect(fewestDevices(qwen, at(32_768), card(1))).toBeUndefined();
    expect(fewestDevices(llama, at(8192), card(24))).toBe(1);
  });

  test('as few experts as possible wait in RAM', () => {
    const device = card(12);
    const found = expertsInRam(qwen, at(8192), device);
    const layers = found?.cpuMoeLayers ?? 0;
    expect(layers).toBeGreaterThan(0);
    expect(found?.placement.fit).toBe('fits');
    expect(placeOn(qwen, { ...at(8192), cpuMoeLayers: layers - 1 }, device).fit).not.toBe('fits');
    expect(found?.hostBytes).toBeGreaterThan(0);
    expect(expertsInRam(qwen, at(8192), card(80))?.cpuMoeLayers).toBe(0);
    expect(expertsInRam(qwen, at(8192), card(2))).toBeUndefined();
    expect(expertsInRam(llama, at(8192), card(2))).toBeUndefined();
  });
});
