import { describe, expect, it } from 'vitest';
import { buildCatalog } from '../../../src/catalog/catalog.ts';
import type { QuantRecord } from '../../../src/catalog/quant.schema.ts';
import { contextsOf, modelQuantKeys, scenarioKeys } from '../../../src/scenarios/expand.ts';
import { checkpointQuantParts } from '../../../src/scenarios/pages/checkpoint-quant-page.ts';
import {
  accuracyPage,
  allTiersOf,
  calculatorPage,
  compareListPage,
  comparePage,
  comparisonsOf,
  dataPage,
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
  searchPage,
  tiersOf,
  VRAM_TIERS,
  vramTierListPage,
  vramTierPage,
} from '../../../src/scenarios/pages.ts';
import type { Grid, Page } from '../../../src/scenarios/views.ts';
import * as routes from '../../../src/site/routes.ts';
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
  ...allTiersOf(catalog).map(({ gigabytes, mac }) => vramTierPage(catalog, gigabytes, mac)),
  compareListPage(catalog),
  ...comparisonsOf(catalog).map(([first, second]) => comparePage(catalog, first, second)),
  calculatorPage(catalog),
  searchPage(catalog),
  dataPage(catalog),
  ...catalog.guides.map(({ id }) => guidePage(catalog, id)),
];
/** Memory that a device leaves to a model: what its record says is usable, less the driver's context. */
function roomGB(id: string): number {
  const answer = gpuPage(catalog, id).meta.questions?.[0]?.answer ?? '';
  const [, usable] = /\(([\d.]+) GB\) of the \d+ GiB on the label/.exec(answer) ?? [];
  const [, left = usable] = /so ([\d.]+) GB are left/.exec(answer) ?? [];
  return Number(left);
}

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
  routes.apiIndexPath(),
  routes.apiSchemaPath(),
  routes.calculatorDataPath(),
  routes.feedPath(),
  routes.llmsTextPath(),
  ...catalog.estimableModels.flatMap(({ id }) => [routes.modelApiPath(id), routes.modelTextPath(id)]),
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
      for (const href of hrefs) if (href.startsWith('/') && !paths.has(href.replace(/#.*/, ''))) missing.add(href);
    }
    expect([...missing]).toEqual([]);
  });

  it('have no holes in their text', () => {
    const holes = pages.flatMap((page) => {
      const texts: string[] = [];
      collect(page, [], texts);
      return texts
        .filter((text) => /undefined|NaN|Infinity|\[object|\bnull\b|—/.test(text))
        .map((text) => `${page.meta.path}: ${text}`);
    });
    expect(holes).toEqual([]);
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

  it('lists few models where a better-known device holds the same as fast, and says which', () => {
    // Both have 12 GB at 504 GB/s; the RTX 3060 12GB has 12 GB at 360.
    const [known, twin, other] = ['rtx-4070', 'rtx-4070-ti', 'rtx-3060-12gb'].map((id) => gpuPage(catalog, id));
    const short = [known, twin].find((page) => page?.related[0]?.title === 'Same memory, same bandwidth');
    expect(short?.grid.rows.length).toBeLessThan(10);
    expect(short?.answer.join(' ')).toMatch(/it holds what the RTX 4070[ \w]* holds, as fast/);
    expect(other?.grid.rows.length).toBeGreaterThan(30);
  });

  it('names the models that it holds at no quant, while they are few', () => {
    expect(gpuPage(catalog, 'apple-m3-ultra-512gb').answer.join(' ')).toContain('Too large at any quant: Kimi K3');
    expect(gpuPage(catalog, 'rtx-4090').answer.join(' ')).not.toContain('Too large');
  });

  it('says where a context ends that a column is for', () => {
    const row = gpuPage(catalog, 'rtx-4090').grid.rows.find(({ head }) => head.text === 'OLMo 2 32B');
    expect(row?.cells.slice(1, 3).map((cell) => cell?.text)).toEqual(['max 4K', 'max 4K']);
    expect(row?.cells[0]).toMatchObject({
      text: 'Q4_K_M',
      href: '/models/olmo-2-32b/q4-k-m/4k/',
      note: expect.stringMatching(/ GB at 4K$/),
    });
  });

  it('subtracts the driver only where the figure changes', () => {
    const answer = (id: string): string => gpuPage(catalog, id).meta.questions?.[0]?.answer ?? '';
    expect(answer('rtx-4090')).toContain('takes 457 MiB of that, so 24.8 GB are left');
    expect(answer('mi300x')).toMatch(/\(204 GB\) of .* 457 MiB of that, too little to change the figure\.$/);
  });

  it('shows nothing that does not fit', () => {
    const page = gpuPage(catalog, 'rtx-4060');
    expect(page.grid.rows.some(({ head }) => head.href === '/models/deepseek-v4-pro/')).toBe(false);
    expect(page.facts.find(({ term }) => term === 'Usable')?.text).toMatch(/^8\.\d+ GB/);
  });

  it('names the source of a day and of a price apart', () => {
    const { launch, sources } = catalog.byId.gpus.get('rtx-2070') ?? {};
    const facts = new Map(gpuPage(catalog, 'rtx-2070').facts.map(({ term, source }) => [term, source?.href]));
    expect(launch?.priceSource).not.toBe(launch?.source);
    expect(facts.get('Launch')).toBe(sources?.[launch?.source ?? '']?.url);
    expect(facts.get('Price at launch')).toBe(sources?.[launch?.priceSource ?? '']?.url);
  });
});

describe('the step up from a device', () => {
  const everyDevice = catalog.gpus.map(({ id }) => gpuPage(catalog, id));

  it.each([
    ['gtx-1660', 'What an RTX 4060 (8 GB) adds'],
    ['rtx-3060-12gb', 'What an RTX 5060 Ti 16GB adds'],
    ['rx-7800-xt', 'What an RX 7900 XTX (24 GB) adds'],
    ['rtx-4090', 'What an RTX 5090 (32 GB) adds'],
    ['rtx-5090', 'What an RTX A6000 (48 GB) adds'],
    ['a100-40gb-sxm', 'What an H100 80GB adds'],
    ['h200-sxm', 'What a B200 180GB adds'],
    ['rtx-4080-laptop', 'What an RTX 4090 Laptop (16 GB) adds'],
    ['apple-m4-max-128gb', 'What an M3 Ultra 256GB adds'],
    ['dgx-spark-gb10', 'What an M3 Ultra 256GB adds'],
  ])('%s: %s', (id, title) => {
    expect(gpuPage(catalog, id).unlocks?.title).toBe(title);
  });

  it('ends with the largest of its kind', () => {
    for (const id of ['mi355x', 'apple-m3-ultra-512gb', 'rtx-5090-laptop'])
      expect(gpuPage(catalog, id).unlocks, id).toBeUndefined();
  });

  it('holds what this one does not, by the figures of the pages', () => {
    const pages = everyDevice.filter(({ unlocks }) => unlocks);
    expect(pages.length).toBeGreaterThan(80);
    for (const { id, unlocks } of pages) {
      const [larger] = unlocks?.links.slice(-1) ?? [];
      const own = roomGB(id);
      const next = roomGB(larger?.href.split('/').at(-2) ?? '');
      expect(next, id).toBeGreaterThan(own);
      for (const { text, figure } of unlocks?.links.slice(0, -1) ?? []) {
        const planned = Number.parseFloat(figure);
        // Figures have three digits.
        expect(planned, `${id}: ${text}`).toBeGreaterThan(own * 0.994);
        expect(planned, `${id}: ${text}`).toBeLessThan(next * 1.006);
      }
    }
  });

  it('has picks whose quant is held with the context that they name', () => {
    const pages = everyDevice.filter(({ best }) => best);
    expect(pages.length).toBeGreaterThan(80);
    for (const { id, best, grid } of pages) {
      const listed = new Set(grid.rows.map(({ head }) => head.href));
      for (const { head, cells } of best?.rows ?? []) {
        expect(listed.has(head.href), `${id}: ${head.text}`).toBe(true);
        expect(Number.parseFloat(cells[1]?.note ?? ''), `${id}: ${head.text}`).toBeLessThan(roomGB(id) * 1.006);
      }
    }
  });

  it('counts what stays in RAM where the memory is one, and parameters as it prints them', () => {
    const page = gpuPage(catalog, 'ryzen-ai-max-395-128gb');
    const pick = page.best?.rows.find(({ head }) => head.text === 'Qwen3.8 Flash-Next');
    // Of 137 GB it takes 127 at Q4_K_M and 141 at Q5_K_M.
    expect([pick?.note, ...(pick?.cells.slice(0, 2).map((cell) => cell?.text) ?? [])]).toEqual([
      '125B, 6B active',
      '40B to 150B',
      'Q4_K_M',
    ]);
    expect(page.answer.join(' ')).toContain('the largest of them Mixtral 8x22B');
    const mac = vramTierPage(catalog, 16, true).grid.rows.find(({ head }) => head.text === 'Gemma 4 E4B');
    expect(mac?.cells[0]?.text).toBe('Q8_0');
  });

  it('is left to the page of the better-known device where two hold the same, as fast', () => {
    const twin = gpuPage(catalog, 'rtx-4070-ti');
    expect(twin.answer.join(' ')).toContain('on that page');
    expect([twin.best, twin.unlocks]).toEqual([undefined, undefined]);
  });
});

describe('a model that is announced only', () => {
  it('has its text and its sources on the page of its family', () => {
    const page = familyPage(catalog, 'mistral-large');
    const { name, sources } = catalog.byId.models.get('mistral-large-4') ?? {};
    expect(page.announced).toEqual([{ id: 'mistral-large-4', name }]);
    expect(page.sources.map(({ href }) => href)).toEqual(Object.values(sources ?? {}).map(({ url }) => url));
    expect(page.grid.rows.find(({ head }) => head.text === name)?.head.href).toBe(
      '/families/mistral-large/#mistral-large-4',
    );
    expect(familyPage(catalog, 'gpt-oss')).toMatchObject({ announced: [], sources: [] });
  });
});

describe('comparisons', () => {
  const pages = comparisonsOf(catalog).map(([first, second]) => comparePage(catalog, first, second));
  const reasons = (page: (typeof pages)[number]): string => page.choose.flatMap((side) => side.reasons).join(' ');

  describe('give reasons with the figures of their table', () => {
    /** Cells of a row, those of `side` first. */
    const cellsOf = (page: (typeof pages)[number], side: number, head: string) => {
      const texts = page.table.rows.find((row) => row.head.text === head)?.cells.map((cell) => cell?.text ?? '') ?? [];
      return [texts[side], texts[1 - side]];
    };
    const BYTES: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9 };
    /** The number of a cell, which compares with none where the cell is empty. */
    const amountOf = (text = ''): number => {
      const [, amount = 'none', unit = ''] = /^([\d.]+) (\w+)/.exec(text) ?? [];
      return Number(amount) * (BYTES[unit] ?? 1);
    };
    /**
     * Holds every reason that `pattern` finds to the cells of its side's row, and every side whose cell is clearly the
     * smaller one to the reason: cells are rounded, so ratios near the limit of 0.93 prove nothing.
     */
    function held(pair: 'models' | 'devices', head: string, pattern: RegExp, unit: string): number {
      let found = 0;
      for (const page of pages.filter((own) => own.pair === pair)) {
        for (const { link, reasons: given } of page.choose) {
          const cells = cellsOf(page, page.table.columns.indexOf(link.text), head);
          const said = pattern.exec(given.join(' '));
          if (said) {
            found += 1;
            expect([`${said[1]}${unit}`, `${said[2]}${unit}`], `${page.heading} ${link.text}`).toEqual(cells);
          }
          const ratio = amountOf(cells[0]) / amountOf(cells[1]);
          if (ratio < 0.91 || ratio > 0.95) expect(said !== null, `${page.heading} ${link.text}`).toBe(ratio < 0.93);
        }
      }
      return found;
    }

    it.each([
      ['models', 'Each further 1K of context', /cache grows by (\S+ \S+) with every 1K tokens, not (\S+ \S+)\./, ''],
      ['devices', 'Power', /Power counts: (\d+) W against (\d+)\./, ' W'],
      ['devices', 'Price at launch', /Price counts: (\d+) US dollars at launch against (\d+)\./, ' US dollars'],
    ] as const)('%s: %s', (pair, head, pattern, unit) => {
      expect(held(pair, head, pattern, unit)).toBeGreaterThan(5);
    });
  });

  it('name the contexts of models that end below 8K', () => {
    const models = catalog.models.map((model) =>
      model.id === 'tinyllama-1-1b' ? { ...model, comparedWith: ['qwen3-8b', 'phi-3-mini'] } : model,
    );
    const changed = buildCatalog({ ...catalog, models });
    const page = comparePage(changed, 'tinyllama-1-1b', 'qwen3-8b');
    expect(page.answer[0]).toMatch(/^With 2K and 8K of context at Q4_K_M, plan for /);
    // 22 layers x 4 heads x 64 elements x K and V x 2 bytes x 1,024 tokens, and 36 x 8 x 128 x 2 x 2 x 1,024.
    expect(page.table.rows.find(({ head }) => head.text === 'Each further 1K of context')?.cells).toMatchObject([
      { text: '23.1 MB' },
      { text: '151 MB' },
    ]);
    const [own, other] = page.related[0]?.links.map(({ figure }) => figure) ?? [];
    expect([own, other]).toEqual([expect.stringMatching(/ GB at 2K$/), expect.stringMatching(/ GB at 8K$/)]);
    const both = JSON.stringify(comparePage(changed, 'tinyllama-1-1b', 'phi-3-mini'));
    expect(both).toContain('With 2K and 4K of context');
    expect(both).not.toMatch(/8K of context|, 8K"/);
  });

  it('compare the contexts that models were trained for', () => {
    // Both for 262,144 tokens; that Qwen3 can be stretched to 1,010,000 is no reason.
    expect(reasons(comparePage(catalog, 'qwen3-30b-a3b', 'gemma-4-26b-a4b'))).not.toContain('trained for');
    expect(reasons(comparePage(catalog, 'kimi-k2-6', 'kimi-k3'))).toContain(
      'You need more than 256K tokens: the other was trained for no more, this one for 1M.',
    );
  });

  it('call a model faster only where ranges of speed hardly overlap', () => {
    const ratios = comparisonsOf(catalog)
      .map(([a, b]) => comparePage(catalog, a, b))
      .flatMap(({ choose }) =>
        choose
          .flatMap((side) => side.reasons)
          .flatMap((reason) => /about ([\d.]+) times as many tokens a second on the same/.exec(reason)?.[1] ?? []),
      );
    expect(ratios.length).toBeGreaterThan(10);
    expect(Math.min(...ratios.map(Number))).toBeGreaterThanOrEqual(1.3);
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

describe('memory of Macs', () => {
  it('has a page where no card has the size, and none where the size of cards already speaks of Macs', () => {
    const macs = allTiersOf(catalog).filter(({ mac }) => mac);
    expect(macs.map(({ gigabytes }) => gigabytes)).toEqual(expect.arrayContaining([16, 24, 32, 48, 64, 96, 128]));
    expect(macs.some(({ gigabytes }) => gigabytes === 512)).toBe(false);
    expect(vramTierPage(catalog, 64, true).meta.path).toBe('/vram/mac-64gb/');
  });

  it('holds less than the label: macOS keeps a part', () => {
    const fits = (page: ReturnType<typeof vramTierPage>): readonly string[] =>
      page.grid.rows.map(({ head }) => head.text);
    expect(fits(vramTierPage(catalog, 24, true)).length).toBeLessThan(fits(vramTierPage(catalog, 24)).length);
  });
});

describe('the grid of a model', () => {
  it('offers memory sizes to choose from, or none: one is no choice', () => {
    const offered = catalog.estimableModels.map(({ id }) => modelPage(catalog, id).grid);
    const some = offered.filter(({ sizes }) => sizes !== undefined);
    expect(some.length).toBeGreaterThan(offered.length / 2);
    for (const { caption, sizes } of some) expect(sizes?.labels.length, caption).toBeGreaterThan(1);
    // Every cell of TinyLlama is within 6 GB.
    const { sizes, rows } = modelPage(catalog, 'tinyllama-1-1b').grid;
    expect(sizes).toBeUndefined();
    expect(rows.flatMap(({ cells }) => cells.map((cell) => cell?.size))).not.toContain(0);
  });
});

describe('picks of a memory size', () => {
  it('fit, and are the most looked-up of their size', () => {
    const page = vramTierPage(catalog, 16);
    const everything = new Set(page.grid.rows.map(({ head }) => head.href));
    for (const { head } of page.best.rows) expect(everything.has(head.href), head.href).toBe(true);
    // gpt-oss 20B is 12 GB of MXFP4 and the most looked-up of its size that 16 GB hold.
    expect(page.best.rows[0]?.head.href).toBe('/models/gpt-oss-20b/');
  });

  it('name what the next size adds, which the size itself does not hold', () => {
    const page = vramTierPage(catalog, 24);
    const [next] = page.unlocks?.links.slice(-1) ?? [];
    expect(next?.href).toBe('/vram/32gb/');
    const usual = new Set(
      page.grid.rows.filter(({ cells }) => cells.at(-1)?.text !== 'does not fit').map(({ head }) => head.href),
    );
    for (const { href } of page.unlocks?.links.slice(0, -1) ?? []) expect(usual.has(href), href).toBe(false);
  });

  it('offer gpt-oss 120B on a 24 GB card with experts in RAM, and none on a Mac', () => {
    const row = vramTierPage(catalog, 24).expertsInRam?.rows.find(({ head }) => head.href === '/models/gpt-oss-120b/');
    expect(row?.cells[1]?.text).toMatch(/^--n-cpu-moe \d+$/);
    expect(vramTierPage(catalog, 64, true).expertsInRam).toBeUndefined();
  });
});

describe('a model that ends before 8K', () => {
  // TinyLlama was trained on 2048 tokens, Phi 3 Mini on 4096.
  const cellsOf = (grid: Grid, href: string) => grid.rows.find(({ head }) => head.href === href)?.cells ?? [];

  it('says its own context in the cells of columns that say 8K', () => {
    expect(cellsOf(vramTierPage(catalog, 8).grid, '/models/phi-3-mini/').at(-1)?.note).toBe('at 4K');
    expect(cellsOf(vramTierPage(catalog, 8).grid, '/models/tinyllama-1-1b/').at(-1)?.note).toBe('at 2K');
    expect(cellsOf(gpuPage(catalog, 'rtx-3060-12gb').grid, '/models/phi-3-mini/').at(-1)?.note).toMatch(/ at 4K$/);
    expect(cellsOf(quantPage(catalog, 'q4-k-m').grid, '/models/phi-3-mini/')[2]?.note).toBe('at 4K');
  });

  it('alone does: others have 8K', () => {
    for (const { head, cells } of vramTierPage(catalog, 8).grid.rows) {
      const model = catalog.byId.models.get(head.href.split('/')[2] ?? '');
      const longest = Math.max(model?.context.native ?? 0, model?.context.extended ?? 0);
      expect(cells.at(-1)?.note !== undefined, head.href).toBe(longest < 8192);
    }
  });
});

describe('two side by side', () => {
  it('are sixty pairs and more, each once, the pairs that people name among them', () => {
    const pairs = comparisonsOf(catalog);
    expect(pairs.length).toBeGreaterThanOrEqual(60);
    const keys = pairs.map((pair) => pair.toSorted().join(' '));
    expect(new Set(keys).size).toBe(keys.length);
    for (const named of [
      ['gemma-4-31b', 'qwen3-5-27b'],
      ['gpt-oss-20b', 'qwen3-30b-a3b'],
      ['rtx-3090', 'rtx-4090'],
      ['rtx-4090', 'rtx-5090'],
      ['dgx-spark-gb10', 'ryzen-ai-max-395-128gb'],
    ])
      expect(keys).toContain(named.toSorted().join(' '));
  });

  it('have the figures of the pages of their scenarios', () => {
    const page = comparePage(catalog, 'gemma-4-31b', 'qwen3-5-27b');
    const row = page.table.rows.find(({ head }) => head.text === 'Plan for at 8K');
    for (const [index, model] of ['gemma-4-31b', 'qwen3-5-27b'].entries()) {
      const scenario = scenarioPage(catalog, { model, quant: 'q4-k-m', context: 8192 });
      expect(row?.cells[index]?.text).toBe(scenario.planFor.gb);
      expect(page.answer[0]).toContain(scenario.planFor.gb);
    }
  });

  it('have a reason for each side', () => {
    for (const [first, second] of comparisonsOf(catalog)) {
      const { choose, meta } = comparePage(catalog, first, second);
      expect(
        choose.map(({ reasons }) => reasons.length > 0),
        meta.path,
      ).toEqual([true, true]);
    }
  });

  it('say once what two devices have in common', () => {
    const page = comparePage(catalog, 'apple-m3-ultra-256gb', 'apple-m3-ultra-512gb');
    expect(page.answer.at(-1)).toMatch(
      /^Neither is faster: .* tokens\/s on both, from 819 GB\/s of memory bandwidth\.$/,
    );
  });

  it('say of a device what the other does not hold', () => {
    const { choose } = comparePage(catalog, 'rtx-5090', 'rtx-4090');
    expect(choose[0]?.reasons[0]).toMatch(/only it holds|which only it holds/);
    expect(choose[1]?.reasons.join(' ')).toContain('1599 US dollars at launch against 1999');
  });

  it('give no range of memory from a figure up to the same figure', () => {
    for (const { id } of catalog.families) {
      const [, from, to] = /^Plan for (\S+ GB) .* up to (\S+ GB) /.exec(familyPage(catalog, id).answer[0] ?? '') ?? [];
      if (from !== undefined) expect(to, id).not.toBe(from);
    }
    expect(familyPage(catalog, 'kimi-k3').answer[0]).toMatch(/for Kimi K3 and Kimi K3\.1 Pro alike/);
  });

  it('judge a device that leads in nothing by no price or power that is not on record', () => {
    let judged = 0;
    for (const [first, second] of comparisonsOf(catalog)) {
      const sides = [first, second].map((id) => catalog.byId.gpus.get(id));
      const text = comparePage(catalog, first, second)
        .choose.flatMap(({ reasons }) => reasons)
        .find((reason) => reason.startsWith('You own it already'));
      if (text === undefined) continue;
      judged += 1;
      expect(text.includes('price'), text).toBe(sides.every((gpu) => gpu?.launch?.priceUsd !== undefined));
      expect(text.includes('power'), text).toBe(sides.every((gpu) => gpu?.tdpWatts !== undefined));
    }
    expect(judged).toBeGreaterThan(5);
  });

  it('name the pair when asked for one without a page', () => {
    expect(() => comparePage(catalog, 'rtx-4090', 'no-such-gpu')).toThrow('no-such-gpu');
  });
});

describe('the page for a wrong address', () => {
  it('is not indexed', () => {
    expect(notFoundPage(catalog).meta).toMatchObject({ path: '/404.html', indexable: false });
  });
});

describe('formats of checkpoints with the same bits', () => {
  it('have the same table, so that one page of them has it', () => {
    const first = new Map<string, QuantRecord>();
    const pairs = catalog.quants.flatMap((quant): [QuantRecord, QuantRecord][] => {
      const key = `${quant.engine}/${quant.nominalBits}`;
      const known = first.get(key);
      if (!known) first.set(key, quant);
      return known && quant.engine === 'vllm' ? [[known, quant]] : [];
    });
    expect(pairs.length).toBeGreaterThan(0);
    for (const [known, other] of pairs) {
      const cells = (quant: QuantRecord): string =>
        JSON.stringify(
          checkpointQuantParts(catalog, quant).grid.rows.map((row) => row.cells.map((cell) => cell?.text)),
        );
      expect(cells(other), `${other.id} and ${known.id}`).toBe(cells(known));
    }
  });
});

it('links no page of a model at a quant to itself', () => {
  for (const { model, quant } of modelQuantKeys(catalog).slice(0, 100)) {
    const { meta, related } = modelQuantPage(catalog, model, quant);
    expect(
      related.flatMap(({ links }) => links.map(({ href }) => href)),
      meta.path,
    ).not.toContain(meta.path);
  }
});
