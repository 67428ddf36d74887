/** What a reader sees first on a page that a query may lead to: heading, answer, and the heads of its first table. */
import type { Catalog } from '../../../src/catalog/catalog.ts';
import {
  allTiersOf,
  calculatorPage,
  comparePage,
  comparisonsOf,
  familyPage,
  gpuListPage,
  gpuPage,
  guidePage,
  modelListPage,
  modelPage,
  modelQuantPage,
  quantPage,
  scenarioPage,
  tierPath,
  vramTierListPage,
  vramTierPage,
} from '../../../src/scenarios/pages.ts';
import type { Grid, Page } from '../../../src/scenarios/views.ts';
import { parseContextLabel } from '../../../src/vram/index.ts';

/** Rows of a table that the first screen has room for. */
const FIRST_ROWS = 4;

/** @throws Error where no page has the path */
export function pageAt(catalog: Catalog, path: string): Page {
  const [, kind = '', first = '', second = '', third = ''] = path.split('/');
  if (path === '/models/') return modelListPage(catalog);
  if (path === '/gpus/') return gpuListPage(catalog);
  if (path === '/vram/') return vramTierListPage(catalog);
  if (path === '/calculator/') return calculatorPage(catalog);
  if (kind === 'families') return familyPage(catalog, first);
  if (kind === 'gpus') return gpuPage(catalog, first);
  if (kind === 'quants') return quantPage(catalog, first);
  if (kind === 'guides') return guidePage(catalog, first);
  if (kind === 'compare') {
    const pair = comparisonsOf(catalog).find(([a, b]) => `${a}-vs-${b}` === first);
    if (pair) return comparePage(catalog, ...pair);
  }
  if (kind === 'vram') {
    const tier = allTiersOf(catalog).find((own) => tierPath(own) === path);
    if (tier) return vramTierPage(catalog, tier.gigabytes, tier.mac);
  }
  if (kind === 'models' && third !== '')
    return scenarioPage(catalog, { model: first, quant: second, context: parseContextLabel(third) ?? 0 });
  if (kind === 'models' && second !== '') return modelQuantPage(catalog, first, second);
  if (kind === 'models') return modelPage(catalog, first);
  throw new Error(`no page at ${path}`);
}

/** @param fragment id of the section that the query leads to; empty for the top of the page */
export function firstScreen(page: Page, fragment: string): string {
  const rows = (grid: Grid | undefined): readonly string[] => [
    grid?.caption ?? '',
    ...(grid?.rows
      .slice(0, FIRST_ROWS)
      .flatMap(({ head, cells }) => [head.text, ...cells.map((cell) => cell?.text ?? '')]) ?? []),
  ];
  if (fragment === 'hardware' && 'hardware' in page)
    return [
      page.heading,
      page.hardware.intro,
      ...page.hardware.groups.flatMap(({ rows: own }) => own.map(({ label }) => label)),
    ].join('\n');
  const section = /^section-(\d+)$/.exec(fragment)?.[1];
  if (section && page.kind === 'list') {
    const own = page.sections[Number(section) - 1];
    return [page.heading, own?.title ?? '', ...rows(own?.grid)].join('\n');
  }
  return [
    page.heading,
    ...('answer' in page ? page.answer : []),
    ...(page.kind === 'guide' ? [page.meta.description] : []),
    ...('best' in page ? rows(page.best) : []),
    ...('grid' in page ? rows(page.grid) : []),
    ...(page.kind === 'compare' ? rows(page.table) : []),
    ...(page.kind === 'list' ? rows(page.sections[0]?.grid) : []),
  ].join('\n');
}
