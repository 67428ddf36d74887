import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { idOf } from '../../../src/catalog/fields.ts';
import { checkDisk, loadCatalogFromDisk, readRecords } from '../../../src/catalog/from-disk.ts';
import { fieldName } from '../../../src/catalog/problem.ts';
import { HELP, parseArguments } from '../../../src/cli/new-model/flags.ts';
import { findingsOf } from '../../../src/cli/new-model/hub.ts';
import { nameOfRepository, ownerOf } from '../../../src/cli/new-model/names.ts';
import { ggufFile, jsonFile, type LocalHub, safetensorsFile, serveHub } from '../../support/hub.ts';
import { FILES, projectOf } from '../catalog/made-up.ts';

const COMMAND = join(import.meta.dirname, '../../../src/cli/new-model.ts');

// Qwen3-1.7B as published: 28 layers of 2048, 16 query and 8 key/value heads of 128.
const CONFIG = {
  architectures: ['Qwen3ForCausalLM'],
  head_dim: 128,
  hidden_size: 2048,
  intermediate_size: 6144,
  max_position_embeddings: 40960,
  model_type: 'qwen3',
  num_attention_heads: 16,
  num_hidden_layers: 28,
  num_key_value_heads: 8,
  tie_word_embeddings: true,
  torch_dtype: 'bfloat16',
  vocab_size: 151936,
};

/** The tensors of that checkpoint by their Hugging Face names, with the head that it stores although it is tied. */
const SHAPES: Record<string, readonly number[]> = {
  'model.embed_tokens.weight': [151936, 2048],
  'lm_head.weight': [151936, 2048],
  'model.norm.weight': [2048],
};
for (let layer = 0; layer < 28; layer += 1) {
  const block = `model.layers.${layer}`;
  Object.assign(SHAPES, {
    [`${block}.input_layernorm.weight`]: [2048],
    [`${block}.post_attention_layernorm.weight`]: [2048],
    [`${block}.self_attn.q_proj.weight`]: [2048, 2048],
    [`${block}.self_attn.k_proj.weight`]: [1024, 2048],
    [`${block}.self_attn.v_proj.weight`]: [1024, 2048],
    [`${block}.self_attn.o_proj.weight`]: [2048, 2048],
    [`${block}.self_attn.q_norm.weight`]: [128],
    [`${block}.self_attn.k_norm.weight`]: [128],
    [`${block}.mlp.gate_proj.weight`]: [6144, 2048],
    [`${block}.mlp.up_proj.weight`]: [6144, 2048],
    [`${block}.mlp.down_proj.weight`]: [2048, 6144],
  });
}
const names = Object.keys(SHAPES);
const shard = (from: number, to: number): Record<string, readonly number[]> =>
  Object.fromEntries(names.slice(from, to).map((name) => [name, SHAPES[name] ?? []]));

/** What the card of Qwen3-1.7B calls 1.7B parameters, 1.4B without embeddings. */
const PARAMETERS = 1_720_574_976;

let hub: LocalHub;
const folders: string[] = [];

beforeAll(async () => {
  hub = await serveHub({
    'Maker/Tiny-1.7B-Instruct': {
      files: {
        'config.json': jsonFile(CONFIG),
        'model.safetensors.index.json': jsonFile({
          metadata: { total_size: 4_063_515_640 },
          weight_map: Object.fromEntries(
            names.map((name, index) => [name, `model-0000${index < 100 ? 1 : 2}-of-00002.safetensors`]),
          ),
        }),
        'model-00001-of-00002.safetensors': safetensorsFile(shard(0, 100)),
        'model-00002-of-00002.safetensors': safetensorsFile(shard(100, names.length)),
      },
      info: { cardData: { license: 'apache-2.0' }, createdAt: '2025-04-27T03:43:05.000Z' },
    },
    'Maker/Tiny-1.7B-Instruct-GGUF': {
      files: {
        'Tiny-1.7B-Q8_0.gguf': ggufFile({
          'general.architecture': 'qwen3',
          'qwen3.block_count': 28,
          'qwen3.embedding_length': 2048,
          'qwen3.context_length': 32768,
          'qwen3.attention.head_count': 16,
        }),
        'mmproj.gguf': new Uint8Array(1),
      },
    },
    'Maker/Odd-8B': {
      files: {
        'config.json': jsonFile({
          ...CONFIG,
          architectures: ['OddForCausalLM'],
          model_type: 'odd',
          memory_slots: 64,
          logits_scaling: 10,
          attention_multiplier: 0.5,
          mlp_only_layers: [],
          bos_token_id: 1,
        }),
      },
    },
    'Maker/Files-GGUF': { files: { 'x.gguf': new Uint8Array(1) } },
  });
});
afterAll(async () => {
  await hub.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function project(): string {
  const root = projectOf(FILES);
  folders.push(root);
  return root;
}

function run(
  root: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ out: string; error: string; code: number }> {
  const { HF_TOKEN: _, HF_ENDPOINT: __, ...rest } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [COMMAND, ...args],
      { cwd: root, env: { ...rest, ...environment } },
      (failure, out, error) => {
        resolve({ out, error, code: failure === null ? 0 : Number(failure.code) });
      },
    );
  });
}

