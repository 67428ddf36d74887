import { expect, test } from 'vitest';
import { parametersAgree } from '../../../../src/catalog/rules/parameters-agree.ts';
import { denseArchitecture, drafts, model } from '../made-up.ts';

/** Qwen3-0.6B as published. */
const PUBLISHED = 596_049_920;

test.each([
  [PUBLISHED, undefined, undefined],
  [Math.floor(PUBLISHED * 1.0099), undefined, undefined],
  [Math.ceil(PUBLISHED * 1.0101), undefined, 'total'],
  [Math.floor(PUBLISHED * 0.9899), undefined, 'total'],
  [Math.ceil(PUBLISHED * 1.2), 'With a vision tower.', undefined],
  [PUBLISHED, 'With a vision tower.', 'parametersDiffer'],
])('%i parameters with the reason %s', (total, parametersDiffer, field) => {
  const reason = parametersDiffer === undefined ? {} : { parametersDiffer };
  const problems = parametersAgree(drafts({ models: [model({ parameters: { total, source: 'page' }, ...reason })] }));
  expect(problems.map(({ path }) => path.at(-1))).toEqual(field === undefined ? [] : [field]);
});

test('an architecture that cannot be counted is left to the rule about estimates', () => {
  const architecture = { ...denseArchitecture, className: 'MadeUpForCausalLM' };
  expect(parametersAgree(drafts({ models: [model({ architecture })] }))).toEqual([]);
});
