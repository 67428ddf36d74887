/** A record as YAML with a comment on every key that its schema knows, also on those that the record does not use. */
import { z } from 'astro/zod';
import { Document, Scalar, visit } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;

/** Values of other records at a path of keys, `*` for any place in a list or any key of a block of free keys. */
type Examples = (path: readonly string[]) => readonly unknown[];

const WIDTH = 108;
const INDENT = '  ';

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema below `.optional()`, `.readonly()` and their like. */
function innermost(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return innerType === undefined ? schema : innermost(innerType);
}

function descriptionOf(schema: z.core.$ZodType): string | undefined {
  const own = schema instanceof z.ZodType ? schema.description : undefined;
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return own ?? (innerType === undefined ? undefined : descriptionOf(innerType));
}

const isOptional = (schema: z.core.$ZodType): boolean => schema._zod.optin === 'optional';

/** Stand-ins for keys that no record has yet; the first one that the schema takes is shown. */
const STAND_INS = [
  true,
  1,
  0.5,
  'https://example.com/page',
  'config',
  'One sentence.',
  ['One sentence.'],
  ['config'],
  { page: { title: 'A page', url: 'https://example.com/page' } },
];

function standInFor(schema: z.core.$ZodType): unknown {
  const inner = innermost(schema);
  return STAND_INS.find((value) => inner instanceof z.ZodType && inner.safeParse(value).success);
}

/** Of a union the member that `value` is valid for; of any other schema itself. */
function memberFor(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  const inner = innermost(schema);
  if (!(inner instanceof z.ZodUnion)) return inner;
  const members = (inner.options as readonly z.ZodType[]).filter((option) => option.safeParse(value).success);
  return members[0] === undefined ? inner : memberFor(members[0], value);
}

/** `text` in lines of at most {@link WIDTH} columns, each starting with `prefix`. */
function wrap(text: string, prefix: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && prefix.length + line.length + 1 + word.length > WIDTH) {
      lines.push(prefix + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, prefix + line];
}

/** One value in one line of YAML; dates and addresses in quotes, as editors must write the former. */
function inline(value: unknown): string {
  const document = new Document(value);
  visit(document, {
    Collection: (_, node) => {
      node.flow = true;
    },
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && /^\d{4}-\d{2}|:\/\//.test(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 }).trim().replaceAll('[ ', '[').replaceAll(' ]', ']');
}

/** What the comment on a key says: its description without the example, which the value is. */
function commentOf(schema: z.core.$ZodType): string {
  const text = (descriptionOf(schema) ?? '').replace(/\s*Example: .*$/, '').trim();
  return `${isOptional(schema) ? 'Optional. ' : ''}${text}`.trim();
}

interface Place {
  readonly path: readonly string[];
  readonly indent: string;
  /** "# " where the record itself does not have the key. */
  readonly mark: string;
}

/** Lines of the block `value`. */
function blockLines(schema: z.core.$ZodType, value: Fields, place: Place, examples: Examples): string[] {
  const member = memberFor(schema, value);
  if (member instanceof z.ZodRecord) {
    // The first entry shows what every entry may have.
    const inside = { ...place, path: [...place.path, '*'] };
    return Object.entries(value).flatMap(([key, entry], index) =>
      index === 0
        ? keyLines(key, member.valueType as z.core.$ZodType, entry, inside, examples, false)
        : [`${place.indent}${place.mark}${key}: ${inline(entry)}`],
    );
  }
  if (!(member instanceof z.ZodObject)) return [];
  return Object.entries(member.shape as Readonly<Record<string, z.core.$ZodType>>).flatMap(([key, field]) => {
    const path = [...place.path, key];
    const own = value[key];
    if (own !== undefined) return keyLines(key, field, own, { ...place, path }, examples);
    const inner = innermost(field);
    const [example] = examples(path).filter((found) => !(inner instanceof z.ZodType) || inner.safeParse(found).success);
    return keyLines(key, field, example ?? standInFor(field), { ...place, path, mark: '# ' }, examples);
  });
}

/** Lines of one key: its comment, and its value on the same line or in a block below. */
function keyLines(
  key: string,
  field: z.core.$ZodType,
  value: unknown,
  place: Place,
  examples: Examples,
  isFixed = true,
): string[] {
  const { indent, mark } = place;
  const comment = isFixed ? commentOf(field) : '';
  const start = `${indent}${mark}${key}:`;
  const member = memberFor(field, value);
  const deeper = { ...place, indent: indent + INDENT };
  const heading = comment === '' ? [] : wrap(comment, `${indent}# `);
  if (value === undefined) return [...heading, `${start} ...`];
  if (isFields(value)) return [...heading, start, ...blockLines(field, value, deeper, examples)];
  if (member instanceof z.ZodArray && Array.isArray(value) && isFields(value[0])) {
    // One entry shows what every entry may have; the dash stands before its first key.
    const lines = blockLines(
      member.element as z.core.$ZodType,
      value[0],
      { ...place, path: [...place.path, '*'], indent: indent + INDENT + INDENT },
      examples,
    );
    const first = lines.findIndex(
      (line) =>
        !line.trimStart().startsWith('# ') || line.trimStart().startsWith(`# ${Object.keys(value[0] as Fields)[0]}:`),
    );
    return [
      ...heading,
      start,
      ...lines.map((line, index) => {
        if (index !== first) return line;
        const from = indent.length + INDENT.length;
        return mark === '' ? `${line.slice(0, from)}- ${line.slice(from + 2)}` : line.replace('# ', '# - ');
      }),
    ];
  }
  return [...heading, `${start} ${inline(value)}`];
}

/** `record`, annotated key by key in the order of its schema. */
export function annotate(
  schema: z.core.$ZodType,
  record: unknown,
  examples: Examples,
  path: readonly string[] = [],
): string {
  return blockLines(schema, record as Fields, { path, indent: '', mark: '' }, examples).join('\n');
}

/** Every value at `path` in `records`, in their order. */
export function valuesAt(records: readonly unknown[], path: readonly string[]): readonly unknown[] {
  return path.reduce<readonly unknown[]>(
    (values, part) =>
      values.flatMap((value) => {
        if (part === '*') return Array.isArray(value) ? value : isFields(value) ? Object.values(value) : [];
        const inner = isFields(value) ? value[part] : undefined;
        return inner === undefined ? [] : [inner];
      }),
    records,
  );
}
