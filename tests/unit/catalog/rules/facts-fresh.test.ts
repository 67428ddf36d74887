import { expect, test } from 'vitest';
import { factsFresh } from '../../../../src/catalog/rules/facts-fresh.ts';
import { drafts, family, guide, model } from '../made-up.ts';

test('a record a year older than the newest is a warning, one of exactly a year is none', () => {
  const problems = factsFresh(
    drafts({
      models: [model({ updated: '2026-11-25' })],
      families: [family({ id: 'year-old', updated: '2025-11-25' }), family({ id: 'stale', updated: '2025-11-24' })],
      guides: [guide({ reviewed: '2024-01-01' })],
    }),
  );
  expect(problems.map(({ level, file, path }) => `${level} ${file} ${path.join('.')}`)).toEqual([
    'warning content/families/stale.mdx updated',
    'warning content/guides/method.mdx reviewed',
  ]);
});
