import { describe, expect, test } from 'vitest';
import {
  bytesPerToken,
  DEFAULT_SETTINGS,
  decodeSpeed,
  type SpeedDevice,
  speedClassOf,
  weighModel,
} from '../../../src/vram/index.ts';
import { plannedModel } from './weights-fixtures.ts';

const card: SpeedDevice = { speedClass: 'nvidia', bandwidthGBps: 1008 };
const llama = plannedModel('Llama-3.1-8B');
const qwen = plannedModel('Qwen3-30B-A3B');

describe('bytes of a token', () => {
  test('every weight but the embedding table, and the cache', () => {
    const { layers, output } = weighModel(llama, 'Q4_K_M');
    const read = bytesPerToken(llama, 'Q4_K_M', DEFAULT_SETTINGS, 0);
    expect(read.host).toBe(0);
    expect(read.device).toBe(layers.reduce((sum, layer) => sum + layer.all.file, output.device));
    expect(bytesPerToken(llama, 'Q4_K_M', DEFAULT_SETTINGS, 8192).device - read.device).toBe(
      32 * 2 * 8 * 128 * 2 * 8192,
    );
  });

  test('of the experts only those that a token uses', () => {
    const { layers } = weighModel(qwen, 'Q4_K_M');
    const all = layers.reduce((sum, layer) => sum + layer.all.file, 0);
    expect(bytesPerToken(qwen, 'Q4_K_M', DEFAULT_SETTINGS, 0).device).toBeLessThan(all / 5);
  });

  test('what waits in RAM is read there', () => {
    const read = bytesPerToken(qwen, 'Q4_K_M', { ...DEFAULT_SETTINGS, cpuMoeLayers: -1 }, 0);
    expect(read.host).toBeGreaterThan(0);
    const whole = bytesPerToken(qwen, 'Q4_K_M', DEFAULT_SETTINGS, 0);
    expect(read.device + read.host).toBeCloseTo(whole.device, -3);
  });
});

describe('decode speed', () => {
  const speed = (device: SpeedDevice, changes = {}, depth = 0) =>
    decodeSpeed(llama, 'Q4_K_M', { ...DEFAULT_SETTINGS, ...changes }, device, depth);

  test('the range is asymmetric around the centre', () => {
    const { low, centre, high } = speed(card);
    expect(low).toBeCloseTo(centre * 0.6, 9);
    expect(high).toBeCloseTo(centre * 1.25, 9);
    // An RTX 4090 runs this model at about 130 to 150 tokens per second.
    expect(centre).toBeGreaterThan(110);
    expect(centre).toBeLessThan(170);
  });

  test('more bandwidth is faster, depth and splits are slower', () => {
    const { centre } = speed(card);
    expect(speed({ ...card, bandwidthGBps: 2000 }).centre).toBeGreaterThan(centre);
    expect(speed(card, {}, 65_536).centre).toBeLessThan(centre);
    expect(speed(card, { devices: 2 }).centre).toBeLessThan(centre);
    expect(speed(card, { gpuLayers: 16 }).centre).toBeLessThan(centre / 2);
    expect(speed({ speedClass: 'nvidia-pascal', bandwidthGBps: 1008 }).centre).toBeLessThan(centre);
  });

  test('Arc has a wide range', () => {
    const { low, centre, high } = speed({ speedClass: 'intel-arc', bandwidthGBps: 560 });
    expect(high / low).toBeGreaterThan(10);
    expect(centre).toBeGreaterThan(low);
  });

  test.each([
    [{ vendor: 'nvidia', architecture: 'Ada' }, 'nvidia'],
    [{ vendor: 'nvidia', architecture: 'Pascal' }, 'nvidia-pascal'],
    [{ vendor: 'AMD' }, 'amd'],
    [{ vendor: 'amd', unifiedMemory: true }, 'amd-apu'],
    [{ vendor: 'apple', unifiedMemory: true }, 'apple'],
    [{ vendor: 'intel' }, 'intel-arc'],
    [{ vendor: 'intel', unifiedMemory: true }, 'other'],
    [{ vendor: 'qualcomm' }, 'other'],
  ])('%o is %s', (device, expected) => {
    expect(speedClassOf(device)).toBe(expected);
  });
});
