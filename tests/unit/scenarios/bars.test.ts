import { describe, expect, it } from 'vitest';
import { deviceBar, heldParts, miniBar, scenarioBar } from '../../../src/scenarios/bars.ts';
import { scenarioKeys } from '../../../src/scenarios/expand.ts';
import { contextPlot } from '../../../src/scenarios/plot.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { catalog } from './catalog.ts';

const sample = scenarioKeys(catalog).filter((_, index) => index % 149 === 0);

describe('the memory bar', () => {
  it.each(sample)('of $model $quant $context is to scale', (key) => {
    const { allocation, planForBytes } = computeScenario(catalog, key);
    const { segments, ticks } = scenarioBar(allocation.device, planForBytes);
    let end = 0;
    for (const { start, width } of segments) {
      expect(start).toBe(end);
      expect(width).toBeGreaterThanOrEqual(4);
      end = start + width;
    }
    expect(end).toBeLessThanOrEqual(1000);
    const weights = segments.find(({ part }) => part === 'weights')?.width ?? 0;
    expect(Math.abs(weights / end - allocation.device.weights / planForBytes)).toBeLessThan(0.02);
    expect(segments.map(({ part }) => part)).toEqual(
      ['weights', 'kv-cache', 'state', 'compute', 'overhead'].filter((part) =>
        segments.some((own) => own.part === part),
      ),
    );
    // "1128 GB" are 56 px of a drawing of 374 px; beyond 960 a label ends at its tick, before it stands in its middle.
    for (const [index, tick] of ticks.entries())
      expect(tick.at - (ticks[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(tick.at > 960 && index > 0 ? 200 : 120);
    expect(ticks.length).toBeLessThanOrEqual(6);
  });

  it('of a device shows what is free, or where its memory ends', () => {
    const share = { weights: 6e9, kvCache: 1e9, state: 0, compute: 0.5e9, total: 7.5e9 };
    const roomy = deviceBar(share, 0.5e9, 16e9, 'a card');
    expect(roomy.segments.find(({ part }) => part === 'free')).toMatchObject({ start: 500, width: 500 });
    expect(roomy.ticks).toEqual([]);
    const short = deviceBar(share, 0.5e9, 4e9, 'a card');
    expect(short.segments.some(({ part }) => part === 'free')).toBe(false);
    expect(short.ticks).toEqual([{ at: 500, label: '4.00 GB' }]);
    // In a table the same bar stands without words: the parts are drawn once and scaled to what the device holds.
    expect(heldParts(share)).toEqual([
      { part: 'weights', start: 0, width: 800 },
      { part: 'kv-cache', start: 800, width: 133 },
      { part: 'compute', start: 933, width: 67 },
    ]);
    for (const [bar, usable] of [
      [roomy, 16e9],
      [short, 4e9],
    ] as const) {
      const mini = miniBar(share.total, 0.5e9, usable);
      const overhead = bar.segments.find(({ part }) => part === 'overhead');
      expect(Math.abs(mini.held - (overhead?.start ?? 0))).toBeLessThanOrEqual(1);
      expect(Math.abs(mini.overhead - (overhead?.width ?? 0))).toBeLessThanOrEqual(1);
      expect(mini.end).toBe(bar.ticks[0]?.at);
    }
  });
});

describe('the plot of a hub', () => {
  it.each(catalog.estimableModels.filter((_, index) => index % 6 === 0))('of $id fits its frame', (model) => {
    const { series, lines, xTicks, yTicks, description } = contextPlot(catalog, model);
    expect(series.length).toBeGreaterThanOrEqual(1);
    expect(series.length).toBeLessThanOrEqual(5);
    for (const [x, y] of series.flatMap(({ points }) => points)) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(1000);
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThanOrEqual(1000);
    }
    // More bits lie higher, and no curve falls.
    for (const { points } of series)
      for (const [index, [, y]] of points.entries()) expect(y).toBeGreaterThanOrEqual(points[index - 1]?.[1] ?? 0);
    expect(yTicks[0]).toEqual({ at: 0, label: '0 GB' });
    expect(yTicks.at(-1)?.at).toBe(1000);
    expect(lines.length).toBeLessThanOrEqual(5);
    for (const [index, line] of lines.entries())
      expect(line.at - (lines[index - 1]?.at ?? -60)).toBeGreaterThanOrEqual(60);
    expect(xTicks.at(-1)?.at).toBe(series[0]?.points.length === 1 ? 500 : 1000);
    expect(description).toContain(series[0]?.label ?? '?');
  });
});
