import { expect, it } from 'vitest';
import Faq from '../../src/components/Faq.astro';
import { cellWords, commandLine, words } from '../../src/components/markup.ts';
import { one, renderComponent } from './render.ts';

it.each([
  ['Keep them in RAM (--n-cpu-moe 12).', ['--n-cpu-moe']],
  ['gpt-oss 20B with -ctk q8_0 -ctv q8_0', ['gpt-oss', '-ctk', '-ctv']],
  ['llama-server -hf ggml-org/gpt-oss-20b-GGUF -c 8192', ['-hf', '-c']],
  ['Qwen3-Next 80B-A3B needs 58.0 GB on 2025-08-05', ['2025-08-05']],
  ['about 35-70 tokens/s', ['35-70']],
  ['The usual 4-bit quant, a 16-bit cache and MLX 4-bit', ['4-bit', '16-bit', '4-bit']],
  [`"-c" <b> & '-ngl' 1-2 GB`, ['-c', '-ngl', '1-2']],
])('words keeps the flags and short names of "%s" on one line and changes no word', async (text, together) => {
  const root = await renderComponent(Faq, { questions: [{ question: 'Which?', answer: text }] });
  const answer = one(root, 'p');
  expect(answer.text.replaceAll('\u00a0', ' ')).toBe(text);
  expect(answer.querySelectorAll('*').map((part) => [part.classNames, part.text])).toEqual(
    together.map((part) => ['one', part]),
  );
});

it('cells keep short hyphenated names on one line, and long ones as they are', () => {
  const text =
    "Qwen3-Next 80B-A3B, K-EXAONE & '08-2024' at 4-bit -c 8192 --n-cpu-moe 24, ggml-org/gpt-oss-20b-GGUF, Qwen2.5-Coder-32B";
  const markup = cellWords(text);
  expect(markup.match(/(?<=<span class="one">)[^<]+/g)).toEqual([
    'Qwen3-Next',
    '80B-A3B',
    'K-EXAONE',
    '08-2024',
    '4-bit',
    '-c',
    '--n-cpu-moe',
  ]);
  expect(markup.replace(/<[^>]+>/g, '')).toBe(words(text).replace(/<[^>]+>/g, ''));
});

it('escapes what Astro escapes', () => {
  expect(words(`<a href="x">'&'</a>`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;');
});

it('words keeps amounts with their units, and changes no other sign', () => {
  const text =
    'One RTX PRO 5000 72GB (24 GB) or 2 x RTX 3090 hold it with 4.32 GB to spare: 88 % of 1,766 MiB, 5 bits at 1008 GB/s.';
  const marked = words(text);
  expect(marked.split('\u00a0').map((part) => part.split(' ').at(-1))).toEqual([
    '(24',
    '2',
    'x',
    '4.32',
    '88',
    '1,766',
    '1008',
    'GB/s.',
  ]);
  expect(marked.replaceAll('\u00a0', ' ')).toBe(text);
});

it('a command keeps its options with short values, and changes no word', () => {
  const command = 'llama-server -hf ggml-org/gpt-oss-20b-GGUF:MXFP4 -c 8192 --no-mmap -ngl 999 --n-cpu-moe 12';
  const markup = commandLine(command);
  expect(markup.match(/(?<=<span class="one">)[^<]+/g)).toEqual([
    '-hf',
    '-c 8192',
    '--no-mmap',
    '-ngl 999',
    '--n-cpu-moe 12',
  ]);
  expect(markup.replace(/<[^>]+>/g, '')).toBe(command);
});
