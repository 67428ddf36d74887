import { describe, expect, it } from 'vitest';
import { amountOf, ordered } from '../../../src/islands/lists/order.ts';

const inOrder = (cells: readonly string[], descending = false) => ordered(cells, (cell) => cell, descending);

describe('the order of a list', () => {
  it('reads amounts in their units', () => {
    expect(['752 MB', '17.5 GB', '1,010,000 tokens', '128K', '1M', '4.5'].map(amountOf)).toEqual([
      752e6, 17.5e9, 1_010_000, 131_072, 1_048_576, 4.5,
    ]);
    expect(['Q4_K_M', 'RTX 4090', '8B', '4 x H100'].map(amountOf)).toEqual([undefined, undefined, undefined, 4]);
  });

  it('goes by amount and not by digits', () => {
    expect(inOrder(['18.3 GB', '999 MB', '101 GB', '9.67 GB'])).toEqual(['999 MB', '9.67 GB', '18.3 GB', '101 GB']);
    expect(inOrder(['1,010,000 tokens', '256K', '1M'])).toEqual(['256K', '1,010,000 tokens', '1M']);
  });

  it('goes by day where there are dates, a month before its days', () => {
    expect(['2026-11-25', '2026-11', '13-20 tokens/s', '2026'].map(amountOf)).toEqual([undefined, undefined, 13, 2026]);
    expect(inOrder(['2026-11-25', '2026-09-01', '2025-12-31', '2026-11'])).toEqual([
      '2025-12-31',
      '2026-09-01',
      '2026-11',
      '2026-11-25',
    ]);
    expect(inOrder(['2026-09-01', '2026-11-25', '2026-11-03', '–'], true)).toEqual([
      '2026-11-25',
      '2026-11-03',
      '2026-09-01',
      '–',
    ]);
  });

  it('goes by words where there are no amounts, numbers in them by their size', () => {
    expect(inOrder(['RTX 5090', 'RTX 4090', 'GTX 1660', 'RTX 980'])).toEqual([
      'GTX 1660',
      'RTX 980',
      'RTX 4090',
      'RTX 5090',
    ]);
  });

  it('keeps what holds nothing last, up and down', () => {
    expect(inOrder(['–', '2 GB', 'none', '1 GB'])).toEqual(['1 GB', '2 GB', '–', 'none']);
    expect(inOrder(['–', '2 GB', 'none', '1 GB'], true)).toEqual(['2 GB', '1 GB', '–', 'none']);
  });

  it('leaves rows alike as they were', () => {
    const rows = [
      { name: 'b', size: '8 GB' },
      { name: 'a', size: '8 GB' },
    ];
    expect(ordered(rows, ({ size }) => size, false).map(({ name }) => name)).toEqual(['b', 'a']);
    expect(ordered(rows, ({ size }) => size, true).map(({ name }) => name)).toEqual(['b', 'a']);
  });
});
