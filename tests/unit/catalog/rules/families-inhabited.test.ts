import { expect, test } from 'vitest';
import { familiesInhabited } from '../../../../src/catalog/rules/families-inhabited.ts';
import { drafts, family, model } from '../made-up.ts';

const families = [family({ id: 'small' }), family({ id: 'lonely' })];

test('a family without a model is a problem', () => {
  expect(familiesInhabited(drafts({ models: [model()], families })).map(({ file }) => file)).toEqual([
    'content/families/lonely.mdx',
  ]);
});

test('a misspelt family counts for the one that was meant, an unreadable one for any', () => {
  expect(familiesInhabited(drafts({ models: [model(), model({ family: 'lonley' })], families }))).toEqual([]);
  expect(familiesInhabited(drafts({ models: [{ id: 'tiny', body: '' }], families }))).toEqual([]);
});
