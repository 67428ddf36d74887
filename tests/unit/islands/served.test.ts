import { describe, expect, it } from 'vitest';
import { deviceOf, modelOf } from '../../../src/islands/calculator/answer.ts';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { computeAnswer, formatsFor } from '../../../src/islands/calculator/served.ts';
import { commandOf, fixesOf, roomOf } from '../../../src/islands/calculator/served-fixes.ts';
import { type CalculatorState, firstState } from '../../../src/islands/calculator/state.ts';
import { commandsOf } from '../../../src/scenarios/commands.ts';
import { calculatorCatalog, calculatorCommands } from '../../../src/site/calculator-data.ts';
import { formatOf } from '../../../src/vram/index.ts';
import { catalog, factsAt } from '../scenarios/catalog.ts';

const data = JSON.parse(JSON.stringify(calculatorCatalog(catalog))) as CalculatorData;
const files = calculatorCommands(catalog);

function serve(change: Partial<CalculatorState>) {
  const state: CalculatorState = { ...firstState(data), context: 32_768, ...change };
  const model = modelOf(data, state);
  const engine = state.engine === 'mlx' ? 'MLX' : 'vLLM';
  const devices = data.devices.filter(({ vendor }) => (vendor === 'apple') === (engine === 'MLX'));
  const offer = { ...data, devices, quants: formatsFor(engine, model) };
  return { state, model, device: deviceOf(data, state), offer };
}
const vllm = (change: Partial<CalculatorState>) =>
  serve({ engine: 'vllm', model: 'qwen3-8b', quant: 'AWQ', gpu: 'rtx-4090', kType: 'auto', limit: 92, ...change });
const mlx = (change: Partial<CalculatorState>) =>
  serve({ engine: 'mlx', model: 'qwen3-8b', quant: 'MLX_4BIT', gpu: 'apple-m4-max-64gb', ...change });
const commandFor = ({ offer, state, model, device }: ReturnType<typeof serve>): string =>
  commandOf(offer, state, model, device, files).command;

describe('formats', () => {
  it('that only a maker publishes are offered for the models published so', () => {
    for (const model of data.models) {
      for (const engine of ['vLLM', 'MLX'] as const) {
        const native = formatsFor(engine, model).filter(({ id }) => formatOf(id).native);
        const { nativeFormat } = catalog.byId.models.get(model.id) ?? {};
        if (native.length > 0) expect(nativeFormat?.name, model.id).toMatch(/experts/);
      }
    }
    const named = (id: string, engine: 'vLLM' | 'MLX'): readonly string[] =>
      formatsFor(engine, modelOf(data, { ...firstState(data), model: id })).map((format) => format.id);
    expect(named('gpt-oss-120b', 'vLLM')).toContain('MXFP4_EXPERTS');
    expect(named('gpt-oss-120b', 'MLX')).toContain('MLX_MXFP4_Q8');
    expect(named('qwen3-8b', 'vLLM')).not.toContain('MXFP4_EXPERTS');
  });

  it('have the names that pages give them', () => {
    const model = modelOf(data, { ...firstState(data), model: 'qwen3-8b' });
    const names = (engine: 'vLLM' | 'MLX'): readonly string[] => formatsFor(engine, model).map(({ name }) => name);
    expect(names('MLX')).toContain('MLX 4-bit');
    expect(names('vLLM')).toContain('FP8 block');
    expect([...names('MLX'), ...names('vLLM')].join(' ')).not.toMatch(/_|\dBIT|BLOCK|EXPERTS|DOUBLE/);
  });
});

describe('the command of vLLM', () => {
  it('lets the code of a repository run where the record says that it takes it, as on pages', () => {
    const own = catalog.byId.models.get('kimi-k2-6');
    expect(own?.remoteCode).toBeDefined();
    const quant = modelOf(data, { ...firstState(data), model: 'kimi-k2-6' }).published ?? '';
    const [page] = commandsOf(factsAt('kimi-k2-6/bf16/256k')).filter(({ tool }) => tool.startsWith('vLLM'));
    for (const command of [page?.command, commandFor(vllm({ model: 'kimi-k2-6', quant }))])
      expect(command).toMatch(/^vllm serve moonshotai\/Kimi-K2\.6 .* --trust-remote-code$/);
    expect(commandFor(vllm({ quant: 'BF16' }))).not.toContain('trust');
  });

  it("serves the maker's checkpoint, packs it while loading, or takes a folder", () => {
    expect(commandFor(vllm({ quant: 'BF16' }))).toBe(
      'vllm serve Qwen/Qwen3-8B --max-model-len 32768 --gpu-memory-utilization 0.92',
    );
    expect(commandFor(vllm({ quant: 'FP8' }))).toContain('vllm serve Qwen/Qwen3-8B --quantization fp8 ');
    expect(commandFor(vllm({ devices: 2, kType: 'fp8', sequences: 8, limit: 95 }))).toBe(
      'vllm serve ./qwen3-8b-awq --max-model-len 32768 --max-num-seqs 8 --tensor-parallel-size 2 --gpu-memory-utilization 0.95 --kv-cache-dtype fp8',
    );
  });

  it('leaves out what reads images where the reader did not count it', () => {
    const own = data.models.find(({ towerBytes }) => towerBytes !== undefined);
    const served = (projector: number) => vllm({ model: own?.id ?? '', quant: own?.published ?? '', projector });
    expect(commandFor(served(0))).toContain(' --language-model-only');
    expect(commandFor(served(1))).not.toContain('--language-model-only');
    const weights = (projector: number): number => {
      const { offer, state } = served(projector);
      return computeAnswer(offer, state).rows.weights.bytes;
    };
    expect(weights(1) - weights(0)).toBe(own?.towerBytes);
  });

  it('drafts with the blocks of models that have them', () => {
    const own = data.models.find(({ architecture }) => architecture.nextTokenLayers !== undefined);
    expect(commandFor(vllm({ model: own?.id ?? '', mtp: 1 }))).toContain('--speculative-config');
    expect(commandFor(vllm({ mtp: 1 }))).not.toContain('--speculative-config');
  });
});

