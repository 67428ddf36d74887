import { expect, test } from 'vitest';
import { usableWithinSold } from '../../../../src/catalog/rules/usable-within-sold.ts';
import { drafts, gpu } from '../made-up.ts';

const GiB = 2 ** 30;

test.each([
  ['all of it', 24 * GiB, 24, undefined, 0],
  ['a byte more', 24 * GiB + 1, 24, undefined, 1],
  ['MiB for bytes', 24077, 24, undefined, 1],
  ['less than half', 11 * GiB, 24, undefined, 1],
  ['more than a capacity of its own', 140 * GiB, 141, 139, 1],
  ['within a capacity of its own', 139 * GiB, 141, 139, 0],
])('%s', (_, bytes, memoryGB, memoryGiB, count) => {
  const record = gpu({
    memoryGB,
    usable: { bytes, basis: 'log', source: 'page' },
    ...(memoryGiB === undefined ? {} : { memoryGiB }),
  });
  expect(usableWithinSold(drafts({ gpus: [record] }))).toHaveLength(count);
});

test('a device without a report has nothing to compare', () => {
  expect(usableWithinSold(drafts({ gpus: [gpu()] }))).toEqual([]);
});
