import { z } from 'astro/zod';
import { describe, expect, test } from 'vitest';
import { SCHEMAS } from '../../../src/catalog/kinds.ts';
import { nearestOf } from '../../../src/catalog/nearest.ts';
import { fieldName } from '../../../src/catalog/problem.ts';
import { KINDS } from '../../../src/catalog/record.ts';
import { parseRecord, schemaProblems } from '../../../src/catalog/schema-problems.ts';
import { denseArchitecture, model, records } from './made-up.ts';

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Keys without help for the editor, and blocks that take any key. */
function gaps(schema: JsonSchema, path: string): string[] {
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])];
  const properties = Object.entries(schema.properties ?? {});
  const open = properties.length > 0 && schema.additionalProperties !== false ? [`${path} takes unknown keys`] : [];
  return [
    ...open,
    ...properties.flatMap(([key, value]) => [
      ...((value.description ?? '').length < 8 ? [`${path}.${key} is not described`] : []),
      ...gaps(value, `${path}.${key}`),
    ]),
    ...inner.flatMap((one) => gaps(one, path)),
    ...(typeof schema.additionalProperties === 'object' ? gaps(schema.additionalProperties, `${path}.*`) : []),
  ];
}

describe.each(KINDS)('the schema of %s', (kind) => {
  test('describes every key, and knows no others', () => {
    expect(gaps(z.toJSONSchema(SCHEMAS[kind]) as JsonSchema, kind)).toEqual([]);
  });

  test('changes nothing that it reads, and refuses an empty record', () => {
    const [{ id, body, ...data } = { id: '', body: '' }] = records()[kind];
    expect(parseRecord(SCHEMAS[kind], data)).toEqual({ success: true, data });
    expect(parseRecord(SCHEMAS[kind], {}).success).toBe(false);
  });
});

function problemsOfModel(changes: Record<string, unknown>): string[] {
  const { id, body, ...data } = { ...model(), ...changes } as Record<string, unknown>;
  const parsed = parseRecord(SCHEMAS.models, data);
  const issues = parsed.success ? [] : parsed.error.issues;
  return schemaProblems('models', 'tiny', SCHEMAS.models, data, issues).map(
    (p) => `${fieldName(p.path)}: ${p.found}; ${p.expected}`,
  );
}

function architecture(changes: object): Record<string, unknown> {
  return { architecture: { ...denseArchitecture, ...changes } };
}

test.each([
  [
    architecture({ feedForward: { intermediateSize: 'wide' } }),
    ['architecture.feedForward.intermediateSize: "wide"; a whole number, or a list'],
  ],
  [
    architecture({ feedForward: { intermediateSize: [3072, 'wide'] } }),
    ['architecture.feedForward.intermediateSize[2]: "wide"; a whole number'],
  ],
  [architecture({ layers: 513 }), ['architecture.layers: 513; a whole number from 1 to 512']],
  [
    architecture({ layers: 1e15, nextTokenLayers: 1e15 }),
    [
      'architecture.layers: 1000000000000000; a whole number from 1 to 512',
      'architecture.nextTokenLayers: 1000000000000000; a whole number from 1 to 512',
    ],
  ],
  [
    architecture({ attention: { heads: 16 } }),
    [expect.stringContaining('architecture.attention.kind: nothing; one of: full, latent')],
  ],
  [
    architecture({
      attention: {
        kind: 'linear-hybrid',
        heads: 16,
        linear: { type: 'lightning', heads: 16, headDim: 64 },
        full: { kvLoraRank: 512, nopeHeadDim: 128, ropeHeadDim: 64, valueHeadDim: '128' },
      },
    }),
    ['architecture.attention.full.valueHeadDim: "128"; a whole number'],
  ],
  [{ hook: 'It ends here.' }, ['hook: "It ends here."; no full stop at the end']],
  [{ ollama: 'two words' }, ['ollama: "two words"; an Ollama tag: name or name:tag']],
  [{ sources: {} }, ['sources: a block with the keys (none); at least one source']],
  [
    { sources: { Page: { title: 'A', url: 'https://example.com' } } },
    ['sources.Page: the key "Page"; a key in lower case, words joined by "-"'],
  ],
  [{ released: '2026-13' }, ['released: "2026-13"; a date as "YYYY-MM-DD" or "YYYY-MM", in quotes']],
  [{ estimable: 'no' }, ['estimable: "no"; true or false']],
])('%j is refused with its place', (changes, expected) => {
  expect(problemsOfModel(changes)).toEqual(expected);
});

test.each(['2026-04', '2024-02-29', '2026-12-31'])('%s is a date', (released) => {
  expect(problemsOfModel({ released })).toEqual([]);
});

test.each(['2025-02-29', '2026-04-31', '2026-00-10', '26-04-01', '2026'])('%s is no date', (released) => {
  expect(problemsOfModel({ released })).toHaveLength(1);
});

test('the nearest known key is suggested, and none where all are far', () => {
  expect(nearestOf('kv_heads', ['heads', 'kvHeads', 'headDim'])).toBe('kvHeads');
  expect(nearestOf('color', ['heads', 'kvHeads', 'headDim'])).toBeUndefined();
});
