import { describe, expect, it } from 'vitest';
import { calculationSteps, kvTerms } from '../../../src/scenarios/calculation.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp } from '../../../src/vram/index.ts';
import { catalog, keyOf } from './catalog.ts';

/** Evaluates "18 layers x 2 x 8 heads x 64 x 2 bytes x 131,072 + ..." by leaving out the words. */
function evaluate(formula: string): number {
  return formula.split(/ \+ (?![^(]*\))/).reduce((sum, term) => {
    const arithmetic = term
      .replace(/,/g, '')
      .replace(/[a-zA-Z]{2,}/g, ' ')
      .replace(/ x /g, ' * ');
    const factors = arithmetic.split('*').map((factor) => factor.replace(/\s+/g, ' ').trim());
    return sum + factors.reduce((product, factor) => product * sumOf(factor), 1);
  }, 0);
}

/** "(512 + 128)" or "64". */
function sumOf(factor: string): number {
  const numbers = factor.match(/\d+/g)?.map(Number) ?? [1];
  return numbers.reduce((sum, number) => sum + number, 0);
}

describe('how this is calculated', () => {
  it.each(catalog.estimableModels.map(({ id }) => id))('%s: the terms are the cache that llama.cpp allocates', (id) => {
    const model = catalog.byId.models.get(id);
    if (!model?.architecture) throw new Error(id);
    for (const context of [4096, 131_072]) {
      const { kvCache } = estimateLlamaCpp(model.architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, context }).device;
      const terms = kvTerms(model.architecture, context).reduce((sum, { bytes }) => sum + bytes, 0);
      // Tensors are aligned to 128 bytes each.
      expect(Math.abs(terms - kvCache)).toBeLessThanOrEqual(128 * 4 * model.architecture.layers);
    }
  });

  it.each(['llama-3-1-8b', 'deepseek-v3-1', 'gemma-3-27b', 'gpt-oss-120b', 'qwen3-6-27b'])(
    '%s: the formula as printed gives the printed bytes',
    (id) => {
      const model = catalog.byId.models.get(id);
      if (!model?.architecture) throw new Error(id);
      for (const { formula, bytes } of kvTerms(model.architecture, 32_768)) expect(evaluate(formula)).toBe(bytes);
    },
  );

  it('subtracts from the file what the GPU does not get', () => {
    const weights = (path: string): string =>
      calculationSteps(computeScenario(catalog, keyOf(path))).find(({ term }) => term === 'Weights on the GPU')
        ?.formula ?? '';
    expect(weights('qwen3-0-6b/q4-k-m/8k')).toMatch(/^the whole file: .* a second copy of it \(128 MB\)$/);
    // 3.30 GB in the file, 1.65 GB on the GPU, 2.09 GB in RAM: the token embedding, 438 MB, is on both sides.
    expect(weights('gemma-3n-e2b/q4-k-m/8k')).toMatch(
      /^3\.30 GB less the embeddings per layer, which stay in RAM \(1\.65 GB\): .* a second copy of it \(4\d\d MB\)$/,
    );
    expect(weights('qwen3-8-flash-next/q4-k-m/8k')).toContain(
      'the token embedding and the n-gram table, which stay in RAM',
    );
    expect(weights('llama-3-1-8b/q4-k-m/8k')).toContain('less the token embedding, which stays in RAM');
  });

  it('links the sources of its inputs', () => {
    const steps = calculationSteps(computeScenario(catalog, keyOf('deepseek-v4-pro/q4-k-m/1m')));
    expect(steps.find(({ term }) => term === 'KV cache')?.source?.href).toMatch(
      /^https:\/\/github\.com\/ai-dynamo\/aiconfigurator\//,
    );
    expect(steps.map(({ term }) => term)).toEqual([
      'Model file',
      'Weights on the GPU',
      'KV cache',
      'Compute buffer',
      'Needs',
      'Plan for',
    ]);
  });

  it('has a line for a recurrent state where there is one', () => {
    const steps = calculationSteps(computeScenario(catalog, keyOf('qwen3-6-27b/q4-k-m/32k')));
    // 48 layers x (48 x 128 x 128 + 3 x 10,240) numbers: 149.62 MiB in a log of this model.
    expect(steps.find(({ term }) => term === 'Recurrent state')).toMatchObject({
      formula: '48 layers x 817,152 numbers x 4 bytes, whatever the context',
      result: '157 MB',
    });
  });
});
