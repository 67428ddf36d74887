import { describe, expect, it } from 'vitest';
import { contextsOf, modelQuantKeys, scenarioKeys } from '../../../src/scenarios/expand.ts';
import {
  accuracyPage,
  familyListPage,
  familyPage,
  gpuListPage,
  gpuPage,
  guideListPage,
  guidePage,
  homePage,
  modelListPage,
  modelPage,
  modelQuantPage,
  notFoundPage,
  quantListPage,
  quantPage,
  scenarioPage,
  tiersOf,
  VRAM_TIERS,
  vramTierListPage,
  vramTierPage,
} from '../../../src/scenarios/pages.ts';
import type { Page } from '../../../src/scenarios/views.ts';
import { measurementApiPath, scenarioPath } from '../../../src/site/routes.ts';
import { contextLabel } from '../../../src/vram/index.ts';
import { catalog } from './catalog.ts';

const hubs: readonly Page[] = [
  homePage(catalog),
  accuracyPage(catalog),
  modelListPage(catalog),
  quantListPage(catalog),
  gpuListPage(catalog),
  familyListPage(catalog),
  vramTierListPage(catalog),
  guideListPage(catalog),
  ...catalog.estimableModels.map(({ id }) => modelPage(catalog, id)),
  ...catalog.quants.map(({ id }) => quantPage(catalog, id)),
  ...catalog.gpus.map(({ id }) => gpuPage(catalog, id)),
  ...catalog.families.map(({ id }) => familyPage(catalog, id)),
  ...tiersOf(catalog).map((tier) => vramTierPage(catalog, tier)),
  ...catalog.guides.map(({ id }) => guidePage(catalog, id)),
];
const modelQuants = modelQuantKeys(catalog).map(({ model, quant }) => modelQuantPage(catalog, model, quant));
const scenarios = scenarioKeys(catalog)
  .filter((_, index) => index % 41 === 0)
  .map((key) => scenarioPage(catalog, key));
const pages: readonly Page[] = [...hubs, ...modelQuants, ...scenarios];

const paths = new Set([
  measurementApiPath(),
  ...hubs.map(({ meta }) => meta.path),
  ...modelQuants.map(({ meta }) => meta.path),
  ...scenarioKeys(catalog).map(({ model, quant, context }) => scenarioPath(model, quant, contextLabel(context))),
]);

/** Every value under a key named `href`, and every text, of a view object. */
function collect(value: unknown, hrefs: string[], texts: string[], key = ''): void {
  if (typeof value === 'string') (key === 'href' ? hrefs : texts).push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, hrefs, texts, key);
  else if (value && typeof value === 'object')
    for (const [name, inner] of Object.entries(value)) collect(inner, hrefs, texts, name);
}

