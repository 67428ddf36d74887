import { expect, it } from 'vitest';
import Cell from '../../src/components/prose/Cell.astro';
import { contentOf } from '../../src/components/prose/content.ts';
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

it('text keeps amounts with their units and quotes as typed; code and ids stay as they are', async () => {
  const root = await renderComponent(contentOf("## What 24 GB hold\n\n*It's 4.32 GB*: `-c 8 x`", 'text'), {});
  expect(root.toString().trim().replaceAll('&#39;', "'")).toBe(
    '<h2 id="what-24-gb-hold">What 24\u00a0GB hold</h2>\n<p><em>It\'s 4.32\u00a0GB</em>: <code>-c 8 x</code></p>',
  );
});
