/** Two devices side by side: what they hold, how fast, and reasons to take one or the other. */
import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import { compareListPath, gpuPath, modelPath } from '../../site/routes.ts';
import { formatBandwidth, formatGB, formatGiB, formatTimes } from '../../vram/index.ts';
import type { DevicePair } from '../comparisons.ts';
import { type CatalogDevice, roomOf } from '../devices.ts';
import { modelAtQuant } from '../scenario.ts';
import { speedText } from '../speed.ts';
import type { ComparePage } from '../views.ts';
import { capitalize, counted, joinWords, nameWithMemory, withArticle } from '../words.ts';
import { LESS, MORE, otherPairs, pairName, pairPath, sideBySide, speedOn, textRow } from './compare-shared.ts';
import { engineUpdated, metaOf } from './meta.ts';
import {
  type Cell,
  countOn,
  holdsUsual,
  largestModelOn,
  largestQuantOn,
  planForCell,
  textCell,
  usualOf,
} from './shared.ts';

const MOST_MODELS = 24;
const MOST_NAMED = 3;

export function devicesPage(catalog: Catalog, pair: DevicePair): ComparePage {
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
    table: sideBySide(
      nameA,
      nameB,
      [
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
    ),
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
