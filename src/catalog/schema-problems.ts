/** What a schema says against a record, as problems: every one of them, worded for editors. */
import { z } from 'astro/zod';
import { ID_PATTERN, idOf, SOURCE_KEY_FORM } from './fields.ts';
import { nearestOf } from './nearest.ts';
import { type FieldPath, type Problem, problemIn, showValue } from './problem.ts';
import { type Kind, recordEnding } from './record.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

const BLOCK = 'a block of keys';
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: BLOCK,
  record: BLOCK,
};

/** What was expected, in words; schemas that carry a message of their own have said it there. */
function expectationOf(issue: RawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[String(issue.expected)] ?? String(issue.expected);
    case 'invalid_value':
      return `one of: ${(issue.values as readonly unknown[]).map(String).join(', ')}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}${issue.inclusive === false ? ' (not included)' : ''}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    case 'invalid_format':
      return `text in the form ${String(issue.pattern ?? issue.format)}`;
    case 'invalid_key':
      return SOURCE_KEY_FORM;
    default:
      return 'another value';
  }
}

/** Parses `data`; a failure comes with issues whose messages say what was expected. */
export function parseRecord<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
): z.ZodSafeParseResult<z.infer<Schema>> {
  return schema.safeParse(data, { error: expectationOf });
}

/** The value at `path`, or undefined. */
function valueAt(data: unknown, path: FieldPath): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** Schemas that a value may have to meet at one place: one, or one for each member of a union. */
function alternatives(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = schema._zod as unknown as {
    def: { type: string; innerType?: z.core.$ZodType; options?: z.core.$ZodType[] };
  };
  if (def.innerType !== undefined) return alternatives(def.innerType);
  if (def.type === 'union') return (def.options ?? []).flatMap(alternatives);
  return [schema];
}

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  return schema instanceof z.ZodObject ? (schema.shape as Record<string, z.core.$ZodType>) : undefined;
}

/** Whether the literals of an object schema (`kind`, `type`) are those of the value. */
function literalsMatch(schema: z.core.$ZodType, value: unknown): boolean {
  return Object.entries(shapeOf(schema) ?? {}).every(
    ([key, field]) => !(field instanceof z.ZodLiteral) || field.values.has(valueAt(value, [key]) as never),
  );
}

/** The schemas that rule the value at `path` of `data`: more than one where a union leaves the choice. */
function schemasAt(schema: z.core.$ZodType, data: unknown, path: FieldPath): z.core.$ZodType[] {
  let here: z.core.$ZodType[] = [schema];
  path.forEach((part, depth) => {
    const value = valueAt(data, path.slice(0, depth));
    here = here.flatMap(alternatives).flatMap((one) => {
      if (one instanceof z.ZodArray) return [one.element];
      if (one instanceof z.ZodRecord) return [one.valueType];
      const field = literalsMatch(one, value) ? shapeOf(one)?.[String(part)] : undefined;
      return field === undefined ? [] : [field];
    });
  });
  return here;
}

/** What the schema says of the field at `path` (`.describe()`), or else of the nearest list or block around it. */
function descriptionAt(schema: z.core.$ZodType, data: unknown, path: FieldPath): string | undefined {
  for (const one of schemasAt(schema, data, path)) {
    const text = one instanceof z.ZodType ? one.description : undefined;
    if (text !== undefined) return text;
  }
  return path.length === 0 ? undefined : descriptionAt(schema, data, path.slice(0, -1));
}

/** Keys that the block at `path` may have. */
function knownKeys(schema: z.core.$ZodType, data: unknown, path: FieldPath): string[] {
  const value = valueAt(data, path);
  const objects = schemasAt(schema, data, path).flatMap(alternatives);
  const fitting = objects.filter((one) => literalsMatch(one, value));
  return [...new Set((fitting.length > 0 ? fitting : objects).flatMap((one) => Object.keys(shapeOf(one) ?? {})))];
}

/** The issues of the member of a union that the value comes nearest to. */
function flatten(issue: Issue, data: unknown): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const branches = issue.errors.map((branch) =>
    branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue),
  );
  if (branches.length === 0) return [issue];
  const ofTheType = branches.filter((branch) =>
    branch.every((inner) => inner.path.length > issue.path.length || inner.code === 'unrecognized_keys'),
  );
  if (ofTheType.length === 0) {
    const expected = branches.map((branch) => branch[0]?.message ?? '').join(', or ');
    return [{ ...issue, code: 'custom', message: expected } as unknown as Issue];
  }
  const nearest = ofTheType.reduce((best, branch) => (branch.length < best.length ? branch : best));
  return nearest.flatMap((inner) => flatten(inner, data));
}

function unknownKeyProblem(
  kind: Kind,
  id: string,
  schema: z.core.$ZodType,
  data: unknown,
  path: FieldPath,
  key: string,
): Problem {
  const known = knownKeys(schema, data, path);
  const nearest = nearestOf(key, known);
  return problemIn(kind, id, [...path, key], {
    at: 'key',
    found: `the key "${key}"`,
    expected: `one of the known keys: ${known.join(', ')}`,
    fix: nearest === undefined ? 'remove the key, or use a known one' : `did you mean "${nearest}"?`,
  });
}

function valueProblem(
  kind: Kind,
  id: string,
  schema: z.core.$ZodType,
  data: unknown,
  path: FieldPath,
  expected: string,
): Problem {
  const value = valueAt(data, path);
  const description = descriptionAt(schema, data, path);
  const keys = expected === BLOCK ? knownKeys(schema, data, path) : [];
  const last = path.at(-1);
  const about = description === undefined ? '' : ` ${description}`;
  let fix = `correct the value.${about}`;
  if (value === undefined) fix = typeof last === 'string' ? `add "${last}:".${about}` : `add it.${about}`;
  else if (value instanceof Date) fix = `write it in quotes: "${value.toISOString().slice(0, 10)}"`;
  else if (expected === 'text' && typeof value !== 'object') fix = `write it in quotes: "${String(value)}"`;
  const form = keys.length > 0 ? `${expected}: ${keys.join(', ')}` : expected;
  return problemIn(kind, id, path, { found: showValue(value), expected: form, fix });
}

function problemsOfIssue(kind: Kind, id: string, schema: z.core.$ZodType, data: unknown, issue: Issue): Problem[] {
  const path = issue.path as FieldPath;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKeyProblem(kind, id, schema, data, path, key));
  }
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    const wording = { found: `the key "${key}"`, expected: issue.message, fix: `rename it to "${idOf(key)}"` };
    return [problemIn(kind, id, path, { at: 'key', ...wording })];
  }
  if (issue.code === 'invalid_union') {
    const known = 'options' in issue ? (issue.options as readonly unknown[] | undefined) : undefined;
    const field = 'discriminator' in issue ? String(issue.discriminator) : undefined;
    const place = field === undefined ? path : path.at(-1) === field ? path : [...path, field];
    return [
      valueProblem(
        kind,
        id,
        schema,
        data,
        place,
        known === undefined ? issue.message : `one of: ${known.map(String).join(', ')}`,
      ),
    ];
  }
  return [valueProblem(kind, id, schema, data, path, issue.message)];
}

/** Problems of one record against its schema. */
export function schemaProblems(
  kind: Kind,
  id: string,
  schema: z.core.$ZodType,
  data: unknown,
  issues: readonly Issue[],
): Problem[] {
  return issues
    .flatMap((issue) => flatten(issue, data))
    .flatMap((issue) => problemsOfIssue(kind, id, schema, data, issue));
}

/** A file name that is no id. */
export function idProblems(kind: Kind, id: string): Problem[] {
  if (ID_PATTERN.test(id)) return [];
  return [
    problemIn(kind, id, [], {
      found: `the file name "${id}${recordEnding(kind)}"`,
      expected: 'an id as the name: lower-case letters and digits, joined by "-"',
      fix: `rename the file to "${idOf(id)}${recordEnding(kind)}"`,
    }),
  ];
}
