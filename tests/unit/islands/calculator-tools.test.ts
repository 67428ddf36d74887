import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { computeAnswer, deviceOf, modelOf } from '../../../src/islands/calculator/answer.ts';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { commandOf, fixesOf, quantsFor } from '../../../src/islands/calculator/fixes.ts';
import { devicesNamed } from '../../../src/islands/calculator/hardware.ts';
import { formatsFor } from '../../../src/islands/calculator/served.ts';
import { fixesOf as servedFixesOf } from '../../../src/islands/calculator/served-fixes.ts';
import { type CalculatorState, firstState } from '../../../src/islands/calculator/state.ts';
import { commandsOf } from '../../../src/scenarios/commands.ts';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import { headroomText } from '../../../src/scenarios/hardware.ts';
import { modelAtQuant } from '../../../src/scenarios/scenario.ts';
import { FIT_TEXT } from '../../../src/scenarios/words.ts';
import { calculatorCatalog, calculatorCommands } from '../../../src/site/calculator-data.ts';
import { readModel } from '../../../src/vram/browser-config.ts';
import { EstimateError, schemeOf } from '../../../src/vram/index.ts';
import { catalog, factsAt } from '../scenarios/catalog.ts';

const published = calculatorCatalog(catalog);
const data: CalculatorData = {
  version: 1,
  models: [...published.models],
  quants: published.quants.map((quant) => ({ ...quant, scheme: schemeOf(quant.scheme) })),
  devices: published.devices.map((device) => ({ ...device, vendor: 'nvidia' as const })),
};

function ways(change: Partial<CalculatorState>): ReturnType<typeof fixesOf> {
  const state = { ...firstState(data), quant: 'q4-k-m', ...change };
  const model = data.models.find(({ id }) => id === state.model);
  if (!model) throw new Error(state.model);
  if (!state.engine) return fixesOf(data, state, model, deviceOf(data, state));
  const offer = { ...data, quants: formatsFor('vLLM', model) };
  return servedFixesOf(offer, state, model, deviceOf(data, state));
}

it.each([
  ['gemma-4-e4b', 'bf16', 'apple-m4-16gb'],
  ['gemma-4-e4b', 'q8-0', 'apple-m4-16gb'],
  ['qwen3-8-flash-next', 'q4-k-m', 'ryzen-ai-max-395-128gb'],
])('%s at %s on %s: the calculator says of unified memory what the page says', (model, quant, gpu) => {
  const device = devicesOf(catalog).byId.get(gpu)?.device;
  const own = published.devices.find(({ id }) => id === gpu);
  if (!device || !own) throw new Error(gpu);
  const held = modelAtQuant(catalog, model, quant).fitOn(device, 1, 8192);
  const state = { ...firstState(data), model, quant, gpu, context: 8192 };
  const answer = computeAnswer({ ...data, devices: [{ ...own, vendor: device.vendor }] }, state);
  expect(answer.placed()).toMatchObject({
    fit: held.fit,
    fitText: FIT_TEXT[held.fit],
    headroom: headroomText(held, 1),
  });
});

describe('what to change', () => {
  it('keeps experts in RAM, adds cards or names a larger one where gpt-oss 120B does not fit a 24 GB card', async () => {
    // 63 GB of MXFP4: no quant is smaller, the cache is small, one card holds a third.
    const { title, ways: list } = await ways({
      model: 'gpt-oss-120b',
      quant: 'mxfp4-moe',
      gpu: 'rtx-4090',
      context: 65_536,
    });
    expect(title).toMatch(/^It does not fit/);
    const text = list.join('\n');
    expect(text).toMatch(/Experts of the first \d+ of 36 layers in RAM \(--n-cpu-moe \d+\): frees 4\d/);
    expect(text).toMatch(/[34] x RTX 4090/);
    expect(text).toMatch(/Another device: the smallest that holds it/);
  });

  it('shrinks the cache first where the cache is what does not fit', async () => {
    // Qwen3 8B: 5 GB of weights and 144 KiB of cache a token, so 96K tokens are 14.5 GB.
    const { ways: list } = await ways({ model: 'qwen3-8b', gpu: 'rtx-5060-ti-16gb', context: 98_304 });
    expect(list[0]).toMatch(/^KV cache in q8_0 \(-ctk q8_0 -ctv q8_0\): frees /);
    expect(list.join('\n')).toMatch(/A context of [\d,K]+ tokens \(-c \d+\) instead of 96K/);
  });

  it('says how far it goes where it fits', async () => {
    const { title, ways: list } = await ways({ model: 'qwen3-8b', gpu: 'rtx-4090', context: 8192 });
    expect(title).toMatch(/^It fits/);
    expect(list[0]).toMatch(/^(BF16|F16) fits too/);
  });

  it.each(['', 'vllm'] as const)(
    'names a device that holds it beside what is kept free for a display (%s)',
    async (engine) => {
      const served = engine && { engine, quant: 'AWQ', kType: 'auto', limit: 92 };
      const change = { model: 'qwen3-32b', gpu: 'rtx-4060', context: 8192, reserve: 6000, ...served };
      const { ways: list } = await ways(change);
      const name = /the smallest that holds it is the (.*)\.$/.exec(list.at(-1) ?? '')?.[1];
      const gpu = data.devices.find((device) => device.name === name)?.id;
      const { title } = await ways({ ...change, ...(gpu && { gpu }) });
      expect(title).toMatch(/^It fits/);
    },
  );

  it('offers no quant of experts for a dense model', () => {
    const model = data.models.find(({ id }) => id === 'qwen3-8b');
    expect(model && quantsFor(data, model).map(({ scheme }) => scheme)).not.toContain('MXFP4_MOE');
  });
});

