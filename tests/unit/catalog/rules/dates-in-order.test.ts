import { expect, test } from 'vitest';
import { datesInOrder } from '../../../../src/catalog/rules/dates-in-order.ts';
import { drafts, engine, gpu, model } from '../made-up.ts';

const updated = '2026-04-15';

test.each([
  ['2026-04-15', 0],
  ['2026-04', 0],
  ['2026-04-16', 1],
  ['2026-05', 1],
])('released %s in a record of 2026-04-15 has %i problems', (released, count) => {
  expect(datesInOrder(drafts({ models: [model({ released, updated })] }))).toHaveLength(count);
  expect(datesInOrder(drafts({ engines: [engine({ released, updated })] }))).toHaveLength(count);
  const launch = { date: released, source: 'page' };
  expect(datesInOrder(drafts({ gpus: [gpu({ launch, updated })] }))).toHaveLength(count);
});

test('an announced device may be launched later', () => {
  expect(
    datesInOrder(drafts({ gpus: [gpu({ launch: { date: '2027-01', source: 'page' }, released: false, updated })] })),
  ).toEqual([]);
});
