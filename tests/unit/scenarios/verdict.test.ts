import { describe, expect, it } from 'vitest';
import type { QuantRecord } from '../../../src/catalog/quant.schema.ts';
import { roomOf } from '../../../src/scenarios/devices.ts';
import { contextsOf, quantsOf, scenarioKeys } from '../../../src/scenarios/expand.ts';
import { factsOf } from '../../../src/scenarios/facts.ts';
import { modelQuantPage, scenarioPage } from '../../../src/scenarios/pages.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { VERDICT_RULES, verdictOf, verdictRules } from '../../../src/scenarios/verdict.ts';
import { contextLabel } from '../../../src/vram/index.ts';
import { catalog, factsAt, keyOf } from './catalog.ts';

/** A rule's name, a scenario it speaks on, what it must say there, and one it must be silent on. */
const CASES: Readonly<Record<string, { on: string; says: RegExp; silentOn: string }>> = {
  'fits-one-consumer-card': {
    on: 'llama-3-1-8b/q4-k-m/8k',
    says: /^8 GB of VRAM is enough: 6\.1\d GB to plan for; llama\.cpp leaves [12]\.\d+ GB free on the RTX 4060/,
    silentOn: 'llama-3-1-70b/q4-k-m/8k',
  },
  'fits-one-datacenter-card': {
    on: 'llama-3-1-70b/q4-k-m/8k',
    says: /^Too large for one desktop card \(32 GB at most\), but one L40S \(48 GB\) holds it .* 2 x RTX 4090 or 2 x RTX 5090\.$/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'fits-part-of-a-node': {
    on: 'glm-5-3/iq4-xs/512k',
    says: /^48\d GB is work for part of one server: \d x H100 80GB or 4 x H200 141GB/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'needs-a-whole-node-or-more': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    says: /13 x H100 80GB \(2 servers\) or 8 x H200 141GB \(one full server\)/,
    silentOn: 'llama-3-1-70b/q4-k-m/8k',
  },
  // 2.8T parameters at 16 bits: 5.6 TB, more than 15 x 288 GB and less than 15 x 432 GB.
  'beyond-the-most-devices': {
    on: 'kimi-k3/bf16/4k',
    says: /^6\d{3} GB is more than 15 of the usual datacenter GPUs hold, .*: it takes 14 x MI455X\./,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'usual-card-has-room': {
    on: 'qwen3-6-27b/q4-k-m/32k',
    says: /^An RTX 4090 \(24 GB\) leaves 6\.\d+ GB: enough for 11\d,\d{3} tokens, or for Q5_K_M at this context\.$/,
    silentOn: 'llama-3-1-8b/q8-0/128k',
  },
  'tight-on-a-known-card': {
    on: 'gemma-3-27b/q3-k-l/8k',
    says: /^The RTX 5060 Ti 16GB is tight: .* leaves \d+(\.\d+)? MB/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'cache-dominates': {
    on: 'llama-3-1-8b/q8-0/128k',
    says: /^The KV cache is 6\d % of what is allocated \(17\.2 GB\)/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'overhead-dominates': {
    on: 'qwen3-0-6b/q4-k-m/4k',
    says: /^The model is so small that the driver's context \(479 MB\)/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'context-costs-almost-nothing': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    says: /^Context is nearly free: going from 4K to 1M adds 1\d\.\d GB, 1\.\d % of the total\.$/,
    silentOn: 'llama-3-1-8b/q8-0/128k',
  },
  'cache-grows': {
    // 32 layers x 2 x 8 x 128 x 2 B x 16,384 = 2.147 GB, and a little compute buffer.
    on: 'llama-3-1-8b/q4-k-m/8k',
    says: /^18 % of it is cache \(1\.07 GB\), and every further 16K tokens add 2\.1\d GB\.$/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'weights-dominate': {
    on: 'llama-3-1-70b/q4-k-m/8k',
    says: /^93 % of it is weights \(41\.9 GB\)/,
    silentOn: 'llama-3-1-8b/q8-0/128k',
  },
  'native-format-is-smaller': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    says: /865 GB, smaller than this 951 GB file: Q4_K_M stores bits that were never trained\.$/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'quantized-cache-unlocks-a-card': {
    on: 'llama-3-1-8b/q8-0/128k',
    says: /^A q8_0 cache brings it down to 19\.\d GB and onto the RX 7900 XT \(20 GB\)/,
    silentOn: 'llama-3-1-70b/q4-k-m/8k',
  },
  'smaller-quant-unlocks-a-card': {
    on: 'qwen3-6-27b/q4-k-m/32k',
    says: /^Q3_K_M, 16\.0 GB to plan for, moves it to the RTX 5060 Ti 16GB or RTX 4060 Ti 16GB\.$/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'same-card-holds-a-better-quant': {
    on: 'llama-3-1-8b/q4-k-m/8k',
    says: /^The RTX 4060 \(8 GB\) also holds Q5_K_M \(7\.\d+ GB\)/,
    silentOn: 'llama-3-1-8b/q8-0/128k',
  },
  'shorter-context-unlocks-a-card': {
    on: 'llama-3-1-8b/q8-0/128k',
    says: /^At 64K it is 18\.\d GB and fits the RX 7900 XT/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'requantized-from-four-bits': {
    // Published GGUF files of gpt-oss 120B: 62.6 GB at Q4_K_S to Q4_K_M, 63.4 GB at MXFP4.
    on: 'gpt-oss-120b/q4-k-m/128k',
    says: /^At Q4_K_M the experts of gpt-oss 120B stay in the MXFP4 .* cut, by \d+ MB of 6\d\.\d GB, so take MXFP4_MOE\.$/,
    silentOn: 'gpt-oss-120b/mxfp4-moe/128k',
  },
  'few-bits-lose-much': {
    // Mean KL divergence on Llama 3 8B with an importance matrix: 0.326 against 0.0282.
    on: 'llama-3-1-8b/iq2-m/8k',
    says: /^IQ2_M departs from the 16-bit model 12 times as far as Q4_K_M \(KL divergence 0\.33 on Llama-3-8B\)/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'bits-without-effect': {
    on: 'llama-3-1-8b/bf16/8k',
    says: /^For answers alone BF16 is more than it takes: Q8_0 plans for 10\.\d GB at a KL divergence of 0\.0014 \(Llama-3-8B\)/,
    silentOn: 'llama-3-1-8b/q8-0/8k',
  },
  'longer-than-trained': {
    on: 'qwen2-5-7b/q4-k-m/128k',
    says: /^32K tokens is what it was trained for, 6\.\d+ GB to plan for; the rest is stretched by YaRN\.$/,
    silentOn: 'qwen2-5-7b/q4-k-m/32k',
  },
  'pace-of-two-devices': {
    // 42.5 GB read for a token at 864 and 546 GB/s: at most 20 and 13 tokens a second.
    on: 'llama-3-1-70b/q4-k-m/8k',
    says: /^One user sees [\d.]+-(1\d|20) tokens\/s on the L40S \(48 GB\), [\d.]+-1[0-3] tokens\/s on the M4 Max 64GB\.$/,
    silentOn: 'qwen3-0-6b/q4-k-m/4k',
  },
  'experts-in-ram-practical': {
    on: 'gpt-oss-120b/mxfp4-moe/128k',
    says: /^With every expert in RAM it runs on about \d\.\d+ GB of VRAM and 6\d\.\d GB of RAM/,
    silentOn: 'llama-3-1-70b/q4-k-m/8k',
  },
  'experts-in-ram-impractical': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    says: /9[34]\d GB of RAM is a server's/,
    silentOn: 'gpt-oss-120b/mxfp4-moe/128k',
  },
  'smaller-sibling-does-it': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    says: /^DeepSeek V4 Flash is the practical choice: the same context in (19 %|about a fifth) of the memory/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
};

describe('rules of the verdict', () => {
  it('all have a case here', () => {
    expect(VERDICT_RULES.map(({ name }) => name).toSorted()).toEqual(Object.keys(CASES).toSorted());
  });

  it.each(VERDICT_RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
    const { on, says, silentOn } = CASES[name] ?? { on: '', says: /$^/, silentOn: '' };
    expect(rule.when(factsAt(on)), on).toBe(true);
    expect(rule.say(factsAt(on))).toMatch(says);
    expect(rule.when(factsAt(silentOn)), silentOn).toBe(false);
  });

  it('speak without gaps wherever they are true', () => {
    const sample = scenarioKeys(catalog).filter((_, index) => index % 97 === 0);
    for (const key of sample) {
      const facts = factsOf(catalog, computeScenario(catalog, key));
      for (const rule of VERDICT_RULES.filter(({ when }) => when(facts))) {
        expect(rule.say(facts), rule.name).toMatch(/^\S.*\.$/);
        expect(rule.say(facts), rule.name).not.toMatch(/undefined|NaN|Infinity| {2}/);
      }
    }
  });
});

describe('the verdict', () => {
  it('sets a shorter context against a quant that is smaller, not one of fewer bits', () => {
    const shape = (path: string): string =>
      verdictOf(factsAt(path)).find((text) => /^The KV cache is/.test(text)) ?? '';
    // Q3_K_L of it is 72 MB larger than IQ4_XS.
    expect(shape('phi-4-mini/iq4-xs/16k')).toMatch(/ 1\.08 GB, Q3_K_M only \d+(\.\d)? MB\.$/);
    for (const model of catalog.estimableModels)
      for (const quant of quantsOf(catalog, model).filter(({ id }) => ['iq3-xxs', 'iq4-xs', 'q4-0'].includes(id))) {
        const path = `${model.id}/${quant.id}/${contextLabel(contextsOf(model).at(-1) ?? 0)}`;
        expect(verdictOf(factsAt(path)).join(' '), path).not.toMatch(/ -\d/);
      }
  });

  it('begins with what runs it, and has one rule about that', () => {
    for (const key of scenarioKeys(catalog).filter((_, index) => index % 97 === 0)) {
      const facts = factsOf(catalog, computeScenario(catalog, key));
      const rules = verdictRules(facts);
      expect(rules[0]?.topic).toBe('fit');
      expect(VERDICT_RULES.filter(({ topic, when }) => topic === 'fit' && when(facts))).toHaveLength(1);
      expect(new Set(rules.map(({ topic }) => topic)).size).toBe(rules.length);
      expect(rules.length).toBeGreaterThanOrEqual(2);
      expect(rules.length).toBeLessThanOrEqual(5);
      expect(verdictOf(facts)).toHaveLength(rules.length);
    }
  });
});

describe('sentences that depend on a limit', () => {
  const said = (path: string): string => verdictOf(factsAt(path)).join(' ');

  it('name the size as the label means it where more gigabytes fit, and not all cards where some leave too little', () => {
    expect(said('mistral-small-3-2-24b/q5-k-s/32k')).toMatch(/^24 GiB of VRAM is enough: 24\.1 GB to plan for/);
    expect(said('olmo-2-32b/iq3-m/4k')).toMatch(/^Some 16 GiB cards do: 16\.4 GB to plan for/);
  });

  it('name servers where one card holds what no few desktop cards do', () => {
    expect(said('deepseek-r1/q4-k-m/8k')).toMatch(
      /one MI455X \(432 GB\) holds it .* Otherwise it takes \d x H100 80GB or \d x H200 141GB\./,
    );
  });

  it('count in steps of context that the model can take', () => {
    expect(said('gemma-3-12b/bf16/128k')).toMatch(
      / of it is cache \(\S+ GB\), and every 16K tokens given up free \S+ [GM]B\./,
    );
    expect(said('gemma-2-9b/q4-k-m/4k')).toMatch(/ of it is cache \(1\.41 GB\)\./);
  });

  it('offer no shorter context than there is', () => {
    expect(said('llama-3-1-70b/q4-k-m/4k')).toMatch(/ of it is weights \(41\.9 GB\): the quant decides the size\./);
  });
});

describe('Plan for of models that the plain rule of thumb overshoots', () => {
  it('stays near what is allocated', () => {
    // Experts stay in MXFP4: 65.4 GB of BF16 file for 117B parameters. Embeddings per layer stay in RAM.
    for (const path of [
      'gpt-oss-120b/bf16/8k',
      'gpt-oss-20b/q8-0/8k',
      'gemma-4-e4b/q4-k-m/8k',
      'gemma-4-e2b/q4-k-m/8k',
    ]) {
      const { planForBytes, needsBytes } = factsAt(path).scenario;
      expect(planForBytes / needsBytes).toBeLessThan(1.15);
    }
  });

  it('says what was left out', () => {
    const introOf = (path: string): string => scenarioPage(catalog, keyOf(path)).ruleOfThumb.intro;
    expect(introOf('gpt-oss-120b/bf16/8k')).toContain('The experts stay in MXFP4 at BF16 too');
    // 42 layers x 256 x 262,144.
    expect(introOf('gemma-4-e4b/q4-k-m/8k')).toContain('2.82B parameters of embeddings per layer stay in RAM');
  });
});

describe('advice on a quant', () => {
  it('names no larger card for what the smallest one holds', () => {
    // BF16 is 2.35 GB.
    expect(verdictOf(factsAt('qwen3-0-6b/q4-k-m/8k')).join(' ')).not.toContain('BF16');
    expect(verdictOf(factsAt('gemma-3-1b/iq1-s/8k')).join(' ')).not.toContain('RTX 3060');
  });

  it('offers no other where every quant keeps the experts as published, and none beyond what was published', () => {
    expect(factsAt('gpt-oss-20b/mxfp4-moe/128k').largerQuant).toBeUndefined();
    expect(factsAt('gpt-oss-20b/q5-k-m/8k').smallerQuant).toBeUndefined();
    expect(factsAt('deepseek-v4-flash/q4-k-m/8k').largerQuant).toBeUndefined();
    expect(factsAt('llama-3-1-8b/q4-k-m/8k').largerQuant).toBeDefined();
    // Q2_K takes more than IQ2_M and is measured to lose as much.
    expect(factsAt('gemma-4-26b-a4b/iq2-m/8k').largerQuant).toBeUndefined();
  });

  it('sends nobody below two bits but with the largest models', () => {
    for (const key of scenarioKeys(catalog).filter((_, index) => index % 41 === 0)) {
      const { smallerQuant, scenario } = factsOf(catalog, computeScenario(catalog, key));
      if (scenario.model.parameters.total < 100e9)
        expect(smallerQuant?.quant.nominalBits ?? 2).toBeGreaterThanOrEqual(2);
    }
  });
});

describe('a tight card', () => {
  const tight = (path: string): string =>
    verdictOf(factsAt(path)).find((sentence) => sentence.includes('is tight')) ?? '';

  it('is helped by closing programs only where it is a desktop card and little is missing', () => {
    expect(tight('mistral-small-3-2-24b/iq3-m/32k')).toContain('keep the display off it');
    expect(tight('step-3-7-flash/q5-k-m/64k')).toMatch(/^The H200 141GB .* less than the margin in Plan for\.$/);
  });
});

describe('a lossy quant', () => {
  it('is no choice for want of memory where the same card holds the usual one', () => {
    expect(verdictOf(factsAt('qwen3-4b/iq3-m/4k')).join(' ')).toContain('which the same card holds in 3.34 GB.');
    expect(verdictOf(factsAt('qwen3-30b-a3b/q2-k/4k')).join(' ')).toContain('cannot find 19.8 GB.');
  });

  it('is not said to share its card with a quant that the named card does not hold', () => {
    // An RTX 2060 leaves 5.74 GB; another card of 6 GB leaves more, and holds the 5.82 GB.
    expect(verdictOf(factsAt('granite-4-0-h-tiny/iq3-m/128k')).join(' ')).not.toContain('same card holds in 5.82');
  });

  it('loses what was measured elsewhere only where its blocks divide the rows', () => {
    // Rows of 2,688: llama-quantize falls back to IQ4_NL, 4.5 bits.
    expect(verdictOf(factsAt('nemotron-3-5-lightning-30b-a3b/iq2-xxs/4k')).join(' ')).not.toContain('KL divergence');
    expect(verdictOf(factsAt('qwen3-30b-a3b/iq2-xxs/4k')).join(' ')).toContain('KL divergence');
    const terms = (model: string) => modelQuantPage(catalog, model, 'iq2-xxs').facts.map(({ term }) => term);
    expect(terms('nemotron-3-5-lightning-30b-a3b')).not.toContain('Quality loss');
    expect(terms('qwen3-30b-a3b')).toContain('Quality loss');
  });
});

describe('quants that are named beside the one of the page', () => {
  const every = scenarioKeys(catalog)
    .filter((_, index) => index % 37 === 0)
    .map((key) => factsOf(catalog, computeScenario(catalog, key)));

  it('are held by the card that is named', () => {
    const larger = every.filter(({ largerQuant }) => largerQuant);
    expect(larger.length).toBeGreaterThan(100);
    for (const { card, largerQuant } of larger) {
      const [first] = card?.devices ?? [];
      expect(first && roomOf(first)).toBeGreaterThanOrEqual(largerQuant?.planForBytes ?? Number.NaN);
    }
  });

  it('are not more than was published', () => {
    for (const { largerQuant, scenario } of every) {
      const published = scenario.model.nativeFormat?.checkpointBytes;
      if (published === undefined || !largerQuant) continue;
      const { at } = computeScenario(catalog, { ...scenario.key, quant: largerQuant.quant.id });
      expect(at.allocation(scenario.contextTokens).fileBytes).toBeLessThanOrEqual(published);
    }
  });

  it('take less and lose no more where they are called better', () => {
    const better = every.filter(({ betterQuant }) => betterQuant);
    expect(better.length).toBeGreaterThan(5);
    const loss = (quant: QuantRecord): number | undefined =>
      quant.quality?.find(({ metric, imatrix }) => metric === 'mean KL divergence' && imatrix === true)?.value;
    for (const { scenario, betterQuant } of better) {
      expect(betterQuant?.planForBytes).toBeLessThan(scenario.planForBytes);
      expect(betterQuant && loss(betterQuant.quant)).toBeLessThanOrEqual(loss(scenario.quant) ?? Number.NaN);
    }
    expect(factsAt('hy4-preview/q2-k/8k').betterQuant?.quant.id).toBe('iq2-m');
  });
});