describe('the command', () => {
  const { repositories } = calculatorCommands(catalog);
  const state = { ...firstState(data), gpu: 'h200-sxm', model: 'qwen3-8b', quant: 'q4-k-m', context: 32_768 };
  const command = (change: Partial<CalculatorState>, files: Readonly<Record<string, string>>): string => {
    const own = { ...state, ...change };
    return commandOf(data, own, modelOf(data, own), deviceOf(data, own), { repositories: files, checkpoints: {} })
      .command;
  };

  it('switches on YaRN where the page of the context does', () => {
    const files = calculatorCommands(catalog);
    const at = (context: number): string => {
      const own = { ...state, context };
      return commandOf(data, own, modelOf(data, own), deviceOf(data, own), files).command;
    };
    expect(at(40_960)).not.toContain('rope');
    for (const label of ['64k', '128k']) {
      const page = commandsOf(factsAt(`qwen3-8b/q4-k-m/${label}`))[0]?.command ?? '';
      const flags = /--rope-scaling.*$/.exec(page)?.[0];
      expect(flags).toBeDefined();
      expect(at(label === '64k' ? 65_536 : 131_072)).toContain(flags);
    }
  });

  it('names every setting that is not the default, and no other', () => {
    expect(command({}, { 'qwen3-8b': 'Qwen/Qwen3-8B-GGUF' })).toBe(
      'llama-server -hf Qwen/Qwen3-8B-GGUF:Q4_K_M -c 32768 -np 1 -ngl 999',
    );
    expect(
      command(
        {
          model: 'qwen3-30b-a3b',
          kType: 'q8_0',
          vType: 'q8_0',
          microBatch: 256,
          sequences: 4,
          flashAttention: 'on',
          experts: 12,
        },
        {},
      ),
    ).toBe(
      'llama-server -m qwen3-30b-a3b-q4-k-m.gguf -c 32768 -np 4 -ngl 999 -ctk q8_0 -ctv q8_0 -ub 256 -fa on --n-cpu-moe 12',
    );
  });

  it('raises the batch with a micro-batch that exceeds the default of 2,048 tokens', () => {
    expect(command({ microBatch: 2048 }, {})).toMatch(/ -ngl 999 -ub 2048$/);
    expect(command({ microBatch: 4096 }, {})).toMatch(/ -b 4096 -ub 4096$/);
  });

  it('keeps the projector out where -hf would find it and the reader did not count it', () => {
    const own = data.models.find(({ projectorBytes }) => projectorBytes !== undefined);
    if (!own) throw new Error('no model has a projector');
    expect(command({ model: own.id }, { [own.id]: 'a/b' })).toContain('-hf a/b:Q4_K_M --no-mmproj ');
    expect(command({ model: own.id, projector: 1 }, { [own.id]: 'a/b' })).not.toContain('mmproj');
    expect(command({ model: own.id, projector: 1 }, {})).toContain(`--mmproj mmproj-${own.id}.gguf`);
  });

  it("takes the maker's own file by its repository, and other quants from another", () => {
    const files = calculatorCommands(catalog);
    const of = (quant: string): string => {
      const own = { ...state, model: 'gpt-oss-120b', quant };
      return commandOf(data, own, modelOf(data, own), deviceOf(data, own), files).command;
    };
    expect(of('mxfp4-moe')).toContain('-hf ggml-org/gpt-oss-120b-GGUF -c');
    expect(of('q4-k-m')).toContain('-hf unsloth/gpt-oss-120b-GGUF:Q4_K_M -c');
  });

  it('keeps the projector out of a model whose projector has no size on record too', () => {
    const files = calculatorCommands(catalog);
    const own = data.models.find(
      ({ id, projectorBytes }) => projectorBytes === undefined && files.readers.includes(id) && files.repositories[id],
    );
    if (!own) return;
    const chosen = { ...state, model: own.id, context: 4096 };
    expect(commandOf(data, chosen, own, deviceOf(data, chosen), files).command).toContain(' --no-mmproj ');
  });

  it('splits the layers by hand where the even split overfills a card', () => {
    // 54 GB of Gemma 3 27B at BF16 on eight cards of 8 GB: the one with the output head is the fuller one.
    const text = command({ model: 'gemma-3-27b', quant: 'bf16', gpu: 'rtx-4060', devices: 8, context: 8192 }, {});
    const split = /-ts ([\d,]+)/.exec(text)?.[1]?.split(',').map(Number) ?? [];
    expect(split).toHaveLength(8);
    // 62 blocks and the output layer.
    expect(split.reduce((sum, count) => sum + count, 0)).toBe(63);
  });

  it('knows a repository for the most looked-up models', () => {
    const first = catalog.estimableModels.slice(0, 20);
    expect(first.filter(({ id }) => repositories[id]).length).toBeGreaterThan(10);
  });
});

