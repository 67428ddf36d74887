import { describe, expect, test } from 'vitest';
import { axisSteps, GB } from '../../../src/vram/index.ts';

describe('the axis of memory', () => {
  test.each([
    [89.4, [0, 20, 40, 60, 80, 100]],
    [100, [0, 20, 40, 60, 80, 100]],
    [101, [0, 50, 100, 150]],
    [12.4, [0, 5, 10, 15]],
    [0.9, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [1766, [0, 500, 1000, 1500, 2000]],
  ])('for %d GB', (highest, expected) => {
    const steps = axisSteps(highest * GB).map((bytes) => bytes / GB);
    expect(steps).toHaveLength(expected.length);
    for (const [index, step] of steps.entries()) expect(step).toBeCloseTo(expected[index] ?? Number.NaN, 9);
  });

  test('has three to seven divisions, of which only the last holds the highest', () => {
    for (let highest = 0.05; highest < 9000; highest *= 1.037) {
      const steps = axisSteps(highest * GB);
      expect(steps.length).toBeGreaterThanOrEqual(3);
      expect(steps.length).toBeLessThanOrEqual(7);
      expect(steps.findIndex((bytes) => bytes >= highest * GB)).toBe(steps.length - 1);
    }
  });
});
