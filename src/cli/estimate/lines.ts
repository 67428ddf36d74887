/** Longest line that is read as a request; a longer one is answered as broken and skipped. */
export const LONGEST_LINE = 2 ** 20;

/** A line of input, or `undefined` for one longer than {@link LONGEST_LINE}, which is not kept in memory. */
export type Line = string | undefined;

/**
 * Splits a stream of text into the complete lines of each chunk, without their line ends. The last line counts with
 * or without a line end. Memory is bounded by the chunk and {@link LONGEST_LINE}.
 */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<readonly Line[]> {
  let rest = '';
  let isTooLong = false;
  for await (const chunk of chunks) {
    const pieces = chunk.split('\n');
    const last = pieces.pop() ?? '';
    const lines: Line[] = [];
    for (const piece of pieces) {
      const line = rest + piece;
      lines.push(isTooLong || line.length > LONGEST_LINE ? undefined : line.replace(/\r$/, ''));
      rest = '';
      isTooLong = false;
    }
    rest += last;
    if (rest.length > LONGEST_LINE) {
      isTooLong = true;
      rest = '';
    }
    if (lines.length > 0) yield lines;
  }
  if (isTooLong) yield [undefined];
  else if (rest !== '') yield [rest.replace(/\r$/, '')];
}
