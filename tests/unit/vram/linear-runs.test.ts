import { describe, expect, it, test } from 'vitest';
import { DEFAULT_SETTINGS, estimateLlamaCpp } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

/** The same model as a new object, about which nothing is known yet. */
const fresh = (id: string) => {
  const architecture = catalog.byId.models.get(id)?.architecture;
  if (!architecture) throw new RangeError(`no estimable model ${id}`);
  return structuredClone(architecture);
};

describe('compute buffers between contexts that were walked', () => {
  it.each([
    ['qwen3-8b', 1],
    ['gemma-3-27b', 2],
    ['deepseek-v3-2', 1],
    ['gpt-oss-20b', 3],
    ['qwen3-5-27b', 1],
  ])('%s on %i devices: what a walk of the context itself finds', (id, devices) => {
    const known = fresh(id);
    const estimate = (architecture: typeof known, context: number) =>
      estimateLlamaCpp(architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, context, devices });
    for (const context of [4096, 131_072, 8192, 65_536, 32_768]) estimate(known, context);
    for (const context of [9_216, 20_736, 41_472, 70_000, 99_328, 130_816]) {
      expect(estimate(known, context), `${context} tokens`).toEqual(estimate(fresh(id), context));
    }
  });
});

test('what was learned of a range is forgotten together with the plans made from it', () => {
  const known = fresh('qwen3-8b');
  const estimate = (architecture: typeof known, context: number, outputs: number) =>
    estimateLlamaCpp(architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, context, outputs });
  // Two ranges for each setting: they are forgotten sooner than the settings.
  for (let outputs = 1; outputs <= 129; outputs++)
    for (const context of [32_768, 1_500_000]) estimate(known, context, outputs);
  expect(estimate(known, 65_536, 1)).toEqual(estimate(fresh('qwen3-8b'), 65_536, 1));
});
