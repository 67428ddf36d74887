import type { Catalog } from '../../catalog/catalog.ts';
import { compareListPath } from '../../site/routes.ts';
import { formatGB } from '../../vram/index.ts';
import { pairsOf, sideOf } from '../comparisons.ts';
import type { ComparePage, ListPage } from '../views.ts';
import { devicesPage } from './compare-devices.ts';
import { modelsPage } from './compare-models.ts';
import { pairName, pairPath } from './compare-shared.ts';
import { metaOf } from './meta.ts';
import { textCell, usualOf } from './shared.ts';

/**
 * Two records side by side.
 * @throws {RangeError} for a pair that has no page
 */
export function comparePage(catalog: Catalog, first: string, second: string): ComparePage {
  const pair = pairsOf(catalog).find((own) => sideOf(own.first).id === first && sideOf(own.second).id === second);
  if (!pair)
    throw new RangeError(`Found the pair ${first} and ${second}; expected one of the catalogue's comparisons.`);
  return pair.kind === 'models' ? modelsPage(catalog, pair) : devicesPage(catalog, pair);
}

/** Every pair with a page. */
export function compareListPage(catalog: Catalog): ListPage {
  const pairs = pairsOf(catalog);
  const models = pairs.filter((pair) => pair.kind === 'models');
  const devices = pairs.filter((pair) => pair.kind === 'gpus');
  return {
    kind: 'list',
    meta: metaOf({
      path: compareListPath(),
      title: `${pairs.length} comparisons: model against model, GPU against GPU`,
      description: [
        `${models.length} pairs of models by memory, context cost and speed, and ${devices.length} pairs of GPUs and Macs by what they hold.`,
      ],
      crumbs: [],
      name: 'Compare',
      updated: catalog.updated,
    }),
    heading: 'Which of the two?',
    answer: [
      `${models.length} pairs of models and ${devices.length} of devices. Plan for is at each model's usual quant with 8K of context.`,
    ],
    sections: [
      {
        title: 'Model against model',
        grid: {
          caption: 'Pairs of models',
          corner: 'Pair',
          columns: ['Plan for, first', 'Plan for, second'],
          rows: models.map((pair) => ({
            head: { text: pairName(pair), href: pairPath(pair) },
            cells: [pair.first, pair.second].map((model) => textCell(formatGB(usualOf(catalog, model).planForBytes))),
          })),
        },
      },
      {
        title: 'Device against device',
        grid: {
          caption: 'Pairs of devices',
          corner: 'Pair',
          columns: ['Usable, first', 'Usable, second'],
          rows: devices.map((pair) => ({
            head: { text: pairName(pair), href: pairPath(pair) },
            cells: [pair.first, pair.second].map(({ device }) => textCell(formatGB(device.usableBytes))),
          })),
        },
      },
    ],
  };
}

/** Ids of the two sides of every pair with a page. */
export const comparisonsOf = (catalog: Catalog): readonly (readonly [first: string, second: string])[] =>
  pairsOf(catalog).map(({ first, second }) => [sideOf(first).id, sideOf(second).id]);
