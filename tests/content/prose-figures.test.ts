import { describe, expect, it } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { type EstimableModel, isEstimable } from '../../src/catalog/model.schema.ts';
import { CONTEXT_LADDER } from '../../src/scenarios/expand.ts';
import { figureText } from '../../src/scenarios/figures.ts';
import { modelAtQuant } from '../../src/scenarios/scenario.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp, formatGB, formatMB, schemeOf } from '../../src/vram/index.ts';

/** "16.7 GB at Q4_K_M with 8K tokens": what llama.cpp allocates on one device. */
const STATEMENT = /(\d+(?:\.\d+)? GB)(?: of VRAM)? at ([A-Z][A-Z0-9_]+) with ([\d,]+)(K?) tokens/g;

const catalog = loadCatalogFromDisk(process.cwd());

const textOf = ({ body, caveats = [], faq = [] }: EstimableModel): string =>
  [body, ...caveats, ...faq.map(({ answer }) => answer)].join('\n');

const statements = catalog.models.filter(isEstimable).flatMap((model) => {
  return [...textOf(model).matchAll(STATEMENT)].map(([text, amount, quant, tokens, thousands]) => ({
    model,
    text,
    amount,
    quant: quant ?? '',
    context: Number(tokens?.replaceAll(',', '')) * (thousands === 'K' ? 1024 : 1),
  }));
});

describe('figures typed into prose', () => {
  it('are there to be checked', () => expect(statements.length).toBeGreaterThan(100));

  it.each(statements.map((statement) => [statement.model.id, statement.text, statement] as const))(
    '%s: %s',
    (_, __, statement) => {
      const { model, quant, context, amount } = statement;
      const { device } = estimateLlamaCpp(model.architecture, schemeOf(quant), { ...DEFAULT_SETTINGS, context });
      expect(formatGB(device.total)).toBe(amount);
    },
  );
});

/** A sentence about a count that is wrong, or about what is not so. */
const WRONG_COUNT = /\bwould\b|\bformula\b|rule of thumb|looks right/i;
/** "144 KiB a token", but no part of it: "2 KiB more a token". */
const PER_TOKEN = /\b(\d+(?:\.\d+)? KiB) (?:of cache )?(?:a|per|for (?:every|each)) token\b/g;
/** "The file is 5.02 GB", "a file of 14.3 GB", "beside 14.3 GB of file". */
const FILE =
  /\bfiles? (?:is|are|of|has) (?:about )?(\d+(?:\.\d+)? GB)\b(?! larger)|\b(\d+(?:\.\d+)? GB) of file\b|\b(\d+(?:\.\d+)? GB) file\b/g;
/** "2.15 GB of cache", "the cache is 4.29 GB". */
const CACHE = /\b(\d+(?:\.\d+)? [GM]B) of (?:KV )?cache\b|\bcache is (\d+(?:\.\d+)? GB)\b/g;

/** Bytes of cache for one more token in KiB, as the notes round them: "144", "83.9". */
const perToken = (model: EstimableModel): readonly string[] => {
  const text = figureText(catalog, { model: model.id, part: 'per-token', unit: 'bytes' });
  const kib = Number(text.replace(/\D/g, '')) / 1024;
  return [kib.toFixed(0), kib.toFixed(1), kib.toFixed(2)].map((value) => `${value} KiB`);
};

const filesOf = ({ id }: EstimableModel): readonly string[] =>
  catalog.quants
    .filter(({ scenarioPages }) => scenarioPages)
    .map((quant) => formatGB(modelAtQuant(catalog, id, quant.id).allocate(4096).fileBytes));

function cachesOf({ architecture, context: { native, extended = native } }: EstimableModel): readonly string[] {
  const scheme = schemeOf('Q4_K_M');
  return [...CONTEXT_LADDER, 40_960, native, extended]
    .filter((context) => context <= extended)
    .flatMap((context) =>
      (['f16', 'q8_0', 'q4_0'] as const).map((type) => ({ ...DEFAULT_SETTINGS, context, kType: type, vType: type })),
    )
    .flatMap((settings) => {
      const { kvCache, state } = estimateLlamaCpp(architecture, scheme, settings).device;
      return [kvCache, kvCache + state].flatMap((bytes) => [formatGB(bytes), formatMB(bytes)]);
    });
}

describe.each([
  ['cache per token', PER_TOKEN, perToken],
  ['files', FILE, filesOf],
  ['caches', CACHE, cachesOf],
] as const)('%s typed into prose', (_, pattern, figuresOf) => {
  const models = catalog.models.filter(isEstimable);
  const typed = models.flatMap((model) => {
    const text = textOf(model);
    const claims = text.split(/(?<=[.:;?])\s/).filter((sentence) => !WRONG_COUNT.test(sentence));
    return [...claims.join(' ').matchAll(pattern)].map(([statement, ...groups]) => ({
      model,
      text,
      statement,
      figure: groups.find((group) => group !== undefined) ?? '',
    }));
  });

  it('are there to be checked', () => expect(typed.length).toBeGreaterThan(10));

  it.each(typed.map((one) => [one.model.id, one.statement, one] as const))(
    '%s: "%s" is a figure of that model, or of one that the note names',
    (_id, _statement, { model, text, figure }) => {
      const named = models.filter((other) => other !== model && text.includes(other.name));
      const own = figuresOf(model);
      if (!own.includes(figure)) expect(named.flatMap(figuresOf)).toContain(figure);
    },
  );
});
