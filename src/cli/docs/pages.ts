/** What `npm run docs` writes: JSON Schemas, and the annotated records in CONTRIBUTING.md. */
import { z } from 'astro/zod';
import { readRecords } from '../../catalog/from-disk.ts';
import { SCHEMAS } from '../../catalog/kinds.ts';
import { type Kind, recordFile } from '../../catalog/record.ts';
import { annotate, valuesAt } from './annotate.ts';

/** Kinds with an annotated record in CONTRIBUTING.md; measured runs are explained there by hand, as one line a run. */
type ShownKind = Exclude<Kind, 'measurements'>;

/** The record of each kind that CONTRIBUTING.md shows. */
const SHOWN: Readonly<Record<ShownKind, string>> = {
  models: 'qwen3-8b',
  families: 'qwen3-5',
  quants: 'q4-k-m',
  gpus: 'rtx-4090',
  engines: 'llama-cpp',
  guides: 'kv-cache',
};

export const SHOWN_KINDS = Object.keys(SHOWN) as ShownKind[];

/** Parts of a model that come in kinds with keys of their own: path, and the key that names the kind. */
const VARIANTS = [
  { path: ['architecture', 'attention'], key: 'kind' },
  { path: ['architecture', 'attention', 'linear'], key: 'type' },
] as const;

/** The JSON Schema of a kind, as editors read it. */
export function jsonSchemaOf(kind: Kind): string {
  const schema = z.toJSONSchema(SCHEMAS[kind], { target: 'draft-7', io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ title: `A record in content/${kind}`, ...schema }, null, 2)}\n`;
}

export const jsonSchemaFile = (kind: Kind): string => `schemas/${kind}.schema.json`;

const fenced = (yaml: string): string => `\`\`\`yaml\n${yaml}\n\`\`\``;

/** The annotated record of a kind; for models also one example of every kind of attention. */
function annotatedRecord(root: string, kind: ShownKind): string {
  const records = readRecords(root, kind);
  const all = records.map(({ data }) => data);
  const shown = records.find(({ id }) => id === SHOWN[kind]);
  if (shown === undefined) throw new Error(`no ${recordFile(kind, SHOWN[kind])}`);
  const examples = (path: readonly string[]): readonly unknown[] => valuesAt(all, path);
  const parts = [`From \`${recordFile(kind, SHOWN[kind])}\`:`, fenced(annotate(SCHEMAS[kind], shown.data, examples))];
  if (kind !== 'models') return parts.join('\n\n');

  for (const { path, key } of VARIANTS) {
    const seen = new Set(valuesAt([shown.data], [...path, key]));
    for (const { id, data } of records) {
      const [value] = valuesAt([data], path);
      const [name] = valuesAt([data], [...path, key]);
      if (value === undefined || name === undefined || seen.has(name)) continue;
      seen.add(name);
      const field = path.at(-1) ?? '';
      const schema = path.reduce<z.core.$ZodType>((outer, part) => fieldOf(outer, part), SCHEMAS.models);
      parts.push(
        `\`${path.join('.')}\` with \`${key}: ${String(name)}\`, from \`${recordFile(kind, id)}\`:`,
        fenced(`${field}:\n${indented(annotate(schema, value, examples, path))}`),
      );
    }
  }
  return parts.join('\n\n');
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ');

/** The schema of a key, whichever member of a union has it. */
function fieldOf(schema: z.core.$ZodType, key: string): z.core.$ZodType {
  const { innerType, options } = schema._zod.def as {
    innerType?: z.core.$ZodType;
    options?: readonly z.core.$ZodType[];
  };
  if (innerType !== undefined) return fieldOf(innerType, key);
  for (const option of options ?? [schema]) {
    const field = option instanceof z.ZodObject ? (option.shape as Record<string, z.core.$ZodType>)[key] : undefined;
    if (field !== undefined) return field;
  }
  throw new Error(`the schema has no key ${key}`);
}

const SLOT = /(<!-- record of (\w+), written by `npm run docs` -->\n)[\s\S]*?(<!-- end of record -->)/g;

/** `text` with a current record in each of its slots. */
export function withRecords(root: string, text: string): string {
  return text.replace(SLOT, (_, start: string, kind: string, end: string) => {
    const known = SHOWN_KINDS.find((name) => name === kind);
    if (known === undefined)
      throw new Error(`CONTRIBUTING.md has a slot for "${kind}", expected one of ${SHOWN_KINDS.join(', ')}`);
    return `${start}\n${annotatedRecord(root, known)}\n\n${end}`;
  });
}
