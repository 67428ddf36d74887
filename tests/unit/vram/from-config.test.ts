import { describe, expect, test } from 'vitest';
import { layerKinds } from '../../../src/vram/architecture.ts';
import { architectureFromConfig, contextFromConfig, parseConfig } from '../../../src/vram/from-config.ts';
import { weighModel } from '../../../src/vram/index.ts';
import { configOf, configs, plannedModel } from './weights-fixtures.ts';

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rope_scaling: { factor: 8, rope_type: 'llama3' },
  vocab_size: 128256,
};

test.each(configs)('$model has the parameters that its checkpoint has', ({ parameters, config }) => {
  const counted = weighModel(architectureFromConfig(config), 'F16', { mtpInFile: false }).parameters;
  // A converted file adds vectors (RoPE factors, selection biases) and drops padding rows.
  expect(Math.abs(counted / parameters - 1)).toBeLessThan(1e-4);
});

test.each([
  ['Llama 4 Scout 17B-16E Instruct', 'Llama-4-Scout-17B-16E'],
  ['DeepSeek-V3.2', 'DeepSeek-V3.2'],
  ['DeepSeek-V4-Flash', 'DeepSeek-V4-Flash'],
  ['Gemma 2 9B it', 'Gemma-2-9B'],
  ['Gemma 4 26B-A4B it', 'Gemma-4-26B-A4B'],
  ['gpt-oss-20b', 'gpt-oss-20b'],
  ['Kimi-Linear-48B-A3B-Instruct', 'Kimi-Linear-48B-A3B'],
  ['Nemotron 3 Nano 30B-A3B', 'Nemotron-3-Nano-30B-A3B'],
  ['Qwen2.5-7B-Instruct', 'Qwen2.5-7B'],
  ['Qwen3-Next-80B-A3B-Instruct', 'Qwen3-Next-80B-A3B'],
  ['Granite 4.0 H-Tiny', 'Granite-4.0-H-Tiny'],
  ['Falcon-H1 7B Instruct', 'Falcon-H1-7B'],
  ['GLM-4.5-Air', 'GLM-4.5-Air'],
  ['Phi-4 14B', 'Phi-4'],
])('%s weighs what llama.cpp loads', (model, name) => {
  const read = architectureFromConfig(configOf(model));
  expect(weighModel(read, 'Q4_K_M')).toEqual(weighModel(plannedModel(name), 'Q4_K_M'));
  expect(read.attention).toMatchObject(plannedModel(name).attention);
  expect(layerKinds(read)).toEqual(layerKinds(plannedModel(name)));
});

describe('a multimodal config', () => {
  test('is read as its text part', () => {
    const { architectures, ...text_config } = LLAMA;
    expect(
      architectureFromConfig({
        architectures: ['LlavaForConditionalGeneration'],
        text_config: { ...text_config, model_type: 'llama' },
      }),
    ).toEqual(architectureFromConfig(LLAMA));
    expect(
      architectureFromConfig({ architectures: ['InternVLChatModel'], llm_config: { architectures, ...text_config } }),
    ).toEqual(architectureFromConfig(LLAMA));
  });

  test('ties its embeddings as the text part or the whole says', () => {
    const read = (outer: object, text: object) =>
      architectureFromConfig({
        architectures: ['Mistral3ForConditionalGeneration'],
        ...outer,
        text_config: { ...LLAMA, ...text },
      }).tiedEmbeddings;
    expect(read({}, {})).toBe(false);
    expect(read({ tie_word_embeddings: true }, {})).toBe(true);
    expect(read({ tie_word_embeddings: false }, { tie_word_embeddings: true })).toBe(true);
  });
});

describe('fields that a config leaves out', () => {
  test('one head per key/value head, and heads that share the width', () => {
    const { num_key_value_heads: _, ...config } = LLAMA;
    expect(architectureFromConfig(config).attention).toEqual({ kind: 'full', heads: 32, kvHeads: 32, headDim: 128 });
  });

  test('those of Gemma 3 come from its class', () => {
    const text_config = { hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34, sliding_window: 1024 };
    const gemma = architectureFromConfig({ architectures: ['Gemma3ForConditionalGeneration'], text_config });
    expect(gemma).toMatchObject({
      vocabularySize: 262144,
      tiedEmbeddings: true,
      attention: { heads: 8, window: 1024, full: { kvHeads: 4, headDim: 256 } },
    });
    expect(layerKinds(gemma).filter((kind) => kind === 'F')).toHaveLength(5);
  });
});

