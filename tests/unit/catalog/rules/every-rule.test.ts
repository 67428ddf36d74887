import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RULES } from '../../../../src/catalog/rules/index.ts';
import { records } from '../made-up.ts';

const NOT_RULES = ['index.ts', 'rule.ts', 'source-references.ts'];

test('every rule has its file, its test, and its place in the list', () => {
  const files = readdirSync('src/catalog/rules').filter((name) => !NOT_RULES.includes(name));
  const camel = (file: string): string =>
    file.replace('.ts', '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  expect(RULES.map((rule) => rule.name).sort()).toEqual(files.map(camel).sort());
  const tests = readdirSync('tests/unit/catalog/rules').filter((name) => name !== 'every-rule.test.ts');
  expect(tests.map((name) => name.replace('.test.ts', '.ts')).sort()).toEqual(files.sort());
});

test('no rule finds anything wrong with valid records', () => {
  expect(RULES.flatMap((rule) => rule(records()))).toEqual([]);
});
