import { describe, expect, it } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { isEstimable } from '../../src/catalog/model.schema.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp, formatGB, schemeOf } from '../../src/vram/index.ts';

/** "16.7 GB at Q4_K_M with 8K tokens": what llama.cpp allocates on one device. */
const STATEMENT = /(\d+(?:\.\d+)? GB)(?: of VRAM)? at ([A-Z][A-Z0-9_]+) with ([\d,]+)(K?) tokens/g;

const catalog = loadCatalogFromDisk(process.cwd());

const statements = catalog.models.filter(isEstimable).flatMap((model) => {
  const texts = [model.body, ...(model.caveats ?? []), ...(model.faq ?? []).map(({ answer }) => answer)];
  return [...texts.join('\n').matchAll(STATEMENT)].map(([text, amount, quant, tokens, thousands]) => ({
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
