import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { compareListPath, comparePath, familyPath, gpuPath, modelPath } from '../../site/routes.ts';
import {
  DEFAULT_SETTINGS,
  decodeSpeed,
  formatBandwidth,
  formatBytes,
  formatGB,
  formatGiB,
  formatParameters,
  formatTimes,
} from '../../vram/index.ts';
import { type DevicePair, type ModelPair, type Pair, pairsOf, sideOf } from '../comparisons.ts';
import { type CatalogDevice, devicesOf, holds, roomOf } from '../devices.ts';
import { contextsOf, maximumContext, namedParameters, quantsOf } from '../expand.ts';
import { tierFor } from '../facts.ts';
import { shortContext } from '../hardware.ts';
import { type ModelAtQuant, modelAtQuant } from '../scenario.ts';
import { SPEED_DEPTH, speedText } from '../speed.ts';
import type { ComparePage, LinkWithFigure, ListPage } from '../views.ts';
import {
  capitalize,
  contextTitle,
  counted,
  FIT_TEXT,
  joinWords,
  nameWithMemory,
  tokensText,
  withArticle,
} from '../words.ts';
import { engineUpdated, metaOf } from './meta.ts';
import {
  type Cell,
  countOn,
  holdsUsual,
  largestModelOn,
  largestQuantOn,
  planForCell,
  type Row,
  smallestDeviceText,
  textCell,
  type Usual,
  usualOf,
} from './shared.ts';

/** Contexts of the table, in tokens. */
const CONTEXTS: readonly number[] = [8, 32, 128].map((k) => k * 1024);
/** Below these ratios two figures are called equal. */
const LESS = 0.93;
const MORE = 1.1;
/** Ranges of speed overlap: a smaller lead is none. */
const FASTER = 1.3;
/** Where no figure speaks for a side. */
const NOTHING = 'You like its answers better: no figure of memory, context or speed speaks for it here.';
const MOST_MODELS = 24;
const MOST_NAMED = 3;
const MOST_RELATED = 8;

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

/** The address of a pair's page. */
export const pairPath = ({ first, second }: Pair): string => comparePath(sideOf(first).id, sideOf(second).id);
export const pairName = ({ first, second }: Pair): string => `${sideOf(first).name} vs ${sideOf(second).name}`;

const textRow = (head: string, cells: readonly (Cell | null)[], href = ''): Row => ({
  head: { text: head, href },
  cells,
});

/** Other pages that one of the two sides is compared on. */
function otherPairs(catalog: Catalog, pair: Pair): readonly LinkWithFigure[] {
  const own = new Set([sideOf(pair.first).id, sideOf(pair.second).id]);
  return pairsOf(catalog)
    .filter((other) => other !== pair && (own.has(sideOf(other.first).id) || own.has(sideOf(other.second).id)))
    .slice(0, MOST_RELATED)
    .map((other) => ({ text: pairName(other), href: pairPath(other), figure: '' }));
}

// Models

interface ModelSide {
  readonly model: EstimableModel;
  readonly usual: Usual;
  /** KV cache of 1,024 further tokens at long contexts, in bytes. */
  readonly bytesPer1K: number;
}

function modelSide(catalog: Catalog, model: EstimableModel): ModelSide {
  const usual = usualOf(catalog, model);
  const longer = maximumContext(model);
  const shorter = contextsOf(model).at(-2) ?? Math.floor(longer / 2);
  const kvAt = (context: number): number => usual.at.allocate(context).device.kvCache;
  return { model, usual, bytesPer1K: ((kvAt(longer) - kvAt(shorter)) / (longer - shorter)) * 1024 };
}

/** "8K"; "2K and 8K" where the usual contexts differ. */
const usualContexts = (a: ModelSide, b: ModelSide): string =>
  joinWords([...new Set([a, b].map(({ usual }) => contextTitle(usual.contextTokens)))]);

/** Tokens per second of one user with a short prompt, in the middle of the range. */
function speedOn(at: ModelAtQuant, own: CatalogDevice): number | undefined {
  if (!own.speed) return undefined;
  const { architecture, scheme } = at.file;
  return decodeSpeed(architecture, scheme, DEFAULT_SETTINGS, own.speed, SPEED_DEPTH).centre;
}

