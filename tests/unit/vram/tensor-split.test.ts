import { describe, expect, it } from 'vitest';
import { type Architecture, balancedSplit, DEFAULT_SETTINGS, estimateLlamaCpp } from '../../../src/vram/index.ts';

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

  it('cannot be improved by moving one layer', () => {
    // Two devices: every cut of the 36 layers is tried.
    const settings = { ...DEFAULT_SETTINGS, devices: 2 };
    const split = balancedSplit(architecture, 'Q4_K_M', settings);
    const whole = balancedSplit(architecture, 'Q4_K_M', { ...settings, devices: 1 }).fullestBytes;
    const first = split.blocks[0] ?? 0;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(36);
    expect(split.fullestBytes).toBeLessThan(whole * 0.56);
  });
});
