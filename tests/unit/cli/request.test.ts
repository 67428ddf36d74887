import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../../src/cli/estimate/flags.ts';
import { nearMatches } from '../../../src/cli/estimate/near-matches.ts';
import { parseRequest } from '../../../src/cli/estimate/request.ts';

const GOOD = { model: 'm', quant: 'Q4_K_M', context: 8192 };

describe('parseRequest', () => {
  test('completes a request with the defaults of the contract', () => {
    expect(parseRequest(GOOD)).toEqual({
      subject: { model: 'm' },
      quant: 'Q4_K_M',
      engine: 'llama.cpp',
      allowBeyondMaximum: false,
      settings: {
        context: 8192,
        kType: 'f16',
        vType: 'f16',
        microBatch: 512,
        flashAttention: 'auto',
        outputs: 1,
        sequences: 1,
        devices: 1,
        gpuLayers: -1,
        cpuMoeLayers: 0,
        mtp: false,
      },
    });
  });

  test('kvType sets both types, kType and vType one each', () => {
    expect(parseRequest({ ...GOOD, kvType: 'q8_0' }).settings).toMatchObject({ kType: 'q8_0', vType: 'q8_0' });
    expect(parseRequest({ ...GOOD, kvType: 'q8_0', vType: 'q4_0' }).settings).toMatchObject({
      kType: 'q8_0',
      vType: 'q4_0',
    });
  });

  test('a projector is part of the request only when it is asked for, and not of MLX', () => {
    expect(parseRequest({ ...GOOD, projector: true })).toMatchObject({ projector: true });
    expect(parseRequest({ ...GOOD, projector: false })).not.toHaveProperty('projector');
    expect(parseRequest({ ...GOOD, projector: true }).settings).not.toHaveProperty('projector');
    expect(parseArguments(['--projector']).fields).toEqual({ projector: true });
    expect(parseRequest({ ...GOOD, engine: 'vllm', projector: true })).toMatchObject({ projector: true });
    expect(() => parseRequest({ ...GOOD, engine: 'mlx', projector: true })).toThrow('unknown field "projector"');
    expect(() => parseRequest({ ...GOOD, projector: 'yes' })).toThrow('projector is "yes", expected true or false');
  });

  test('vLLM and MLX have settings of their own; devices are tensor parallel in vLLM', () => {
    expect(parseRequest({ ...GOOD, engine: 'vLLM', quant: 'AWQ', kvType: 'f16', devices: 2 })).toEqual({
      subject: { model: 'm' },
      quant: 'AWQ',
      engine: 'vLLM',
      allowBeyondMaximum: false,
      settings: {
        context: 8192,
        kvType: 'float16',
        sequences: 1,
        tensorParallel: 2,
        gpuMemoryUtilization: 0.92,
        expertParallel: false,
        draftTokens: 0,
        prefixCaching: true,
        enforceEager: false,
      },
    });
    expect(parseRequest({ ...GOOD, engine: 'mlx', quant: 'MLX_4BIT' }).settings).toEqual({
      context: 8192,
      kvType: 'f16',
      sequences: 1,
      prefillStep: 2048,
    });
  });

  test.each([
    ['unknown field "gpuMemoryUtilization", expected model,', { ...GOOD, gpuMemoryUtilization: 0.9 }],
    ['unknown field "gpuLayers",', { ...GOOD, engine: 'vllm', gpuLayers: 3 }],
    ['unknown field "devices",', { ...GOOD, engine: 'mlx', devices: 2 }],
    ['kvType is "q8_0", expected one of auto,', { ...GOOD, engine: 'vllm', kvType: 'q8_0' }],
    ['gpuMemoryUtilization is 92, expected a share', { ...GOOD, engine: 'vllm', gpuMemoryUtilization: 92 }],
    ['devices is 2 and tensorParallel 4', { ...GOOD, engine: 'vllm', devices: 2, tensorParallel: 4 }],
    ['engine is "cuda", expected one of llama.cpp, rule of thumb, vLLM, MLX', { ...GOOD, engine: 'cuda' }],
    ['context is 0,', { ...GOOD, context: 0 }],
    ['context is -1,', { ...GOOD, context: -1 }],
    ['context is 0.5,', { ...GOOD, context: 0.5 }],
    ['context is 1e+30,', { ...GOOD, context: 1e30 }],
    ['context is "8192",', { ...GOOD, context: '8192' }],
    ['context is null,', { ...GOOD, context: null }],
    ['context is missing,', { model: 'm', quant: 'Q4_K_M' }],
    ['quant is missing,', { model: 'm', context: 1 }],
    ['model is missing,', { quant: 'Q4_K_M', context: 1 }],
    ['model is 5,', { ...GOOD, model: 5 }],
    ['kvType is "f17", expected one of f32, f16', { ...GOOD, kvType: 'f17' }],
    ['devices is 0,', { ...GOOD, devices: 0 }],
    ['gpuLayers is -2,', { ...GOOD, gpuLayers: -2 }],
    ['sequences is 257,', { ...GOOD, sequences: 257 }],
    ['allowBeyondMaximum is "yes", expected true or false', { ...GOOD, allowBeyondMaximum: 'yes' }],
    ['unknown field "ctx",', { ...GOOD, ctx: 1 }],
    ['model and config are both given', { ...GOOD, config: 'config.json' }],
    ['the request is [],', []],
    ['the request is 5,', 5],
    ['the request is null,', null],
  ])('refuses a request: %s', (words, request) => {
    expect(() => parseRequest(request)).toThrow(words);
  });

  test('names everything that is wrong at once', () => {
    const parse = (): unknown => parseRequest({ model: 'm', context: 0, quant: 4, foo: 1 });
    expect(parse).toThrow('context is 0');
    expect(parse).toThrow('quant is 4');
    expect(parse).toThrow('"foo"');
  });
});

