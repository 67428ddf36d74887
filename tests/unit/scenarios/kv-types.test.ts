import { describe, expect, it } from 'vitest';
import { kvTypesOf } from '../../../src/scenarios/kv-types.ts';
import { factsAt } from './catalog.ts';

describe('cache types side by side', () => {
  it('has the bytes of each type: 16, 8.5 and 4.5 bits for each number of Llama 3.1 8B', () => {
    const rows = kvTypesOf(factsAt('llama-3-1-8b/q8-0/128k'))?.rows ?? [];
    // 32 layers x 2 x 8 heads x 128 x 131,072 tokens.
    const numbers = 32 * 2 * 8 * 128 * 131_072;
    const bits = { f16: 16, q8_0: 8.5, q4_0: 4.5 };
    expect(rows.map(({ type }) => type)).toEqual(Object.keys(bits));
    for (const { type, cache } of rows) {
      const gb = (numbers * bits[type as keyof typeof bits]) / 8 / 1e9;
      expect(Number.parseFloat(cache), type).toBeCloseTo(gb, gb < 10 ? 2 : 1);
    }
    expect(rows.map(({ fits }) => /\((\d+) GB\)|(\d+)GB/.exec(fits)?.slice(1).find(Boolean))).toEqual([
      '32',
      '20',
      '16',
    ]);
  });

  it("shows the page's own figures in its first row", () => {
    const facts = factsAt('gemma-3-27b/q4-k-m/128k');
    expect(kvTypesOf(facts)?.rows[0]?.needs).toBe('28.2 GB');
    expect(facts.scenario.needsBytes / 1e9).toBeCloseTo(28.2, 1);
  });

  it('says what a 16-bit copy in the compute buffer takes back, where it is much', () => {
    // 4 layers x 2 x 8 heads x 128 x 131,072 tokens, 7.5 bits less each.
    const saved = `${((4 * 2 * 8 * 128 * 131_072 * 7.5) / 8 / 1e9).toFixed(2)} GB`;
    const text = kvTypesOf(factsAt('granite-4-0-h-small/q6-k/128k'))?.text;
    expect(text).toContain(`With q8_0 the cache shrinks by ${saved}, but the compute buffer grows by 346 MB`);
    expect(text).toMatch(/^q8_0 frees 660 MB, /);
    expect(kvTypesOf(factsAt('llama-3-1-70b/q4-k-m/128k'))?.text).not.toContain('compute buffer');
  });

  it.each([
    // 30 layers keep a row of 512 and an index key of 128 for every 4 tokens, 31 a row of 512 for every 128.
    ['deepseek-v4-pro/q4-k-m/1m', (30 * (512 + 128)) / 4 + (31 * 512) / 128, 1.1, false],
    // 80 layers keep keys and values of 8 heads of 128.
    ['llama-3-1-70b/bf16/8k', 80 * 2 * 8 * 128, 1.9, false],
    ['llama-3-1-70b/bf16/16k', 80 * 2 * 8 * 128, 3.7, true],
  ])('is there where the cache is three percent of Needs or more: %s', (path, numbersPerToken, percent, isThere) => {
    const facts = factsAt(path);
    const { contextTokens, needsBytes } = facts.scenario;
    expect((100 * 2 * numbersPerToken * contextTokens) / needsBytes).toBeCloseTo(percent, 1);
    expect(kvTypesOf(facts) !== undefined).toBe(isThere);
  });
});
