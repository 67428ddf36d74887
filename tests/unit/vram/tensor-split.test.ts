import { describe, expect, it } from 'vitest';
import {
  type Architecture,
  balancedSplit,
  DEFAULT_SETTINGS,
  estimateLlamaCpp,
  weighModel,
} from '../../../src/vram/index.ts';

/** Qwen3-8B: 36 equal layers, apart from what Q4_K_M makes of them. */
const architecture: Architecture = {
  className: 'Qwen3ForCausalLM',
  layers: 36,
  hiddenSize: 4096,
  vocabularySize: 151_936,
  tiedEmbeddings: false,
  attention: { kind: 'full', heads: 32, kvHeads: 8, headDim: 128 },
  feedForward: { intermediateSize: 12_288 },
};

describe('the most even layer split', () => {
  it.each([1, 2, 3, 4, 5, 8, 13, 16])('over %d devices', (devices) => {
    const settings = { ...DEFAULT_SETTINGS, context: 32_768, devices };
    const { blocks, fullestBytes } = balancedSplit(architecture, 'Q4_K_M', settings);
    expect(blocks.length).toBeLessThanOrEqual(devices);
    // Every layer once, and the output layer.
    expect(blocks.reduce((sum, own) => sum + own, 0)).toBe(architecture.layers + 1);
    const { perDevice, device } = estimateLlamaCpp(architecture, 'Q4_K_M', settings);
    const held = perDevice.map(({ weights, kvCache, state }) => weights + kvCache + state);
    // Never worse than llama.cpp's own split, never better than an equal share.
    expect(fullestBytes).toBeLessThanOrEqual(Math.max(...held));
    expect(fullestBytes).toBeGreaterThanOrEqual(Math.floor((device.weights + device.kvCache + device.state) / devices));
  });

  it.each([2, 3, 4])('over %d devices, the first of which holds a projector', (devices) => {
    const settings = { ...DEFAULT_SETTINGS, context: 32_768, devices };
    const options = { projectorBytes: 931_146_432 };
    const split = balancedSplit(architecture, 'Q4_K_M', settings, options);
    const plain = balancedSplit(architecture, 'Q4_K_M', settings);
    expect(split.blocks.reduce((sum, own) => sum + own, 0)).toBe(architecture.layers + 1);
    // The first device holds fewer layers for it, and no device more than the projector on top of its old share.
    expect(split.blocks[0] ?? 0).toBeLessThan(plain.blocks[0] ?? 0);
    expect(split.fullestBytes).toBeGreaterThan(plain.fullestBytes);
    expect(split.fullestBytes).toBeLessThan(plain.fullestBytes + options.projectorBytes);
  });

  it.each([
    [2, 0, 8192],
    [3, 0, 8192],
    [4, 0, 8192],
    [2, 931_146_432, 131_072],
    [3, 931_146_432, 8192],
    // More than the first device's share: it holds no layer.
    [3, 3_000_000_000, 8192],
  ])('over %d devices, the first with %d bytes of its own, no other cut is better', (devices, first, context) => {
    const split = balancedSplit(
      architecture,
      'Q4_K_M',
      { ...DEFAULT_SETTINGS, context, devices },
      { projectorBytes: first },
    );
    const { layers, output, perDevice } = weighModel(architecture, 'Q4_K_M');
    // Keys and values of 8 heads of 128 in 16 bits.
    const held = layers.map(({ all }) => all.device + context * 2 * 8 * 128 * 2);
    /** The fullest device where each begins at one of `starts`. */
    const fullestOf = (starts: readonly number[]): number =>
      Math.max(
        ...starts.map((start, device) => {
          const own = held.slice(start, starts[device + 1]).reduce((sum, bytes) => sum + bytes, 0);
          const last = device === starts.length - 1 ? output.device : 0;
          return own + (device === 0 ? first : 0) + last + perDevice.device;
        }),
      );
    /** Every way to go on from `starts`. */
    const cutsFrom = (starts: readonly number[]): readonly (readonly number[])[] =>
      starts.length === devices
        ? [starts]
        : Array.from({ length: held.length + 1 - (starts.at(-1) ?? 0) }, (_, more) =>
            cutsFrom([...starts, (starts.at(-1) ?? 0) + more]),
          ).flat();
    const cuts = cutsFrom([0]);
    // As many as there are ways to put 36 layers and the borders between the devices in a row.
    expect(cuts).toHaveLength([0, 1, 37, (37 * 38) / 2, (37 * 38 * 39) / 6][devices] ?? 0);
    expect(split.fullestBytes).toBe(Math.min(...cuts.map(fullestOf)));
    const starts = split.blocks.map((_, device) => split.blocks.slice(0, device).reduce((sum, own) => sum + own, 0));
    expect(fullestOf(starts)).toBe(split.fullestBytes);
  });
});
