import { describe, expect, it } from 'vitest';
import {
  calculatorPage,
  dataPage,
  gpuPage,
  guidePage,
  homePage,
  modelPage,
  scenarioPage,
} from '../../../src/scenarios/pages.ts';
import type { Page } from '../../../src/scenarios/views.ts';
import { structuredData, structuredDataText } from '../../../src/site/structured-data.ts';
import { catalog, keyOf } from '../scenarios/catalog.ts';

const ORIGIN = 'https://example.org';
const things = (page: Page): readonly Record<string, unknown>[] =>
  JSON.parse(structuredDataText(structuredData(page, ORIGIN)))['@graph'];
const types = (page: Page): readonly unknown[] => things(page).map((thing) => thing['@type']);

describe('structured data', () => {
  it('fits the kind of page', () => {
    expect(types(homePage(catalog))).toEqual(['WebSite']);
    expect(types(scenarioPage(catalog, keyOf('llama-3-1-8b/q4-k-m/8k')))).toEqual(['BreadcrumbList', 'FAQPage']);
    expect(types(modelPage(catalog, 'llama-3-1-8b'))).toEqual(['BreadcrumbList', 'FAQPage', 'Dataset']);
    expect(types(gpuPage(catalog, 'rtx-4090'))).toEqual(['BreadcrumbList', 'FAQPage']);
    expect(types(calculatorPage(catalog))).toEqual(['BreadcrumbList', 'WebApplication']);
    expect(types(dataPage(catalog))).toEqual(['BreadcrumbList', 'Dataset']);
    const [guide] = catalog.guides;
    if (guide) expect(types(guidePage(catalog, guide.id))).toEqual(['BreadcrumbList', 'TechArticle']);
  });

  it('numbers the breadcrumbs, with absolute addresses', () => {
    const [list] = things(scenarioPage(catalog, keyOf('llama-3-1-8b/q4-k-m/8k')));
    expect(list?.itemListElement).toEqual([
      { '@type': 'ListItem', position: 1, name: 'VRAM Atlas', item: `${ORIGIN}/` },
      { '@type': 'ListItem', position: 2, name: 'Models', item: `${ORIGIN}/models/` },
      { '@type': 'ListItem', position: 3, name: 'Llama 3.1 8B', item: `${ORIGIN}/models/llama-3-1-8b/` },
      { '@type': 'ListItem', position: 4, name: 'Q4_K_M', item: `${ORIGIN}/models/llama-3-1-8b/q4-k-m/` },
      { '@type': 'ListItem', position: 5, name: '8K', item: `${ORIGIN}/models/llama-3-1-8b/q4-k-m/8k/` },
    ]);
  });

  it('points a hub at its JSON', () => {
    const dataset = things(modelPage(catalog, 'llama-3-1-8b')).find((thing) => thing['@type'] === 'Dataset');
    expect(dataset).toMatchObject({
      distribution: { contentUrl: `${ORIGIN}/api/v1/models/llama-3-1-8b.json`, encodingFormat: 'application/json' },
    });
  });

  it('cannot close its script element', () => {
    const page = scenarioPage(catalog, keyOf('llama-3-1-8b/q4-k-m/8k'));
    const hostile = {
      ...page,
      meta: { ...page.meta, questions: [{ question: 'Is </script><script>alert(1) a name?', answer: 'Yes.' }] },
    };
    const text = structuredDataText(structuredData(hostile, ORIGIN));
    expect(text).not.toContain('<');
    expect(JSON.parse(text)['@graph'][1].mainEntity[0].name).toBe('Is </script><script>alert(1) a name?');
  });
});