const recordIn = (root: string, id: string): Record<string, unknown> =>
  parse(readFileSync(join(root, `content/models/${id}.mdx`), 'utf8').split('---\n')[1] ?? '');

describe('a repository of the hub', () => {
  test('becomes a record without problems, and a list of what only a human can say', async () => {
    const root = project();
    const { out, code } = await run(root, ['Maker/Tiny-1.7B-Instruct', '--family', 'small'], {
      HF_ENDPOINT: hub.endpoint,
    });
    expect(code, out).toBe(0);
    expect(out).not.toContain('Could not be read');
    expect(recordIn(root, 'tiny-1-7b')).toMatchObject({
      name: 'Tiny 1.7B',
      family: 'small',
      vendor: 'Maker',
      repository: 'Maker/Tiny-1.7B-Instruct',
      released: '2025-04-27',
      releasedSource: 'card',
      license: { name: 'Apache-2.0', source: 'card' },
      parameters: { total: PARAMETERS, source: 'checkpoint' },
      context: { native: 40960, source: 'config' },
      modalities: ['text'],
      nativeFormat: { name: 'BF16', checkpointBytes: 4_063_515_640, source: 'config' },
      architecture: { className: 'Qwen3ForCausalLM', layers: 28, hiddenSize: 2048, tiedEmbeddings: true },
      ggufRepositories: ['Maker/Tiny-1.7B-Instruct-GGUF'],
      sources: {
        config: { url: 'https://huggingface.co/Maker/Tiny-1.7B-Instruct/blob/main/config.json' },
        checkpoint: { url: 'https://huggingface.co/Maker/Tiny-1.7B-Instruct/tree/main' },
      },
      updated: new Date().toISOString().slice(0, 10),
    });
    expect(checkDisk(root).problems.filter(({ level }) => level === 'error')).toEqual([]);
    expect(loadCatalogFromDisk(root).resolveModel('maker/tiny-1.7b-instruct')?.id).toBe('tiny-1-7b');
    expect(out).toContain('0 problems as it stands');
    expect(out).toContain(
      'context_length: Maker/Tiny-1.7B-Instruct-GGUF/Tiny-1.7B-Q8_0.gguf says 32768, the config 40960',
    );
    expect(out).not.toContain('block_count');
    for (const field of ['hook:', 'aliases, ollama:', 'released: 2025-04-27', 'vendor:'])
      expect(out).toContain(`- ${field}`);
  });

  test('says in one sentence what is wrong with it', async () => {
    const root = project();
    const read = async (...args: readonly string[]): Promise<unknown> => {
      const given = parseArguments(args, { HF_ENDPOINT: hub.endpoint });
      return given === undefined ? 'help' : findingsOf(given);
    };
    await expect(read('Maker/None')).rejects.toThrow(`found no repository Maker/None at ${hub.endpoint}`);
    await expect(read('Maker/Files-GGUF')).rejects.toThrow('has no config.json');
    await expect(read('Maker')).rejects.toThrow('found "Maker", expected one as owner/name');
    await expect(read('Maker/A', '--endpoint', 'http://127.0.0.1:1')).rejects.toThrow(
      /did not answer: .*Offline: --config/,
    );
    await expect(read('Maker/A', '--endpoint', 'nowhere')).rejects.toThrow('the endpoint is "nowhere"');
    await expect(read('Maker/A', '--colour', 'red')).rejects.toThrow("Unknown option '--colour'");
    await expect(read('Maker/A', '--config', join(root, 'none.json'))).rejects.toThrow('none.json');
    expect(await read('--help')).toBe('help');
  });

  test('of an unknown class: which field is new, what it would be, and where the estimator learns it', async () => {
    const root = project();
    const { error, code } = await run(root, ['Maker/Odd-8B', '--endpoint', hub.endpoint]);
    expect(code).toBe(1);
    expect(error).toContain('the class "OddForCausalLM"');
    expect(error).toMatch(/New fields.*:\n {2}memory_slots = 64\n\n/);
    expect(error).toContain('Qwen3ForCausalLM: 1.72B parameters');
    for (const file of [
      'src/vram/config/classes.ts',
      'src/vram/config/bodies.ts',
      'src/vram/tensor-recipes.ts',
      'src/vram/llama-graphs',
    ]) {
      expect(error).toContain(file);
      expect(existsSync(file), file).toBe(true);
    }
    expect(existsSync(join(root, 'content/models/odd-8b.mdx'))).toBe(false);
  });
});

