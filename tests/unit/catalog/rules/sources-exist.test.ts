import { expect, test } from 'vitest';
import { sourcesExist } from '../../../../src/catalog/rules/sources-exist.ts';
import { drafts, engine, family, model, quant, records } from '../made-up.ts';

test('sources that are named and there are none', () => {
  expect(sourcesExist(records())).toEqual([]);
});

test('a source is looked up wherever it is named', () => {
  const problems = sourcesExist(
    drafts({
      models: [
        model({
          context: { native: 4096, extended: 8192, source: 'page', extendedSource: 'gone' },
          faq: [{ question: 'Why?', answer: 'So.', source: 'gone' }],
          proseSources: ['page', 'gone'],
        }),
      ],
      quants: [quant({ quality: [{ model: 'M', metric: 'mean KL divergence', value: 0.1, source: 'gone' }] })],
      engines: [engine({ reserves: [{ what: 'context', source: 'pag' }] })],
    }),
  );
  expect(problems.map(({ file, path, fix }) => `${file} ${path.join('.')}: ${fix}`)).toEqual([
    'content/models/tiny.mdx context.extendedSource: add "gone" to `sources` with title and url',
    'content/models/tiny.mdx faq.0.source: add "gone" to `sources` with title and url',
    'content/models/tiny.mdx proseSources.1: add "gone" to `sources` with title and url',
    'content/quants/q4-k-m.mdx quality.0.source: add "gone" to `sources` with title and url',
    'content/engines/llama-cpp.mdx reserves.0.source: did you mean "page"?',
  ]);
});

test('a record whose sources cannot be read is not searched, a family without any is', () => {
  const { sources: unread, ...rest } = model();
  const { sources: none, ...bare } = family({ proseSources: ['gone'] });
  expect(sourcesExist(drafts({ models: [rest], families: [bare] })).map(({ file }) => file)).toEqual([
    'content/families/small.mdx',
  ]);
});
