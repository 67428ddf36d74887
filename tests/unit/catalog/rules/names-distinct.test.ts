import { expect, test } from 'vitest';
import { namesDistinct } from '../../../../src/catalog/rules/names-distinct.ts';
import { drafts, gpu, model, quant } from '../made-up.ts';

test('one name of two records is a problem, whatever its capitals and separators', () => {
  const models = [
    model({ id: 'a', name: 'A', aliases: ['qwen 3.8'] }),
    model({ id: 'b', name: 'B', aliases: ['Qwen-3-8'] }),
  ];
  const [problem, ...others] = namesDistinct(drafts({ models }));
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ file: 'content/models/b.mdx', path: ['aliases', 0] });
  expect(problem?.found).toBe('"Qwen-3-8", which content/models/a.mdx answers to as "qwen 3.8"');
});

test("an alias that is another record's id is what is wrong, even when it is read first", () => {
  const models = [model({ id: 'a', name: 'A', aliases: ['B'] }), model({ id: 'b', name: 'Bee' })];
  expect(namesDistinct(drafts({ models })).map(({ file }) => file)).toEqual(['content/models/a.mdx']);
});

test('repositories and Ollama tags are names too', () => {
  const models = [
    model({ id: 'a', name: 'A', repository: 'maker/Twin', ollama: 'twins:8b' }),
    model({ id: 'b', name: 'B', repository: 'other/twin', aliases: ['twins 8b'] }),
  ];
  expect(namesDistinct(drafts({ models })).map(({ path }) => path[0])).toEqual(['repository', 'aliases']);
});

test('a record may repeat its own names, and records of two kinds may share one', () => {
  const models = [model({ id: 'rtx-4090', name: 'Same', repository: 'maker/Same', aliases: ['same'] })];
  expect(namesDistinct(drafts({ models, gpus: [gpu()] }))).toEqual([]);
});

test('devices and quants are held to it as well', () => {
  const gpus = [gpu(), gpu({ id: 'other', name: 'Other', shortName: 'RTX 4090' })];
  const quants = [quant(), quant({ id: 'other', name: 'Other', scheme: 'Q8_0', aliases: ['q4 k m'] })];
  expect(namesDistinct(drafts({ gpus, quants })).map(({ file }) => file)).toEqual([
    'content/gpus/other.mdx',
    'content/quants/other.mdx',
  ]);
});
