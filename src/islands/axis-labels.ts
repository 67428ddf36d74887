/** Which labels of an axis a plot shows where; for plots of the build and of the calculator alike. */

/** Of more labels a phone shows every second, the last among them. */
const MOST_NARROW_LABELS = 6;
/** A last label of more letters takes the place of those before it, on a phone and, of the nearest, in any but a wide window: letters, per mille. */
const LONG_LABEL = { letters: 6, room: 300, wideRoom: 140 } as const;
/** A label of so many letters may reach over the end of the axis into the margin. */
const MARGIN_LETTERS = 5;

/** In per mille of the axis, in the order of their places. */
interface AxisLabel {
  readonly at: number;
  readonly label: string;
}

/** Classes of each label: `end` for one that ends at its place, `between` for one that a phone leaves out, `near` for one that only a wide window shows. */
export function axisLabelClasses(labels: readonly AxisLabel[]): readonly string[] {
  const last = labels.at(-1);
  const long = last && last.label.length > LONG_LABEL.letters ? last.at : Number.POSITIVE_INFINITY;
  return labels.map(({ at, label }, index) => {
    const after = labels.length - 1 - index;
    const isSecond = labels.length > MOST_NARROW_LABELS && after % 2 === 1;
    const isEnd = at > 960 && label.length > MARGIN_LETTERS;
    const isBetween = isSecond || (after > 0 && at > long - LONG_LABEL.room);
    const isNear = after > 0 && at > long - LONG_LABEL.wideRoom;
    return [isEnd && 'end', isBetween && 'between', isNear && 'near'].filter(Boolean).join(' ');
  });
}
