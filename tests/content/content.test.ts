import { beforeAll, describe, expect, test } from 'vitest';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { formatProblem, type Problem } from '../../src/catalog/problem.ts';
import { usableMemoryOf } from '../../src/catalog/usable-memory.ts';
import { contentProblems } from '../../src/cli/content-problems.ts';

let problems: readonly Problem[] = [];
let catalog: Catalog | undefined;

beforeAll(() => {
  ({ problems, catalog } = contentProblems(process.cwd()));
}, 120_000);

test('the content has no problem', () => {
  expect(problems.filter(({ level }) => level === 'error').map(formatProblem)).toEqual([]);
  expect(catalog).toBeDefined();
});

test('a model without an estimate says why, and belongs to a family that lists it', () => {
  const announced = catalog?.models.filter(({ estimable }) => estimable === false) ?? [];
  expect(announced.length).toBeGreaterThan(0);
  for (const model of announced) {
    expect(model.notEstimableBecause, model.id).toMatch(/\.$/);
    expect(catalog?.membersOf(model.family), model.id).toContain(model);
    expect(catalog?.estimableModels.map(({ id }) => id)).not.toContain(model.id);
  }
});

describe('what there is', () => {
  test('155 models with an estimate, 18 GGUF formats with pages, 220 devices', () => {
    expect(catalog?.estimableModels.length).toBeGreaterThanOrEqual(155);
    expect(catalog?.quants.filter(({ scenarioPages }) => scenarioPages === true).length).toBeGreaterThanOrEqual(18);
    expect(catalog?.gpus.filter(({ released }) => released).length).toBeGreaterThanOrEqual(220);
  });

  test.each([
    ['DeepSeek V4 Pro', 'deepseek-v4-pro'],
    ['deepseek-ai/DeepSeek-V4-Pro', 'deepseek-v4-pro'],
    ['qwen3.8-27b', 'qwen3-8-27b'],
    ['qwen3.8:27b', 'qwen3-8-27b'],
    ['qwen3:8b', 'qwen3-8b'],
    ['gpt-oss:20b', 'gpt-oss-20b'],
    ['Llama 3.3 70B', 'llama-3-3-70b'],
    ['meta-llama/Llama-3.1-8B-Instruct', 'llama-3-1-8b'],
    ['gemma3:27b', 'gemma-3-27b'],
    ['deepseek-r1:8b', 'deepseek-r1-0528-qwen3-8b'],
    ['deepseek-v3:671b', 'deepseek-v3-0324'],
    ['qwen3-coder:30b', 'qwen3-coder-30b-a3b'],
    ['qwen3-coder-next:latest', 'qwen3-coder-next'],
    ['qwen2.5-coder', 'qwen2-5-coder-7b'],
    ['qwen2.5-coder:14b', 'qwen2-5-coder-14b'],
    ['zai-org/GLM-5.1', 'glm-5-1'],
    ['MiniMaxAI/MiniMax-M2.1', 'minimax-m2-1'],
    ['ornith-ai/Ornith-1.5-9B', 'ornith-1-5-9b'],
    ['llama3', 'llama-3-8b'],
  ])('people who type %s get %s', (name, id) => {
    expect(catalog?.resolveModel(name)?.id).toBe(id);
  });

  test.each([
    ['Q4_K_M', 'q4-k-m'],
    ['q8_0', 'q8-0'],
    ['iq4_xs', 'iq4-xs'],
    ['mxfp4', 'mxfp4-moe'],
  ])('the format %s is %s', (name, id) => {
    expect(catalog?.resolveQuant(name)?.id).toBe(id);
  });

  test.each([
    ['RTX 4090', 'rtx-4090'],
    ['rtx4090', 'rtx-4090'],
    ['4090', 'rtx-4090'],
    ['H100 80GB', 'h100-80gb-sxm'],
    ['H200 141GB', 'h200-sxm'],
  ])('the device %s is %s', (name, id) => {
    expect(catalog?.resolveGpu(name)?.id).toBe(id);
  });
});

describe('memory that the system shares', () => {
  const GiB = 2 ** 30;

  test('is never held against a model as a whole', () => {
    const shared = catalog?.gpus.filter((gpu) => gpu.unifiedMemory && gpu.class !== 'datacenter') ?? [];
    expect(shared.length).toBeGreaterThanOrEqual(40);
    for (const gpu of shared) expect(usableMemoryOf(gpu).bytes, gpu.id).toBeLessThan(0.91 * gpu.memoryGB * GiB);
  });

  test.each([
    ['dgx-spark-gb10', 113.07],
    ['ryzen-ai-max-395-128gb', 96],
    ['jetson-thor-t5000', 107.1],
    ['jetson-orin-nano-super', 6.6],
  ])('leaves a %s %d GiB, as its sources say', (id, gibibytes) => {
    const gpu = catalog?.byId.gpus.get(id);
    expect(gpu && usableMemoryOf(gpu).documented).toBe(true);
    expect(gpu && usableMemoryOf(gpu).bytes / GiB).toBeCloseTo(gibibytes, 2);
  });

  test('is at least what the rule for its kind takes, where a machine is documented', () => {
    for (const { usable, ...gpu } of catalog?.gpus.filter(({ class: group }) => group === 'unified') ?? []) {
      if (usable) expect(usable.bytes, gpu.id).toBeGreaterThan(usableMemoryOf(gpu).bytes);
    }
  });
});
