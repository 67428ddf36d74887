import { describe, expect, it } from 'vitest';
import { scenarioKeys } from '../../../src/scenarios/expand.ts';
import { factsOf } from '../../../src/scenarios/facts.ts';
import { FAQ_RULES, faqOf } from '../../../src/scenarios/faq.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { catalog, factsAt } from './catalog.ts';

/** A question's rule, a scenario it is asked on with question and answer, and one it is not asked on. */
const CASES: Readonly<Record<string, { on: string; asks: string; says: RegExp; silentOn: string }>> = {
  'runs-on-a-card': {
    on: 'qwen3-6-27b/q4-k-m/32k',
    asks: 'Can I run Qwen3.6 27B Q4_K_M with 32K context on an RTX 4090 (24 GB)?',
    says: /^Yes\. Of its 25\.2 GB usable memory 6\.\d+ GB remain .* It goes up to 11\d,\d{3} tokens\.$/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'short-of-a-card': {
    on: 'qwen3-32b/q4-k-m/32k',
    asks: 'Is an RTX 4090 (24 GB) enough for Qwen3 32B Q4_K_M at 32K?',
    says: /^No\. With the driver's own share it is 3\.\d+ GB short of the 28\.\d GB that llama\.cpp allocates\. Up to 15K tokens of context fit on it\.$/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'longer-than-trained': {
    on: 'qwen2-5-7b/q4-k-m/128k',
    asks: 'Is 128K within what Qwen2.5 7B was trained for?',
    says: /^No: it was trained for 32K tokens\. The longer context comes from YaRN/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'eight-gpu-node': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    asks: 'Does DeepSeek V4 Pro Q4_K_M fit on 8 x H100 at 1M?',
    says: /^No\. 1012 GB to plan for exceeds the 640 GB of eight 80 GB cards\. It takes 13 x H100 80GB or 8 x H200 141GB\.$/,
    silentOn: 'llama-3-1-70b/q4-k-m/8k',
  },
  'several-consumer-cards': {
    on: 'llama-3-1-70b/q4-k-m/8k',
    asks: 'How many RTX 3090 does Llama 3.1 70B Q4_K_M take at 8K?',
    says: /^It takes 2: llama\.cpp splits whole layers, so the fullest card holds 22\.\d GB/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'experts-in-vram': {
    on: 'gpt-oss-120b/mxfp4-moe/128k',
    asks: 'Only 5.1B parameters are active. Does gpt-oss 120B need less VRAM for that?',
    says: /^Not by itself: any token may call any expert, so all 62\.8 GB of weights/,
    silentOn: 'llama-3-1-8b/q4-k-m/8k',
  },
  'sibling-instead': {
    on: 'deepseek-v4-pro/q4-k-m/1m',
    asks: 'Should I run DeepSeek V4 Pro or DeepSeek V4 Flash?',
    says: /^By memory, DeepSeek V4 Flash: at Q4_K_M it takes 1[89]\d GB instead of 1012 GB and fits one MI300X \(192 GB\)\./,
    silentOn: 'qwen3-0-6b/q4-k-m/4k',
  },
  'cache-and-its-type': {
    on: 'llama-3-1-8b/q8-0/128k',
    asks: 'How large is the KV cache of Llama 3.1 8B at 128K, and does q8_0 help?',
    says: /^17\.2 GB in 16 bits, 6\d % of the 2\d\.\d GB allocated\./,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'which-quant': {
    on: 'llama-3-1-8b/q4-k-m/8k',
    asks: 'Is Q4_K_M the right quant of Llama 3.1 8B for 8K?',
    says: /^Not if you own the RTX 4060 \(8 GB\) anyway: it holds Q5_K_M with/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'runs-on-a-mac': {
    on: 'gpt-oss-120b/mxfp4-moe/128k',
    asks: 'Does gpt-oss 120B MXFP4_MOE run on a Mac or another machine with unified memory?',
    says: /^Yes, from 96 GB of memory: M3 Ultra 96GB/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'how-fast': {
    on: 'llama-3-1-8b/q4-k-m/8k',
    asks: 'How fast is Llama 3.1 8B Q4_K_M on an RTX 4060 (8 GB)?',
    // 4.6 GB a token at 272 GB/s: at most 59 tokens a second.
    says: /^\d\d-5\d tokens\/s for one user with a short prompt: .* 4\.6\d GB of weights at the 272 GB\/s of its memory/,
    silentOn: 'deepseek-v4-pro/q4-k-m/1m',
  },
  'file-size': {
    on: 'llama-3-1-8b/q4-k-m/8k',
    asks: 'How large is the Q4_K_M file of Llama 3.1 8B?',
    // Published: 4,920,739,232 bytes with the header.
    says: /^4\.9[12] GB \(4\.58 GiB\), 4\.8\d bits for each of 8\.03B parameters\./,
    silentOn: '',
  },
  'ram-beside-vram': {
    on: 'llama-3-1-8b/q4-k-m/8k',
    // 128,256 x 4,096 elements at Q4_K: 4.5 bits each.
    asks: 'How much system RAM does Llama 3.1 8B need when it is wholly on the GPU?',
    says: /the token embedding \(296 MB\) stays in RAM/,
    silentOn: '',
  },
};

describe('questions', () => {
  it('all have a case here', () => {
    expect(FAQ_RULES.map(({ name }) => name).toSorted()).toEqual(Object.keys(CASES).toSorted());
  });

  it.each(FAQ_RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
    const own = CASES[name] ?? { on: '', asks: '', says: /$^/, silentOn: '' };
    const facts = factsAt(own.on);
    expect(rule.when(facts)).toBe(true);
    expect(rule.ask(facts)).toBe(own.asks);
    expect(rule.say(facts)).toMatch(own.says);
    if (own.silentOn) expect(rule.when(factsAt(own.silentOn)), own.silentOn).toBe(false);
  });
});

describe('answers', () => {
  const answer = (path: string, question: RegExp): string =>
    faqOf(factsAt(path)).find((own) => question.test(own.question))?.answer ?? '';

  it('blame the split, not the sum, where eight cards have the memory and the fullest has not', () => {
    expect(answer('llama-4-scout/q4-k-m/10m', /8 x H100/)).toMatch(
      /^No\. llama\.cpp splits whole layers, and the fullest of the eight would have to hold 1\d\d GB/,
    );
  });

  it('prefer a quant that the same card holds to one that takes less, and see where another takes as much', () => {
    expect(answer('qwen3-5-0-8b/q2-k/256k', /right quant/)).toMatch(
      /^No: the RTX 2060 \(6 GB\) holds Q8_0 \(4\.57 GB\), and IQ2_M takes less, 4\.11 GB to plan for, and loses as much/,
    );
    // Plan for follows the rule of thumb, which counts as many bits for both.
    expect(answer('mistral-small-3-2-24b/q5-k-s/32k', /right quant/)).toMatch(
      /^No: Q5_K_M keeps more bits and plans for 24\.1 GB too\./,
    );
  });

  it('promise no better answers of a larger model that is months older', () => {
    expect(answer('glm-4-5-air/q8-0/8k', /^Should I run/)).toMatch(
      / and is 6 months newer: compare their answers before you buy memory for GLM-4\.5 Air\.$/,
    );
    expect(answer('qwen3-32b/q4-k-m/8k', /^Should I run/)).toMatch(/ take Qwen3 32B where answers matter more/);
  });

  it('name every table that stays in RAM', () => {
    const ram = (path: string): string =>
      FAQ_RULES.find(({ name }) => name === 'ram-beside-vram')?.say(factsAt(path)) ?? '';
    expect(ram('gemma-3n-e2b/q4-k-m/8k')).toContain(
      'the embeddings per layer and a second copy of the token embedding (2.09 GB) stay in RAM',
    );
    expect(ram('qwen3-8-flash-next/q4-k-m/8k')).toContain('the token embedding and the n-gram table (35.6 GB) stay');
    expect(ram('qwen3-0-6b/q4-k-m/8k')).toContain('a second copy of the token embedding (128 MB) stays in RAM');
    expect(ram('llama-3-1-8b/q4-k-m/8k')).toMatch(/: the token embedding \(\d+ MB\) stays in RAM/);
  });
});

describe('the FAQ of a page', () => {
  it('has the questions of the model itself where they apply', () => {
    const own = catalog.byId.models.get('deepseek-v4-pro')?.faq?.[0]?.question ?? '';
    expect(own).not.toBe('');
    expect(faqOf(factsAt('deepseek-v4-pro/q4-k-m/1m')).map(({ question }) => question)).toContain(own);
    expect(faqOf(factsAt('deepseek-v4-pro/q5-k-m/64k')).map(({ question }) => question)).not.toContain(own);
  });

  it('asks four to eight different questions, each answered in full sentences', () => {
    for (const key of scenarioKeys(catalog).filter((_, index) => index % 97 === 0)) {
      const faq = faqOf(factsOf(catalog, computeScenario(catalog, key)));
      expect(faq.length).toBeGreaterThanOrEqual(4);
      expect(faq.length).toBeLessThanOrEqual(8);
      expect(new Set(faq.map(({ question }) => question)).size).toBe(faq.length);
      for (const { question, answer } of faq) {
        expect(question).toMatch(/\?$/);
        expect(answer).toMatch(/\.$/);
        expect(`${question} ${answer}`).not.toMatch(/undefined|NaN|Infinity| {2}/);
      }
    }
  });
});