describe('offline', () => {
  test('a config alone gives everything but what it cannot know', async () => {
    const root = project();
    const folder = mkdtempSync(join(tmpdir(), 'vram-atlas-config-'));
    folders.push(folder);
    const config = join(folder, 'config.json');
    writeFileSync(config, JSON.stringify(CONFIG));
    const asked = hub.requests.length;
    const { out, code } = await run(root, ['Other/Tall-2B', '--config', config], { HF_ENDPOINT: hub.endpoint });
    expect(code, out).toBe(0);
    expect(hub.requests.length).toBe(asked);
    expect(recordIn(root, 'tall-2b')).toMatchObject({ parameters: { total: PARAMETERS, source: 'config' } });
    expect(checkDisk(root).problems.map(({ path }) => fieldName(path))).toEqual(['family', 'released']);
    expect(out).toContain('content/models/tall-2b.mdx:3:9 family');
    expect(out).toContain("- sources.config: it names the vendor's page");

    const again = await run(root, ['Other/Tall-2B', '--config', config]);
    expect(again).toMatchObject({ code: 1 });
    expect(again.error).toContain('content/models/tall-2b.mdx already');
  });

  test('a copy of a config is cited where it was found', async () => {
    const root = project();
    const config = join(root, 'config.json');
    writeFileSync(config, JSON.stringify({ ...CONFIG, vision_config: { depth: 24 } }));
    const source = 'https://github.com/someone/copies/blob/0123abc/tall.json';
    const { out, code } = await run(root, ['Other/Tall-2B-Instruct-2512', '--config', config, '--source', source]);
    expect(code, out).toBe(0);
    expect(recordIn(root, 'tall-2b')).toMatchObject({
      name: 'Tall 2B',
      sources: { config: { title: 'config.json of Other/Tall-2B-Instruct-2512, copy in someone/copies', url: source } },
    });
    expect(out).not.toContain('sources.config');
    expect(out).toContain('- caveats: say that the encoder is a second file');
    const own = 'https://huggingface.co/Other/Short-2B/blob/4567def/config.json';
    await run(root, ['Other/Short-2B', '--config', config, '--source', own]);
    expect(recordIn(root, 'short-2b')).toMatchObject({
      sources: { config: { title: 'config.json of Other/Short-2B', url: own } },
    });
    for (const wrong of [
      ['--source', source],
      ['--config', config, '--source', 'tall.json'],
    ])
      expect(() => parseArguments(['Other/Tall-2B', ...wrong], {})).toThrow(/--source (says|is)/);
  });

  test('a model without a sibling is told the families that its vendor has', async () => {
    const root = project();
    const config = join(root, 'config.json');
    writeFileSync(config, JSON.stringify(CONFIG));
    await run(root, ['Maker/Short-2B', '--config', config, '--family', 'small']);
    const { out } = await run(root, ['Maker/Xenon-2B', '--config', config]);
    expect(out).toContain(
      'family: no sibling found; name a file of content/families (this vendor has small), or write',
    );
  });

  test('the draft speaks of no context that the model does not take', async () => {
    const root = project();
    const config = join(root, 'config.json');
    writeFileSync(config, JSON.stringify({ ...CONFIG, max_position_embeddings: 4096 }));
    const { out, code } = await run(root, [
      'Maker/Short-2B',
      '--config',
      config,
      '--family',
      'small',
      '--released',
      '2025-01',
    ]);
    expect(code).toBe(0);
    expect(checkDisk(root).problems).toEqual([]);
    const text = readFileSync(join(root, 'content/models/short-2b.mdx'), 'utf8');
    expect(text).toMatch(/Short 2B needs [\d.]+ GB at Q4_K_M with 4K tokens\.\n$/);
    expect(text).toContain('hook: 4K tokens of context add');
    expect(out).toContain('Q4_K_M with 4K tokens:');
  });

  test('a record that exists stays as it is', async () => {
    const root = project();
    const before = readFileSync(join(root, 'content/models/tiny.mdx'), 'utf8');
    const config = join(root, 'config.json');
    writeFileSync(config, JSON.stringify(CONFIG));
    const { error, code } = await run(root, ['Maker/Other', '--config', config, '--id', 'tiny']);
    expect(code).toBe(1);
    expect(error).toContain('content/models/tiny.mdx is there already and stays as it is');
    expect(readFileSync(join(root, 'content/models/tiny.mdx'), 'utf8')).toBe(before);
  });
});

test('the documented example names a model that has no record', () => {
  const models = readRecords('.', 'models');
  const texts = [HELP, readFileSync('README.md', 'utf8'), readFileSync('CONTRIBUTING.md', 'utf8')];
  for (const text of texts) {
    const repository = /new:model -- (\w[\w./-]+)/.exec(text)?.[1] ?? '';
    expect(repository).toMatch(/^\w+\/[\w.-]+$/);
    expect(ownerOf(models, repository)).toBeUndefined();
    expect(models.map(({ id }) => id)).not.toContain(idOf(nameOfRepository(repository)));
  }
});