function modelsPage(catalog: Catalog, pair: ModelPair): ComparePage {
  const a = modelSide(catalog, pair.first);
  const b = modelSide(catalog, pair.second);
  const sides = [a, b] as const;
  const path = pairPath(pair);
  const [nameA, nameB] = [a.model.name, b.model.name];
  const [light, heavy] = a.usual.planForBytes <= b.usual.planForBytes ? [a, b] : [b, a];
  const common = devicesOf(catalog).compared.find((own) => holds(own, heavy.usual));
  const contexts = usualContexts(a, b);
  const quants = a.usual.quant.id === b.usual.quant.id ? a.usual.quant.name : 'their usual quants';
  const saved = heavy.usual.planForBytes - light.usual.planForBytes;
  return {
    kind: 'compare',
    meta: metaOf({
      path,
      title: `${nameA} vs ${nameB}: VRAM, context and speed`,
      description: [
        `With ${contexts} of context plan for ${formatGB(a.usual.planForBytes)} (${nameA}) and ${formatGB(b.usual.planForBytes)} (${nameB}).`,
        `1K more costs ${formatBytes(a.bytesPer1K)} and ${formatBytes(b.bytesPer1K)}.`,
      ],
      crumbs: [{ text: 'Compare', href: compareListPath() }],
      name: pairName(pair),
      updated: newest(a.model.updated, b.model.updated, engineUpdated(catalog)),
    }),
    heading: `${nameA} or ${nameB}: which one fits?`,
    answer: [
      `With ${contexts} of context at ${quants}, plan for ${formatGB(a.usual.planForBytes)} for ${nameA} and ${formatGB(b.usual.planForBytes)} for ${nameB}${
        light.usual.planForBytes < LESS * heavy.usual.planForBytes
          ? `: ${light.model.name} saves ${formatGB(saved)}`
          : ': no difference that decides which card you need'
      }.`,
      startSentence(catalog, a, b),
      contextSentence(a, b),
      ...(common ? [speedSentence(a, b, common)] : []),
    ].filter((text) => text !== ''),
    table: {
      caption: `${nameA} and ${nameB} side by side`,
      corner: 'Property',
      columns: [nameA, nameB],
      rows: [
        textRow(
          'Parameters',
          sides.map(({ model }) =>
            textCell(
              formatParameters(namedParameters(model)),
              model.parameters.active === undefined ? 'dense' : `${formatParameters(model.parameters.active)} active`,
            ),
          ),
        ),
        ...CONTEXTS.map((context) =>
          textRow(
            `Plan for at ${contextTitle(context)}`,
            sides.map(({ model, usual }) => withNote(planForCell(catalog, model, usual.quant, context), usual.quant)),
          ),
        ),
        ...sameQuantRow(catalog, a, b),
        textRow(
          'Each further 1K of context',
          sides.map(({ bytesPer1K }) => textCell(formatBytes(bytesPer1K), 'of KV cache')),
        ),
        textRow(
          'Longest context',
          sides.map(({ model }) => textCell(contextTitle(maximumContext(model)))),
        ),
        textRow(
          `Smallest device at ${contexts}`,
          sides.map(({ usual }) => textCell(smallestDeviceText(catalog, usual.at, usual.contextTokens))),
        ),
        ...(common
          ? [
              textRow(
                `Decode speed, ${common.gpu.shortName}`,
                sides.map(({ usual }) => textCell(speedText(usual.at, common, 1) ?? 'unknown')),
                gpuPath(common.gpu.id),
              ),
            ]
          : []),
        textRow(
          'Reads',
          sides.map(({ model }) => textCell(model.modalities.join(', '))),
        ),
        textRow(
          'Released',
          sides.map(({ model }) => textCell(model.released)),
        ),
        textRow(
          'Licence',
          sides.map(({ model }) => (model.license ? textCell(model.license.name) : null)),
        ),
      ],
    },
    pair: 'models',
    choose: [
      { link: { text: nameA, href: modelPath(a.model.id) }, reasons: modelReasons(catalog, a, b, common) },
      { link: { text: nameB, href: modelPath(b.model.id) }, reasons: modelReasons(catalog, b, a, common) },
    ].filter(({ reasons }) => reasons.length > 0),
    held: {
      title: 'On the same devices',
      grid: {
        caption: `Largest context at ${quants}, by device`,
        corner: 'Device',
        columns: [nameA, nameB],
        rows: Object.values(devicesOf(catalog).reference)
          .flat()
          .flatMap((own) => {
            const cells = sides.map(({ usual }): Cell => {
              const { fit } = usual.at.fitOn(own.device, 1, usual.contextTokens);
              if (fit === 'no') return { ...textCell(FIT_TEXT.no), fit };
              const speed = speedText(usual.at, own, 1);
              return {
                ...textCell(
                  fit === 'tight' ? FIT_TEXT.tight : shortContext(usual.at.largestContext(own.device, 1)),
                  speed,
                ),
                fit,
              };
            });
            if (cells.every(({ fit }) => fit === 'no')) return [];
            return [{ head: { text: nameWithMemory(own.gpu), href: gpuPath(own.gpu.id) }, cells }];
          }),
      },
    },
    related: [
      {
        title: 'Both models',
        links: [
          ...sides.map(({ model, usual }) => ({
            text: model.name,
            href: modelPath(model.id),
            figure: `${formatGB(usual.planForBytes)} at ${contextTitle(usual.contextTokens)}`,
          })),
          ...[...new Set(sides.map(({ model }) => model.family))].flatMap((id) => {
            const family = catalog.byId.families.get(id);
            return family
              ? [
                  {
                    text: `${family.name} family`,
                    href: familyPath(id),
                    figure: counted(catalog.membersOf(id).length, 'model'),
                  },
                ]
              : [];
          }),
        ],
      },
      { title: 'Also compared', links: otherPairs(catalog, pair) },
    ].filter(({ links }) => links.length > 0),
  };
}

