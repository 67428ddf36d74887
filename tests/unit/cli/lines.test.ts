import { describe, expect, test } from 'vitest';
import { type Line, LONGEST_LINE, linesOf } from '../../../src/cli/estimate/lines.ts';

async function read(chunks: readonly string[]): Promise<Line[]> {
  async function* stream(): AsyncGenerator<string> {
    yield* chunks;
  }
  const lines: Line[] = [];
  for await (const some of linesOf(stream())) lines.push(...some);
  return lines;
}

describe('linesOf', () => {
  test('joins chunks, keeps empty lines, takes a last line without an end', async () => {
    expect(await read(['a\nb', 'c\n\n', 'd\r\n', 'e'])).toEqual(['a', 'bc', '', 'd', 'e']);
  });

  test('a line end at the end adds no line', async () => {
    expect(await read(['a\n'])).toEqual(['a']);
    expect(await read([])).toEqual([]);
  });

  test('a line that is too long is one line, in one chunk or many, and the next is read', async () => {
    const long = 'x'.repeat(LONGEST_LINE + 1);
    expect(await read([`${long}\nb\n`])).toEqual([undefined, 'b']);
    expect(await read([...Array.from({ length: 40 }, () => 'x'.repeat(100_000)), '\nb'])).toEqual([undefined, 'b']);
    expect(await read([long])).toEqual([undefined]);
  });
});
