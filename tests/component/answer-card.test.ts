import { expect, it } from 'vitest';
import AnswerCard from '../../src/components/AnswerCard.astro';
import { renderComponent, textOf } from './render.ts';

it('AnswerCard shows Plan for before Needs, both in GB and GiB, and each part with the colour of its segment', async () => {
  const root = await renderComponent(AnswerCard, {
    planFor: { bytes: 1012e9, gb: '1012 GB', gib: '942 GiB' },
    needs: { bytes: 963e9, gb: '963 GB', gib: '897 GiB' },
    parts: [
      {
        part: 'weights',
        label: 'Weights',
        detail: '1573B parameters',
        memory: { bytes: 951e9, gb: '951 GB', gib: '886 GiB' },
      },
      {
        part: 'kv-cache',
        label: 'KV cache',
        detail: '1M tokens',
        memory: { bytes: 10.4e9, gb: '10.4 GB', gib: '9.69 GiB' },
      },
    ],
    engine: 'llama.cpp v0.5.0',
  });
  expect(root.querySelectorAll('.totals dt, .totals dd').map(textOf)).toEqual([
    'Plan for',
    '1012 GB 942 GiB',
    'Needs',
    '963 GB 897 GiB',
  ]);
  expect(root.querySelectorAll('tbody :is(th, td)').map(textOf)).toEqual([
    'Weights 1573B parameters',
    '951 GB 886 GiB',
    'KV cache 1M tokens',
    '10.4 GB 9.69 GiB',
  ]);
  expect(root.querySelectorAll('tbody rect').map((rect) => rect.getAttribute('class'))).toEqual([
    'weights',
    'kv-cache',
  ]);
  expect(textOf(root.querySelector('caption'))).toBe('What llama.cpp v0.5.0 allocates');
});
