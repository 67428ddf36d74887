/** The only reader of content/: every problem of every file, with its line and column. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildCatalog, type Catalog } from './catalog.ts';
import { checkRecords, type RawRecord } from './check.ts';
import { CatalogError, type Problem, sortProblems } from './problem.ts';
import { KINDS, type Kind, recordEnding, recordFile } from './record.ts';
import { type BodyElement, parseRecord, problemAt, type ReadFile } from './record-file.ts';

const readRecord = (root: string, kind: Kind, id: string): ReadFile =>
  parseRecord(kind, id, readFileSync(join(root, recordFile(kind, id)), 'utf8'));

/** Ids of the records of a kind, and what else lies in its folder. */
function listFolder(root: string, kind: Kind): { ids: string[]; problems: Problem[] } {
  const folder = join(root, 'content', kind);
  const ending = recordEnding(kind);
  if (!existsSync(folder)) return { ids: [], problems: [] };
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  const strays = entries.filter((entry) => entry.isDirectory() || !entry.name.endsWith(ending));
  return {
    ids: entries
      .filter((entry) => !strays.includes(entry))
      .map(({ name }) => name.slice(0, -ending.length))
      .sort(),
    problems: strays.map((entry) =>
      problemAt(
        `content/${kind}/${entry.name}`,
        { line: 1, column: 1 },
        {
          found: entry.isDirectory() ? 'a folder' : 'a file that is no record',
          expected: `only files named <id>${ending} in content/${kind}`,
          fix: entry.isDirectory()
            ? 'move its files up, or remove it'
            : `rename it to <id>${ending}, or move it elsewhere`,
        },
      ),
    ),
  };
}

/** Folders of content/ that no kind of record has. */
function strayFolders(root: string): Problem[] {
  const folder = join(root, 'content');
  const known: readonly string[] = KINDS;
  if (!existsSync(folder)) {
    return [
      problemAt(
        'content',
        { line: 1, column: 1 },
        { found: 'no such folder', expected: 'the folder content/', fix: "run this in the project's folder" },
      ),
    ];
  }
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !known.includes(entry.name))
    .map(({ name }) =>
      problemAt(
        `content/${name}`,
        { line: 1, column: 1 },
        { found: `the folder "${name}"`, expected: `one of: ${known.join(', ')}`, fix: 'rename or remove it' },
      ),
    );
}

/** The records of one kind as they stand on disk, unchecked; `data` is undefined where the YAML cannot be read. */
export function readRecords(root: string, kind: Kind): readonly RawRecord[] {
  return listFolder(root, kind).ids.map((id) => readRecord(root, kind, id).record);
}

/** What is under `root`/content: all records that could be read, checked. */
export function checkDisk(root: string): {
  /** With line and column, in their order; warnings are among them. */
  readonly problems: readonly Problem[];
  /** How many records were read. */
  readonly count: number;
  /** Elements in the text of records, in the order of files and lines. */
  readonly elements: readonly BodyElement[];
  readonly catalog?: Catalog;
} {
  const problems = strayFolders(root);
  const files = KINDS.flatMap((kind) => {
    const listed = listFolder(root, kind);
    problems.push(...listed.problems);
    return listed.ids.map((id) => readRecord(root, kind, id));
  });
  problems.push(...files.flatMap((file) => file.problems));
  const located = new Map(files.map((file) => [recordFile(file.record.kind, file.record.id), file.locate]));
  const checked = checkRecords(files.map(({ record }) => record));
  problems.push(
    ...checked.problems.map((problem) => ({ ...problem, ...located.get(problem.file)?.(problem.path, problem.at) })),
  );
  const sorted = sortProblems(problems);
  const count = files.length;
  const elements = files.flatMap((file) => file.elements);
  if (checked.records === undefined || sorted.some(({ level }) => level === 'error'))
    return { problems: sorted, count, elements };
  return { problems: sorted, count, elements, catalog: buildCatalog(checked.records) };
}

/** The catalogue of `root`/content. Throws a {@link CatalogError} with all problems when there is one. */
export function loadCatalogFromDisk(root: string): Catalog {
  const { problems, catalog } = checkDisk(root);
  if (catalog === undefined) throw new CatalogError(problems);
  return catalog;
}
