import { expect, test } from 'vitest';
import { referencesExist } from '../../../../src/catalog/rules/references-exist.ts';
import { drafts, family, measurement, model, quant, records } from '../made-up.ts';

test('references to records that exist are none', () => {
  expect(referencesExist(records())).toEqual([]);
});

test('each reference to nothing is a problem at its field', () => {
  const problems = referencesExist(
    drafts({
      models: [model({ family: 'smal' })],
      families: [family({ related: ['small', 'zzz'] })],
      quants: [quant()],
    }),
  );
  expect(problems.map(({ file, path, fix }) => [file, path.join('.'), fix])).toEqual([
    ['content/models/tiny.mdx', 'family', 'did you mean "small"?'],
    ['content/families/small.mdx', 'related.0', 'remove it'],
    ['content/families/small.mdx', 'related.1', expect.stringContaining('content/families/zzz.mdx')],
    ['content/quants/q4-k-m.mdx', 'engine', expect.stringContaining('content/engines/llama-cpp.mdx')],
  ]);
});

test('everything that a measured run names is a record', () => {
  const problems = referencesExist(drafts({ quants: [quant({ engine: 'none' })], measurements: [measurement()] }));
  expect(
    problems
      .filter(({ file }) => file === 'content/measurements/someone-rtx-4090.yaml')
      .map(({ path }) => path.join('.')),
  ).toEqual(['engine', 'memory.0.model', 'memory.0.gpu', 'speed.0.model', 'speed.0.gpu']);
});
