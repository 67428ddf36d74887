import { describe, expect, it } from 'vitest';
import GridComponent from '../../src/components/Grid.astro';
import type { Grid } from '../../src/scenarios/views.ts';
import { one, renderComponent, textOf } from './render.ts';

const grid: Grid = {
  caption: 'Plan for, in GB',
  corner: 'Quant',
  columns: ['8K', '32K'],
  rows: [
    {
      head: { text: 'Q4_K_M', href: '/models/m/q4-k-m/' },
      note: '4.84 bits',
      cells: [
        { text: '17.5', href: '/models/m/q4-k-m/8k/', fit: 'fits' },
        { text: '20.3', href: '/models/m/q4-k-m/32k/', note: '32 GB card' },
      ],
    },
    { head: { text: 'BF16', href: '/models/m/bf16/' }, cells: [{ text: '58.0', href: '' }, null] },
  ],
};

describe('Grid', () => {
  it('links every cell that has an address, and only those', async () => {
    const root = await renderComponent(GridComponent, { grid, id: 'g' });
    expect(root.querySelectorAll('td a').map((a) => [textOf(a), a.getAttribute('href')])).toEqual([
      ['17.5', '/models/m/q4-k-m/8k/'],
      ['20.3', '/models/m/q4-k-m/32k/'],
    ]);
    expect(root.querySelectorAll('td').map(textOf)).toEqual(['fits 17.5', '20.3 32 GB card', '58.0', '–']);
  });

  it('says the word of a verdict once where the cell has no other', async () => {
    const held: Grid = {
      ...grid,
      rows: [{ head: { text: 'RTX 3060', href: '' }, cells: [{ text: 'does not fit', href: '', fit: 'no' }] }],
    };
    const cell = one(await renderComponent(GridComponent, { grid: held, id: 'g' }), 'td');
    expect(textOf(cell)).toBe('does not fit');
    expect(one(cell, '.fit.no svg')).toBeTruthy();
  });

  it('heads a row in plain text where it has no address', async () => {
    const rows = [{ head: { text: 'FP8', href: '' }, cells: [null, null] }];
    const root = await renderComponent(GridComponent, { grid: { ...grid, rows }, id: 'g' });
    expect(textOf(one(root, 'th[scope=row]'))).toBe('FP8');
    expect(root.querySelectorAll('th a')).toHaveLength(0);
  });

  it('shows the signs of markup in a cell as text', async () => {
    const name = `<b> & "R&D" 'x'`;
    const cells = [
      { text: name, href: '/a?b=1&c="2"', note: name },
      { text: name, href: '' },
    ];
    const root = await renderComponent(GridComponent, {
      grid: { ...grid, rows: [{ head: cells[1], cells }] },
      id: 'g',
    });
    expect(root.querySelectorAll('td').map(textOf)).toEqual([`${name} ${name}`, name]);
    expect(one(root, 'td a').getAttribute('href')).toBe('/a?b=1&c="2"');
    expect(root.querySelectorAll('b')).toHaveLength(0);
  });

  it('heads columns and rows', async () => {
    const root = await renderComponent(GridComponent, { grid, id: 'g' });
    expect(root.querySelectorAll('th[scope=col]').map(textOf)).toEqual(['Quant', '8K', '32K']);
    expect(root.querySelectorAll('th[scope=row]').map(textOf)).toEqual(['Q4_K_M 4.84 bits', 'BF16']);
  });

  it('scrolls in a box that the keyboard reaches and that is named by its caption', async () => {
    const root = await renderComponent(GridComponent, { grid, id: 'g' });
    const box = one(root, '.scroll');
    expect(box.getAttribute('tabindex')).toBe('0');
    expect(box.rawTagName).toBe('figure');
    expect(textOf(one(root, `#${box.getAttribute('aria-labelledby')}`))).toBe('Plan for, in GB');
  });

  it('offers its memory sizes and says of each cell the smallest that holds it', async () => {
    const rows = [
      {
        head: { text: 'Q8_0', href: '' },
        cells: [
          { text: '9.1', href: '/a/', size: 1 },
          { text: '99', href: '/b/' },
        ],
      },
    ];
    const sizes = { labels: ['8 GB', '12 GB'], chosen: 1 };
    const root = await renderComponent(GridComponent, { grid: { ...grid, rows, sizes }, id: 'g' });
    expect(textOf(one(root, 'legend'))).toBe('Mark what fits in');
    const radios = root.querySelectorAll('input[type=radio]');
    expect(radios.map((radio) => [radio.getAttribute('value'), radio.hasAttribute('checked')])).toEqual([
      ['0', false],
      ['1', true],
    ]);
    expect(new Set(radios.map((radio) => radio.getAttribute('name')))).toEqual(new Set(['g']));
    expect(root.querySelectorAll('td').map((cell) => cell.getAttribute('class'))).toEqual(['m1', undefined]);
  });

  describe('on a phone', () => {
    const cells = [{ text: '17.5', href: '' }, { text: '28-43 tokens/s', href: '' }, null];
    const sentence = { text: 'RTX 4090: with 6.20 GB to spare.', href: '' };
    const longer = { text: `${sentence.text}.`, href: '' };
    const shown = async (own: Grid['rows'][number]['cells'], list = false) => {
      const rows = [{ head: { text: 'Q8_0', href: '' }, cells: own }];
      const columns = ['Memory', 'Speed & more', 'Card'];
      const root = await renderComponent(GridComponent, { grid: { ...grid, columns, rows }, id: 'g', list });
      return {
        table: one(root, 'table').classNames,
        cells: root.querySelectorAll('td').map((cell) => [cell.classNames, cell.getAttribute('data-label')]),
      };
    };

    it('keeps its columns where every cell is short, and marks cells too wide for one line', async () => {
      expect(await shown(cells)).toEqual({
        table: 'grid c3',
        cells: [
          ['', undefined],
          ['wide', undefined],
          ['', undefined],
        ],
      });
      expect((await shown([sentence, ...cells.slice(1)])).table).toBe('grid c3');
    });

    it('stands as a list with a sentence in a column: only cells that are short and not empty need a label', async () => {
      expect(await shown([longer, ...cells.slice(1)])).toEqual({
        table: 'grid list',
        cells: [
          ['words', undefined],
          ['wide', 'Speed & more'],
          ['none', undefined],
        ],
      });
      const note = { text: '17.5', href: '', note: longer.text };
      expect((await shown([note, ...cells.slice(1)])).cells[0]).toEqual(['words', undefined]);
    });

    it('stands as a list where it is told to', async () => {
      expect(await shown(cells, true)).toEqual({
        table: 'grid list',
        cells: [
          ['', 'Memory'],
          ['wide', 'Speed & more'],
          ['none', undefined],
        ],
      });
    });
  });

  it('keeps its caption for readers who do not see the heading that says the same', async () => {
    const root = await renderComponent(GridComponent, { grid, id: 'g', named: true });
    expect(one(root, 'caption').classList.contains('hidden')).toBe(true);
    expect(textOf(one(root, '#g'))).toBe('Plan for, in GB');
  });
});
