import { expect, test } from 'vitest';
import { contextLengths } from '../../../../src/catalog/rules/context-lengths.ts';
import { drafts, model } from '../made-up.ts';

test.each([
  [{ native: 32768 }, []],
  [{ native: 32768, extended: 131072, extendedBy: 'YaRN', extendedSource: 'page' }, []],
  [{ native: 128 }, ['native']],
  [{ native: 128_000_000 }, ['native']],
  [{ native: 32768, extended: 32768 }, ['extended']],
  [{ native: 32768, extendedBy: 'YaRN' }, ['extendedBy']],
  [{ native: 32768, extendedSource: 'page' }, ['extendedSource']],
])('%j has problems in %j', (context, fields) => {
  const problems = contextLengths(drafts({ models: [model({ context: { ...context, source: 'page' } })] }));
  expect(problems.map(({ path }) => path[1])).toEqual(fields);
});
