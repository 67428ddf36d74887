import { expect, test } from 'vitest';
import { measurementsEstimable } from '../../../../src/catalog/rules/measurements-estimable.ts';
import { drafts, measurement, model } from '../made-up.ts';

const run = { model: 'tiny', quant: 'q4-k-m', gpu: 'rtx-4090' };

test('runs within the context of a known model are none', () => {
  expect(measurementsEstimable(drafts({ models: [model()], measurements: [measurement()] }))).toEqual([]);
});

test('contexts and depths beyond the model are problems at their fields', () => {
  const measurements = [
    measurement({
      memory: [{ ...run, context: 65_536, MiB: { kvCache: 1 } }],
      speed: [
        { ...run, depth: 40_960, tokensPerSecond: 1 },
        { ...run, depth: 65_536, tokensPerSecond: 1 },
      ],
    }),
  ];
  const problems = measurementsEstimable(drafts({ models: [model()], measurements }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(['memory.0.context', 'speed.1.depth']);
});

test('a model that cannot be estimated has no measured runs', () => {
  const models = [model({ estimable: false, notEstimableBecause: 'Its config is not published.' })];
  const problems = measurementsEstimable(drafts({ models, measurements: [measurement()] }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(['memory.0.model', 'speed.0.model']);
});
