import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { checkRecords } from '../../src/catalog/check.ts';
import { loadCatalogFromDisk, readRecords } from '../../src/catalog/from-disk.ts';
import { measurementSchema } from '../../src/catalog/measurement.schema.ts';
import { KINDS, type Kind } from '../../src/catalog/record.ts';
import { jsonSchemaFile, jsonSchemaOf, SHOWN_KINDS, withRecords } from '../../src/cli/docs/pages.ts';

const TEXT = readFileSync('CONTRIBUTING.md', 'utf8');

function slotOf(kind: Kind): string {
  return new RegExp(`<!-- record of ${kind},.*\\n([\\s\\S]*?)<!-- end of record -->`).exec(TEXT)?.[1] ?? '';
}

const yamlBlocks = (text: string): string[] =>
  [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);

/** Names of all properties in a JSON Schema, at any depth. */
function propertiesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties'
      ? [...Object.keys(value as object), ...Object.values(value as object).flatMap(propertiesIn)]
      : propertiesIn(value),
  );
}

test('CONTRIBUTING.md is what `npm run docs` writes', () => {
  expect(withRecords(process.cwd(), TEXT)).toBe(TEXT);
});

test.each(KINDS)('schemas/%s.schema.json is what `npm run docs` writes', (kind) => {
  expect(readFileSync(jsonSchemaFile(kind), 'utf8')).toBe(jsonSchemaOf(kind));
});

describe.each(SHOWN_KINDS)('%s', (kind) => {
  test('the record shown is the record on disk, or its first entries, and its schema accepts it', () => {
    const [, id = ''] = /From `content\/\w+\/(.+)\.mdx`/.exec(slotOf(kind)) ?? [];
    const shown = parse(yamlBlocks(slotOf(kind))[0] ?? '');
    const { problems } = checkRecords([{ kind, id, data: shown, body: 'Text.' }]);
    // Records of other kinds are the one thing that a record alone cannot have.
    const alone = problems.filter(
      ({ found, path }) => !found.includes('and no file') && path.length > 0 && path[0] !== 'sources',
    );
    expect(alone).toEqual([]);
    const onDisk = readRecords(process.cwd(), kind).find((record) => record.id === id)?.data;
    expect(Object.keys(shown).sort()).toEqual(Object.keys(onDisk as object).sort());
  });

  test('every key that the JSON Schema knows is shown with a comment above it', () => {
    const keys = [...new Set(propertiesIn(JSON.parse(jsonSchemaOf(kind))))];
    expect(keys.length).toBeGreaterThan(4);
    const lines = yamlBlocks(slotOf(kind)).join('').split('\n');
    for (const key of keys) {
      const index = lines.findIndex((line) => new RegExp(`^ *(# )?(- )?${key}:`).test(line));
      expect(index, `${key} is shown`).toBeGreaterThan(0);
      expect(lines[index - 1], `the line above ${key}`).toMatch(/^ *# \S/);
    }
  });
});

test('no key stands without a value', () => {
  expect(TEXT).not.toMatch(/: \.\.\.$/m);
});

test('shows measured runs that the schema accepts, of records that exist', () => {
  const [block = ''] = yamlBlocks(TEXT.slice(TEXT.indexOf('## A measured run')));
  const example = measurementSchema.parse(parse(block));
  const { byId } = loadCatalogFromDisk('.');
  const runs = [...(example.memory ?? []), ...(example.speed ?? [])];
  expect(runs.length).toBeGreaterThan(3);
  for (const { model, quant, gpu } of runs) {
    expect([byId.models.has(model), byId.quants.has(quant), gpu === undefined || byId.gpus.has(gpu)]).toEqual([
      true,
      true,
      true,
    ]);
  }
});
