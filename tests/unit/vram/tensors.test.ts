import { describe, expect, test } from 'vitest';
import { type Architecture, layerKinds } from '../../../src/vram/architecture.ts';
import { architectureFromConfig } from '../../../src/vram/from-config.ts';
import { SUPPORTED_CLASSES, type Tensor, tensorsOf } from '../../../src/vram/tensors.ts';
import { configOf, configs, planned, plannedModel } from './weights-fixtures.ts';

const namesOf = (tensors: readonly Tensor[]): string[] => tensors.map(({ name }) => name);

const gemma4 = (changes: Record<string, unknown>): Architecture =>
  architectureFromConfig({
    architectures: ['Gemma4ForConditionalGeneration'],
    text_config: { head_dim: 256, global_head_dim: 512, sliding_window: 512, num_attention_heads: 8, ...changes },
  });

const sliding = (layers: number, period: number): string[] =>
  Array.from({ length: layers }, (_, layer) => ((layer + 1) % period === 0 ? 'full_attention' : 'sliding_attention'));

// Counts that llama.cpp prints when it loads the converted models.
describe('number of tensors', () => {
  test('Llama 3.1 8B: 292', () => {
    expect(tensorsOf(plannedModel('Llama-3.1-8B'))).toHaveLength(292);
  });

  test('Gemma 4 26B A4B: 658', () => {
    expect(tensorsOf(plannedModel('Gemma-4-26B-A4B'))).toHaveLength(658);
  });

  test('Gemma 4 E2B: 601', () => {
    const e2b = gemma4({
      hidden_size: 1536,
      intermediate_size: 6144,
      num_hidden_layers: 35,
      num_key_value_heads: 1,
      num_kv_shared_layers: 20,
      use_double_wide_mlp: true,
      layer_types: sliding(35, 5),
    });
    expect(tensorsOf(e2b)).toHaveLength(601);
  });

  test('Gemma 4 E4B: 720', () => {
    const e4b = gemma4({
      hidden_size: 2560,
      intermediate_size: 10240,
      num_hidden_layers: 42,
      num_key_value_heads: 2,
      num_kv_shared_layers: 18,
      layer_types: sliding(42, 6),
    });
    expect(tensorsOf(e4b)).toHaveLength(720);
  });
});

describe('every tensor', () => {
  const architectures: [string, Architecture][] = [
    ...Object.entries(planned),
    ...configs.map(({ model, config }): [string, Architecture] => [model, architectureFromConfig(config)]),
  ];

  test.each(architectures)('of %s has a name of its own, whole extents and a block in the stack', (_, architecture) => {
    const tensors = tensorsOf(architecture, { nextToken: true });
    expect(new Set(namesOf(tensors)).size).toBe(tensors.length);
    for (const { name, shape, place, layer } of tensors) {
      expect(
        shape.every((extent) => Number.isSafeInteger(extent) && extent > 0),
        `${name} ${shape}`,
      ).toBe(true);
      if (place === 'block')
        expect(layer, name).toBeLessThan(architecture.layers + (architecture.nextTokenLayers ?? 0));
    }
    const blocks = new Set(tensors.filter(({ place }) => place === 'block').map(({ layer }) => layer));
    expect(blocks.size).toBe(architecture.layers + (architecture.nextTokenLayers ?? 0));
  });

  test('comes from a class that is supported', () => {
    for (const [, { className }] of architectures) expect(SUPPORTED_CLASSES).toContain(className);
  });
});

describe('tensors of a block', () => {
  const shapesOf = (architecture: Architecture): Map<string, readonly number[]> =>
    new Map(tensorsOf(architecture).map(({ name, shape }) => [name, shape]));

  test('grouped queries, row length first', () => {
    const shapes = shapesOf(plannedModel('Llama-3.1-8B'));
    expect(shapes.get('blk.31.attn_q.weight')).toEqual([4096, 4096]);
    expect(shapes.get('blk.31.attn_k.weight')).toEqual([4096, 1024]);
    expect(shapes.get('blk.31.ffn_down.weight')).toEqual([14336, 4096]);
    expect(shapes.get('output.weight')).toEqual([4096, 128256]);
    expect(shapes.has('blk.32.attn_q.weight')).toBe(false);
  });

  test('biases on queries, keys and values in Qwen2.5 only', () => {
    expect(shapesOf(plannedModel('Qwen2.5-7B')).get('blk.0.attn_q.bias')).toEqual([3584]);
    expect(shapesOf(plannedModel('Qwen3-4B')).has('blk.0.attn_q.bias')).toBe(false);
  });

  test('latent attention has its second projection split into keys and values', () => {
    const shapes = shapesOf(plannedModel('DeepSeek-V3'));
    expect(shapes.get('blk.0.attn_kv_a_mqa.weight')).toEqual([7168, 576]);
    expect(shapes.get('blk.0.attn_k_b.weight')).toEqual([128, 512, 128]);
    expect(shapes.get('blk.0.attn_v_b.weight')).toEqual([512, 128, 128]);
    expect(shapes.get('blk.3.ffn_gate_exps.weight')).toEqual([7168, 2048, 256]);
    expect(shapes.has('blk.2.ffn_gate_exps.weight')).toBe(false);
  });

  test('full layers of Gemma 4 have no value projection of their own', () => {
    const architecture = plannedModel('Gemma-4-26B-A4B');
    const shapes = shapesOf(architecture);
    layerKinds(architecture).forEach((kind, layer) => {
      expect(shapes.has(`blk.${layer}.attn_v.weight`)).toBe(kind === 'S');
    });
  });

  test('pruned blocks of Nemotron Super have no attention', () => {
    const architecture = architectureFromConfig(configOf('Llama 3.3 Nemotron Super 49B v1'));
    const shapes = shapesOf(architecture);
    layerKinds(architecture).forEach((kind, layer) => {
      expect(shapes.has(`blk.${layer}.attn_q.weight`)).toBe(kind === 'F');
    });
  });

  test('an untied head is a tensor, a tied one is not', () => {
    const llama = plannedModel('Llama-3.1-8B');
    expect(shapesOf({ ...llama, tiedEmbeddings: true }).has('output.weight')).toBe(false);
    expect(shapesOf(llama).has('output.weight')).toBe(true);
  });
});

test('blocks for multi-token prediction follow the stack where asked for', () => {
  const architecture = plannedModel('DeepSeek-V3.2');
  const own = (tensors: readonly Tensor[]) => namesOf(tensors).filter((name) => name.startsWith('blk.61.'));
  expect(own(tensorsOf(architecture))).toEqual([]);
  expect(own(tensorsOf(architecture, { nextToken: true }))).toContain('blk.61.nextn.eh_proj.weight');
});

test('a class that is not known is refused by name', () => {
  const architecture = { ...plannedModel('Llama-3.1-8B'), className: 'NoSuchForCausalLM' };
  expect(() => tensorsOf(architecture)).toThrow(expect.objectContaining({ code: 'unknown-architecture' }));
  expect(() => tensorsOf(architecture)).toThrow(/"NoSuchForCausalLM".*LlamaForCausalLM/);
});
