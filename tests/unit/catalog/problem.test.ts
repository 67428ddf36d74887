import { expect, test } from 'vitest';
import {
  CatalogError,
  fieldName,
  formatProblems,
  problemIn,
  showValue,
  sortProblems,
} from '../../../src/catalog/problem.ts';

const wording = { found: '-5', expected: 'a number above 0', fix: 'correct it' };

test('a problem prints as a block that starts with file, line, column and field', () => {
  const problem = { ...problemIn('models', 'tiny', ['parameters', 'total'], wording), line: 7, column: 10 };
  expect(formatProblems([problem])).toBe(
    [
      'content/models/tiny.mdx:7:10 parameters.total',
      '  found:    -5',
      '  expected: a number above 0',
      '  fix:      correct it',
      '',
      '1 problem in 1 file',
    ].join('\n'),
  );
});

test('without a line the file stands alone, and a warning is marked and counted apart', () => {
  const warning = problemIn('gpus', 'old', ['updated'], { ...wording, level: 'warning' });
  const error = problemIn('gpus', 'old', ['name'], wording);
  const text = formatProblems([warning, error]);
  expect(text).toContain('content/gpus/old.mdx name\n');
  expect(text).toContain('content/gpus/old.mdx updated (warning)\n');
  expect(text.split('\n').at(-1)).toBe('1 problem in 1 file, 1 warning');
});

test('fields are named as editors write them, list entries counted from 1', () => {
  expect(fieldName(['faq', 1, 'answer'])).toBe('faq[2].answer');
  expect(fieldName([])).toBe('(file)');
});

test('problems are sorted by file, line, column', () => {
  const at = (id: string, line: number, column: number) => ({ ...problemIn('models', id, [], wording), line, column });
  const sorted = sortProblems([at('b', 1, 1), at('a', 10, 1), at('a', 9, 2), at('a', 9, 1)]);
  expect(sorted.map(({ file, line, column }) => `${file[15]}${line}:${column}`)).toEqual([
    'a9:1',
    'a9:2',
    'a10:1',
    'b1:1',
  ]);
});

test.each([
  [undefined, 'nothing'],
  [null, 'an empty value'],
  ['a "b"', '"a \\"b\\""'],
  [4.5, '4.5'],
  [[], 'an empty list'],
  [[1, 2], 'a list of 2'],
  [{ a: 1, b: 2 }, 'a block with the keys a, b'],
  [new Date('2026-01-02T00:00:00Z'), '2026-01-02 without quotes, which YAML reads as a date object'],
])('the value %j is quoted as %s', (value, text) => {
  expect(showValue(value)).toBe(text);
});

test('a long value is cut', () => {
  expect(showValue('x'.repeat(500))).toHaveLength(100);
});

test('the error carries all problems and its message lists them', () => {
  const error = new CatalogError([
    problemIn('models', 'b', ['name'], wording),
    problemIn('models', 'a', ['name'], wording),
  ]);
  expect(error.problems.map(({ file }) => file)).toEqual(['content/models/a.mdx', 'content/models/b.mdx']);
  expect(error.message).toMatch(/a\.mdx[\s\S]*b\.mdx[\s\S]*2 problems in 2 files/);
});
