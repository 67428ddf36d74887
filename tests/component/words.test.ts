import { expect, it } from 'vitest';
import Words from '../../src/components/Words.astro';
import { renderComponent } from './render.ts';

it.each([
  ['Keep them in RAM (--n-cpu-moe 12).', ['--n-cpu-moe']],
  ['gpt-oss 20B with -ctk q8_0 -ctv q8_0', ['gpt-oss', '-ctk', '-ctv']],
  ['llama-server -hf ggml-org/gpt-oss-20b-GGUF -c 8192', ['-hf', '-c']],
  ['Qwen3-Next 80B-A3B needs 58.0 GB on 2025-08-05', []],
  ['about 35-70 tokens/s', ['35-70']],
])('Words keeps the flags and short names of "%s" on one line and changes no word', async (text, together) => {
  const root = await renderComponent(Words, { text });
  expect(root.text).toBe(text);
  expect(root.querySelectorAll('.one').map((part) => part.text)).toEqual(together);
});
