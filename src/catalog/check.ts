/** From what was read to what can be relied on: every record against its schema, all records against the rules. */
import type { z } from 'astro/zod';
import type { Architecture } from '../vram/index.ts';
import { type Draft, type Drafts, type RecordByKind, type Records, SCHEMAS } from './kinds.ts';
import type { Problem } from './problem.ts';
import { KINDS, type Kind } from './record.ts';
import { RULES } from './rules/index.ts';
import { idProblems, parseRecord, schemaProblems } from './schema-problems.ts';

/** A record as it was read. `data` is undefined where the front matter could not be read at all. */
export interface RawRecord {
  readonly kind: Kind;
  /** File name without its ending. */
  readonly id: string;
  readonly data: unknown;
  readonly body: string;
}

export interface Checked {
  readonly problems: readonly Problem[];
  /** All records; absent when a problem is an error. */
  readonly records?: Records;
}

/** Top-level keys that `issues` are about; "all" where the front matter is no block of keys at all. */
function keysOf(issues: readonly z.core.$ZodIssue[]): readonly string[] | 'all' {
  const keys = issues.map((issue) => {
    if (issue.path[0] !== undefined) return [String(issue.path[0])];
    return issue.code === 'unrecognized_keys' ? issue.keys : undefined;
  });
  return keys.includes(undefined) ? 'all' : keys.flatMap((some) => some ?? []);
}

/** The valid top-level fields of `raw`, and what is wrong with the others. */
function draftOf<K extends Kind>(kind: K, raw: RawRecord): { draft: Draft<RecordByKind[K]>; problems: Problem[] } {
  // The fields are those that the schema of the kind has accepted.
  const draftWith = (fields: object) =>
    ({ ...fields, id: raw.id, body: raw.body }) as unknown as Draft<RecordByKind[K]>;
  const problems = idProblems(kind, raw.id);
  if (raw.data === undefined) return { draft: draftWith({ unread: 'all' }), problems };

  const parsed = parseRecord(SCHEMAS[kind], raw.data);
  if (parsed.success) return { draft: draftWith(parsed.data as object), problems };

  const { issues } = parsed.error;
  problems.push(...schemaProblems(kind, raw.id, SCHEMAS[kind], raw.data, issues));
  const unread = keysOf(issues);
  if (unread === 'all') return { draft: draftWith({ unread }), problems };
  const valid = Object.entries(raw.data ?? {}).filter(([key]) => !unread.includes(key));
  return { draft: draftWith({ ...Object.fromEntries(valid), unread }), problems };
}

/** Models of equal dimensions get one architecture, so that what the estimator works out for one of them counts for all. */
function sharingArchitectures(models: Drafts['models']): Drafts['models'] {
  const shared = new Map<string, Architecture>();
  return models.map((model) => {
    if (model.architecture === undefined) return model;
    const dimensions = JSON.stringify(model.architecture);
    const architecture = shared.get(dimensions) ?? model.architecture;
    shared.set(dimensions, architecture);
    return { ...model, architecture };
  });
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
  const read = Object.fromEntries(KINDS.map((kind) => [kind, draftsOf(kind)])) as unknown as Drafts;
  const drafts = { ...read, models: sharingArchitectures(read.models) };
  const incomplete = raw.some(({ data }) => data === undefined);
  problems.push(...RULES.flatMap((rule) => rule(drafts)));
  if (incomplete || problems.some(({ level }) => level === 'error')) return { problems };
  // Without an error every draft has passed its schema whole.
  return { problems, records: drafts as unknown as Records };
}
