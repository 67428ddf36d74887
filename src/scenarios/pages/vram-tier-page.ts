import type { Catalog } from '../../catalog/catalog.ts';
import { gpuPath, macTierPath, scenarioPath, vramTierListPath, vramTierPath } from '../../site/routes.ts';
import { contextLabel, formatGB, formatGiB, planForBytes } from '../../vram/index.ts';
import { type CatalogDevice, devicesOf, preferenceOf, roomOf, sharedMemoryNote } from '../devices.ts';
import { memoized } from '../memoized.ts';
import type { Grid, LinkWithFigure, ListPage, VramTierPage } from '../views.ts';
import { counted, FIT_TEXT, joinWords, withArticle } from '../words.ts';
import { metaOf } from './meta.ts';
import { addedBy, picksGrid } from './picks.ts';
import {
  countOn,
  holdsUsual,
  largestModelOn,
  modelHead,
  shorterContextNote,
  textCell,
  tooLargeText,
  usualOf,
  WHAT_FITS_COLUMNS,
  whatFitsRows,
} from './shared.ts';

/** Memory sizes of cards with a page, in GB as sold. */
export const VRAM_TIERS: readonly number[] = [
  6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 141, 192, 256, 512,
];

/** A memory size: of cards (or of machines with unified memory where no card has it), or of Macs. */
export interface MemorySize {
  readonly gigabytes: number;
  readonly mac: boolean;
}

const MOST_WITH_RAM = 12;

/**
 * Devices that a size speaks for: cards of that size, or machines with unified memory where no card has it.
 * The least usable memory first, since that one decides the page.
 */
export function tierDevices(catalog: Catalog, gigabytes: number): readonly CatalogDevice[] {
  const { cards, unified } = devicesOf(catalog);
  const ofSize = (own: CatalogDevice): boolean => own.gpu.memoryGB === gigabytes;
  const found = cards.filter(ofSize);
  return found.length > 0 ? found : unified.filter(ofSize);
}

/** Sizes of cards that the catalogue has a device for. */
export const tiersOf = (catalog: Catalog): readonly number[] =>
  VRAM_TIERS.filter((tier) => tierDevices(catalog, tier).length > 0);

const macsOf = (catalog: Catalog, gigabytes: number): readonly CatalogDevice[] =>
  devicesOf(catalog).unified.filter(({ gpu }) => gpu.class === 'apple' && gpu.memoryGB === gigabytes);

/** Sizes of Macs, smallest first; those that {@link tierDevices} already speaks of are left out. */
export const macTiersOf = memoized((catalog: Catalog): readonly number[] => {
  const sizes = new Set(devicesOf(catalog).unified.flatMap(({ gpu }) => (gpu.class === 'apple' ? [gpu.memoryGB] : [])));
  return [...sizes]
    .filter((size) => !VRAM_TIERS.includes(size) || tierDevices(catalog, size).some(({ gpu }) => gpu.class !== 'apple'))
    .sort((a, b) => a - b);
});

/** Every memory size with a page: cards, then Macs, each smallest first. */
export const allTiersOf = (catalog: Catalog): readonly MemorySize[] => [
  ...tiersOf(catalog).map((gigabytes) => ({ gigabytes, mac: false })),
  ...macTiersOf(catalog).map((gigabytes) => ({ gigabytes, mac: true })),
];

/** Devices that the page of a size speaks for, the least usable memory first. */
export const devicesAt = (catalog: Catalog, { gigabytes, mac }: MemorySize): readonly CatalogDevice[] =>
  mac ? macsOf(catalog, gigabytes) : tierDevices(catalog, gigabytes);

export const tierPath = ({ gigabytes, mac }: MemorySize): string =>
  mac ? macTierPath(gigabytes) : vramTierPath(gigabytes);
const tierName = ({ gigabytes, mac }: MemorySize): string => (mac ? `${gigabytes} GB Mac` : `${gigabytes} GB`);

/** "24 GB", "a 64 GB Mac": in a sentence. */
const tierThing = (tier: MemorySize): string => (tier.mac ? withArticle(tierName(tier)) : tierName(tier));

/**
 * What runs in a memory size.
 * @throws {RangeError} where the catalogue has no device of that size
 */
