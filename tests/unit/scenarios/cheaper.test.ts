import { describe, expect, it } from 'vitest';
import { cheaperWays } from '../../../src/scenarios/cheaper.ts';
import { scenarioKeys } from '../../../src/scenarios/expand.ts';
import { factsOf } from '../../../src/scenarios/facts.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { catalog, factsAt } from './catalog.ts';

describe('cheaper ways', () => {
  it('begin with what opens a smaller card', () => {
    const ways = cheaperWays(factsAt('llama-3-1-8b/q8-0/128k'));
    expect(ways[0]).toContain('Then it fits the');
    const opening = ways.map((way) => way.includes('Then it fits'));
    expect(opening).toEqual(opening.toSorted((a, b) => Number(b) - Number(a)));
  });

  it('say what they free and what they cost', () => {
    const ways = cheaperWays(factsAt('llama-3-1-8b/q8-0/128k')).join('\n');
    // Half of the 128K cache: 8.59 GB, and less of a compute buffer.
    expect(ways).toMatch(/64K of context: frees 8\.\d+ GB/);
    expect(ways).toMatch(/KV cache in q8_0: frees 7\.\d+ GB and costs little quality/);
    expect(ways).toMatch(
      /Q6_K instead of Q8_0: frees 1\.\d+ GB and raises the KL divergence measured on Llama-3-8B from 0\.0014 to 0\.0055/,
    );
  });

  it('name no change that frees next to nothing', () => {
    expect(cheaperWays(factsAt('deepseek-v4-pro/q4-k-m/1m')).some((way) => /512K|q8_0/.test(way))).toBe(false);
  });

  it('are at most four', () => {
    for (const key of scenarioKeys(catalog).filter((_, index) => index % 211 === 0)) {
      expect(cheaperWays(factsOf(catalog, computeScenario(catalog, key))).length).toBeLessThanOrEqual(4);
    }
  });
});
