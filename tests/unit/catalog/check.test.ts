import { expect, test } from 'vitest';
import { checkRecords, type RawRecord } from '../../../src/catalog/check.ts';
import { KINDS } from '../../../src/catalog/record.ts';
import { records } from './made-up.ts';

const RAW: readonly RawRecord[] = KINDS.flatMap((kind) =>
  records()[kind].map(({ id, body, ...data }) => ({ kind, id, body, data })),
);

/** RAW with `changes` in the data of the record of a kind. */
function changed(kind: string, changes: object): RawRecord[] {
  return RAW.map((record) =>
    record.kind === kind ? { ...record, data: { ...(record.data as object), ...changes } } : record,
  );
}

test('valid records come back with their ids', () => {
  const { problems, records: checked } = checkRecords(RAW);
  expect(problems).toEqual([]);
  expect(checked?.models[0]).toMatchObject({ id: 'tiny', name: 'Tiny' });
});

test('a record that breaks its schema is still held against the rules in its other fields', () => {
  const { problems, records: checked } = checkRecords(changed('models', { colour: 'red', name: 4, family: 'nowhere' }));
  expect(checked).toBeUndefined();
  expect(problems.map(({ path }) => path.join('.')).sort()).toEqual(['', 'colour', 'family', 'name']);
});

test('a field that cannot be read is not said to be missing', () => {
  const { problems } = checkRecords(changed('models', { architecture: { layers: 'many' }, parameters: 'many' }));
  expect(problems.every(({ path }) => path[0] === 'architecture' || path[0] === 'parameters')).toBe(true);
  expect(problems.filter(({ path }) => path.length === 1 && path[0] === 'architecture')).toEqual([]);
});

test('a record whose front matter cannot be read counts as there', () => {
  const { problems, records: checked } = checkRecords(
    RAW.map((record) => (record.kind === 'families' ? { ...record, data: undefined } : record)),
  );
  expect(problems).toEqual([]);
  expect(checked).toBeUndefined();
});