export function vramTierPage(catalog: Catalog, gigabytes: number, mac = false): VramTierPage {
  const tier: MemorySize = { gigabytes, mac };
  const devices = devicesAt(catalog, tier);
  const [least] = devices;
  if (!least || (mac && !macTiersOf(catalog).includes(gigabytes))) {
    const known = mac ? macTiersOf(catalog) : tiersOf(catalog);
    throw new RangeError(`Found a memory size of ${gigabytes} GB; expected one of ${known.join(', ')}.`);
  }
  const counts = countOn(catalog, least);
  const largest = largestModelOn(catalog, least);
  const popular = catalog.estimableModels.filter((model) => holdsUsual(catalog, least, model)).slice(0, 3);
  const unified = least.kind === 'unified';
  const thing = mac
    ? `Macs with ${gigabytes} GB`
    : unified
      ? `machines with ${gigabytes} GB of unified memory`
      : `${gigabytes} GB cards`;
  const where = mac
    ? `on a ${gigabytes} GB Mac`
    : unified
      ? `in ${gigabytes} GB of unified memory`
      : `in ${gigabytes} GB of VRAM`;
  const names = popular.map(({ name }) => name);
  const usable = formatGB(least.device.usableBytes);
  const next = nextTier(catalog, tier);
  const withRam = unified ? undefined : expertsGrid(catalog, tier, roomOf(least));
  return {
    kind: 'vram-tier',
    meta: metaOf({
      path: tierPath(tier),
      title: mac
        ? `Best local LLMs for a Mac with ${gigabytes} GB: ${counts.usual} that fit`
        : `Best LLMs for ${gigabytes} GB ${unified ? 'of unified memory' : 'of VRAM'}: ${counts.usual} that fit`,
      description: [
        `${counts.usual} of ${catalog.estimableModels.length} models fit ${thing} at 4 bits with 8K context.`,
        names.length > 0 ? `Most looked up: ${joinWords(names)}.` : '',
        largest ? `Largest: ${largest.name}.` : '',
      ],
      crumbs: [{ text: 'By memory', href: vramTierListPath() }],
      name: tierName(tier),
      updated: catalog.updated,
    }),
    heading: `What runs ${where}?`,
    answer: [
      `${counts.usual} of ${catalog.estimableModels.length} models fit at their usual 4-bit quant with 8K of context, ${counts.any} at some quant.${tooLargeText(catalog, least)}`,
      names.length > 0 && largest
        ? `The most looked-up of them: ${joinWords(names)}. The largest: ${largest.name}.`
        : 'Only the smallest models fit.',
      `The figures are for the ${usable} (${formatGiB(least.device.usableBytes)}) that the ${least.gpu.shortName} leaves usable, the least of all ${thing}.${sharedMemoryNote(least)}`,
    ],
    best: picksGrid(catalog, tierThing(tier), least, bestKnown(devices)),
    ...(next && { unlocks: unlocked(catalog, next, least) }),
    ...(withRam && { expertsInRam: withRam }),
    grid: {
      caption: `Models that fit ${tierThing(tier)}`,
      corner: 'Model',
      columns: [...WHAT_FITS_COLUMNS, 'Left at 8K, usual quant'],
      rows: whatFitsRows(catalog, least, (model) => {
        const { at, contextTokens } = usualOf(catalog, model);
        const { fit, headroomBytes } = at.fitOn(least.device, 1, contextTokens);
        const left = fit === 'fits' ? formatGB(headroomBytes) : FIT_TEXT[fit];
        return { ...textCell(left), ...shorterContextNote(contextTokens) };
      }),
    },
    related: [
      { title: mac ? `Macs with ${gigabytes} GB` : `Devices with ${gigabytes} GB`, links: devices.map(deviceLink) },
      {
        title: mac ? 'Other Macs' : 'Other sizes',
        links: allTiersOf(catalog)
          .filter((other) => other.mac === mac && other.gigabytes !== gigabytes)
          .map((other) => anyTierLink(catalog, other)),
      },
      {
        title: mac ? 'Cards and unified memory' : 'Macs',
        links: allTiersOf(catalog)
          .filter((other) => other.mac !== mac)
          .map((other) => anyTierLink(catalog, other)),
      },
    ].filter(({ links }) => links.length > 0),
  };
}

/** The device that people ask about most, of those whose speed is known. */
const bestKnown = (devices: readonly CatalogDevice[]): CatalogDevice | undefined =>
  devices.toSorted((a, b) => Number(!a.speed) - Number(!b.speed) || preferenceOf(a.gpu) - preferenceOf(b.gpu))[0];

/** What the next size up holds at the usual quant with 8K and `own` does not. */
function unlocked(catalog: Catalog, tier: MemorySize, own: CatalogDevice): NonNullable<VramTierPage['unlocks']> {
  const [least = own] = devicesAt(catalog, tier);
  const name = tierThing(tier);
  return addedBy(catalog, name, least, own, [{ text: `Everything for ${name}`, href: tierPath(tier), figure: '' }]);
}