describe('all pages', () => {
  it('have titles and descriptions of their own', () => {
    for (const field of ['title', 'description', 'path'] as const) {
      const seen = new Map<string, string>();
      for (const { meta } of pages) {
        expect(seen.get(meta[field]), `${field} of ${meta.path}`).toBeUndefined();
        seen.set(meta[field], meta.path);
      }
    }
  });

  it('have descriptions that search results show whole', () => {
    const long = pages
      .filter(({ kind, meta }) => kind !== 'guide' && meta.description.length > 155)
      .map(({ meta }) => meta.description);
    expect(long).toEqual([]);
  });

  it('link only to pages that exist', () => {
    const missing = new Set<string>();
    for (const page of pages) {
      const hrefs: string[] = [];
      collect(page, hrefs, []);
      for (const href of hrefs) if (href.startsWith('/') && !paths.has(href)) missing.add(href);
    }
    expect([...missing]).toEqual([]);
  });

  it('have no holes in their text', () => {
    for (const page of pages) {
      const texts: string[] = [];
      collect(page, [], texts);
      for (const text of texts) expect(text, page.meta.path).not.toMatch(/undefined|NaN|Infinity|\[object|\bnull\b|—/);
    }
  });

  it('end their breadcrumbs at their own address', () => {
    for (const { meta } of pages) {
      expect(meta.breadcrumbs[0]?.href).toBe('/');
      expect(meta.breadcrumbs.at(-1)?.href).toBe(meta.path);
      expect(meta.updated).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });
});

describe('a hub of a model', () => {
  it('has every quant and context in its grid', () => {
    const page = modelPage(catalog, 'qwen2-5-7b');
    expect(page.grid.columns).toEqual(['4K', '8K', '16K', '32K', '64K', '128K']);
    expect(page.grid.rows.every(({ cells }) => cells.length === 6 && cells.every((cell) => cell !== null))).toBe(true);
    expect(page.answer[0]).toMatch(/^Qwen2\.5 7B at Q4_K_M with 8K tokens of context needs/);
  });

  it('has the questions of its record', () => {
    const own = catalog.byId.models.get('deepseek-v4-pro')?.faq ?? [];
    expect(modelPage(catalog, 'deepseek-v4-pro').faq).toEqual(
      expect.arrayContaining(own.map(({ question, answer }) => ({ question, answer }))),
    );
  });

  it('is an error for a model without an architecture', () => {
    expect(() => modelPage(catalog, 'no-such-model')).toThrow('"no-such-model"');
  });
});

describe('a model at a quant', () => {
  it('has one row a context, the same figures as the scenario pages', () => {
    const page = modelQuantPage(catalog, 'llama-3-1-8b', 'q4-k-m');
    const model = catalog.byId.models.get('llama-3-1-8b');
    expect(page.contexts.rows).toHaveLength(model ? contextsOf(model).length : 0);
    for (const { head, cells } of page.contexts.rows) {
      const context = scenarioKeys(catalog).find(
        ({ model: id, quant, context: tokens }) => scenarioPath(id, quant, contextLabel(tokens)) === head.href,
      );
      if (!context) throw new Error(head.href);
      const scenario = scenarioPage(catalog, context);
      expect(cells.slice(0, 2).map((cell) => cell?.text)).toEqual([scenario.planFor.gb, scenario.needs.gb]);
    }
  });
});

describe('what runs on a device', () => {
  it('recommends a larger quant on a larger card', () => {
    const quantAt = (gpu: string): string | undefined =>
      gpuPage(catalog, gpu).grid.rows.find(({ head }) => head.href === '/models/qwen3-8b/')?.cells[0]?.text;
    // Qwen3 8B: 16.4 GB at 16 bits.
    expect(quantAt('rtx-4060')).toBe('Q5_K_M');
    expect(quantAt('rtx-3060-12gb')).toBe('Q8_0');
    expect(quantAt('rtx-4090')).toBe('BF16');
  });

  it('shows nothing that does not fit', () => {
    const page = gpuPage(catalog, 'rtx-4060');
    expect(page.grid.rows.some(({ head }) => head.href === '/models/deepseek-v4-pro/')).toBe(false);
    expect(page.facts.find(({ term }) => term === 'Usable')?.text).toMatch(/^8\.\d+ GB/);
  });
});

describe('memory tiers', () => {
  it('are those of the design, as far as there are devices', () => {
    expect(VRAM_TIERS).toEqual([6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 141, 192, 256, 512]);
    expect(tiersOf(catalog)).toEqual(VRAM_TIERS);
  });

  it('hold more models the larger they are', () => {
    const counts = tiersOf(catalog).map((tier) => vramTierPage(catalog, tier).grid.rows.length);
    expect(counts[0]).toBeGreaterThan(20);
    expect(counts.at(-1)).toBeGreaterThan((counts[0] ?? 0) * 1.5);
  });

  it('name the sizes there are when asked for another', () => {
    expect(() => vramTierPage(catalog, 7)).toThrow('7 GB; expected one of 6, 8, 10');
  });
});

describe('the page for a wrong address', () => {
  it('is not indexed', () => {
    expect(notFoundPage(catalog).meta).toMatchObject({ path: '/404.html', indexable: false });
  });
});
