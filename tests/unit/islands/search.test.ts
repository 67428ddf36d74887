import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildSearch } from '../../../src/islands/search/index.ts';
import { type SearchData, understand, wordsOf } from '../../../src/islands/search/understand.ts';
import { searchData } from '../../../src/site/search-data.ts';
import { catalog } from '../scenarios/catalog.ts';
import { firstScreen, pageAt } from './page-text.ts';

const data: SearchData = searchData(catalog);
const search = buildSearch(data);

/** What people type, the page that answers, and a sentence of its first screen. Chosen by hand, one line a query. */
const QUERIES = readFileSync(join(import.meta.dirname, '../../fixtures/queries.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [query = '', href = '', ...sentence] = line.split(',');
    return [query, href, sentence.join(',')] as const;
  });

describe('what people type', () => {
  const screens = new Map<string, string>();
  // Pages of lists compute every model: once, and before the clock of a single test runs.
  beforeAll(() => {
    for (const [, href] of QUERIES) {
      const [path = '', fragment = ''] = href.split('#');
      if (!screens.has(href)) screens.set(href, firstScreen(pageAt(catalog, path), fragment));
    }
  }, 600_000);

  it('is the patterns of the survey and more', () => expect(QUERIES.length).toBeGreaterThan(150));

  it.each(QUERIES)('%s: %s', (query, href, sentence) => {
    expect(understand(query, data)?.href).toBe(href);
    expect(screens.get(href)).toContain(sentence);
  });
});

describe('words of a query', () => {
  it.each([
    ['Qwen3.5:27b', ['qwen', '3.5', '27b']],
    ['q4_k_m', ['q4', 'k', 'm']],
    ['24 GB, 4-bit', ['24gb', '4', 'bit']],
    ['4080super', ['4080', 'super']],
    ['llama.cpp', ['llamacpp']],
    ['q4km, iq3xxs', ['q4', 'k', 'm', 'iq3', 'xxs']],
    ['2x3090, 8xH100, 8x7b', ['2x', '3090', '8x', 'h100', '8x7b']],
    ['27 b, 24 gigs', ['27b', '24gb']],
    ['  …  ', []],
  ])('%s', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });
});

describe('a query that names no page', () => {
  it.each(['qwen', 'kimi', '', 'asdf qwer', 'llama 99 1234b'])('"%s" is left to the search', (query) => {
    const page = understand(query, data);
    if (query.includes('1234b')) expect(page?.href).toBe('/models/#section-6');
    else expect(page).toBeUndefined();
  });

  it('finds the models of a family, most looked-up first', () => {
    const [first] = search('kimi');
    expect(first?.text).toBe('Kimi K3');
    expect(search('qwen').length).toBeGreaterThan(10);
  });

  it.each(['qwen3 embedding', 'stable diffusion vram', 'smolvlm', 'whisper', 'claude'])(
    '"%s" is no model of the atlas, and is not taken for one',
    (query) => {
      expect(understand(query, data)).toBeUndefined();
    },
  );

  it.each<[query: string, of: (model: (typeof catalog.estimableModels)[number]) => boolean]>([
    [
      'mamba',
      ({ architecture: { attention } }) => attention.kind === 'linear-hybrid' && /mamba/.test(attention.linear.type),
    ],
    ['vision', ({ modalities }) => modalities.includes('image')],
    ['audio', ({ modalities }) => modalities.includes('audio')],
    ['moe', ({ architecture }) => architecture.feedForward.experts !== undefined],
    ['mla', ({ architecture: { attention } }) => attention.kind === 'latent'],
  ])('"%s" finds models of that kind', (query, of) => {
    const hrefs = new Set(catalog.estimableModels.filter(of).map(({ id }) => `/models/${id}/`));
    const found = search(query).filter(({ href }) => /^\/models\/./.test(href));
    expect(found.length).toBeGreaterThanOrEqual(Math.min(hrefs.size, 10));
    expect(found.filter(({ href }) => !hrefs.has(href))).toEqual([]);
  });

  it('shows the models of a kind in the order of what people look up', () => {
    const readImages = new Set(
      catalog.estimableModels.filter(({ modalities }) => modalities.includes('image')).map(({ id }) => id),
    );
    const expected = data.models.filter(({ id }) => readImages.has(id)).map(({ name }) => name);
    expect(search('vision').map(({ text }) => text)).toEqual(expected.slice(0, 20));
  });

  it('forgives a typing mistake', () => {
    expect(search('deepsek').some(({ text }) => text.startsWith('DeepSeek'))).toBe(true);
  });
});

describe('the search file', () => {
  it('leads every name of a model to that model', () => {
    const wrong = catalog.estimableModels.flatMap(({ id, name }) => {
      const href = understand(name, data)?.href;
      return href === `/models/${id}/` || href?.startsWith('/families/') ? [] : [`${name}: ${href}`];
    });
    expect(wrong).toEqual([]);
  });

  it("leads to the site's own pages, but not from a question about a quant", () => {
    const leads = (query: string): string | undefined => search(query)[0]?.href;
    expect(leads('methodology')).toBe('/methodology/');
    expect(leads('compare')).toBe('/compare/');
    expect(leads('guides')).toBe('/guides/');
    expect(leads('accuracy')).toBe('/accuracy/');
    expect(leads('q4 accuracy loss')).toBe('/quants/q4-k-m/');
  });

  it('leads the short name of every device to that device', () => {
    const wrong = catalog.gpus.flatMap(({ id, shortName }) => {
      const href = understand(shortName, data)?.href;
      return href === `/gpus/${id}/` ? [] : [`${shortName}: ${href}`];
    });
    expect(wrong).toEqual([]);
  });

  it('is small enough to load when the box is touched', () => {
    expect(brotliCompressSync(JSON.stringify(data)).length).toBeLessThan(20_000);
  });
});
