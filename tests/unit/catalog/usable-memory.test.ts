import { expect, test } from 'vitest';
import { hostRoomOf, usableMemoryOf } from '../../../src/catalog/usable-memory.ts';
import { gpu } from './made-up.ts';

const GiB = 2 ** 30;

test('a documented figure is taken as it is, with its source', () => {
  const usable = { bytes: 25246564352, basis: 'CUDA total', source: 'page' };
  expect(usableMemoryOf(gpu({ usable }))).toEqual({ ...usable, documented: true });
});

test.each([
  ['an NVIDIA card', gpu(), 0.965],
  ['an NVIDIA card with error correction', gpu({ class: 'datacenter', memoryType: 'GDDR6' }), 0.915],
  ['an NVIDIA card with HBM', gpu({ class: 'datacenter', memoryType: 'HBM3' }), 0.965],
  ['an AMD card', gpu({ vendor: 'AMD' }), 0.99],
  ['an Intel card', gpu({ vendor: 'Intel' }), 0.95],
  ['a PC with an AMD GPU in its memory', gpu({ vendor: 'AMD', class: 'unified', unifiedMemory: true }), 0.488],
  ['a PC with an NVIDIA GPU in its memory', gpu({ class: 'unified', unifiedMemory: true }), 0.82],
  ['a Mac of 8 GB', gpu({ vendor: 'Apple', class: 'apple', unifiedMemory: true, memoryGB: 8 }), 2 / 3],
  ['a Mac of 16 GB', gpu({ vendor: 'Apple', class: 'apple', unifiedMemory: true, memoryGB: 16 }), 0.74],
  ['a Mac of 512 GB', gpu({ vendor: 'Apple', class: 'apple', unifiedMemory: true, memoryGB: 512 }), 0.9],
])('%s without a report leaves a stated share', (_, record, share) => {
  const { bytes, documented, basis } = usableMemoryOf(record);
  expect(bytes).toBe(Math.floor(record.memoryGB * GiB * share));
  expect(documented).toBe(false);
  expect(basis).not.toBe('');
});

test('of what the limit of the GPU leaves, the system keeps half and at most 4 GiB', () => {
  expect(hostRoomOf(gpu({ memoryGB: 16 }), 12 * GiB)).toBe(2 * GiB);
  expect(hostRoomOf(gpu({ memoryGB: 16 }), 8 * GiB)).toBe(4 * GiB);
  expect(hostRoomOf(gpu({ memoryGB: 128 }), 96 * GiB)).toBe(28 * GiB);
});

test('the capacity in GiB counts where the label means something else', () => {
  expect(usableMemoryOf(gpu({ memoryGB: 141, memoryGiB: 140 })).bytes).toBe(Math.floor(140 * GiB * 0.965));
});
