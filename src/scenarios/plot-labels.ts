/**
 * Where the labels of a plot stand: beside what they name, clear of curves and of each other. All is in per mille of the
 * drawing on a phone, which labels fill most.
 */
import type { Plot } from './views.ts';

type Series = Plot['series'];
type Line = Plot['lines'][number];
type Mark = NonNullable<Plot['marks']>[number];

interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** What names cover. */
export type Covered = readonly Box[];

/** Width of a letter and height of a label. */
const LETTER = 27;
const HEIGHT = 50;
/** Between the edge of the drawing and a name, as `components/drawings.ts` draws it. */
const EDGE = 14;
/** Between a line or a point and its label, as `components/drawings.ts` draws it. */
const GAP = 8;
const MARK_GAP = { across: 27, up: 20 } as const;
/** Half of a dot, and what parts a label from another dot or label so that it is seen whose it is. */
const DOT = { x: 17, y: 18 } as const;
const APART = { x: 8, y: 12 } as const;
/** How much worse it is to stand on another label, or beyond the drawing, than on a curve. */
const ON_LABEL = 3;
const OUTSIDE = 6;

/** Whether a curve passes through a box. Points are in the order of x. */
function crosses(points: Series[number]['points'], { left, right, bottom, top }: Box): boolean {
  for (let index = 1; index < points.length; index++) {
    const [fromX, fromY] = points[index - 1] as readonly [number, number];
    const [toX, toY] = points[index] as readonly [number, number];
    const start = Math.max(fromX, left);
    const end = Math.min(toX, right);
    if (start > end) continue;
    const heightAt = (x: number): number =>
      toX === fromX ? toY : fromY + ((toY - fromY) * (x - fromX)) / (toX - fromX);
    const first = heightAt(start);
    const second = heightAt(end);
    if (Math.max(first, second) >= bottom && Math.min(first, second) <= top) return true;
  }
  return false;
}

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.bottom < other.top && other.bottom < one.top;

interface Choice<P> {
  readonly place: P;
  readonly box: Box;
}

/** The choice that covers least; the first of equals. */
function clearest<P>(choices: readonly [Choice<P>, ...Choice<P>[]], series: Series, taken: readonly Box[]): Choice<P> {
  const costOf = ({ box }: Choice<P>): number =>
    series.filter(({ points }) => crosses(points, box)).length +
    ON_LABEL * taken.filter((other) => overlap(box, other)).length +
    (box.left < 0 || box.right > 1000 ? OUTSIDE : 0);
  let [best] = choices;
  let least = costOf(best);
  for (const choice of choices) {
    const cost = costOf(choice);
    if (cost < least) [best, least] = [choice, cost];
  }
  return best;
}

const boxAt = (left: number, letters: number, bottom: number): Box => ({
  left,
  right: left + LETTER * letters,
  bottom,
  top: bottom + HEIGHT,
});

/** Lines with the place of each name, lowest first, and what the names cover. */
export function withPlacedNames(
  lines: readonly Pick<Line, 'at' | 'label'>[],
  series: Series,
): { readonly lines: readonly Line[]; readonly covered: Covered } {
  const covered: Box[] = [];
  const placed = lines.map(({ at, label }): Line => {
    const { length } = label;
    const above = at + GAP;
    const below = at - GAP - HEIGHT;
    const right = 1000 - EDGE - LETTER * length;
    const { place, box } = clearest<Pick<Line, 'side' | 'below'>>(
      [
        { place: {}, box: boxAt(EDGE, length, above) },
        { place: { side: 'right' }, box: boxAt(right, length, above) },
        { place: { below: true }, box: boxAt(EDGE, length, below) },
        { place: { side: 'right', below: true }, box: boxAt(right, length, below) },
      ],
      series,
      covered,
    );
    covered.push(box);
    return { at, label, ...place };
  });
  return { lines: placed, covered };
}

type Beside = Choice<Pick<Mark, 'side' | 'below'>>;

/** Where a label may stand beside its point. */
function besides({ x, y, label: { length } }: Pick<Mark, 'x' | 'y' | 'label'>) {
  const above = y + MARK_GAP.up;
  const below = y - MARK_GAP.up - HEIGHT;
  const left = x - MARK_GAP.across - LETTER * length;
  const right = x + MARK_GAP.across;
  return {
    rightAbove: { place: {}, box: boxAt(right, length, above) },
    rightBelow: { place: { below: true }, box: boxAt(right, length, below) },
    leftAbove: { place: { side: 'left' }, box: boxAt(left, length, above) },
    leftBelow: { place: { side: 'left', below: true }, box: boxAt(left, length, below) },
    middleAbove: { place: { side: 'middle' }, box: boxAt(x - (LETTER * length) / 2, length, above) },
  } as const satisfies Readonly<Record<string, Beside>>;
}

/** A mark with the place of its label. */
export function withPlacedLabel(
  { x, y, label }: Pick<Mark, 'x' | 'y' | 'label'>,
  series: Series,
  covered: Covered,
): Mark {
  const { leftAbove, middleAbove, rightBelow, rightAbove, leftBelow } = besides({ x, y, label });
  const { place } = clearest<Beside['place']>(
    [leftAbove, middleAbove, rightBelow, rightAbove, leftBelow],
    series,
    covered,
  );
  return { x, y, label, ...place };
}

const isInside = ({ left, right, bottom, top }: Box): boolean =>
  left >= 0 && right <= 1000 && bottom >= 0 && top <= 1000;

const widened = ({ left, right, bottom, top }: Box, by: { readonly x: number; readonly y: number }): Box => ({
  left: left - by.x,
  right: right + by.x,
  bottom: bottom - by.y,
  top: top + by.y,
});

/** Dots, each with its label where one has room: clear of all other dots and of the labels of those before it. */
export function withLabelsThatHaveRoom(dots: readonly Pick<Mark, 'x' | 'y' | 'label'>[]): readonly Mark[] {
  const drawn = dots.map(({ x, y }) => widened({ left: x, right: x, bottom: y, top: y }, DOT));
  const labels: Box[] = [];
  return dots.map((dot, own): Mark => {
    const { x, y, label } = dot;
    const taken = [...drawn.filter((_, other) => other !== own), ...labels];
    const { rightAbove, leftBelow, rightBelow, leftAbove } = besides(dot);
    const free = [rightAbove, leftBelow, rightBelow, leftAbove].find(
      ({ box }) => isInside(box) && !taken.some((other) => overlap(widened(box, APART), other)),
    );
    if (!free) return { x, y, label: '' };
    labels.push(free.box);
    return { x, y, label, ...free.place };
  });
}
