import { describe, expect, it } from 'vitest';
import MemoryBarComponent from '../../src/components/MemoryBar.astro';
import type { MemoryBar } from '../../src/scenarios/views.ts';
import { one, renderComponent, textOf } from './render.ts';

const bar: MemoryBar = {
  description: 'Weights 16 GB and KV cache 4 GB on a scale of 40 GB',
  segments: [
    { part: 'weights', label: 'Weights', amount: '16.0 GB', start: 0, width: 500 },
    { part: 'kv-cache', label: 'KV cache', amount: '4.00 GB', start: 500, width: 105 },
  ],
  ticks: [
    { at: 0, label: '0' },
    { at: 605, label: '24 GB' },
    { at: 1000, label: '40 GB' },
  ],
};

describe('MemoryBar', () => {
  it('draws every segment where and as wide as the view says', async () => {
    const root = await renderComponent(MemoryBarComponent, { bar });
    const plot = one(root, '.bar-plot');
    const weights = one(plot, 'rect.weights');
    expect([weights.getAttribute('x'), weights.getAttribute('width')]).toEqual(['0%', '50%']);
    const cache = one(plot, 'rect.kv-cache');
    expect([cache.getAttribute('x'), cache.getAttribute('width')]).toEqual(['50%', '10.5%']);
  });

  it('says the whole bar in words and names every part with its amount', async () => {
    const root = await renderComponent(MemoryBarComponent, { bar });
    expect(one(root, '.bar-plot').getAttribute('role')).toBe('img');
    expect(one(root, '.bar-plot').getAttribute('aria-label')).toBe(bar.description);
    expect(root.querySelectorAll('.legend li').map(textOf)).toEqual(['Weights 16.0 GB', 'KV cache 4.00 GB']);
  });

  it('leaves the legend out on request', async () => {
    const root = await renderComponent(MemoryBarComponent, { bar, legend: false });
    expect(root.querySelector('.legend')).toBeNull();
  });

  it('labels the ticks, and keeps the labels at both ends inside the bar', async () => {
    const root = await renderComponent(MemoryBarComponent, { bar });
    const labels = root.querySelectorAll('.bar-plot text').filter((text) => !text.classList.contains('inside'));
    expect(labels.map((label) => [textOf(label), label.getAttribute('x'), label.getAttribute('class')])).toEqual([
      ['0', '0%', 'start'],
      ['24 GB', '60.5%', undefined],
      ['40 GB', '100%', 'end'],
    ]);
  });

  it('writes an amount into a segment only where it has room', async () => {
    const root = await renderComponent(MemoryBarComponent, { bar });
    expect(root.querySelectorAll('.inside').map(textOf)).toEqual(['Weights 16.0 GB']);
  });

  it('shows the signs of markup in a label as text', async () => {
    const segments = [{ part: 'weights', label: '<b> & "x"', amount: '1 GB', start: 0, width: 1000 }];
    const ticks = [{ at: 500, label: '<b>' }];
    const root = await renderComponent(MemoryBarComponent, { bar: { ...bar, segments, ticks } });
    expect(root.querySelectorAll('.bar-plot text').map(textOf)).toEqual(['<b>', '<b> & "x" 1 GB']);
  });

  it('carries no style attribute, which the content security policy would block', async () => {
    const root = await renderComponent(MemoryBarComponent, { bar });
    expect(root.outerHTML).not.toContain('style=');
  });
});
