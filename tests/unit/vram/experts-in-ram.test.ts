import { describe, expect, it } from 'vitest';
import {
  type Architecture,
  DEFAULT_SETTINGS,
  estimateLlamaCpp,
  planForBytes,
  splitExperts,
} from '../../../src/vram/index.ts';

/** Qwen3-30B-A3B. */
const architecture: Architecture = {
  className: 'Qwen3MoeForCausalLM',
  layers: 48,
  hiddenSize: 2048,
  vocabularySize: 151_936,
  tiedEmbeddings: false,
  attention: { kind: 'full', heads: 32, kvHeads: 4, headDim: 128 },
  feedForward: { experts: { count: 128, used: 8, intermediateSize: 768, shared: 0, leadingDenseLayers: 0 } },
};

const exact = (scheme: 'Q4_K_M' | 'Q8_0' | 'Q6_K' | 'IQ3_M', context: number, cpuMoeLayers: number) =>
  estimateLlamaCpp(architecture, scheme, { ...DEFAULT_SETTINGS, context, cpuMoeLayers });

describe('experts in RAM, interpolated', () => {
  it.each(['Q4_K_M', 'Q8_0', 'Q6_K', 'IQ3_M'] as const)('comes within 3 % of the engine at %s', (scheme) => {
    for (const context of [4096, 8192, 32_768, 131_072, 262_144]) {
      const split = splitExperts(architecture, scheme, exact(scheme, context, 0), context, 262_144);
      const { device, host } = exact(scheme, context, -1);
      expect(Math.abs((split?.deviceBytes ?? 0) / device.total - 1)).toBeLessThan(0.03);
      expect(split?.hostBytes).toBe(host.weights + host.kvCache + host.compute);
      expect(split?.cpuMoeLayers).toBe(architecture.layers);
    }
  });

  it('brings as many experts back as the room holds', () => {
    const roomBytes = 12e9;
    const split = splitExperts(architecture, 'Q4_K_M', exact('Q4_K_M', 8192, 0), 8192, 262_144, { roomBytes });
    const layers = split?.cpuMoeLayers ?? 0;
    expect(layers).toBeGreaterThan(0);
    expect(layers).toBeLessThan(architecture.layers);
    expect(planForBytes(split?.deviceBytes ?? 0)).toBeLessThanOrEqual(roomBytes);
    // The engine's own figure at that number fits, at two layers less it does not.
    expect(planForBytes(exact('Q4_K_M', 8192, layers).device.total)).toBeLessThanOrEqual(roomBytes);
    expect(planForBytes(exact('Q4_K_M', 8192, layers - 2).device.total)).toBeGreaterThan(roomBytes);
  });

  it('is nothing for a dense model', () => {
    const dense: Architecture = {
      ...architecture,
      className: 'Qwen3ForCausalLM',
      feedForward: { intermediateSize: 6144 },
    };
    const whole = estimateLlamaCpp(dense, 'Q4_K_M', DEFAULT_SETTINGS);
    expect(splitExperts(dense, 'Q4_K_M', whole, 8192, 40_960)).toBeUndefined();
  });
});
