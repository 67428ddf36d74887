/** From what was read to what can be relied on: every record against its schema, all records against the rules. */
import { type Draft, type Drafts, type RecordByKind, type Records, SCHEMAS } from './kinds.ts';
import type { Problem } from './problem.ts';
import { KINDS, type Kind } from './record.ts';
import { RULES } from './rules/index.ts';
import { idProblems, parseRecord, schemaProblems } from './schema-problems.ts';

/** A record as it was read. `data` is undefined where the front matter could not be read at all. */
export interface RawRecord {
  readonly kind: Kind;
  /** File name without `.mdx`. */
  readonly id: string;
  readonly data: unknown;
  readonly body: string;
}

export interface Checked {
  readonly problems: readonly Problem[];
  /** All records; absent when a problem is an error. */
  readonly records?: Records;
}

/** The valid top-level fields of `raw`, and what is wrong with the others. */
function draftOf<K extends Kind>(kind: K, raw: RawRecord): { draft: Draft<RecordByKind[K]>; problems: Problem[] } {
  const identity = { id: raw.id, body: raw.body };
  const problems = idProblems(kind, raw.id);
  if (raw.data === undefined)
    return { draft: { ...identity, unread: 'all' } as unknown as Draft<RecordByKind[K]>, problems };
  const parsed = parseRecord(SCHEMAS[kind], raw.data);
  if (parsed.success)
    return { draft: { ...(parsed.data as object), ...identity } as unknown as Draft<RecordByKind[K]>, problems };

  const unknown = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  );
  const invalid = new Set([
    ...unknown,
    ...parsed.error.issues.flatMap(({ path }) => (path[0] === undefined ? [] : [path[0]])),
  ]);
  const valid = Object.entries(raw.data ?? {}).filter(([key]) => !invalid.has(key));
  return {
    draft: { ...Object.fromEntries(valid), ...identity, unread: [...invalid].map(String) } as unknown as Draft<
      RecordByKind[K]
    >,
    problems: [...problems, ...schemaProblems(kind, raw.id, SCHEMAS[kind], raw.data, parsed.error.issues)],
  };
}

/** Checks every record against its schema and all of them against every rule. */
export function checkRecords(raw: readonly RawRecord[]): Checked {
  const problems: Problem[] = [];
  const draftsOf = <K extends Kind>(kind: K): readonly Draft<RecordByKind[K]>[] =>
    raw
      .filter((record) => record.kind === kind)
      .map((record) => {
        const checked = draftOf(kind, record);
        problems.push(...checked.problems);
        return checked.draft;
      });
  const drafts = Object.fromEntries(KINDS.map((kind) => [kind, draftsOf(kind)])) as unknown as Drafts;
  const incomplete = raw.some(({ data }) => data === undefined);
  problems.push(...RULES.flatMap((rule) => rule(drafts)));
  if (incomplete || problems.some(({ level }) => level === 'error')) return { problems };
  // Without an error every draft has passed its schema whole.
  return { problems, records: drafts as unknown as Records };
}
