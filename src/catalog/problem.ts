/** The one shape of a content problem, and how it is printed. */
import { type Kind, recordFile } from './record.ts';

/** Keys and list positions from the front matter's root to a field; empty = the whole file. */
export type FieldPath = readonly (string | number)[];

export interface Problem {
  /** A warning is printed and fails nothing. */
  readonly level: 'error' | 'warning';
  /** Path from the project's root, with "/". */
  readonly file: string;
  readonly path: FieldPath;
  /** Whether the place of the problem is the key itself (an unknown one) or its value. */
  readonly at: 'key' | 'value';
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
  /** Counted from 1; absent where the file was not read from disk. */
  readonly line?: number;
  readonly column?: number;
}

type Wording = Pick<Problem, 'found' | 'expected' | 'fix'> & Partial<Pick<Problem, 'level' | 'at'>>;

/** A problem in the field `path` of a record. */
export function problemIn(kind: Kind, id: string, path: FieldPath, wording: Wording): Problem {
  return { level: 'error', at: 'value', file: recordFile(kind, id), path, ...wording };
}

/** A path as editors write it: `architecture.attention.kvHeads`, `faq[1].answer`; "(file)" for the whole file. */
export function fieldName(path: FieldPath): string {
  if (path.length === 0) return '(file)';
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part + 1}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** A value of front matter in one short line, as messages quote it. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (value instanceof Date)
    return `${value.toISOString().slice(0, 10)} without quotes, which YAML reads as a date object`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return `a block with the keys ${Object.keys(value).join(', ') || '(none)'}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

function place(problem: Problem): string {
  const { file, line, column } = problem;
  return line === undefined ? file : `${file}:${line}:${column ?? 1}`;
}

/** One problem as a block of four lines, starting with `file:line:column field`. */
export function formatProblem(problem: Problem): string {
  const mark = problem.level === 'warning' ? ' (warning)' : '';
  return [
    `${place(problem)} ${fieldName(problem.path)}${mark}`,
    `  found:    ${problem.found}`,
    `  expected: ${problem.expected}`,
    `  fix:      ${problem.fix}`,
  ].join('\n');
}

/** Problems by file, then line, then column, then field. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compare(fieldName(a.path), fieldName(b.path)),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function countOf(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** All problems in order, and their number in the last line. */
export function formatProblems(problems: readonly Problem[]): string {
  const errors = problems.filter(({ level }) => level === 'error');
  const warnings = problems.length - errors.length;
  const files = new Set(errors.map(({ file }) => file)).size;
  const total =
    countOf(errors.length, 'problem') +
    (errors.length > 0 ? ` in ${countOf(files, 'file')}` : '') +
    (warnings > 0 ? `, ${countOf(warnings, 'warning')}` : '');
  return [...sortProblems(problems).map(formatProblem), total].join('\n\n');
}

/** Content that cannot become a catalogue; the message lists every problem. */
export class CatalogError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(`The content has problems.\n\n${formatProblems(problems)}`);
    this.name = 'CatalogError';
    this.problems = sortProblems(problems);
  }
}
