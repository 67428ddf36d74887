import { expect, test } from 'vitest';
import { sourcesPublishable } from '../../../../src/catalog/rules/sources-publishable.ts';
import { drafts, gpu } from '../made-up.ts';

test.each([
  [{ title: 'Unlocated public log', url: 'https://example.com' }, 'title'],
  [{ title: 'Data sheet', url: 'https://example.com', what: 'from general knowledge' }, 'what'],
  [{ title: 'Data sheet', url: 'https://example.com', what: 'page 3' }, undefined],
])('%j', (source, field) => {
  const problems = sourcesPublishable(drafts({ gpus: [gpu({ sources: { page: source } })] }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(field === undefined ? [] : [`sources.page.${field}`]);
});
