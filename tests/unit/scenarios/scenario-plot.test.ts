import { describe, expect, it } from 'vitest';
import { modelPage } from '../../../src/scenarios/pages.ts';
import { scenarioPlot } from '../../../src/scenarios/plot.ts';
import { catalog, factsAt } from './catalog.ts';

describe('memory against context of a scenario', () => {
  const plot = scenarioPlot(factsAt('qwen3-8b/q4-k-m/32k'));

  it("marks the page's own context on the line of Plan for", () => {
    const [planFor, needs] = plot.series;
    const [mark] = plot.marks ?? [];
    expect(mark?.label).toMatch(/^32K: 10\.\d GB$/);
    expect(planFor?.points).toContainEqual([mark?.x, mark?.y]);
    for (const [index, [, height]] of (needs?.points ?? []).entries())
      expect(height).toBeLessThanOrEqual(planFor?.points[index]?.[1] ?? 0);
  });

  it('is drawn once for all contexts of a quant', () => {
    const other = scenarioPlot(factsAt('qwen3-8b/q4-k-m/8k'));
    expect(other.series).toBe(plot.series);
    expect(other.marks).not.toEqual(plot.marks);
  });

  it('says where the devices end', () => {
    // An RTX 3060 12GB holds 42K and the RTX 5060 Ti 16GB 66K: between the contexts whose Plan for is below and above its memory.
    expect(plot.text?.join(' ')).toMatch(
      /^Plan for at 32K is 4\.\d+ GB more than at 4K and 1\d\.\d GB less than at 128K\. .*RTX 3060 12GB at 4\dK/,
    );
  });
});

describe('quality against memory', () => {
  it('steps down to the closest quant that saves something, up to the best that takes as much as the next', () => {
    // Mean KL divergences on Llama 3 8B: 0.0282 at Q4_K_M, 0.0363 at IQ4_XS, 0.0717 at Q4_0; 0.0166 at Q5_K_S, 0.0108 at Q5_K_M.
    expect(modelPage(catalog, 'gemma-3-27b').quality?.text?.slice(1).join(' ')).toMatch(
      /^From Q4_K_M down to IQ4_XS 1\.\d+ GB are saved and the loss grows 1\.3 times\. Up to Q5_K_M costs 2\.\d+ GB and divides it by 2\.6\.$/,
    );
  });

  it('has a point for each measured quant, lower where more memory is spent', () => {
    const plot = modelPage(catalog, 'qwen3-8b').quality;
    const named = new Map(plot?.marks?.map((mark) => [mark.label, mark]));
    const [small, usual, large] = ['IQ1_S', 'Q4_K_M', 'Q8_0'].map((name) => named.get(name));
    if (!small || !usual || !large) throw new Error([...named.keys()].join());
    expect(small.x < usual.x && usual.x < large.x).toBe(true);
    expect(small.y > usual.y && usual.y > large.y).toBe(true);
    expect(plot?.text?.[0]).toContain('measured on Llama-3-8B');
    expect(plot?.description).toMatch(/Q8_0: 1\d\.\d GB, 0\.0014/);
  });

  it('is not drawn for models that are published in four bits', () => {
    expect(modelPage(catalog, 'gpt-oss-120b').quality).toBeUndefined();
  });
});
