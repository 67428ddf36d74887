import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../../../src/cli/estimate.ts');

function run(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [PROGRAM, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    cwd: tmpdir(),
  });
}

interface Answer {
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly message: string };
  readonly engine: { readonly name: string; readonly version: string };
  readonly fileBytes: number;
  readonly device: Record<'weights' | 'kvCache' | 'state' | 'compute' | 'overhead' | 'total', number> & {
    readonly projector?: number;
  };
  readonly host: Record<string, number>;
  readonly perDevice: readonly Record<string, number>[];
  readonly planForBytes: number;
  readonly notes: readonly string[];
  readonly pool?: { readonly budgetBytes: number; readonly tokens: number };
  readonly placement?: {
    readonly fit: string;
    readonly usableBytes: number;
    readonly largestContext: number;
    readonly decodeTokensPerSecond: Record<string, number>;
  };
}

function ask(lines: readonly unknown[]): Answer[] {
  const { status, stdout, stderr } = run(
    ['--jsonl'],
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const answers = stdout.trimEnd().split('\n');
  expect(answers).toHaveLength(lines.length);
  return answers.map((line) => JSON.parse(line) as Answer);
}

/** llama.cpp's own plan for Llama 3.1 8B, Q4_K_M, 8192 tokens, one output row (its memory breakdown). */
const LLAMA = { model: 'llama-3-1-8b', quant: 'Q4_K_M', context: 8192 };

describe('estimate --jsonl', () => {
  test('answers in the shape of the contract, with the bytes llama.cpp plans', () => {
    const [answer] = ask([LLAMA]);
    expect(Object.keys(answer ?? {})).toEqual([
      'ok',
      'engine',
      'parameters',
      'bitsPerWeight',
      'fileBytes',
      'device',
      'host',
      'perDevice',
      'notes',
      'planForBytes',
    ]);
    expect(answer).toMatchObject({
      ok: true,
      engine: { name: 'llama.cpp', version: 'v0.5.0' },
      parameters: 8030261312,
      fileBytes: 4912898304,
      device: { weights: 4617396480, kvCache: 1073741824, state: 0 },
    });
    expect(Object.keys(answer?.device ?? {})).toEqual(['weights', 'kvCache', 'state', 'compute', 'overhead', 'total']);
    expect(Object.keys(answer?.host ?? {})).toEqual(['weights', 'kvCache', 'compute']);
  });

  test('names of model and quant may be aliases; a device adds the placement; devices are summed', () => {
    const [alias, onCard, split] = ask([
      { ...LLAMA, quant: 'q4-k-m' },
      { ...LLAMA, gpu: 'RTX 3090' },
      { ...LLAMA, devices: 2 },
    ]);
    expect(alias?.ok).toBe(true);
    expect(onCard?.placement).toMatchObject({ fit: 'fits', largestContext: expect.any(Number) });
    const { low = 0, centre = 0, high = 0 } = onCard?.placement?.decodeTokensPerSecond ?? {};
    expect(low).toBeGreaterThan(0);
    expect(low < centre && centre < high).toBe(true);
    expect(split?.perDevice).toHaveLength(2);
    for (const part of ['weights', 'kvCache', 'compute', 'overhead', 'total'] as const) {
      expect(split?.perDevice.reduce((sum, own) => sum + (own[part] ?? 0), 0)).toBe(split?.device[part]);
    }
  });

  test('the golden scenario: rule of thumb 1012 GB, weights and cache as llama.cpp allocates them', () => {
    const golden = { model: 'DeepSeek V4 Pro', quant: 'Q4_K_M', context: 1048576 };
    const [rule, exact] = ask([{ ...golden, engine: 'rule of thumb' }, golden]);
    expect(rule).toMatchObject({ device: { weights: 896e9, overhead: expect.any(Number) } });
    expect((rule?.planForBytes ?? 0) / 1e9).toBeCloseTo(1012.2, 1);
    expect((exact?.device.weights ?? 0) / 1e9).toBeCloseTo(951, 0);
    expect((exact?.device.kvCache ?? 0) / 1e9).toBeCloseTo(10.4, 1);
    expect(exact?.planForBytes).toBe(Math.max(rule?.planForBytes ?? 0, Math.ceil((exact?.device.total ?? 0) * 1.05)));
  });

  test('vLLM and MLX answer in the same shape, with the pool of a card', () => {
    const [served, mac, awq] = ask([
      {
        model: 'llama-3-1-8b',
        quant: 'BF16',
        context: 20000,
        engine: 'vllm',
        gpu: 'rtx-3090',
        gpuMemoryUtilization: 0.9,
      },
      { model: 'gpt-oss-20b', quant: 'MLX_MXFP4_Q8', context: 8192, engine: 'mlx', gpu: 'apple-m4-max-64gb' },
      { model: 'llama-3-1-8b', quant: 'awq', context: 8192, engine: 'vLLM', devices: 2 },
    ]);
    // 14.9888 GiB in the start-up log of vLLM issue 10517.
    expect((served?.device.weights ?? 0) / 2 ** 30).toBeCloseTo(14.9888, 3);
    expect(served?.placement?.fit).toBe('fits');
    expect(served?.pool?.budgetBytes).toBe(Math.ceil((served?.placement?.usableBytes ?? 0) * 0.9));
    expect(served?.pool?.tokens).toBeGreaterThan(20_000);
    // 11,516 MiB in mlx-lm issue 644.
    expect((mac?.device.weights ?? 0) / 2 ** 20).toBeCloseTo(11_516, -1);
    expect(mac?.placement?.fit).toBe('fits');
    expect(awq?.perDevice).toHaveLength(2);
    expect(awq?.pool).toBeUndefined();
    expect(Object.keys(awq?.device ?? {})).toEqual(['weights', 'kvCache', 'state', 'compute', 'overhead', 'total']);
  });

  test('bad lines are answered in their place, and the stream goes on', () => {
    const broken: [string, unknown][] = [
      ['bad-request', ''],
      ['bad-request', '{'],
      ['bad-request', '\u0000'],
      ['bad-request', '['.repeat(200_000)],
      ['bad-request', '[]'],
      ['bad-request', `${'['.repeat(5000)}${']'.repeat(5000)}`],
      ['bad-request', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
      ['bad-request', { ...LLAMA, mtp: true }],
      ['bad-request', { ...LLAMA, context: 0 }],
      ['bad-request', { ...LLAMA, context: 1e30 }],
      ['bad-request', { ...LLAMA, context: 0.5 }],
      ['bad-request', { ...LLAMA, unknown: 1 }],
      ['bad-request', { config: tmpdir(), quant: 'Q4_K_M', context: 1 }],
      ['unknown-model', { ...LLAMA, model: 'llama-9' }],
      ['unknown-quant', { ...LLAMA, quant: 'Q4_KM_L' }],
      ['unknown-gpu', { ...LLAMA, gpu: 'rtx-9999' }],
      ['unknown-engine', { ...LLAMA, engine: 'cuda' }],
      ['context-too-long', { ...LLAMA, context: 1048576 }],
      ['refused-by-engine', { ...LLAMA, kvType: 'q8_0', flashAttention: 'off' }],
      ['unknown-quant', { ...LLAMA, engine: 'vllm' }],
      ['unknown-quant', { ...LLAMA, quant: 'AWQ' }],
      ['refused-by-engine', { ...LLAMA, engine: 'vllm', quant: 'MLX_4BIT' }],
      ['refused-by-engine', { ...LLAMA, engine: 'vllm', quant: 'AWQ', tensorParallel: 3 }],
      ['refused-by-engine', { ...LLAMA, engine: 'vllm', quant: 'AWQ', gpu: 'apple-m4-max-64gb' }],
      ['refused-by-engine', { ...LLAMA, engine: 'mlx', quant: 'MLX_4BIT', gpu: 'rtx-3090' }],
    ];
    const answers = ask(broken.flatMap(([, line]) => [line, LLAMA]));
    expect(answers.filter((_, index) => index % 2 === 0).map(({ error }) => error?.code)).toEqual(
      broken.map(([code]) => code),
    );
    expect(answers.filter((_, index) => index % 2 === 1).every(({ ok }) => ok)).toBe(true);
  });

  test('an unknown quant is answered with the names near it; a context above the maximum when it is allowed', () => {
    const [unknown, longer] = ask([
      { ...LLAMA, quant: 'Q4_K_L' },
      { ...LLAMA, context: 1048576, allowBeyondMaximum: true },
    ]);
    expect(unknown?.error?.message).toMatch(/near: .*Q4_K_M/);
    expect(longer?.device.kvCache).toBe(128 * 1073741824);
  });

  test('a device that the engine asked for is not estimated on is refused in its name', () => {
    const answers = ask([
      { ...LLAMA, gpu: 'gaudi-2' },
      { ...LLAMA, engine: 'vLLM', quant: 'AWQ', gpu: 'gaudi-2' },
      { ...LLAMA, engine: 'mlx', quant: 'MLX_4BIT', gpu: 'gaudi-2' },
    ]);
    expect(answers.map(({ error }) => error?.code)).toEqual(Array(3).fill('refused-by-engine'));
    expect(answers.map(({ error }) => error?.message)).toEqual([
      expect.stringMatching(/^llama\.cpp does not run on Gaudi 2; /),
      expect.stringMatching(/^vLLM is not estimated on Gaudi 2; /),
      expect.stringMatching(/^MLX is not estimated on Gaudi 2; /),
    ]);
  });

  test('a flag that no line would hear is refused', () => {
    for (const [args, named] of [
      [['--jsonl', '--gpu', 'rtx-3090', '--kv-type', 'q8_0'], '--gpu, --kvType'],
      [['--json', '--jsonl'], '--json,'],
    ] as const) {
      const { status, stdout, stderr } = run(args, JSON.stringify(LLAMA));
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`--jsonl is given with ${named}`);
      expect(stderr).toContain('write the fields into each line');
    }
  });

  test('what a display takes is not there for the model', () => {
    const [whole, less] = ask([
      { ...LLAMA, gpu: 'rtx-3090' },
      { ...LLAMA, gpu: 'rtx-3090', displayReserveBytes: 1_000_000_000 },
    ]);
    expect((whole?.placement?.usableBytes ?? 0) - (less?.placement?.usableBytes ?? 0)).toBe(1_000_000_000);
    expect(less?.placement?.largestContext).toBeLessThanOrEqual(whole?.placement?.largestContext ?? 0);
  });

  test('a projector is a part of its own; a model without a known one is named', () => {
    const qwen = { model: 'qwen3.8-27b', quant: 'Q4_K_M', context: 8192 };
    const [without, loaded, rule, onCard, textOnly, fromFile, unknown, served, withTower] = ask([
      { ...qwen, gpu: 'rtx-4090', projector: false },
      { ...qwen, projector: true },
      { ...qwen, projector: true, engine: 'rule of thumb' },
      { ...qwen, projector: true, gpu: 'rtx-4090' },
      { ...LLAMA, projector: true },
      { config: tmpdir(), quant: 'Q4_K_M', context: 8192, projector: true },
      { ...qwen, model: 'kimi-k2-5', projector: true },
      { ...qwen, engine: 'vllm', quant: 'BF16', model: 'ministral-3-8b' },
      { ...qwen, engine: 'vllm', quant: 'FP8', model: 'ministral-3-8b', projector: true },
    ]);
    // mmproj-F16.gguf as unsloth/Qwen3.8-27B-GGUF lists it.
    expect(loaded?.device.projector).toBe(927_607_488);
    expect(loaded?.device.total).toBe((without?.device.total ?? 0) + 927_607_488);
    expect(loaded?.planForBytes).toBeGreaterThan(without?.planForBytes ?? 0);
    expect(loaded?.notes.join()).toContain('projector');
    expect(without?.device).not.toHaveProperty('projector');
    expect(rule?.device.projector).toBe(927_607_488);
    expect(onCard?.placement?.largestContext).toBeLessThan(without?.placement?.largestContext ?? 0);
    expect(textOnly?.error).toEqual({
      code: 'bad-request',
      message: 'projector is true, and Llama 3.1 8B reads text only',
    });
    expect(fromFile?.ok).toBe(false);
    expect(unknown?.error?.message).toContain('Kimi K2.5 is not on record');
    // Pixtral's tower of 0.4B parameters in 16 bits, beside a text model of half the bytes of BF16.
    const text = (withTower?.device.weights ?? 0) - (served?.device.weights ?? 0) / 2;
    expect(text / 1e9).toBeGreaterThan(0.84);
    expect(withTower?.notes.join()).toContain('towers are counted');
    expect(served?.notes.join()).toContain('towers are not counted');
  });

  test('a line is answered while the stream is open', async () => {
    const program = spawn(process.execPath, [PROGRAM, '--jsonl']);
    const answers = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    for (const context of [4096, 8192]) {
      program.stdin.write(`${JSON.stringify({ ...LLAMA, context })}\n`);
      const { value } = await answers.next();
      expect((JSON.parse(String(value)) as Answer).device.kvCache).toBe(context * 131072);
    }
    program.stdin.end();
    expect(await once(program, 'exit')).toEqual([0, null]);
  });
});

describe('estimate with flags', () => {
  test('prints a table, or JSON', () => {
    const table = run(['--model', 'llama-3-1-8b', '--quant', 'Q4_K_M', '--context', '8k', '--gpu', 'rtx-3090']);
    expect(table.status).toBe(0);
    expect(table.stdout).toMatch(/Weights\s+4\.62 GB\s+4\.30 GiB/);
    expect(table.stdout).toContain('rtx-3090: fits');
    const json = run(['--model', 'llama-3-1-8b', '--quant', 'Q4_K_M', '--context', '8k', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, fileBytes: 4912898304 });
  });

  test('says what is wrong and fails', () => {
    const { status, stderr } = run(['--model', 'llama-3-1-8b', '--quant', 'Q4_K_M', '--context', '1m']);
    expect(status).toBe(1);
    expect(stderr).toContain('at most 128K (131072) tokens');
  });

  test('reads a model from a Hugging Face config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const config = {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_size: 4096,
      intermediate_size: 14336,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      vocab_size: 128256,
      max_position_embeddings: 131072,
      tie_word_embeddings: false,
      rope_scaling: { rope_type: 'llama3', factor: 8 },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    const { stdout, stderr } = run([
      '--config',
      join(folder, 'config.json'),
      '--quant',
      'Q4_K_M',
      '--context',
      '8192',
      '--json',
    ]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, fileBytes: 4912898304, device: { kvCache: 1073741824 } });

    // Also where it is the language part of a larger model that names the longest context.
    const { architectures, ...language_config } = { ...config, max_position_embeddings: 4096 };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ architectures, language_config }));
    const [refused] = ask([{ config: join(folder, 'config.json'), quant: 'Q4_K_M', context: 1048576 }]);
    expect(refused?.error?.code).toBe('context-too-long');
    expect(refused?.error?.message).toContain('at most 4K (4096) tokens');
  });
});
