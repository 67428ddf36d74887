/** Short cuts of the compute buffer's walk against the walk of the whole stack. */
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../src/vram/architecture.ts';
import { computeBuffers } from '../../../src/vram/compute-buffer.ts';
import { runAllocations } from '../../../src/vram/ggml/allocator.ts';
import { planGraph } from '../../../src/vram/ggml/scheduler.ts';
import {
  architectureFromConfig,
  DEFAULT_SETTINGS,
  type Settings,
  weighModel,
  weighTensors,
} from '../../../src/vram/index.ts';
import { cacheLayoutOf } from '../../../src/vram/kv-cache.ts';
import { placeLayers, placingOf } from '../../../src/vram/layer-split.ts';
import { ModelGraph, type Weight } from '../../../src/vram/llama-graphs/builder.ts';
import { buildModel } from '../../../src/vram/llama-graphs/classes.ts';
import { representativeLayers } from '../../../src/vram/llama-graphs/representative-layers.ts';
import { cudaBytes } from '../../../src/vram/quantization/ggml-types.ts';
import { configs, planned } from './weights-fixtures.ts';

const architectures: [string, Architecture][] = [
  ...Object.entries(planned),
  ...configs.map(({ model, config }): [string, Architecture] => [model, architectureFromConfig(config)]),
];

/** Compute buffers by a walk over every layer at this very context. */
function walkAll(architecture: Architecture, settings: Settings): readonly number[] {
  const layersOf = Array.from({ length: architecture.layers }, () => new Map<string, Weight>());
  const others = new Map<string, Weight>();
  const weighed = weighTensors(architecture, 'Q4_K_M');
  weighed.forEach(({ tensor: { name, shape } }, index) => {
    const [, block, own = name] = /^blk\.(\d+)\.(.*)/.exec(name) ?? [];
    (block === undefined ? others : layersOf[Number(block)])?.set(own.replace(/\.weight$/, ''), { shape, index });
  });
  const placement = placeLayers(architecture, weighModel(architecture, 'Q4_K_M').nextTokenLayers.length, settings);
  const layers = Array.from({ length: architecture.layers }, (_, layer) => layer);
  const { widestValues } = cacheLayoutOf(architecture);
  const own = {
    ...settings,
    flashAttention: settings.flashAttention !== 'off',
    transposedValues: settings.flashAttention === 'off',
  };
  const model = new ModelGraph(architecture, own, { layers: layersOf, others }, widestValues, layers);
  buildModel(model);
  const plan = planGraph(model.graph, placingOf(placement));
  const bytes = plan.bytesOf.map((own, slot) => {
    const weight = weighed[plan.weightOf[slot] ?? -1];
    return weight ? cudaBytes(weight.type, weight.tensor.shape) : own;
  });
  return runAllocations(plan, bytes).highest;
}

function shortCut(architecture: Architecture, settings: Settings): readonly number[] {
  const placement = placeLayers(architecture, weighModel(architecture, 'Q4_K_M').nextTokenLayers.length, settings);
  const own = {
    ...settings,
    flashAttention: settings.flashAttention !== 'off',
    transposedValues: settings.flashAttention === 'off',
  };
  const { devices, host } = computeBuffers(architecture, 'Q4_K_M', own, placement);
  return [...devices, host];
}

describe.each(architectures)('%s', (_name, architecture) => {
  const base = DEFAULT_SETTINGS;

  test.each<[string, Partial<Settings>]>([
    ['as it comes', {}],
    ['with many rows of logits', { outputs: 512 }],
    ['on three devices', { devices: 3, context: 65_536 }],
    ['with half of the layers in RAM', { gpuLayers: Math.floor(architecture.layers / 2), context: 32_768 }],
    ['with experts in RAM', { cpuMoeLayers: -1 }],
    ['without FlashAttention', { flashAttention: 'off', context: 16_384 }],
    ['for four sequences with a small cache type', { kType: 'q8_0', vType: 'q8_0', sequences: 4, microBatch: 256 }],
  ])('a few layers stand for all: %s', (_what, changes) => {
    const settings = { ...base, ...changes };
    expect(shortCut(architecture, settings)).toEqual(walkAll(architecture, settings));
  });

  test('contexts between two walks are exact', () => {
    for (const context of [1024, 262_144, 16_384, 65_536]) shortCut(architecture, { ...base, context });
    for (const context of [700, 3000, 20_000, 48_128, 100_001, 200_192]) {
      const settings = { ...base, context };
      expect({ context, bytes: shortCut(architecture, settings) }).toEqual({
        context,
        bytes: walkAll(architecture, settings),
      });
    }
  });
});

describe('representative layers', () => {
  const walked = (text: string): string =>
    representativeLayers([...text])
      .map((layer) => text[layer])
      .join('');

  test('a plain stack is cut by whole fours', () => {
    expect(representativeLayers([...'AAAAAAAAAAAAAAAAAAAA'])).toEqual([0, 1, 2, 19]);
    expect(representativeLayers([...'AAAAAAAAAAAAAAAAAAA'])).toHaveLength(7);
    expect(walked('AAAB')).toBe('AAAB');
  });

  test('patterns are kept whole', () => {
    expect(walked(`${'SSSF'.repeat(12)}X`)).toBe(`${'SSSF'.repeat(4)}X`);
    expect(walked(`DDD${'EEF'.repeat(7)}Z`)).toBe(`DDD${'EEF'.repeat(3)}Z`);
  });

  test('nothing is lost of a stack without a pattern', () => {
    expect(walked('ABCDEFGH')).toBe('ABCDEFGH');
    expect(representativeLayers([])).toEqual([]);
    expect(representativeLayers(['A'])).toEqual([0]);
  });
});
