import { expect, test } from 'vitest';
import { placesDistinct } from '../../../../src/catalog/rules/places-distinct.ts';
import { drafts, model, quant } from '../made-up.ts';

test('one rank of two models and one place of two quants are problems', () => {
  const models = [
    model({ id: 'a', popularityRank: 1 }),
    model({ id: 'b', popularityRank: 2 }),
    model({ id: 'c', popularityRank: 1 }),
  ];
  const quants = [quant({ id: 'a', order: 3 }), quant({ id: 'b', order: 3 })];
  expect(placesDistinct(drafts({ models, quants })).map(({ file, found }) => `${file}: ${found}`)).toEqual([
    'content/models/c.mdx: 1, which content/models/a.mdx has too',
    'content/quants/b.mdx: 3, which content/quants/a.mdx has too',
  ]);
});

test('models without a rank do not share one', () => {
  expect(placesDistinct(drafts({ models: [model({ id: 'a' }), model({ id: 'b' })] }))).toEqual([]);
});
