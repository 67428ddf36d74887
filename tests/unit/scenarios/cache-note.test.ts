import { describe, expect, it } from 'vitest';
import { cacheNote } from '../../../src/scenarios/cache-note.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { catalog, keyOf } from './catalog.ts';

const noteAt = (path: string) => cacheNote(computeScenario(catalog, keyOf(path)));

describe('the note on a special cache', () => {
  it('is absent for plain GQA', () => {
    expect(noteAt('llama-3-1-8b/q4-k-m/32k')).toBeUndefined();
    expect(noteAt('qwen3-30b-a3b/q4-k-m/32k')).toBeUndefined();
  });

  it.each([
    // 61 layers x 576 x 2 B x 131,072; separate: 128 heads x (128 + 64 + 128).
    [
      'deepseek-v3-1/q4-k-m/128k',
      'A latent cache: MLA',
      ['one row of 576 numbers', '9.21 GB at 128K tokens', 'would take 655 GB'],
    ],
    // 10 x 2 x 16 x 128 x 2 B x 131,072 + 52 x ... x 1,536, and 62 layers without a window.
    [
      'gemma-3-27b/q4-k-m/128k',
      'A sliding window in 52 of 62 layers',
      ['last 1,024 tokens', '11.4 GB at 128K tokens', 'it would be 66.6 GB'],
    ],
    [
      'gpt-oss-120b/mxfp4-moe/128k',
      'A sliding window in 18 of 36 layers',
      ['last 128 tokens', '4.86 GB at 128K tokens'],
    ],
    ['llama-4-scout/q4-k-m/128k', 'Chunked attention in 36 of 48 layers', ['chunks of 8,192 tokens']],
    ['qwen3-6-27b/q4-k-m/256k', 'Gated DeltaNet in 48 layers, a cache in 16', ['17.2 GB at 256K tokens', '157 MB']],
    ['nemotron-3-nano-30b-a3b/q4-k-m/128k', /^Mamba-2 in \d+ layers, a cache in \d+$/, ['whatever the KV type']],
    ['falcon-h1-7b/q4-k-m/32k', 'Attention and Mamba-2 in every layer', ['side by side']],
    ['kimi-linear-48b-a3b/q4-k-m/1m', /^Kimi Delta Attention in/, ['as MLA rows']],
    [
      'deepseek-v3-2/q4-k-m/128k',
      'A latent cache with a sparse indexer: MLA and DSA',
      ['An indexer in 61 of 61 layers'],
    ],
    ['gemma-3n-e4b/q4-k-m/32k', /^A sliding window in/, ['own no cache']],
    ['lfm2-8b-a1b/q4-k-m/32k', /^short convolution in/i, ['any context']],
    ['minimax-m3/q4-k-m/128k', 'Sparse attention over a full cache', ['keeps all of it']],
  ] as const)('%s', (path, title, phrases) => {
    const note = noteAt(path);
    if (typeof title === 'string') expect(note?.title).toBe(title);
    else expect(note?.title).toMatch(title);
    for (const phrase of phrases) expect(note?.text.join(' ')).toContain(phrase);
  });

  it('says so where the window does not matter yet', () => {
    expect(noteAt('gemma-2-9b/q4-k-m/4k')?.text.join(' ')).toContain('At 4K tokens the window hardly matters yet');
    // 16 layers keep 8,192 tokens, 48 keep 4,608: a third is saved.
    expect(noteAt('olmo-3-32b/q5-k-m/8k')?.text.join(' ')).toContain(
      'If every layer kept every token it would be 2.15 GB',
    );
  });
});
