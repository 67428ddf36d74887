import { describe, expect, it } from 'vitest';
import { scenarioPlot } from '../../../src/scenarios/plot.ts';
import { withLabelsThatHaveRoom, withPlacedLabel, withPlacedNames } from '../../../src/scenarios/plot-labels.ts';
import { qualityPlot } from '../../../src/scenarios/quality-plot.ts';
import type { Plot } from '../../../src/scenarios/views.ts';
import { contextLabel } from '../../../src/vram/index.ts';
import { catalog, factsAt } from './catalog.ts';

type Series = Plot['series'];

const curve = (...points: [number, number][]): Series[number] => ({ label: '', points });

describe('labels of a plot', () => {
  it('a mark on a rising curve has its label above, to the left', () => {
    const rising = [curve([0, 100], [500, 200], [1000, 900])];
    expect(withPlacedLabel({ x: 500, y: 200, label: '32K: 9 GB' }, rising, [])).toMatchObject({ side: 'left' });
  });

  it('at the left end it stands to the right, where the other curve leaves room', () => {
    const label = { x: 0, y: 700, label: '4K: 68 GB' };
    const below = withPlacedLabel(label, [curve([0, 700], [1000, 900])], []);
    expect(below).toEqual({ ...label, below: true });
    const above = withPlacedLabel(label, [curve([0, 700], [1000, 705]), curve([0, 660], [1000, 660])], []);
    expect(above).toEqual(label);
  });

  it('a name goes where no curve runs', () => {
    const line = { at: 200, label: 'RTX 4090' };
    const place = (series: Series) => withPlacedNames([line], series).lines[0];
    expect(place([curve([0, 100], [1000, 150])])).toEqual(line);
    const leftAbove = curve([0, 230], [400, 230], [500, 800], [1000, 900]);
    expect(place([leftAbove])).toEqual({ ...line, side: 'right' });
    const rightAbove = curve([500, 800], [700, 230], [1000, 230]);
    expect(place([leftAbove, rightAbove])).toEqual({ ...line, below: true });
  });

  it('names and marks stand on no name', () => {
    const names = withPlacedNames(
      [
        { at: 200, label: 'RTX 4090' },
        { at: 240, label: 'RTX 5090' },
      ],
      [],
    );
    expect(names.lines.map(({ side }) => side)).toEqual([undefined, 'right']);
    const mark = { x: 250, y: 190, label: '8K: 17.5 GB' };
    expect(withPlacedLabel(mark, [], names.covered)).toEqual({ ...mark, below: true });
  });
});

describe('labels of scenario pages', () => {
  /** Curves that a label of so many letters touches, by their points and 30 between each two. */
  const touched = (series: Series, left: number, letters: number, bottom: number): number =>
    series.filter(({ points }) =>
      points.slice(1).some(([toX, toY], index) => {
        const [fromX, fromY] = points[index] ?? [toX, toY];
        return Array.from({ length: 31 }, (_, step) => step / 30).some((share) => {
          const x = fromX + share * (toX - fromX);
          const y = fromY + share * (toY - fromY);
          return x >= left && x <= left + 22 * letters && y >= bottom && y <= bottom + 50;
        });
      }),
    ).length;

  it('touch a curve on few pages, and fewer than above their points in the middle', () => {
    let ours = 0;
    let middle = 0;
    let pages = 0;
    for (const { id, context } of catalog.estimableModels) {
      const facts = factsAt(`${id}/q4-k-m/${contextLabel(Math.min(32_768, context.native))}`);
      const { series, marks = [] } = scenarioPlot(facts);
      for (const { x, y, label, side, below } of marks) {
        const { length } = label;
        const left = { left: x - 27 - 22 * length, middle: x - 11 * length, right: x + 27 }[side ?? 'right'];
        ours += touched(series, left, length, below ? y - 70 : y + 20);
        middle += touched(series, x - 11 * length, length, y + 20);
        pages++;
      }
    }
    expect(pages).toBeGreaterThan(100);
    expect(ours).toBeLessThan(middle / 2);
    expect(ours / pages).toBeLessThan(0.1);
  });
});

describe('labels of dots', () => {
  const at = (x: number, y: number, label = 'Q4_K_M') => ({ x, y, label });

  it('stand above, to the right; where a dot is in the way elsewhere; where one is everywhere nowhere', () => {
    const dot = at(500, 500);
    const besides = (...others: [number, number][]) =>
      withLabelsThatHaveRoom([dot, ...others.map(([x, y]) => at(x, y, ''))])[0];
    expect(besides()).toEqual(dot);
    expect(besides([560, 545])).toEqual({ ...dot, side: 'left', below: true });
    expect(besides([560, 545], [440, 455])).toEqual({ ...dot, below: true });
    expect(besides([560, 545], [440, 455], [560, 455])).toEqual({ ...dot, side: 'left' });
    expect(besides([560, 545], [440, 455], [560, 455], [440, 545])).toEqual(at(500, 500, ''));
  });

  it('stay in the drawing and out of labels that come before', () => {
    expect(withLabelsThatHaveRoom([at(950, 500)])).toEqual([{ ...at(950, 500), side: 'left', below: true }]);
    expect(withLabelsThatHaveRoom([at(950, 20)])).toEqual([{ ...at(950, 20), side: 'left' }]);
    const [first, second] = withLabelsThatHaveRoom([at(300, 500), at(340, 440)]);
    expect(first).toEqual(at(300, 500));
    expect(second).toEqual({ ...at(340, 440), side: 'left', below: true });
  });

  // On a phone a drawing is about 290 pixels wide and 270 high, a letter 6.5 wide, a label 14 high, a dot 10.
  it('of every model: no label touches a dot or a label, and each model has several', () => {
    let plots = 0;
    for (const model of catalog.estimableModels) {
      const marks = qualityPlot(catalog, model)?.marks;
      if (!marks) continue;
      plots++;
      const dots = marks.map(({ x, y }) => ({
        left: x * 0.29 - 5,
        right: x * 0.29 + 5,
        low: y * 0.27 - 5,
        high: y * 0.27 + 5,
      }));
      const labels = marks.flatMap(({ x, y, label, side, below }) => {
        if (!label) return [];
        const width = 6.5 * label.length;
        const left = side === 'left' ? x * 0.29 - 8 - width : x * 0.29 + 8;
        const low = below ? y * 0.27 - 20 : y * 0.27 + 6;
        return [{ left, right: left + width, low, high: low + 14 }];
      });
      expect(labels.length, model.id).toBeGreaterThan(3);
      const touching = labels.filter((own) =>
        [...dots, ...labels].some(
          (other) =>
            other !== own &&
            own.left < other.right &&
            other.left < own.right &&
            own.low < other.high &&
            other.low < own.high,
        ),
      );
      expect(touching, model.id).toEqual([]);
    }
    expect(plots).toBeGreaterThan(100);
  });
});
