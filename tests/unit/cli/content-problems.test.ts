import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkDisk } from '../../../src/catalog/from-disk.ts';
import { formatProblem } from '../../../src/catalog/problem.ts';
import { contentProblems } from '../../../src/cli/content-problems.ts';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'content-'));
  cpSync('content', join(root, 'content'), { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true }));

const FILE = 'content/guides/kv-cache.mdx';

it('an element that names no figure is a problem of its file and line; so is code of any other kind', () => {
  const before = readFileSync(join(root, FILE), 'utf8').split('\n').length;
  appendFileSync(
    join(root, FILE),
    [
      '',
      'A <Figure model="qwen9" quant="q4-k-m" context="8k" part="kv" /> cache.',
      '',
      '<Chart model="qwen3-8b" />',
      '',
      '<Figure model={1 + 1} part="kv" />',
      '',
      'Two {1 + 1}.',
    ].join('\n'),
  );
  const code = contentProblems(root).problems.filter(({ file }) => file === FILE);
  expect(code.map(({ line, column, found }) => [line, column, found])).toEqual([
    [before + 5, 1, 'an attribute of <Figure> that is no text in quotes'],
    [before + 7, 5, 'an expression in { } in the text'],
  ]);
});

it('HTML and parts of elements are refused with the records, for pages would take them', () => {
  const path = join(root, FILE);
  const before = readFileSync(FILE, 'utf8').split('\n').length;
  cpSync(FILE, path);
  appendFileSync(path, '\nOne line <br /> and another, <Figure.part />.\n');
  expect(checkDisk(root).problems).toEqual([
    expect.objectContaining({ file: FILE, line: before + 1, column: 10, found: 'a tag in the text' }),
    expect.objectContaining({ file: FILE, line: before + 1, column: 30, found: 'a tag in the text' }),
  ]);
  cpSync(FILE, path);
});

it('elements are looked at when the records can be relied on', () => {
  const path = join(root, FILE);
  const before = readFileSync('content/guides/kv-cache.mdx', 'utf8').split('\n').length;
  cpSync(FILE, path);
  appendFileSync(
    path,
    [
      '',
      'A <Figure model="qwen9" quant="q4-k-m" context="8k" part="kv" /> cache.',
      '',
      '<Chart model="qwen3-8b" />',
    ].join('\n'),
  );
  const [unknownModel, unknownElement, ...others] = contentProblems(root).problems.filter(({ file }) => file === FILE);
  expect(others).toEqual([]);
  expect(formatProblem(unknownModel as never).split('\n')).toEqual([
    `${FILE}:${before + 1}:3 <Figure>.model`,
    '  found:    "qwen9"',
    '  expected: the id of a record in content/models that has an architecture',
    expect.stringContaining('fix:'),
  ]);
  expect(unknownElement).toMatchObject({ line: before + 3, found: '<Chart>' });
});