describe('a graphics adapter', () => {
  it.each([
    [
      'ANGLE (NVIDIA, NVIDIA GeForce RTX 4090 (0x00002684) Direct3D11 vs_5_0 ps_5_0, D3D11)',
      ['RTX 4090', 'RTX 4090 48GB'],
    ],
    ['NVIDIA GeForce RTX 4070 Ti SUPER', ['RTX 4070 Ti SUPER']],
    ['AMD Radeon RX 7900 XTX', ['RX 7900 XTX']],
    ['NVIDIA GeForce GTX 1060 6GB', ['GTX 1060 6GB']],
    ['NVIDIA GeForce GTX 1060 3GB', []],
    ['NVIDIA GeForce RTX 3080', ['RTX 3080 10GB', 'RTX 3080 12GB']],
    ['SwiftShader driver', []],
  ])('%s', (adapter, names) => {
    expect(devicesNamed(adapter, data.devices).map(({ name }) => name)).toEqual(names);
  });

  it('that comes with several memory sizes names them all, least first', () => {
    const found = devicesNamed('ANGLE (Apple, ANGLE Metal Renderer: Apple M4 Max, Unspecified Version)', data.devices);
    expect(found.length).toBeGreaterThan(2);
    for (const { name } of found) expect(name).toMatch(/^M4 Max/);
    const sizes = found.map(({ usableBytes }) => usableBytes);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  });
});

describe("a reader's own config.json", () => {
  it('gives the tensors, the parameters and the context of the model', () => {
    // Qwen/Qwen3-8B: 8,190,735,360 parameters by its safetensors index.
    const read = readModel(
      JSON.stringify({
        architectures: ['Qwen3ForCausalLM'],
        model_type: 'qwen3',
        hidden_size: 4096,
        intermediate_size: 12_288,
        num_hidden_layers: 36,
        num_attention_heads: 32,
        num_key_value_heads: 8,
        head_dim: 128,
        vocab_size: 151_936,
        max_position_embeddings: 40_960,
        tie_word_embeddings: false,
        attention_bias: false,
      }),
    );
    expect(read.parameters).toBe(8_190_735_360);
    expect(read.maxContext).toBe(40_960);
    expect(read.tensors.order).toHaveLength(36);
  });

  it('is refused with the reason where it is none', () => {
    expect(() => readModel('{"architectures":["FooForCausalLM"]}')).toThrow(EstimateError);
    expect(() => readModel('not json')).toThrow('config.json is no JSON');
  });
});

it('the page of the calculator loads no code that its config reader brings, until it is asked', () => {
  const tools = readFileSync(join(import.meta.dirname, '../../../src/islands/calculator-tools.ts'), 'utf8');
  expect(tools).toContain("await import('../vram/browser-config.ts')");
  expect(tools).not.toMatch(/^import .*browser-config/m);
});
