/** A model under several engines: data and the table made of it. */
import { describe, expect, test } from 'vitest';
import type { EstimableModel } from '../../../src/catalog/model.schema.ts';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import { type EngineRow, engineRowsBeside, enginesOf } from '../../../src/scenarios/engines.ts';
import { modelPage, quantPage, scenarioPage } from '../../../src/scenarios/pages.ts';
import { formatGB, GiB } from '../../../src/vram/index.ts';
import { catalog, factsAt, keyOf } from './catalog.ts';

function modelOf(id: string): EstimableModel {
  const model = catalog.estimableModels.find((own) => own.id === id);
  if (!model) throw new Error(id);
  return model;
}

const rowsOf = (id: string): readonly EngineRow[] => enginesOf(catalog)(modelOf(id));
const formatsOf = (id: string): string[] => rowsOf(id).map(({ engine, format }) => `${engine.name} ${format}`);

describe('which formats stand side by side', () => {
  test('a 16-bit checkpoint: as published, in 8 and in 4 bits', () => {
    expect(formatsOf('llama-3-1-8b')).toEqual([
      'llama.cpp Q4_K_M',
      'vLLM BF16',
      'vLLM FP8',
      'vLLM AWQ',
      'MLX MLX 4-bit',
      'MLX MLX 8-bit',
    ]);
  });

  test('a checkpoint in FP8 or less is set beside smaller ones only', () => {
    expect(formatsOf('deepseek-v3-1')).toEqual(['llama.cpp Q4_K_M', 'vLLM FP8', 'vLLM AWQ', 'MLX MLX 4-bit']);
    expect(formatsOf('gpt-oss-20b')).toEqual([
      'llama.cpp MXFP4_MOE',
      'vLLM MXFP4 experts, BF16 elsewhere',
      'MLX MXFP4 experts, 8 bits elsewhere',
    ]);
  });

  test('an engine that the cache is not known of is left out, and so is all but llama.cpp without a checkpoint', () => {
    expect(formatsOf('deepseek-v4-pro')).toEqual(['llama.cpp Q4_K_M', 'vLLM FP8 with FP4 experts']);
    expect(formatsOf('hy4-preview')).toEqual(['llama.cpp Q4_K_M']);
    expect(modelPage(catalog, 'hy4-preview').engines).toBeUndefined();
  });
});

describe('figures', () => {
  test('weights of Llama 3.1 8B in vLLM are those of a log: 14.9888 GiB', () => {
    expect((rowsOf('llama-3-1-8b')[1]?.weightsBytes ?? 0) / GiB).toBeCloseTo(14.9888, 3);
  });

  test('llama.cpp needs what the page says in its answer', () => {
    const page = modelPage(catalog, 'llama-3-1-8b');
    expect(page.answer[0]).toContain(`needs ${formatGB(rowsOf('llama-3-1-8b')[0]?.totalBytes ?? 0)}`);
  });

  test.each(catalog.estimableModels.slice(0, 30).map(({ id }) => id))('%s: whatever is named holds the total', (id) => {
    for (const { engine, totalBytes, weightsBytes, cacheBytes, computeBytes, runsOn } of rowsOf(id)) {
      expect(totalBytes).toBe(weightsBytes + cacheBytes + computeBytes);
      if (runsOn) expect(runsOn.own.device.usableBytes * runsOn.count).toBeGreaterThan(totalBytes);
      if (engine.name === 'MLX') expect(runsOn?.own.gpu.vendor ?? 'Apple').toBe('Apple');
      if (engine.name === 'vLLM') expect(runsOn?.own.gpu.vendor ?? 'NVIDIA').toBe('NVIDIA');
    }
  });

  test('vLLM gets the smallest card whose share of 92 % holds the total', () => {
    const row = rowsOf('qwen3-6-27b').find(({ format }) => format === 'AWQ');
    const memoryGB = row?.runsOn?.own.gpu.memoryGB ?? 0;
    const smaller = devicesOf(catalog).cards.filter(({ gpu }) => gpu.vendor === 'NVIDIA' && gpu.memoryGB < memoryGB);
    expect(smaller.length).toBeGreaterThan(10);
    for (const { device } of smaller) expect(device.usableBytes * 0.92).toBeLessThan(row?.totalBytes ?? 0);
  });
});

test('the table of the page says what the data say', () => {
  const rows = rowsOf('qwen3-6-27b');
  const { grid, intro } = modelPage(catalog, 'qwen3-6-27b').engines ?? { grid: undefined, intro: '' };
  expect(grid?.rows.map(({ cells }) => cells[0]?.text)).toEqual(rows.map(({ totalBytes }) => formatGB(totalBytes)));
  const totals = rows.map(({ totalBytes }) => totalBytes);
  expect(intro).toContain(`needs least, ${formatGB(Math.min(...totals))}`);
  expect(intro).toContain(`most, ${formatGB(Math.max(...totals))}`);
  expect(grid?.rows[1]?.head).toEqual({ text: 'BF16, as published', href: '' });
});