const withNote = (cell: Cell | null, quant: QuantRecord): Cell | null => cell && { ...cell, note: quant.name };

/** Both at one quant that is nobody's usual one: where the usual ones differ Q4_K_M, else Q8_0. */
function sameQuantRow(catalog: Catalog, a: ModelSide, b: ModelSide): readonly Row[] {
  const scheme = a.usual.quant.id === b.usual.quant.id ? 'Q8_0' : 'Q4_K_M';
  const quant = catalog.quants.find((own) => own.scheme === scheme);
  if (!quant || [a, b].some(({ model }) => !quantsOf(catalog, model).includes(quant))) return [];
  return [
    textRow(
      `Plan for at ${quant.name}, ${usualContexts(a, b)}`,
      [a, b].map(({ model, usual }) => planForCell(catalog, model, quant, usual.contextTokens)),
    ),
  ];
}

/** The smallest card of each, where they are not the same. */
function startSentence(catalog: Catalog, a: ModelSide, b: ModelSide): string {
  const { cards } = devicesOf(catalog);
  const [tierA, tierB] = [tierFor(cards, a.usual.planForBytes), tierFor(cards, b.usual.planForBytes)];
  const size = (gb: number): string => withArticle(`${gb} GB card`);
  if (!tierA && !tierB) return 'Neither fits a single card.';
  if (tierA?.memoryGB === tierB?.memoryGB) return tierA ? `Both start at ${size(tierA.memoryGB)}.` : '';
  const [small, large] =
    (tierA?.memoryGB ?? Number.POSITIVE_INFINITY) < (tierB?.memoryGB ?? Number.POSITIVE_INFINITY)
      ? [
          { ...a, tier: tierA },
          { ...b, tier: tierB },
        ]
      : [
          { ...b, tier: tierB },
          { ...a, tier: tierA },
        ];
  return `${small.model.name} starts at ${size(small.tier?.memoryGB ?? 0)}, ${large.model.name} ${
    large.tier ? `at ${size(large.tier.memoryGB)}` : 'needs several'
  }.`;
}

function contextSentence(a: ModelSide, b: ModelSide): string {
  const [cheap, dear] = a.bytesPer1K <= b.bytesPer1K ? [a, b] : [b, a];
  if (cheap.bytesPer1K >= LESS * dear.bytesPer1K)
    return `1K tokens of context cost the same, about ${formatBytes(cheap.bytesPer1K)}.`;
  return `1K more tokens cost ${formatBytes(cheap.bytesPer1K)} with ${cheap.model.name} and ${formatBytes(dear.bytesPer1K)} with ${dear.model.name}.`;
}

