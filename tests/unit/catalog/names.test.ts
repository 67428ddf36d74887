import { expect, test } from 'vitest';
import { nameKey, namesOfGpu, namesOfModel, resolver } from '../../../src/catalog/names.ts';
import { gpu, model } from './made-up.ts';

test.each([
  ['Qwen3.8 27B', 'qwen3-8-27b'],
  ['qwen3.8:27b', 'qwen3-8-27b'],
  ['Q4_K_M', 'q4-k-m'],
  [' unsloth/Qwen3.8-27B-GGUF ', 'unsloth-qwen3-8-27b-gguf'],
  ['V4 - Pro', 'v4-pro'],
])('%s has the key %s', (name, key) => {
  expect(nameKey(name)).toBe(key);
});

const v4 = model({
  id: 'deepseek-v4-pro',
  name: 'DeepSeek V4 Pro',
  repository: 'deepseek-ai/DeepSeek-V4-Pro-0813',
  ggufRepositories: ['unsloth/DeepSeek-V4-Pro-GGUF'],
  ollama: 'deepseek-v4:pro',
  aliases: ['the big whale'],
});
const qwen3 = model({ id: 'qwen3-8b', name: 'Qwen3 8B', aliases: [] });
const qwen38 = model({ id: 'qwen3-8-27b', name: 'Qwen3.8 27B', aliases: ['qwen 3.8'] });
const find = resolver([v4, qwen3, qwen38], namesOfModel);

test.each([
  ['deepseek-v4-pro', 'deepseek-v4-pro'],
  ['DeepSeek-V4-Pro', 'deepseek-v4-pro'],
  ['deepseek_v4.pro', 'deepseek-v4-pro'],
  ['deepseek-ai/DeepSeek-V4-Pro-0813', 'deepseek-v4-pro'],
  ['DeepSeek-V4-Pro-0813', 'deepseek-v4-pro'],
  ['unsloth/DeepSeek-V4-Pro-GGUF', 'deepseek-v4-pro'],
  ['deepseek-v4:pro', 'deepseek-v4-pro'],
  ['THE BIG WHALE', 'deepseek-v4-pro'],
  ['deepseekv4pro', 'deepseek-v4-pro'],
  ['qwen3:8b', 'qwen3-8b'],
  ['qwen3.8', 'qwen3-8-27b'],
  ['qwen38 27b', 'qwen3-8-27b'],
  ['qwen4', undefined],
  ['', undefined],
])('%s means %s', (name, id) => {
  expect(find(name)?.id).toBe(id);
});

test('a name without separators that two records share means neither', () => {
  const both = resolver([model({ id: 'a-1-2b', name: 'A 1 2B' }), model({ id: 'a-12b', name: 'A 12B' })], namesOfModel);
  expect(both('a12b')).toBeUndefined();
  expect(both('a 1.2b')?.id).toBe('a-1-2b');
});

test('a device answers to both its names', () => {
  const byName = resolver([gpu({ aliases: ['4090'] })], namesOfGpu);
  expect(['GeForce RTX 4090', 'rtx4090', '4090'].map((name) => byName(name)?.id)).toEqual([
    'rtx-4090',
    'rtx-4090',
    'rtx-4090',
  ]);
});