describe('parseArguments', () => {
  test('flags are fields, contexts may be labels, numbers may be negative', () => {
    const { mode, fields } = parseArguments([
      '--model',
      'x',
      '--context',
      '32k',
      '--gpu-layers',
      '-1',
      '--devices=2',
      '--mtp',
      '--no-prefix-caching',
    ]);
    expect(mode).toBe('table');
    expect(fields).toEqual({ model: 'x', context: 32768, gpuLayers: -1, devices: 2, mtp: true, prefixCaching: false });
  });

  test('what is no number reaches the check of the request as it was typed', () => {
    const { fields } = parseArguments(['--model', 'x', '--quant', 'Q4_K_M', '--context', 'much']);
    expect(() => parseRequest(fields)).toThrow('context is "much"');
  });

  test('an unknown flag is an error, no flag at all asks for help', () => {
    expect(() => parseArguments(['--modle', 'x'])).toThrow('--modle');
    expect(parseArguments([]).mode).toBe('help');
    expect(parseArguments(['--jsonl']).mode).toBe('jsonl');
  });
});

describe('nearMatches', () => {
  const NAMES = ['deepseek-v4-pro', 'deepseek-v4-flash', 'qwen3-5-27b', 'gemma-3-27b'];

  test('finds a name with a slip, or a part of it', () => {
    expect(nearMatches('deepsek-v4-pro', NAMES)[0]).toBe('deepseek-v4-pro');
    expect(nearMatches('qwen3.5', NAMES)).toEqual(['qwen3-5-27b']);
    expect(nearMatches('Q4-KM', ['Q4_K_M', 'Q5_K_M', 'F16'])[0]).toBe('Q4_K_M');
  });

  test('finds nothing where nothing is close', () => {
    expect(nearMatches('something else', NAMES)).toEqual([]);
    expect(nearMatches('', NAMES)).toEqual([]);
  });
});
