import { expect, test } from 'vitest';
import { measuredContexts } from '../../../../src/catalog/rules/measured-contexts.ts';
import { drafts, measurement, model } from '../made-up.ts';

const run = { model: 'tiny', quant: 'q4-k-m', gpu: 'rtx-4090' };

test('runs within the context of a known model are none', () => {
  expect(measuredContexts(drafts({ models: [model()], measurements: [measurement()] }))).toEqual([]);
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
  const problems = measuredContexts(drafts({ models: [model()], measurements }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(['memory.0.context', 'speed.1.depth']);
});

test('runs of a model without an estimate are kept, not compared', () => {
  const models = [model({ estimable: false, notEstimableBecause: 'Its config is not published.' })];
  expect(measuredContexts(drafts({ models, measurements: [measurement()] }))).toEqual([]);
});
