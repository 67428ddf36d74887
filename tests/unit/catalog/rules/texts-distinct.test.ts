import { expect, test } from 'vitest';
import { textsDistinct } from '../../../../src/catalog/rules/texts-distinct.ts';
import { drafts, model } from '../made-up.ts';

const faq = (answer: string) => [{ question: 'Does it fit?', answer }];

function problemsOf(...models: ReturnType<typeof model>[]): string[] {
  return textsDistinct(drafts({ models })).map(({ file, path, found }) => `${file} ${path.join('.')}: ${found}`);
}

test('two models with one hook or one answer are a problem', () => {
  expect(
    problemsOf(
      model({ id: 'a', body: 'A.', hook: 'Fits anywhere', faq: faq('It does.') }),
      model({ id: 'b', body: 'B.', hook: 'fits  anywhere', faq: faq('It does not.') }),
      model({ id: 'c', body: 'C.', hook: 'Fits nowhere', faq: faq('It does not.') }),
    ),
  ).toEqual([
    'content/models/b.mdx hook: the words of content/models/a.mdx: "fits anywhere"',
    'content/models/c.mdx faq.0.answer: the words of content/models/b.mdx: "it does not."',
  ]);
});

test('an answer that differs in its figures and in the name alone is the same answer', () => {
  expect(
    problemsOf(
      model({ id: 'a', hook: 'A', name: 'Ant 1B', body: 'A.', faq: faq('Ant 1B needs 1.5 GB at Q4_K_M.') }),
      model({ id: 'b', hook: 'B', name: 'Bee 2B', body: 'B.', faq: faq('Bee 2B needs 2.25 GB at Q8_0.') }),
      model({ id: 'c', hook: 'C', name: 'Cat 3B', body: 'C.', faq: faq('Cat 3B needs 3 GB at Q4_K_M.') }),
    ),
  ).toEqual(['content/models/c.mdx faq.0.answer: the words of content/models/a.mdx: "<name> needs # gb at q#_k_m."']);
});

test('a sentence of the notes that stands in an answer of another model is a problem, a short one is not', () => {
  expect(
    problemsOf(
      model({
        id: 'a',
        hook: 'A',
        faq: faq('Yes. Its experts can all stay in RAM.'),
        body: 'Small and quick. A file of one part.',
      }),
      model({ id: 'b', hook: 'B', body: 'Small and quick.\n\nFirst of all: no. Its experts  can all stay in RAM.' }),
    ),
  ).toEqual(['content/models/b.mdx : the words of content/models/a.mdx: "its experts can all stay in ram."']);
});
