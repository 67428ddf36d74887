import { expect, it } from 'vitest';
import Faq from '../../src/components/Faq.astro';
import { renderComponent, textOf } from './render.ts';

it('Faq shows questions as headings with their answers open, as text and not as markup', async () => {
  const questions = [
    { question: 'Does it fit 24 GB?', answer: 'Yes, with 6 GB free.' },
    { question: 'What if n < 4?', answer: 'Then <script>alert(1)</script> stays text.' },
  ];
  const root = await renderComponent(Faq, { questions });
  expect(root.querySelectorAll('h3').map(textOf)).toEqual(['Does it fit 24 GB?', 'What if n < 4?']);
  expect(root.querySelectorAll('p').map(textOf)[0]).toBe('Yes, with 6 GB free.');
  expect(root.querySelector('script')).toBeNull();
  expect(root.querySelector('details')).toBeNull();
});
