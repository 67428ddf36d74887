import { expect, test } from 'vitest';
import { referencesExist } from '../../../../src/catalog/rules/references-exist.ts';
import { drafts, family, model, quant, records } from '../made-up.ts';

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
