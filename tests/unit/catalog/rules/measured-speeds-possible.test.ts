import { expect, test } from 'vitest';
import { measuredSpeedsPossible } from '../../../../src/catalog/rules/measured-speeds-possible.ts';
import { denseArchitecture, drafts, measurement, model, quant, records } from '../made-up.ts';

/** Qwen3-0.6B at Q4_K_M reads about 0.39 GB a token: 1008 GB/s allow some 2,600 tokens per second. */
function problemsAt(tokensPerSecond: number, changes: object = {}) {
  const run = { model: 'tiny', quant: 'q4-k-m', gpu: 'rtx-4090', tokensPerSecond, ...changes };
  return measuredSpeedsPossible({ ...records(), measurements: [measurement({ speed: [run] })] });
}

test('a speed that the bandwidth allows is none', () => {
  expect(problemsAt(400)).toEqual([]);
});

test('a speed above the bandwidth is a problem at its field', () => {
  const problems = problemsAt(4000);
  expect(problems.map(({ path }) => path)).toEqual([['speed', 0, 'tokensPerSecond']]);
  expect(problems[0]?.found).toContain('4000 tokens/s');
});

test('what the bandwidth does not bound is let pass', () => {
  expect(problemsAt(4000, { devices: 2 })).toEqual([]);
  expect(problemsAt(4000, { recipe: 'UD-Q1' })).toEqual([]);
  expect(problemsAt(4000, { gpuLayers: 3 })).toEqual([]);
  expect(measuredSpeedsPossible(drafts({ measurements: [measurement()] }))).toEqual([]);
});

test('an architecture that the estimator does not know is left to the rule about estimates', () => {
  const models = [model({ architecture: { ...denseArchitecture, className: 'MadeUpForCausalLM' } })];
  expect(measuredSpeedsPossible({ ...records(), models, measurements: [measurement()] })).toEqual([]);
});

test('a scheme that the estimator does not know is left to the rule about schemes', () => {
  const quants = [quant({ scheme: 'Q4_M_K' })];
  expect(measuredSpeedsPossible({ ...records(), quants, measurements: [measurement()] })).toEqual([]);
});

test('a run of an engine that reads other files is let pass', () => {
  const quants = [quant({ engine: 'vllm', id: 'awq', scheme: 'AWQ' })];
  const run = { model: 'tiny', quant: 'awq', gpu: 'rtx-4090', tokensPerSecond: 4000 };
  const measurements = [measurement({ engine: 'vllm', speed: [run] })];
  expect(measuredSpeedsPossible({ ...records(), quants, measurements })).toEqual([]);
});
