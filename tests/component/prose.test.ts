import { expect, it } from 'vitest';
import Cell from '../../src/components/prose/Cell.astro';
import HeadCell from '../../src/components/prose/HeadCell.astro';
import { renderComponent } from './render.ts';

it.each([
  ['text', 'text-align:right'],
  ['an object', { textAlign: 'right' }],
])('a cell turns the alignment that Markdown writes as %s into a class', async (_, style) => {
  const root = await renderComponent(Cell, { style }, '24 GB');
  expect(root.outerHTML.trim()).toBe('<td class="right">24 GB</td>');
});

it('a head cell heads its column', async () => {
  const root = await renderComponent(HeadCell, {}, 'Memory');
  expect(root.outerHTML.trim()).toBe('<th scope="col">Memory</th>');
});
