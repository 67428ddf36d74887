/** Short cuts of the compute buffer's walk against the walk of the whole stack. */
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../src/vram/architecture.ts';
import { computeBuffers, repeatWith, weightTableOf } from '../../../src/vram/compute-buffer.ts';
import { runAllocations } from '../../../src/vram/ggml/allocator.ts';
import { planGraph } from '../../../src/vram/ggml/scheduler.ts';
import {
  architectureFromConfig,
  DEFAULT_SETTINGS,
  type KvType,
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
import { repeatedLayers, repeatedPlan } from '../../../src/vram/repeated-layers.ts';
import { catalog } from '../scenarios/catalog.ts';
import { configs, planned } from './weights-fixtures.ts';

// As in a browser: over several devices too.
repeatWith({ repeatedLayers, repeatedPlan });

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
  return runAllocations(plan, bytes);
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

function architectureOf(id: string): Architecture {
  const architecture = catalog.byId.models.get(id)?.architecture;
  if (!architecture) throw new RangeError(`no estimable model ${id}`);
  return architecture;
}

/** Models whose layers leave something behind, one of each class. */
describe.each([
  'deepseek-v3-2',
  'deepseek-v4-pro',
  'glm-5-2',
  'glm-5-3-flash',
  'hy4-preview',
  'kimi-k3',
  'minimax-m3',
  'qwen3-8-flash-next',
])('some layers tell what all do: %s', (id) => {
  const architecture = architectureOf(id);
  const { layers } = architecture;

  test.each<[string, Partial<Settings>]>([
    ['a long context', { context: 1_048_576 }],
    ['a context that ends inside a block', { context: 70_001 }],
    ['a small cache type', { kType: 'q4_0', vType: 'q4_0', context: 131_072 }],
    ['a large micro-batch', { microBatch: 2048, context: 20_000 }],
    ['fewer tokens than a device takes from the host', { microBatch: 16, cpuMoeLayers: -1 }],
    ['sequences', { sequences: 4, outputs: 4, context: 65_536 }],
    ['no FlashAttention', { flashAttention: 'off', context: 16_384 }],
    ['experts in RAM', { cpuMoeLayers: -1, context: 32_768 }],
    ['the experts of an odd number of layers in RAM', { cpuMoeLayers: Math.floor(layers / 4) * 2 + 1 }],
    ['some layers in RAM', { gpuLayers: Math.floor(layers / 4) * 2 + 1, sequences: 3 }],
    ['layers and experts in RAM', { gpuLayers: layers - 2, cpuMoeLayers: layers - 5, kType: 'q8_0', vType: 'q8_0' }],
    ['two devices', { devices: 2, context: 1_048_576 }],
    ['five devices and a small cache type', { devices: 5, kType: 'q8_0', vType: 'q8_0', context: 70_001 }],
    ['eight devices for sequences', { devices: 8, sequences: 4, outputs: 4, context: 65_536 }],
    ['eleven devices for sequences, few tokens', { devices: 11, sequences: 3, microBatch: 16 }],
    ['thirteen devices and a large micro-batch', { devices: 13, microBatch: 2048, context: 300_000 }],
    ['sixteen devices without FlashAttention', { devices: 16, flashAttention: 'off', context: 16_384 }],
    ['two devices, some experts in RAM', { devices: 2, cpuMoeLayers: 7, microBatch: 1024 }],
    ['four devices, all experts in RAM', { devices: 4, cpuMoeLayers: -1, microBatch: 16 }],
  ])('%s', (_what, changes) => {
    const settings = { ...DEFAULT_SETTINGS, ...changes };
    expect(shortCut(architecture, settings)).toEqual(walkAll(architecture, settings));
  });

  test('whatever the settings', () => {
    let seed = layers;
    const pick = <T>(...choices: readonly T[]): T => {
      seed = (1_103_515_245 * seed + 12_345) % 2 ** 31;
      return choices[Math.floor((seed / 2 ** 31) * choices.length)] as T;
    };
    for (let round = 0; round < 14; round++) {
      const type = pick<KvType>('f16', 'q8_0', 'q4_0');
      const settings: Settings = {
        ...DEFAULT_SETTINGS,
        devices: pick(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16),
        cpuMoeLayers: pick(0, 0, 1, 8, pick(...Array.from({ length: layers }, (_, layer) => layer)), -1),
        microBatch: pick(16, 256, 512, 2048),
        sequences: pick(1, 1, 2, 4),
        flashAttention: type === 'f16' ? pick('auto', 'off') : 'auto',
        kType: type,
        vType: type,
      };
      for (const context of [pick(4096, 20_000, 70_001), pick(65_536, 131_072, 1_000_000)]) {
        const own = { ...settings, context };
        const bytes = walkAll(architecture, own);
        expect({ own, bytes: shortCut(architecture, own) }).toEqual({ own, bytes });
      }
    }
  });
});

test.each([
  [40, 1],
  [40, 5],
  [61, 9],
  [77, 1],
  [77, 12],
])('Kimi K3 of %i layers on %i devices: as many checkpoints as the whole stack has', (layers, devices) => {
  const { layerPattern, ...rest } = architectureOf('kimi-k3');
  if (!layerPattern) throw new RangeError('no pattern');
  for (const leadingDenseLayers of [0, 1]) {
    const { experts, ...dense } = rest.feedForward;
    if (!experts) throw new RangeError('no experts');
    const architecture: Architecture = {
      ...rest,
      layers,
      layerPattern: layerPattern.slice(0, layers),
      feedForward: { ...dense, experts: { ...experts, leadingDenseLayers } },
    };
    const settings = { ...DEFAULT_SETTINGS, devices, context: 65_536 };
    expect(shortCut(architecture, settings)).toEqual(walkAll(architecture, settings));
  }
});

/** How the compute buffers of a model's placement are told: layers that are walked, and whether they tell all. */
function toldFrom(id: string, changes: Partial<Settings>): { walked: number; told: boolean } {
  const architecture = architectureOf(id);
  const settings = { ...DEFAULT_SETTINGS, ...changes };
  const table = weightTableOf(architecture, {});
  const placement = placeLayers(architecture, weighModel(architecture, 'Q4_K_M').nextTokenLayers.length, settings);
  const repeated = repeatedLayers(architecture, table, placement);
  if (!repeated) return { walked: architecture.layers, told: false };
  const own = { ...settings, flashAttention: true, transposedValues: false };
  const { widestValues } = cacheLayoutOf(architecture);
  const graphAt = (context: number, layers: readonly number[]) => {
    const model = new ModelGraph(architecture, { ...own, context }, table, widestValues, layers);
    buildModel(model);
    return model.graph;
  };
  const graph = graphAt(own.context, repeated.layers);
  return {
    walked: repeated.layers.length,
    told: repeatedPlan(graph, repeated, repeated, table, '', own.context, graphAt) !== undefined,
  };
}

describe('repeated layers', () => {
  test.each([
    ['deepseek-v4-pro', 20],
    ['kimi-k3', 45],
    ['glm-5-2', 32],
    ['minimax-m3', 12],
  ])('some layers of %s tell any number of devices', (id, most) => {
    for (let devices = 1; devices <= 16; devices++) {
      const { walked, told } = toldFrom(id, { devices });
      expect({ devices, told }).toEqual({ devices, told: true });
      expect(walked).toBeLessThanOrEqual(most);
    }
  });

  test('some layers of Kimi K3 tell any number of layers with experts in RAM', () => {
    for (let cpuMoeLayers = 1; cpuMoeLayers <= 93; cpuMoeLayers++) {
      const { walked, told } = toldFrom('kimi-k3', { cpuMoeLayers });
      expect({ cpuMoeLayers, told }).toEqual({ cpuMoeLayers, told: true });
      expect(walked).toBeLessThan(60);
    }
  });

  test('without a pipeline, the whole stack is walked for several devices', () => {
    const { layers } = architectureOf('deepseek-v4-pro');
    expect(toldFrom('deepseek-v4-pro', { devices: 4, cpuMoeLayers: 8 })).toEqual({ walked: layers, told: true });
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
