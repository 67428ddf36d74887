import { expect, test } from 'vitest';
import { activeWithinTotal } from '../../../../src/catalog/rules/active-within-total.ts';
import { denseArchitecture, drafts, model } from '../made-up.ts';

const experts = { count: 8, used: 2, intermediateSize: 64, shared: 0, leadingDenseLayers: 0 };
const sparse = { ...denseArchitecture, feedForward: { experts } };

test.each([
  ['dense, none active', undefined, denseArchitecture, undefined],
  ['dense, some active', 5, denseArchitecture, '5, on a model without experts'],
  ['experts, some active', 5, sparse, undefined],
  ['experts, all active', 10, sparse, undefined],
  ['experts, none active', undefined, sparse, 'nothing, on a model with experts'],
  ['experts, more active than there are', 11, sparse, '11, more than the total of 10'],
])('%s', (_, active, architecture, found) => {
  const parameters = { total: 10, source: 'page', ...(active === undefined ? {} : { active }) };
  const problems = activeWithinTotal(drafts({ models: [model({ parameters, architecture })] }));
  expect(problems.map((problem) => problem.found)).toEqual(found === undefined ? [] : [found]);
});

test('a model whose architecture is not there is judged by its numbers alone', () => {
  const { architecture, ...announced } = model({ parameters: { total: 10, active: 5, source: 'page' } });
  expect(activeWithinTotal(drafts({ models: [announced] }))).toEqual([]);
});