describe('engines beside a scenario', () => {
  const beside = (path: string): readonly EngineRow[] => engineRowsBeside(catalog, factsAt(path).scenario);
  const formats = (path: string): string[] => beside(path).map(({ engine, format }) => `${engine.name} ${format}`);

  test('read the format nearest to the quant', () => {
    expect(formats('llama-3-1-8b/q4-k-m/8k')).toEqual(['vLLM AWQ', 'MLX MLX 4-bit']);
    expect(formats('llama-3-1-8b/q6-k/8k')).toEqual(['vLLM FP8', 'MLX MLX 6-bit']);
    expect(formats('llama-3-1-8b/q8-0/8k')).toEqual(['vLLM FP8', 'MLX MLX 8-bit']);
    expect(formats('llama-3-1-8b/bf16/8k')).toEqual(['vLLM BF16']);
    expect(formats('gpt-oss-20b/q8-0/8k')).toEqual([
      'vLLM MXFP4 experts, BF16 elsewhere',
      'MLX MXFP4 experts, 8 bits elsewhere',
    ]);
  });

  test('are the rows of the hub at its context, and hold more cache at a longer one', () => {
    const [awq, mlx] = beside('llama-3-1-8b/q4-k-m/8k');
    expect(rowsOf('llama-3-1-8b')).toContainEqual(awq);
    expect(rowsOf('llama-3-1-8b')).toContainEqual(mlx);
    // 32 layers, 8 heads of 128 for keys and for values, 2 bytes.
    const perToken = 32 * 2 * 8 * 128 * 2;
    const [, longer] = beside('llama-3-1-8b/q4-k-m/128k');
    expect(mlx?.cacheBytes).toBe(perToken * 8192);
    expect(longer?.cacheBytes).toBe(perToken * 131_072);
    expect(longer?.weightsBytes).toBe(mlx?.weightsBytes);
  });

  test('stand under the own row of the page, which has the figures of its answer', () => {
    const page = scenarioPage(catalog, keyOf('qwen3-8b/q4-k-m/32k'));
    const [own, ...others] = page.engines?.grid.rows ?? [];
    expect(own?.cells[0]?.text).toBe(page.needs.gb);
    expect(page.answer[1]).toContain(own?.cells[1]?.text);
    expect(others).toHaveLength(2);
    expect(scenarioPage(catalog, keyOf('hy4-preview/q4-k-m/8k')).engines).toBeUndefined();
  });

  test('are counted on all GPUs of a group, each with the whole cache of multi-head latent attention', () => {
    const row = beside('kimi-k2-6/q4-k-m/256k').find(({ engine }) => engine.name === 'vLLM');
    expect(row?.runsOn).toMatchObject({ own: { gpu: { id: 'h200-sxm' } }, count: 8 });
    // 61 layers, rows of 512 + 64 numbers of 2 bytes.
    const cache = 61 * 576 * 2 * 262_144;
    expect(row?.cacheOnceBytes).toBe(cache);
    expect(row?.cacheBytes).toBe(8 * cache);
    const { engines, commands } = scenarioPage(catalog, keyOf('kimi-k2-6/q4-k-m/256k'));
    const share = formatGB((row?.totalBytes ?? 0) / 8);
    expect(engines?.grid.rows[1]?.cells[1]).toMatchObject({ text: '8 x H200 141GB', note: `${share} each` });
    expect(engines?.intro).toContain(`vLLM needs ${share} on each of 8 x H200 141GB and fills 134 GB of each`);
    expect(engines?.intro).toContain('The GPUs repeat the cache: 147 GB in all, where one GPU would keep 18.4 GB.');
    expect(commands.find(({ tool }) => tool.startsWith('vLLM'))?.note).toContain('18.4 GB of cache on each of 8 GPUs.');
  });

  test('stay within one server where one of larger GPUs holds them', () => {
    // 1.5 TB of BF16: more than eight H200, less than eight B300.
    expect(beside('glm-5-2/bf16/8k')[0]?.runsOn).toMatchObject({ own: { gpu: { id: 'b300-sxm' } }, count: 8 });
  });

  test('leave MLX out for a class that mlx-lm has no module for', () => {
    expect(formatsOf('minimax-m3').some((name) => name.startsWith('MLX'))).toBe(false);
    expect(formatsOf('minimax-m2-7').some((name) => name.startsWith('MLX'))).toBe(true);
  });
});

test('the page of EXL3 lists weights alone, of the classes that its engine runs', () => {
  const page = quantPage(catalog, 'exl3');
  const heads = page.grid.rows.map(({ head }) => head.text);
  expect(heads).toContain('Qwen3 8B');
  // MLA is not on ExLlamaV3's list.
  expect(heads).not.toContain('DeepSeek V3.1');
  expect(page.answer.join(' ')).toContain('not computed here');
  const row = page.grid.rows
    .find(({ head }) => head.text === 'Qwen3 8B')
    ?.cells.map((cell) => parseFloat(cell?.text ?? ''));
  // More bits, more memory: 6.95 G weights in the blocks are 0.87 GB a bit.
  const steps = row?.slice(1).map((gigabytes, index) => gigabytes - (row[index] ?? 0)) ?? [];
  expect(steps).toHaveLength(4);
  for (const step of steps) expect(step).toBeCloseTo(0.87, 1);
});

test('the page of a format of checkpoints lists the models that it makes smaller', () => {
  const heads = (id: string): string[] => quantPage(catalog, id).grid.rows.map(({ head }) => head.text);
  expect(heads('fp8')).toContain('Llama 3.1 8B');
  expect(heads('fp8')).not.toContain('DeepSeek V3.1');
  expect(heads('awq')).toContain('DeepSeek V3.1');
  expect(heads('awq')).not.toContain('gpt-oss 20B');
});
