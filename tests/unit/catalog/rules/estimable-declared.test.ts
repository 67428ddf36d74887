import { expect, test } from 'vitest';
import type { Draft } from '../../../../src/catalog/kinds.ts';
import type { ModelRecord } from '../../../../src/catalog/model.schema.ts';
import { estimableDeclared } from '../../../../src/catalog/rules/estimable-declared.ts';
import { denseArchitecture, drafts, model } from '../made-up.ts';

const unknown = { ...denseArchitecture, className: 'MadeUpForCausalLM' };
const { architecture, architectureSource, ...bare } = model();
const exception = { estimable: false, notEstimableBecause: 'Only announced.' };

test.each<[string, Draft<ModelRecord>, string | undefined]>([
  ['a known architecture', model(), undefined],
  ['an exception without architecture', { ...bare, ...exception }, undefined],
  ['an exception for an unknown architecture', model({ ...exception, architecture: unknown }), undefined],
  ['an unknown architecture', model({ architecture: unknown }), 'architecture'],
  ['no architecture', bare, 'architecture'],
  ['an architecture without source', { ...bare, architecture: denseArchitecture }, 'architectureSource'],
  ['an exception without reason', { ...bare, estimable: false }, 'notEstimableBecause'],
  ['a reason without exception', model({ notEstimableBecause: 'Why not.' }), 'notEstimableBecause'],
  ['an exception for a known architecture', model(exception), 'estimable'],
  ['no architecture that could be read', { ...bare, unread: ['architecture', 'architectureSource'] }, undefined],
  ['no file that could be read', { id: 'tiny', body: '', unread: 'all' }, undefined],
])('%s', (_, record, field) => {
  const problems = estimableDeclared(drafts({ models: [record] }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(field === undefined ? [] : [field]);
});
