import { expect, test } from 'vitest';
import { sourcesUsed } from '../../../../src/catalog/rules/sources-used.ts';
import { drafts, family, gpu, model } from '../made-up.ts';

const page = { title: 'A page', url: 'https://example.com/page' };

test('a source that nothing names is a problem at its key', () => {
  const problems = sourcesUsed(drafts({ models: [model({ sources: { page, spare: page } })] }));
  expect(problems.map(({ file, path, at }) => `${file} ${path.join('.')} ${at}`)).toEqual([
    'content/models/tiny.mdx sources.spare key',
  ]);
});

test('a source of the prose is used, and so is one of a nested figure', () => {
  expect(sourcesUsed(drafts({ models: [model({ sources: { page, prose: page }, proseSources: ['prose'] })] }))).toEqual(
    [],
  );
  expect(
    sourcesUsed(drafts({ gpus: [gpu({ sources: { page, shop: page }, launch: { priceUsd: 1, source: 'shop' } })] })),
  ).toEqual([]);
});

test('families rest on prose, so theirs need no naming', () => {
  expect(sourcesUsed(drafts({ families: [family()] }))).toEqual([]);
});
