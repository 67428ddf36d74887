import { describe, expect, it } from 'vitest';
import { compareTexts, gramsOf, jaccard } from '../../support/duplicates.ts';

const words = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `w${from + at}`).join(' ');

describe('similarity of texts', () => {
  it('counts common 5-grams over all', () => {
    // 96 and 96 5-grams of 100 words each; words 50 to 99 are common, with 46 5-grams: 46 / 146.
    expect(jaccard(gramsOf(words(0, 100)), gramsOf(words(50, 150)))).toBeCloseTo(46 / 146, 10);
    expect(jaccard(gramsOf('One two, three four five.'), gramsOf('one two three four five'))).toBe(1);
    expect(jaccard(gramsOf('plan for 24.1 GB at 8K'), gramsOf('plan for 24.2 GB at 8K'))).toBe(0);
  });

  it('finds the nearest of many', () => {
    const texts = Array.from({ length: 40 }, (_, at) => ({ name: `t${at}`, text: words(at * 1000, at * 1000 + 300) }));
    texts.push({ name: 'near', text: words(7050, 7350) });
    const { nearest, median, percentile95 } = compareTexts(texts);
    // 246 common 5-grams of 296 and 296.
    expect(nearest.map(({ names }) => names.toSorted().join())).toEqual(['near,t7', 'near,t7']);
    expect(nearest[0]?.similarity).toBeCloseTo(246 / 346, 10);
    expect(median).toBe(0);
    expect(percentile95).toBe(0);
  });
});
