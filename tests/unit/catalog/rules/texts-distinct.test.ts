import { expect, test } from 'vitest';
import { textsDistinct } from '../../../../src/catalog/rules/texts-distinct.ts';
import { drafts, model } from '../made-up.ts';

test('two models with one hook or one answer are a problem', () => {
  const faq = (answer: string) => [{ question: 'Does it fit?', answer }];
  const problems = textsDistinct(
    drafts({
      models: [
        model({ id: 'a', hook: 'Fits anywhere', faq: faq('It does.') }),
        model({ id: 'b', hook: 'fits  anywhere', faq: faq('It does not.') }),
        model({ id: 'c', hook: 'Fits nowhere', faq: faq('It does not.') }),
      ],
    }),
  );
  expect(problems.map(({ file, path, found }) => `${file} ${path.join('.')}: ${found}`)).toEqual([
    'content/models/b.mdx hook: the words of content/models/a.mdx',
    'content/models/c.mdx faq.0.answer: the words of content/models/b.mdx',
  ]);
});