describe('layers', () => {
  const kindsOf = (config: object): string => layerKinds(architectureFromConfig({ ...LLAMA, ...config })).join('');

  test.each([
    [
      'every second one of Gemma 2',
      { architectures: ['Gemma2ForCausalLM'], num_hidden_layers: 4, sliding_window: 4096 },
      'SFSF',
    ],
    [
      'a period',
      { architectures: ['Cohere2ForCausalLM'], num_hidden_layers: 4, sliding_window: 4096, sliding_window_pattern: 2 },
      'SFSF',
    ],
    [
      'letters',
      {
        architectures: ['Exaone4ForCausalLM'],
        num_hidden_layers: 5,
        sliding_window: 4096,
        sliding_window_pattern: 'LLLG',
      },
      'SSSFS',
    ],
    [
      'no window, no sliding layer',
      { architectures: ['Exaone4ForCausalLM'], num_hidden_layers: 4, sliding_window: null },
      'FFFF',
    ],
    [
      'a window that Mistral does not use',
      { architectures: ['MistralForCausalLM'], num_hidden_layers: 2, sliding_window: 4096 },
      'FF',
    ],
  ])('%s', (_, config, kinds) => {
    expect(kindsOf(config)).toBe(kinds);
  });

  test('names that are not known are refused', () => {
    const config = {
      architectures: ['Olmo3ForCausalLM'],
      num_hidden_layers: 1,
      sliding_window: 4096,
      layer_types: ['odd_attention'],
    };
    expect(() => kindsOf(config)).toThrow(/layer_types is \["odd_attention"\], expected a list of full_attention/);
  });

  test('a list that is too short is refused', () => {
    const config = { architectures: ['Olmo3ForCausalLM'], sliding_window: 4096, layer_types: ['full_attention'] };
    expect(() => kindsOf(config)).toThrow(/layer_types .*expected a type for each of 32 layers/);
  });
});

test('LFM2 narrows its dense blocks where its config says so', () => {
  const config = configOf('LFM2 2.6B');
  expect(architectureFromConfig(config).feedForward.intermediateSize).toBe(10752);
  expect(
    architectureFromConfig({ ...config, block_auto_adjust_ff_dim: true, block_ff_dim: 12288 }).feedForward
      .intermediateSize,
  ).toBe(8192);
});

describe('what cannot be read', () => {
  test.each([
    ['no object', [], /config.json is \[\], expected a JSON object/],
    ['no class', {}, /architectures is missing/],
    [
      'a missing field',
      { ...LLAMA, hidden_size: undefined },
      /hidden_size is missing, expected a whole number above 0/,
    ],
    ['a field of another type', { ...LLAMA, vocab_size: 'many' }, /vocab_size is "many", expected a whole number/],
    [
      'a field below',
      { architectures: ['Gemma3ForConditionalGeneration'], text_config: { hidden_size: -1 } },
      /text_config.hidden_size is -1/,
    ],
    ['a width that the heads do not share', { ...LLAMA, num_attention_heads: 30 }, /head_dim is missing/],
    [
      'a stack that nobody loads',
      { ...LLAMA, num_hidden_layers: 1e9 },
      /num_hidden_layers is 1000000000, expected at most 512/,
    ],
    [
      'blocks behind the stack that nobody loads',
      { ...LLAMA, num_nextn_predict_layers: 1e9 },
      /num_nextn_predict_layers is 1000000000, expected at most 512/,
    ],
    ['a number beyond 32 bits', { ...LLAMA, hidden_size: 1e30 }, /hidden_size is 1e\+30/],
    ['half a head', { ...LLAMA, num_attention_heads: 2.5 }, /num_attention_heads is 2.5/],
  ])('%s is named', (_, config, message) => {
    expect(() => architectureFromConfig(config)).toThrow(message);
    expect(() => architectureFromConfig(config)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });

  test('a class that is not known is named', () => {
    const config = { ...LLAMA, architectures: ['MambaForCausalLM'], model_type: 'mamba' };
    expect(() => architectureFromConfig(config)).toThrow(/"MambaForCausalLM"/);
    expect(() => architectureFromConfig(config)).toThrow(expect.objectContaining({ code: 'unknown-architecture' }));
  });
});

describe('the longest context of a config', () => {
  test.each<[string, object, number | undefined]>([
    ['its own', { max_position_embeddings: 131072 }, 131072],
    ['its text part before the whole', { max_position_embeddings: 512, text_config: { n_positions: 4096 } }, 4096],
    ['its language part', { language_config: { max_position_embeddings: 4096 } }, 4096],
    ['the whole where the text part says nothing', { n_positions: 2048, llm_config: { hidden_size: 1 } }, 2048],
    [
      'another field where one holds no number of tokens',
      { max_position_embeddings: null, model_max_length: 1e30, seq_length: 2048 },
      2048,
    ],
    ['none', { max_position_embeddings: '4096', n_positions: 0 }, undefined],
  ])('is %s', (_, config, tokens) => {
    expect(contextFromConfig(config)).toBe(tokens);
  });

  test('is asked of an object', () => {
    expect(() => contextFromConfig([])).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});

describe('the text of a config', () => {
  test('may hold the numbers that Python writes and JSON lacks', () => {
    expect(
      parseConfig('{"time_step_limit": [0.0, Infinity], "low": -Infinity, "odd": NaN, "note": "to Infinity"}'),
    ).toEqual({
      time_step_limit: [0, null],
      low: null,
      odd: null,
      note: 'to Infinity',
    });
  });

  test('is refused where it is no JSON', () => {
    expect(() => parseConfig('{')).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});