describe('the command of MLX', () => {
  it('converts, raises the limit, and runs the program that has the cache type', () => {
    expect(commandFor(mlx({ limit: 57_344 }))).toBe(
      [
        'sudo sysctl iogpu.wired_limit_mb=57344',
        'mlx_lm.convert --hf-path Qwen/Qwen3-8B --mlx-path ./qwen3-8b-mlx-4bit -q --q-bits 4',
        'mlx_lm.server --model ./qwen3-8b-mlx-4bit',
      ].join('\n'),
    );
    expect(commandFor(mlx({ quant: 'BF16', kType: 'q8' }))).toMatch(/^mlx_lm\.generate .* --kv-bits 8 /);
    expect(commandFor(mlx({ quant: 'MLX_MXFP4' }))).toContain('--q-bits 4 --q-mode mxfp4');
  });
});

describe('what to change', () => {
  const waysOf = async ({ offer, state, model, device }: ReturnType<typeof serve>) =>
    fixesOf(offer, state, model, device);

  it('in vLLM: a packed cache, more GPUs, a shorter context, each of which starts', async () => {
    // Qwen3 8B in 16 bits: 16.4 GB of weights leave no room for 128K tokens of 144 KiB.
    const own = vllm({ quant: 'BF16', context: 65_536 });
    expect(computeAnswer(own.offer, own.state).placed().fit).not.toBe('fits');
    const { title, ways } = await waysOf(own);
    expect(title).toMatch(/^It does not fit/);
    expect(ways[0]).toMatch(/^KV cache in fp8 \(--kv-cache-dtype fp8\): frees /);
    expect(computeAnswer(own.offer, { ...own.state, kType: 'fp8' }).placed().fit).toBe('fits');
    const group = Number(/^(\d+) x RTX 4090 \(--tensor-parallel-size \1\)/m.exec(ways.join('\n'))?.[1]);
    expect(computeAnswer(own.offer, { ...own.state, devices: group }).placed().fit).toBe('fits');
  });

  it('in MLX: no more machines, but a smaller format or a larger one', async () => {
    const own = mlx({ quant: 'BF16', gpu: 'apple-m4-16gb' });
    const text = (await waysOf(own)).ways.join('\n');
    expect(text).toMatch(/MLX (4|8)-bit: frees /);
    expect(text).toMatch(/Another device: the smallest that holds it is the M/);
    expect(text).not.toContain(' x ');
  });

  it('says how far it goes where it fits, in line with the plot', async () => {
    const own = vllm({});
    const { title } = await waysOf(own);
    const { planForBytes, roomBytes } = roomOf(own.offer, own.state, own.model, own.device);
    expect(title).toMatch(/^It fits/);
    expect(planForBytes).toBeLessThan(roomBytes);
  });
});

describe('the answer of vLLM', () => {
  it('says what the pool holds, and that a model whose weights fill the share leaves nothing', () => {
    const own = vllm({});
    const { more } = computeAnswer(own.offer, own.state).placed();
    const [, requests = '', tokens = ''] =
      /: ([\d.]+) requests of 32K at once \(([\d,]+) tokens in vLLM's log\)/.exec(more) ?? [];
    expect(Number(tokens.replaceAll(',', '')) / 32_768).toBeCloseTo(Number(requests), 0.9);
    const large = vllm({ model: 'llama-3-3-70b', quant: 'BF16' });
    expect(computeAnswer(large.offer, large.state).placed().more).toMatch(/they fill vLLM's share of /);
    const tight = vllm({ model: 'llama-4-scout', gpu: 'rtx-pro-5000-bw-72gb' });
    const placed = computeAnswer(tight.offer, tight.state).placed();
    expect(placed.fit).toBe('tight');
    expect(placed.more).toMatch(
      /: 0\.\d\d requests of 32K at once .*; vLLM starts only with a larger share of the GPU\./,
    );
  });
});