function speedSentence(a: ModelSide, b: ModelSide, own: CatalogDevice): string {
  const [speedA, speedB] = [speedText(a.usual.at, own, 1), speedText(b.usual.at, own, 1)];
  return speedA && speedB
    ? `On ${withArticle(own.gpu.shortName)} expect ${speedA} from ${a.model.name} and ${speedB} from ${b.model.name}.`
    : '';
}

/** Why one would take `own` and not `other`: what is measurably better, most decisive first. */
function modelReasons(
  catalog: Catalog,
  own: ModelSide,
  other: ModelSide,
  device: CatalogDevice | undefined,
): readonly string[] {
  const { cards } = devicesOf(catalog);
  const reasons: string[] = [];
  const [tier, otherTier] = [tierFor(cards, own.usual.planForBytes), tierFor(cards, other.usual.planForBytes)];
  if (tier && (otherTier?.memoryGB ?? Number.POSITIVE_INFINITY) > tier.memoryGB)
    reasons.push(
      `Your card has ${tier.memoryGB} GB${otherTier ? ` and not ${otherTier.memoryGB}` : ''}: ${own.usual.quant.name} with ${contextTitle(own.usual.contextTokens)} of context fits.`,
    );
  else if (own.usual.planForBytes < LESS * other.usual.planForBytes)
    reasons.push(
      `${formatGB(other.usual.planForBytes - own.usual.planForBytes)} more should stay free for context or other programs.`,
    );
  if (own.bytesPer1K < LESS * other.bytesPer1K)
    reasons.push(
      `You need long contexts: its cache grows by ${formatBytes(own.bytesPer1K)} with every 1K tokens, not ${formatBytes(other.bytesPer1K)}.`,
    );
  // Longer contexts than those of the training take settings that engines may not have.
  const [longest, otherLongest] = [own.model.context.native, other.model.context.native];
  if (longest > MORE * otherLongest)
    reasons.push(
      `You need more than ${tokensText(otherLongest)}: the other was trained for no more, this one for ${contextTitle(longest)}.`,
    );
  if (device) {
    const [speed = 0, otherSpeed = 0] = [speedOn(own.usual.at, device), speedOn(other.usual.at, device)];
    if (speed > FASTER * otherSpeed)
      reasons.push(
        `Speed counts: about ${formatTimes(speed / otherSpeed)} times as many tokens a second on the same ${device.gpu.shortName}.`,
      );
  }
  const kinds = own.model.modalities.filter((kind) => !other.model.modalities.includes(kind));
  if (kinds.length > 0)
    reasons.push(
      `You want to give it ${joinWords(kinds.map((kind) => (kind === 'image' ? 'images' : kind)))}, which ${other.model.name} does not read.`,
    );
  if (reasons.length === 0 && own.model.released > other.model.released)
    reasons.push(`You want the newer one: released ${own.model.released}, the other ${other.model.released}.`);
  return reasons.length > 0 ? reasons : [NOTHING];
}

// Devices

