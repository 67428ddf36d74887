import { describe, expect, it } from 'vitest';
import { axisLabelClasses } from '../../../src/islands/axis-labels.ts';

/** Per mille of a logarithmic axis from 4K. */
const axis = (tokens: readonly [number, string][]) => {
  const last = tokens.at(-1)?.[0] ?? 1;
  return tokens.map(([own, label]) => ({ at: (Math.log(own / 4096) / Math.log(last / 4096)) * 1000, label }));
};
const LADDER: readonly [number, string][] = [4, 8, 16, 32, 64, 128, 256, 512].map((k) => [k * 1024, `${k}K`]);
/** Width of a letter of a label, in pixels. */
const LETTER = 7;
/** Axes in pixels, in windows of 640 and of 1152: the narrowest that show labels of the class `between`, and `near` too. */
const WINDOWS = [
  { axis: 524, near: false },
  { axis: 767, near: true },
] as const;

describe('labels of an axis', () => {
  it.each([
    ['1M', 1_048_576],
    ['1,010,000', 1_010_000],
    ['1,000,000', 1_000_000],
  ])('keep apart on a tablet and on a desktop where the last is %s', (label, tokens) => {
    const labels = axis([...LADDER, [tokens, label]]);
    const classes = axisLabelClasses(labels);
    for (const shown of WINDOWS) {
      const edges = labels.flatMap((own, index) => {
        const names = classes[index]?.split(' ') ?? [];
        if (names.includes('near') && !shown.near) return [];
        const middle = (own.at / 1000) * shown.axis;
        const width = own.label.length * LETTER;
        const left = names.includes('end') ? middle - width : middle - width / 2;
        return [[left, left + width] as const];
      });
      edges.slice(1).forEach(([left], index) => {
        expect(left, `${shown.axis} px, label ${index + 1}`).toBeGreaterThan(
          edges[index]?.[1] ?? Number.POSITIVE_INFINITY,
        );
      });
    }
  });

  it('leave out one alone, the one before a long last one', () => {
    expect(axisLabelClasses(axis(LADDER)).join()).not.toContain('near');
    const classes = axisLabelClasses(axis([...LADDER, [1_010_000, '1,010,000']]));
    expect(classes.filter((names) => names.includes('near'))).toHaveLength(1);
  });
});
