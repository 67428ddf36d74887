import { expect, it } from 'vitest';
import Related from '../../src/components/Related.astro';
import { renderComponent, textOf } from './render.ts';

it('Related shows every link with its figure and note, and leaves out what a link does not have', async () => {
  const root = await renderComponent(Related, {
    groups: [
      {
        title: 'Other contexts',
        links: [
          { text: '128K', href: '/models/m/q4-k-m/128k/', figure: '29.6 GB', note: 'one 32 GB card' },
          { text: 'All models', href: '/models/', figure: '' },
        ],
      },
    ],
  });
  expect(root.querySelectorAll('h3').map(textOf)).toEqual(['Other contexts']);
  expect(root.querySelectorAll('li').map(textOf)).toEqual(['128K 29.6 GB one 32 GB card', 'All models']);
  expect(root.querySelectorAll('li a').map((a) => a.getAttribute('href'))).toEqual([
    '/models/m/q4-k-m/128k/',
    '/models/',
  ]);
  expect(root.querySelectorAll('li span')).toHaveLength(1);
});
