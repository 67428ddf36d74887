import { describe, expect, it } from 'vitest';
import { cheaperWays } from '../../../src/scenarios/cheaper.ts';
import { scenarioKeys } from '../../../src/scenarios/expand.ts';
import { factsOf } from '../../../src/scenarios/facts.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { catalog, factsAt } from './catalog.ts';

describe('cheaper ways', () => {
  it('begin with what opens a smaller card', () => {
    const ways = cheaperWays(factsAt('llama-3-1-8b/q8-0/128k'));
    // 28.3 GB to plan for: two cards of 16 GB, then what fits 20 GB, then what opens nothing.
    expect(ways.map((way) => /^A second RTX 5060 Ti 16GB|fits the RX 7900 XT \(20 GB\)/.test(way))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('say what they free and what they cost', () => {
    const ways = cheaperWays(factsAt('llama-3-1-8b/q8-0/128k')).join('\n');
    // Half of the 128K cache: 8.59 GB, and less of a compute buffer.
    expect(ways).toMatch(
      /64K of context instead of 128K: frees 8\.\d+ GB; prompt and answer together stay within 64K tokens/,
    );
    expect(ways).toMatch(/KV cache in q8_0: frees 7\.\d+ GB and costs little quality/);
    expect(ways).toMatch(
      /Q6_K instead of Q8_0: frees 1\.\d+ GB and raises the KL divergence measured on Llama-3-8B from 0\.0014 to 0\.0055/,
    );
  });

  it('add a second card where two of a kind hold what one does not', () => {
    const way = cheaperWays(factsAt('llama-3-1-8b/q8-0/128k')).find((own) => own.startsWith('A second')) ?? '';
    const [, free = ''] = /^A second RTX 5060 Ti 16GB: two hold it, with ([\d.]+) GB free each\./.exec(way) ?? [];
    // Half of 25.4 GB and a compute buffer; a 16 GB card has 16.6 GB usable, 0.48 of them for the driver.
    expect(Number(free)).toBeGreaterThan(0);
    expect(Number(free)).toBeLessThan(16.6 - 0.48 - 25.4 / 2);
    // One desktop card of 8 GB holds Qwen3 0.6B: two of the smallest that people combine are no news.
    expect(cheaperWays(factsAt('qwen3-0-6b/q4-k-m/4k')).some((own) => own.startsWith('A second'))).toBe(false);
  });

  it('name no change that frees next to nothing', () => {
    expect(cheaperWays(factsAt('deepseek-v4-pro/q4-k-m/1m')).some((way) => /512K|q8_0/.test(way))).toBe(false);
  });

  it('are at most five', () => {
    for (const key of scenarioKeys(catalog).filter((_, index) => index % 211 === 0)) {
      expect(cheaperWays(factsOf(catalog, computeScenario(catalog, key))).length).toBeLessThanOrEqual(5);
    }
  });
});
