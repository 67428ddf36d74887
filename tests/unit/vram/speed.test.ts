import { describe, expect, test } from 'vitest';
import {
  bytesPerToken,
  DEFAULT_SETTINGS,
  decodeSpeed,
  prefillMagnitude,
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
    const deep = bytesPerToken(llama, 'Q4_K_M', DEFAULT_SETTINGS, 8192);
    expect(deep.device).toBe(read.device);
    expect(deep.deviceCache).toBe(32 * 2 * 8 * 128 * 2 * 8192);
  });

  test('of the experts only those that a token uses', () => {
    const { layers } = weighModel(qwen, 'Q4_K_M');
    const all = layers.reduce((sum, layer) => sum + layer.all.file, 0);
    expect(bytesPerToken(qwen, 'Q4_K_M', DEFAULT_SETTINGS, 0).device).toBeLessThan(all / 5);
  });

  test('what waits in RAM is read there', () => {
    const read = bytesPerToken(qwen, 'Q4_K_M', { ...DEFAULT_SETTINGS, cpuMoeLayers: -1 }, 0);
    expect(read.host).toBeGreaterThan(0);
    expect(read.hostLayers).toBe(48);
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

  test('a longer context is read too, and slowly without FlashAttention', () => {
    // 8 GiB of cache at 65,536 tokens and 0.7 of 1008 GB/s are 12.2 ms; a third of that speed takes 36.5 ms.
    const ms = (changes: object, depth: number) => 1000 / speed(card, changes, depth).centre;
    expect(ms({}, 65_536) - ms({}, 0)).toBeCloseTo((8 * 2 ** 30) / (0.7 * 1008e9) / 1e-3, 1);
    expect(ms({ flashAttention: 'off' }, 65_536) - ms({ flashAttention: 'off' }, 0)).toBeCloseTo(36.5, 1);
  });

  test('two cards of a tensor split read at once: a 12B model on two RTX 3090 gained 1.5 to 1.6 times', () => {
    const gemma = plannedModel('Gemma-3-12B');
    const rtx3090: SpeedDevice = { speedClass: 'nvidia', bandwidthGBps: 936 };
    const at = (devices: number) =>
      decodeSpeed(gemma, 'Q8_0', { ...DEFAULT_SETTINGS, devices }, rtx3090, 0, { split: 'tensor' }).centre;
    expect(at(2) / at(1)).toBeGreaterThan(1.4);
    expect(at(2) / at(1)).toBeLessThan(1.7);
    expect(at(1)).toBe(decodeSpeed(gemma, 'Q8_0', DEFAULT_SETTINGS, rtx3090, 0).centre);
  });

  test('the RAM that the request names sets the pace of what is in it', () => {
    const slow = speed({ ...card, ramBandwidthGBps: 50 }, { gpuLayers: 0 }).centre;
    const fast = speed({ ...card, ramBandwidthGBps: 400 }, { gpuLayers: 0 }).centre;
    expect(fast / slow).toBeGreaterThan(4);
    expect(fast / slow).toBeLessThan(8);
  });

  test('a prompt is known to its order of magnitude, and only where runs say what the class reaches', () => {
    // 165 TFLOPS x 0.47 / (2 x 7.5 billion parameters) are about 5,200 tokens per second.
    expect(prefillMagnitude(llama, 'nvidia', 165)).toBe(3000);
    expect(prefillMagnitude(llama, 'nvidia', 330)).toBe(10000);
    expect(prefillMagnitude(llama, 'apple', 30)).toBeUndefined();
    expect(prefillMagnitude(qwen, 'amd', 123)).toBe(1000);
  });

  test('Arc has a wide range', () => {
    const { low, centre, high } = speed({ speedClass: 'intel-arc', bandwidthGBps: 560 });
    expect(high / low).toBeGreaterThan(4);
    expect(centre).toBeGreaterThan(low);
  });

  test.each([
    [{ vendor: 'nvidia', architecture: 'Ada' }, 'nvidia'],
    [{ vendor: 'nvidia', architecture: 'Pascal' }, 'nvidia-pascal'],
    [{ vendor: 'nvidia', architecture: 'Ampere', datacenter: true }, 'nvidia-hbm'],
    [{ vendor: 'nvidia', architecture: 'Ampere', datacenter: true, bandwidthGBps: 696 }, 'nvidia'],
    [{ vendor: 'AMD' }, 'amd'],
    [{ vendor: 'AMD', datacenter: true }, 'amd-hbm'],
    [{ vendor: 'amd', unifiedMemory: true }, 'amd-apu'],
    [{ vendor: 'apple', unifiedMemory: true }, 'apple'],
    [{ vendor: 'intel' }, 'intel-arc'],
    [{ vendor: 'intel', unifiedMemory: true }, 'other'],
    [{ vendor: 'qualcomm' }, 'other'],
  ])('%o is %s', (device, expected) => {
    expect(speedClassOf({ bandwidthGBps: 1000, ...device })).toBe(expected);
  });
});