function devicesPage(catalog: Catalog, pair: DevicePair): ComparePage {
  const sides = [pair.first, pair.second] as const;
  const [a, b] = sides;
  const [nameA, nameB] = [a.gpu.shortName, b.gpu.shortName];
  const counts = sides.map((own) => countOn(catalog, own));
  const [countA = 0, countB = 0] = counts.map(({ usual }) => usual);
  const total = catalog.estimableModels.length;
  const [more, less] = roomOf(a) >= roomOf(b) ? [a, b] : [b, a];
  const gained = onlyOn(catalog, more, less);
  const sample = commonModel(catalog, a, b);
  return {
    kind: 'compare',
    meta: metaOf({
      path: pairPath(pair),
      title: `${nameA} vs ${nameB} for local LLMs: memory and speed`,
      description: [
        `${formatGB(a.device.usableBytes)} usable on ${withArticle(nameA)}, ${formatGB(b.device.usableBytes)} on ${withArticle(nameB)}.`,
        `${countA} and ${countB} of ${total} models fit at 4 bits.`,
      ],
      crumbs: [{ text: 'Compare', href: compareListPath() }],
      name: pairName(pair),
      updated: newest(a.gpu.updated, b.gpu.updated, engineUpdated(catalog)),
    }),
    heading: `${nameA} or ${nameB} for local models?`,
    answer: [
      `${capitalize(withArticle(nameWithMemory(a.gpu)))} leaves ${formatGB(a.device.usableBytes)} (${formatGiB(a.device.usableBytes)}) to programs, ${withArticle(nameWithMemory(b.gpu))} ${formatGB(b.device.usableBytes)} (${formatGiB(b.device.usableBytes)}).`,
      countA === countB
        ? `Both hold the same ${countA} of ${total} models at their usual 4-bit quant with 8K of context.`
        : `${countA} and ${countB} of ${total} models fit at their usual 4-bit quant with 8K of context${
            gained.length > 0
              ? `; only the ${more.gpu.shortName} holds ${joinWords(gained.slice(0, MOST_NAMED).map(({ name }) => name))}`
              : ''
          }.`,
      ...bandwidthSentence(catalog, a, b, sample),
    ],
    table: {
      caption: `${nameA} and ${nameB} side by side`,
      corner: 'Property',
      columns: [nameA, nameB],
      rows: [
        textRow(
          'Memory as sold',
          sides.map(({ gpu }) => textCell(`${gpu.memoryGB} GB`, gpu.memoryType)),
        ),
        textRow(
          'Usable',
          sides.map(({ device }) => textCell(formatGB(device.usableBytes), formatGiB(device.usableBytes))),
        ),
        textRow(
          'Memory bandwidth',
          sides.map(({ gpu }) => (gpu.bandwidth ? textCell(formatBandwidth(gpu.bandwidth.GBps)) : null)),
        ),
        textRow(
          'Models that fit at 4 bits, 8K',
          [countA, countB].map((count) => textCell(`${count} of ${total}`)),
        ),
        textRow(
          'Largest of them',
          sides.map((own) => {
            const largest = largestModelOn(catalog, own);
            return largest ? { text: largest.name, href: modelPath(largest.id) } : null;
          }),
        ),
        textRow(
          'Power',
          sides.map(({ gpu }) => (gpu.tdpWatts === undefined ? null : textCell(`${gpu.tdpWatts} W`))),
        ),
        textRow(
          'Price at launch',
          sides.map(({ gpu }) =>
            gpu.launch?.priceUsd === undefined ? null : textCell(`${gpu.launch.priceUsd} US dollars`, gpu.launch.date),
          ),
        ),
        textRow(
          'Link',
          sides.map(({ gpu }) => (gpu.link ? textCell(gpu.link.bus, gpu.link.peer?.name) : null)),
        ),
      ].filter(({ cells }) => cells.some((cell) => cell !== null)),
    },
    pair: 'devices',
    choose: [
      { link: { text: nameA, href: gpuPath(a.gpu.id) }, reasons: deviceReasons(catalog, a, b) },
      { link: { text: nameB, href: gpuPath(b.gpu.id) }, reasons: deviceReasons(catalog, b, a) },
    ].filter(({ reasons }) => reasons.length > 0),
    held: {
      title: 'The same models on both',
      grid: {
        caption: 'Largest recommended quant with 8K of context, and its speed',
        corner: 'Model',
        columns: [nameA, nameB],
        rows: catalog.estimableModels
          .slice(0, MOST_MODELS)
          .map((model) => ({
            head: { text: model.name, href: modelPath(model.id) },
            cells: sides.map((own): Cell | null => {
              const { contextTokens } = usualOf(catalog, model);
              const quant = largestQuantOn(catalog, model, contextTokens, own);
              const cell = quant && planForCell(catalog, model, quant, contextTokens);
              if (!cell) return null;
              const speed = speedText(modelAtQuant(catalog, model.id, quant.id), own, 1);
              return { ...cell, text: quant.name, ...(speed !== undefined && { note: speed }) };
            }),
          }))
          .filter(({ cells }) => cells.some((cell) => cell !== null)),
      },
    },
    related: [
      {
        title: 'Both devices',
        links: sides.map(({ gpu, device }) => ({
          text: gpu.shortName,
          href: gpuPath(gpu.id),
          figure: `${formatGB(device.usableBytes)} usable`,
        })),
      },
      { title: 'Also compared', links: otherPairs(catalog, pair) },
    ].filter(({ links }) => links.length > 0),
  };
}

