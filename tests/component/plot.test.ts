import { describe, expect, it } from 'vitest';
import PlotComponent from '../../src/components/Plot.astro';
import type { Plot } from '../../src/scenarios/views.ts';
import { one, renderComponent, textOf } from './render.ts';

const plot: Plot = {
  title: 'Memory against context',
  description: 'It rises from 10 to 20 GB.',
  series: [
    {
      label: 'Q4_K_M',
      points: [
        [0, 250],
        [1000, 500],
      ],
    },
  ],
  xTicks: [{ at: 0, label: '8K' }],
  yTicks: [{ at: 250, label: '10 GB' }],
  lines: [{ at: 600, label: '24 GB' }],
};

describe('Plot', () => {
  it('draws upward: more memory is higher', async () => {
    const root = await renderComponent(PlotComponent, { plot });
    expect(one(root, 'path').getAttribute('d')).toBe('M0 750L1000 500');
    expect(one(root, '.device').getAttribute('y1')).toBe('40%');
    expect(one(root, '.axis').getAttribute('y1')).toBe('75%');
  });

  it('draws points by themselves as dots', async () => {
    const [series] = plot.series;
    const dotted = {
      ...plot,
      series: [
        {
          ...series,
          label: 'runs',
          dots: true,
          points: [
            [0, 250],
            [1000, 500],
          ] as const,
        },
      ],
    };
    const root = await renderComponent(PlotComponent, { plot: dotted });
    expect(one(root, 'path').getAttribute('d')).toBe('M0 750h0M1000 500h0');
  });

  it('says in words what it shows and names its lines', async () => {
    const root = await renderComponent(PlotComponent, { plot });
    expect(one(root, '[role=img]').getAttribute('aria-label')).toContain('It rises from 10 to 20 GB.');
    expect(root.querySelectorAll('.legend li').map(textOf)).toEqual(['Q4_K_M']);
  });

  it('leaves out on a phone what a long last label of the axis would touch', async () => {
    const xTicks = ['4K', '64K', '256K', '512K', '1,010,000'].map((label, index) => ({ at: index * 250, label }));
    const narrowOf = async (ticks: Plot['xTicks']): Promise<string[]> => {
      const root = await renderComponent(PlotComponent, { plot: { ...plot, xTicks: ticks } });
      return root.querySelectorAll('text.between').map(textOf);
    };
    expect(await narrowOf(xTicks)).toEqual(['512K']);
    expect(await narrowOf(xTicks.slice(0, 4))).toEqual([]);
  });

  it('puts labels on their side of a point, and none over a point', async () => {
    const marks = [
      { x: 500, y: 500, label: 'Q4_K_M' },
      { x: 960, y: 100, label: 'Q8_0', side: 'left', below: true } as const,
    ];
    const root = await renderComponent(PlotComponent, { plot: { ...plot, series: [], marks } });
    const labels = root.querySelectorAll('text').filter((text) => /^Q/.test(textOf(text)));
    expect(labels.map((text) => ['class', 'dx', 'dy'].map((name) => text.getAttribute(name)))).toEqual([
      ['start', '8', '-8'],
      ['end', '-8', '18'],
    ]);
    const order = root.querySelectorAll('text, circle').map((element) => element.rawTagName);
    expect(order.lastIndexOf('text', order.indexOf('circle'))).toBe(order.indexOf('circle') - 1);
    expect(order.slice(order.indexOf('circle'), order.lastIndexOf('circle') + 1)).toEqual(['circle', 'circle']);
  });
});
