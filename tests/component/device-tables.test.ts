import { expect, it } from 'vitest';
import DeviceTables from '../../src/components/DeviceTables.astro';
import type { DeviceGroup, DeviceRow } from '../../src/scenarios/views.ts';
import { one, renderComponent, textOf } from './render.ts';

const row = (label: string, fit: DeviceRow['fit']): DeviceRow => ({
  device: { text: label, href: '/gpus/x/' },
  count: 1,
  label,
  fit,
  fitText: fit === 'no' ? 'does not fit' : fit,
  usable: '12.0 GB',
  headroom: '1.00 GB',
  largestContext: '8K',
  bar: { held: 500, overhead: 20 },
});

const groups: readonly DeviceGroup[] = [
  { title: 'Desktop cards', note: '0 of 1 fit', rows: [row('RTX 3060 12GB', 'no')] },
  { title: 'Datacenter GPUs', note: '1 of 1 fit', rows: [row('L40S', 'tight')] },
  { title: 'Macs', note: '1 of 1 fit', rows: [row('M4 Max 64GB', 'fits')] },
];

it('DeviceTables unfolds the first group with a device that fits, and says of every group how many do', async () => {
  const root = await renderComponent(DeviceTables, { held: [], groups });
  const folds = root.querySelectorAll('details');
  expect(folds.map((fold) => fold.hasAttribute('open'))).toEqual([false, true, false]);
  expect(folds.map((fold) => textOf(one(fold, 'summary')))).toEqual([
    'Desktop cards 0 of 1 fit',
    'Datacenter GPUs 1 of 1 fit',
    'Macs 1 of 1 fit',
  ]);
});

it('DeviceTables keeps every device in the page and names each table', async () => {
  const root = await renderComponent(DeviceTables, { held: [], groups });
  expect(root.querySelectorAll('th[scope=row] a').map(textOf)).toEqual(['RTX 3060 12GB', 'L40S', 'M4 Max 64GB']);
  expect(root.querySelectorAll('caption').map(textOf)).toEqual(['Desktop cards', 'Datacenter GPUs', 'Macs']);
  expect(textOf(one(root, 'label'))).toBe('Show devices that do not fit too');
});