function nextTier(catalog: Catalog, tier: MemorySize): MemorySize | undefined {
  return allTiersOf(catalog).find(({ mac, gigabytes }) => mac === tier.mac && gigabytes > tier.gigabytes);
}

/** Mixtures of experts that are too large as a whole and fit with experts in RAM, most looked-up first. */
function expertsGrid(catalog: Catalog, tier: MemorySize, roomBytes: number): Grid | undefined {
  const rows: Grid['rows'][number][] = [];
  for (const model of catalog.estimableModels) {
    if (rows.length === MOST_WITH_RAM) break;
    const { at, quant, contextTokens, planForBytes: planned } = usualOf(catalog, model);
    if (planned <= roomBytes) continue;
    const split = at.expertsInRam(contextTokens, roomBytes);
    if (!split || split.cpuMoeLayers === 0 || planForBytes(split.deviceBytes) > roomBytes) continue;
    rows.push({
      ...modelHead(model),
      cells: [
        { text: quant.name, href: scenarioPath(model.id, quant.id, contextLabel(contextTokens)) },
        textCell(`--n-cpu-moe ${split.cpuMoeLayers}`, `of ${model.architecture.layers}`),
        textCell(formatGB(split.deviceBytes)),
        textCell(formatGB(split.hostBytes)),
      ],
    });
  }
  return rows.length === 0
    ? undefined
    : {
        caption: `Mixtures of experts on ${tierName(tier)} with 8K of context, experts of the first layers in RAM`,
        corner: 'Model',
        columns: ['Quant', 'Layers with experts in RAM', 'On the card', 'In RAM'],
        rows,
      };
}

const deviceLink = ({ gpu, device }: CatalogDevice): LinkWithFigure => ({
  text: gpu.shortName,
  href: gpuPath(gpu.id),
  figure: `${formatGB(device.usableBytes)} usable`,
});

function anyTierLink(catalog: Catalog, tier: MemorySize): LinkWithFigure {
  const [least] = devicesAt(catalog, tier);
  const { usual } = least ? countOn(catalog, least) : { usual: 0 };
  return { text: tierName(tier), href: tierPath(tier), figure: counted(usual, 'model') };
}

/** A size of cards with how many models fit it at their usual quant. */
export const tierLink = (catalog: Catalog, gigabytes: number): LinkWithFigure =>
  anyTierLink(catalog, { gigabytes, mac: false });

/** A size of Macs with how many models fit it at their usual quant. */
export const macTierLink = (catalog: Catalog, gigabytes: number): LinkWithFigure =>
  anyTierLink(catalog, { gigabytes, mac: true });

function tierGrid(catalog: Catalog, caption: string, tiers: readonly MemorySize[]): Grid {
  return {
    caption,
    corner: 'Memory',
    columns: ['At the usual 4-bit quant', 'At some quant', 'Largest model', 'Counted for'],
    rows: tiers.flatMap((tier) => {
      const [least] = devicesAt(catalog, tier);
      if (!least) return [];
      const { any, usual } = countOn(catalog, least);
      return [
        {
          head: { text: tierName(tier), href: tierPath(tier) },
          cells: [
            textCell(counted(usual, 'model')),
            textCell(counted(any, 'model')),
            textCell(largestModelOn(catalog, least)?.name ?? 'none'),
            { text: least.gpu.shortName, href: gpuPath(least.gpu.id), note: formatGB(least.device.usableBytes) },
          ],
        },
      ];
    }),
  };
}

/** Every memory size with a page. */
export function vramTierListPage(catalog: Catalog): ListPage {
  const tiers = allTiersOf(catalog);
  const cards = tiers.filter(({ mac }) => !mac);
  const macs = tiers.filter(({ mac }) => mac);
  const [from = 0, to = 0] = [cards[0]?.gigabytes, cards.at(-1)?.gigabytes];
  return {
    kind: 'list',
    meta: metaOf({
      path: vramTierListPath(),
      title: `LLMs by memory size, ${from} to ${to} GB`,
      description: [
        `Which of ${catalog.estimableModels.length} open-weight models fit ${from} to ${to} GB of memory, at which quant and with how much context.`,
      ],
      crumbs: [],
      name: 'By memory',
      updated: catalog.updated,
    }),
    heading: 'What runs in how much memory?',
    answer: [
      'Each size is counted with 8K of context for one device: the card of that size that leaves least usable, and where no card is sold with it a machine with unified memory.',
    ],
    sections: [
      { title: 'Memory sizes', grid: tierGrid(catalog, 'Models that fit, by memory size', cards) },
      { title: 'Macs', grid: tierGrid(catalog, 'Models that fit, by memory of the Mac', macs) },
    ].filter(({ grid }) => grid.rows.length > 0),
  };
}
