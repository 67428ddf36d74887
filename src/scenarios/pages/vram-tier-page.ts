import type { Catalog } from '../../catalog/catalog.ts';
import { gpuPath, vramTierListPath, vramTierPath } from '../../site/routes.ts';
import { formatGB, formatGiB } from '../../vram/index.ts';
import { type CatalogDevice, devicesOf } from '../devices.ts';
import type { LinkWithFigure, ListPage, VramTierPage } from '../views.ts';
import { counted, joinWords } from '../words.ts';
import { metaOf } from './meta.ts';
import {
  countWithin,
  largestModelWithin,
  roomOf,
  textCell,
  usualOf,
  WHAT_FITS_COLUMNS,
  whatFitsRows,
} from './shared.ts';

/** Memory sizes with a page, in GB as sold. */
export const VRAM_TIERS: readonly number[] = [
  6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 141, 192, 256, 512,
];

/**
 * Devices that a tier speaks for: cards of that size, or machines with unified memory where no card has it.
 * The least usable memory first, since that one decides the page.
 */
export function tierDevices(catalog: Catalog, gigabytes: number): readonly CatalogDevice[] {
  const { cards, unified } = devicesOf(catalog);
  const ofSize = (own: CatalogDevice): boolean => own.gpu.memoryGB === gigabytes;
  const found = cards.filter(ofSize);
  return found.length > 0 ? found : unified.filter(ofSize);
}

/** Tiers that the catalogue has a device for. */
export const tiersOf = (catalog: Catalog): readonly number[] =>
  VRAM_TIERS.filter((tier) => tierDevices(catalog, tier).length > 0);

/**
 * What runs in a memory size.
 * @throws {RangeError} where the catalogue has no device of that size
 */
export function vramTierPage(catalog: Catalog, gigabytes: number): VramTierPage {
  const devices = tierDevices(catalog, gigabytes);
  const [least] = devices;
  if (!least)
    throw new RangeError(`Found a memory size of ${gigabytes} GB; expected one of ${tiersOf(catalog).join(', ')}.`);
  const room = roomOf(least);
  const counts = countWithin(catalog, room);
  const largest = largestModelWithin(catalog, room);
  const popular = catalog.estimableModels.filter((model) => usualOf(catalog, model).planForBytes <= room).slice(0, 3);
  const unified = least.kind === 'unified';
  const thing = unified ? `machines with ${gigabytes} GB of unified memory` : `${gigabytes} GB cards`;
  const names = popular.map(({ name }) => name);
  const usable = formatGB(least.device.usableBytes);
  return {
    kind: 'vram-tier',
    meta: metaOf({
      path: vramTierPath(gigabytes),
      title: `Best LLMs for ${gigabytes} GB ${unified ? 'of unified memory' : 'of VRAM'}: ${counts.usual} that fit`,
      description: [
        `${counts.usual} of ${catalog.estimableModels.length} models fit ${thing} at 4 bits with 8K context.`,
        names.length > 0 ? `Most looked up: ${joinWords(names)}.` : '',
        largest ? `Largest: ${largest.name}.` : '',
      ],
      crumbs: [{ text: 'By memory', href: vramTierListPath() }],
      name: `${gigabytes} GB`,
      updated: catalog.updated,
    }),
    heading: `What runs in ${gigabytes} GB${unified ? ' of unified memory' : ' of VRAM'}?`,
    answer: [
      `${counts.usual} of ${catalog.estimableModels.length} models fit at their usual 4-bit quant with 8K of context, ${counts.any} at some quant.`,
      names.length > 0 && largest
        ? `People look up ${joinWords(names)} most; the largest that fits is ${largest.name}.`
        : 'Only the smallest models fit.',
      `Counted for the least that ${thing} leave usable: ${usable} (${formatGiB(least.device.usableBytes)}) on the ${least.gpu.shortName}.`,
    ],
    grid: {
      caption: `Models that fit ${gigabytes} GB`,
      corner: 'Model',
      columns: [...WHAT_FITS_COLUMNS, 'Left at 8K, usual quant'],
      rows: whatFitsRows(catalog, room, (model) => {
        const left = room - usualOf(catalog, model).planForBytes;
        return textCell(left >= 0 ? formatGB(left) : 'does not fit');
      }),
    },
    related: [
      { title: `Devices with ${gigabytes} GB`, links: devices.map(deviceLink) },
      {
        title: 'Other sizes',
        links: tiersOf(catalog)
          .filter((tier) => tier !== gigabytes)
          .map((tier) => tierLink(catalog, tier)),
      },
    ],
  };
}

const deviceLink = ({ gpu, device }: CatalogDevice): LinkWithFigure => ({
  text: gpu.shortName,
  href: gpuPath(gpu.id),
  figure: `${formatGB(device.usableBytes)} usable`,
});

/** A tier with how many models fit it at their usual quant. */
export function tierLink(catalog: Catalog, tier: number): LinkWithFigure {
  const [least] = tierDevices(catalog, tier);
  const { usual } = least ? countWithin(catalog, roomOf(least)) : { usual: 0 };
  return { text: `${tier} GB`, href: vramTierPath(tier), figure: counted(usual, 'model') };
}

/** Every memory size with a page. */
export function vramTierListPage(catalog: Catalog): ListPage {
  const tiers = tiersOf(catalog);
  return {
    kind: 'list',
    meta: metaOf({
      path: vramTierListPath(),
      title: `LLMs by memory size, ${tiers[0] ?? 0} to ${tiers.at(-1) ?? 0} GB`,
      description: [
        `Which of ${catalog.estimableModels.length} open-weight models fit ${tiers[0] ?? 0} to ${tiers.at(-1) ?? 0} GB of memory, at which quant and with how much context.`,
      ],
      crumbs: [],
      name: 'By memory',
      updated: catalog.updated,
    }),
    heading: 'What runs in how much memory?',
    answer: [`Each size is counted for the device of that size that leaves least usable, with 8K of context.`],
    sections: [
      {
        title: 'Memory sizes',
        grid: {
          caption: 'Models that fit, by memory size',
          corner: 'Memory',
          columns: ['At the usual 4-bit quant', 'At some quant', 'Largest model', 'Device with the least usable'],
          rows: tiers.flatMap((tier) => {
            const [least] = tierDevices(catalog, tier);
            if (!least) return [];
            const room = roomOf(least);
            const { any, usual } = countWithin(catalog, room);
            return [
              {
                head: { text: `${tier} GB`, href: vramTierPath(tier) },
                cells: [
                  textCell(counted(usual, 'model')),
                  textCell(counted(any, 'model')),
                  textCell(largestModelWithin(catalog, room)?.name ?? 'none'),
                  { text: least.gpu.shortName, href: gpuPath(least.gpu.id), note: formatGB(least.device.usableBytes) },
                ],
              },
            ];
          }),
        },
      },
    ],
  };
}