/** Models that the larger device holds at their usual quant with 8K and the smaller one does not, most looked-up first. */
function onlyOn(catalog: Catalog, larger: CatalogDevice, smaller: CatalogDevice): readonly EstimableModel[] {
  return catalog.estimableModels.filter(
    (model) => holdsUsual(catalog, larger, model) && !holdsUsual(catalog, smaller, model),
  );
}

/** The most looked-up model that both devices hold at its usual quant with 8K. */
const commonModel = (catalog: Catalog, a: CatalogDevice, b: CatalogDevice): EstimableModel | undefined =>
  catalog.estimableModels.find((model) => [a, b].every((own) => holdsUsual(catalog, own, model)));

function bandwidthSentence(
  catalog: Catalog,
  a: CatalogDevice,
  b: CatalogDevice,
  sample: EstimableModel | undefined,
): readonly string[] {
  if (!sample || !a.speed || !b.speed) return [];
  const { at, quant } = usualOf(catalog, sample);
  const [speedA, speedB] = [speedText(at, a, 1), speedText(at, b, 1)];
  if (!speedA || !speedB) return [];
  if (a.speed.bandwidthGBps === b.speed.bandwidthGBps && speedA === speedB)
    return [
      `Neither is faster: ${sample.name} at ${quant.name} decodes at ${speedA} on both, from ${formatBandwidth(a.speed.bandwidthGBps)} of memory bandwidth.`,
    ];
  return [
    `${sample.name} at ${quant.name} decodes at ${speedA} on the ${a.gpu.shortName} and at ${speedB} on the ${b.gpu.shortName}: ${formatBandwidth(a.speed.bandwidthGBps)} of memory bandwidth against ${formatBandwidth(b.speed.bandwidthGBps)}.`,
  ];
}

function deviceReasons(catalog: Catalog, own: CatalogDevice, other: CatalogDevice): readonly string[] {
  const reasons: string[] = [];
  const gained = roomOf(own) > roomOf(other) ? onlyOn(catalog, own, other) : [];
  const names = joinWords(gained.slice(0, MOST_NAMED).map(({ name }) => name));
  if (gained.length > MOST_NAMED)
    reasons.push(
      `You want one of the ${counted(gained.length, 'model')} that only it holds at the usual 4-bit quant, such as ${names}.`,
    );
  else if (gained.length > 0) reasons.push(`You want ${names}, which only it holds at the usual 4-bit quant.`);
  else if (roomOf(own) > MORE * roomOf(other))
    reasons.push(
      `You want more context: ${formatGB(roomOf(own) - roomOf(other))} more are left beside the same model.`,
    );
  const sample = commonModel(catalog, own, other);
  const at = sample && usualOf(catalog, sample).at;
  const [speed = 0, otherSpeed = 0] = at ? [speedOn(at, own), speedOn(at, other)] : [];
  if (sample && otherSpeed > 0 && speed > MORE * otherSpeed)
    reasons.push(
      `Speed counts: about ${formatTimes(speed / otherSpeed)} times as many tokens a second of ${sample.name}.`,
    );
  const [price, otherPrice] = [own.gpu.launch?.priceUsd, other.gpu.launch?.priceUsd];
  if (price !== undefined && otherPrice !== undefined && price < LESS * otherPrice)
    reasons.push(`Price counts: ${price} US dollars at launch against ${otherPrice}. Used prices differ.`);
  const [watts, otherWatts] = [own.gpu.tdpWatts, other.gpu.tdpWatts];
  if (watts !== undefined && otherWatts !== undefined && watts < LESS * otherWatts)
    reasons.push(`Power counts: ${watts} W against ${otherWatts}.`);
  if (reasons.length > 0) return reasons;
  const compared = [
    'memory',
    ...(speed > 0 && otherSpeed > 0 ? ['speed'] : []),
    ...(price !== undefined && otherPrice !== undefined ? ['price'] : []),
    ...(watts !== undefined && otherWatts !== undefined ? ['power'] : []),
  ];
  return [`You own it already: no figure of ${joinWords(compared, 'or')} speaks for it here.`];
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
