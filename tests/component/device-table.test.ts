import { describe, expect, it } from 'vitest';
import DeviceTable from '../../src/components/DeviceTable.astro';
import type { DeviceGroup, DeviceRow } from '../../src/scenarios/views.ts';
import { one, renderComponent, textOf } from './render.ts';

const row = (label: string, fit: DeviceRow['fit'], fitText: string, speed?: string): DeviceRow => ({
  device: { text: label, href: `/gpus/${label.toLowerCase().replaceAll(' ', '-')}/` },
  count: 1,
  label,
  fit,
  fitText,
  usable: '25.2 GB',
  headroom: '6.20 GB free',
  largestContext: '96K',
  ...(speed === undefined ? {} : { speed }),
  bar: { held: 730, overhead: 20, end: 960 },
});

const groups: readonly DeviceGroup[] = [
  {
    title: 'Consumer cards',
    rows: [row('RTX 4090', 'fits', 'fits', '28-43 tokens/s'), row('RX 7900 XT', 'tight', 'tight')],
  },
  { title: 'Unified memory', rows: [row('Mac mini M4 16GB', 'no', 'does not fit')] },
];

describe('DeviceTable', () => {
  it('says each verdict by a word and a sign of its own', async () => {
    const root = await renderComponent(DeviceTable, { caption: 'Devices', groups });
    const verdicts = root.querySelectorAll('.fit').map((fit) => [textOf(fit), one(fit, 'use').getAttribute('href')]);
    expect(verdicts).toEqual([
      ['fits', '#fits'],
      ['tight', '#tight'],
      ['does not fit', '#no'],
    ]);
  });

  it('heads every group and every row, and links the device', async () => {
    const root = await renderComponent(DeviceTable, { caption: 'Devices', groups });
    expect(root.querySelectorAll('th[scope=rowgroup]').map(textOf)).toEqual(['Consumer cards', 'Unified memory']);
    expect(root.querySelectorAll('th[scope=row] a').map((a) => a.getAttribute('href'))).toEqual([
      '/gpus/rtx-4090/',
      '/gpus/rx-7900-xt/',
      '/gpus/mac-mini-m4-16gb/',
    ]);
  });

  it('has as many cells in a row as columns, also without a known speed', async () => {
    const root = await renderComponent(DeviceTable, { caption: 'Devices', groups });
    const columns = root.querySelectorAll('thead th').length;
    for (const line of root.querySelectorAll('tbody tr').filter((tr) => tr.querySelector('td'))) {
      expect(line.querySelectorAll('th, td')).toHaveLength(columns);
    }
    const speeds = root.querySelectorAll('td[data-label=Speed]').map(textOf);
    expect(speeds).toEqual(['28-43 tokens/s', '–', '–']);
  });

  it('shows the signs of markup in a name or a verdict as text', async () => {
    const name = `<b> & "R&D" 'x'`;
    const rows = [{ ...row(name, 'fits', name), device: { text: name, href: '/gpus/x/' } }];
    const root = await renderComponent(DeviceTable, { caption: name, groups: [{ title: name, rows }] });
    expect([textOf(one(root, 'th a')), textOf(one(root, '.fit'))]).toEqual([name, name]);
    expect(root.querySelectorAll('b')).toHaveLength(0);
  });

  it('lays the scenario over the memory of the device, hidden from readers who have the cells', async () => {
    const held = [{ part: 'weights', start: 0, width: 1000 }] as const;
    const root = await renderComponent(DeviceTable, { caption: 'Devices', held, groups });
    expect(one(root, 'symbol#held rect.weights').getAttribute('width')).toBe('1000');
    const mini = one(root, 'svg.mini');
    expect(mini.getAttribute('aria-hidden')).toBe('true');
    expect(one(mini, 'use[href="#held"]').getAttribute('width')).toBe('73%');
    expect(one(mini, 'rect.overhead').getAttribute('x')).toBe('73%');
    expect(one(mini, 'line.tick').getAttribute('x1')).toBe('96%');
  });
});
