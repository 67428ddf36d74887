import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { GpuRecord } from '../../catalog/gpu.schema.ts';
import { usableMemoryOf } from '../../catalog/usable-memory.ts';
import { gpuListPath, gpuPath, guidePath, vramTierPath } from '../../site/routes.ts';
import {
  EstimateError,
  formatBandwidth,
  formatGB,
  formatGiB,
  formatMiB,
  formatParameters,
  formatSpeed,
  overheadOf,
  prefillMagnitude,
} from '../../vram/index.ts';
import {
  type CatalogDevice,
  type DeviceKind,
  deviceOf,
  devicesOf,
  nextInMemory,
  roomOf,
  sharedMemoryNote,
  twinOf,
} from '../devices.ts';
import { defaultContextOf, namedParameters } from '../expand.ts';
import { modelAtQuant } from '../scenario.ts';
import { speedText } from '../speed.ts';
import type { Fact, GpuPage, LinkWithFigure, Question } from '../views.ts';
import { capitalize, nameWithMemory, withArticle } from '../words.ts';
import { engineUpdated, metaOf, sourceLink, sourceLinks } from './meta.ts';
import { addedBy, picksGrid } from './picks.ts';
import {
  countOn,
  holdsUsual,
  largestModelOn,
  shorterContextNote,
  textCell,
  tooLargeText,
  usualOf,
  WHAT_FITS_COLUMNS,
  whatFitsRows,
} from './shared.ts';
import { VRAM_TIERS } from './vram-tier-page.ts';

/** Models listed for a device that holds the same as a better-known one. */
const MOST_SHARED_ROWS = 5;

/**
 * What runs on one device.
 * @throws {EstimateError} `unknown-gpu`
 */
export function gpuPage(catalog: Catalog, id: string): GpuPage {
  const gpu = catalog.byId.gpus.get(id);
  if (!gpu)
    throw new EstimateError('unknown-gpu', `Found device "${id}"; expected the id of a record in content/gpus.`);
  const own = deviceOf(gpu);
  const usable = usableMemoryOf(gpu);
  const twin = own && twinOf(catalog, own);
  const known = twin && twin.gpu.id !== id ? twin.gpu : undefined;
  const everyRow = own
    ? whatFitsRows(catalog, own, (model, quant) => {
        const { note } = shorterContextNote(defaultContextOf(model));
        return textCell(
          speedText(modelAtQuant(catalog, model.id, quant.id), own, 1) ?? 'unknown',
          note && `${quant.name} ${note}`,
        );
      })
    : [];
  const rows = known ? everyRow.slice(0, MOST_SHARED_ROWS) : everyRow;
  const counts = own ? countOn(catalog, own) : { any: 0, usual: 0 };
  const total = catalog.estimableModels.length;
  const largest = own && largestModelOn(catalog, own);
  const faq = own ? questionsOf(catalog, gpu, own, counts) : [];
  const name = nameWithMemory(gpu);
  const best = own && !known ? picksGrid(catalog, withArticle(gpu.shortName), own) : undefined;
  return {
    kind: 'gpu',
    id,
    meta: metaOf({
      path: gpuPath(id),
      title: own
        ? `${name}: which LLMs run on it, with how much context`
        : `${gpu.shortName}: memory for LLMs, and why GGUF files do not run on it`,
      description: [
        `${gpu.name} leaves ${formatGiB(usable.bytes)} of its ${gpu.memoryGB} GiB to programs, ${formatGB(usable.bytes)}.`,
        own
          ? `${counts.usual} of ${total} models fit at their usual quant with 8K context.`
          : 'llama.cpp has no backend for it, so no model is listed; memory, bandwidth and links with their sources.',
        largest ? `The largest is ${largest.name}.` : '',
      ],
      crumbs: [{ text: 'GPUs', href: gpuListPath() }],
      name: gpu.shortName,
      questions: faq,
      updated: newest(gpu.updated, engineUpdated(catalog)),
    }),
    heading: `What runs on ${withArticle(name)}?`,
    answer: [
      `${capitalize(withArticle(gpu.name))} leaves ${formatGB(usable.bytes)} (${formatGiB(usable.bytes)} of its ${gpu.memoryGB} GiB) to programs.${own ? sharedMemoryNote(own) : ''}`,
      own
        ? `${counts.usual} of ${total} models fit at their usual 4-bit quant with 8K context${largest ? `, the largest of them ${largest.name}` : ''}; ${counts.any} fit at some quant.${tooLargeText(catalog, own)}`
        : 'llama.cpp has no backend for it, so no models are listed.',
      ...(known && everyRow.length > rows.length
        ? [
            `With as much memory at the same bandwidth it holds what the ${known.shortName} holds, as fast: the ${rows.length} models that people look up most are below, all ${everyRow.length} on that page.`,
          ]
        : []),
      ...(gpu.released ? [] : ['It is announced, not on sale: figures rest on what the maker says.']),
    ],
    facts: factList(gpu),
    ...(best && best.rows.length > 0 && { best }),
    ...(own && !known && added(catalog, own)),
    grid: {
      caption: `Models on ${withArticle(gpu.shortName)}`,
      corner: 'Model',
      columns: [...WHAT_FITS_COLUMNS, 'Speed of the 8K quant'],
      rows,
    },
    faq,
    related: [
      {
        title: 'Same memory, same bandwidth',
        links: known ? [{ text: known.shortName, href: gpuPath(known.id), figure: `${everyRow.length} models` }] : [],
      },
      ...(own ? [{ title: `Next to it in memory: ${likeIt(own)}`, links: neighbours(catalog, gpu) }] : []),
      ...(VRAM_TIERS.includes(gpu.memoryGB)
        ? [
            {
              title: 'By memory',
              links: [{ text: `Everything for ${gpu.memoryGB} GB`, href: vramTierPath(gpu.memoryGB), figure: '' }],
            },
          ]
        : []),
    ].filter(({ links }) => links.length > 0),
    sources: sourceLinks(gpu),
  };
}

/** What the next device up holds beyond this one. */
function added(catalog: Catalog, own: CatalogDevice): Pick<GpuPage, 'unlocks'> {
  const next = nextInMemory(catalog, own);
  if (!next) return {};
  const name = withArticle(nameWithMemory(next.gpu));
  const link = { text: `Everything for ${withArticle(next.gpu.shortName)}`, href: gpuPath(next.gpu.id), figure: '' };
  return { unlocks: addedBy(catalog, name, next, own, [link]) };
}

const KINDS: Readonly<Record<DeviceKind, string>> = {
  consumer: 'desktop cards',
  professional: 'workstation and datacenter GPUs',
  unified: 'machines with unified memory',
};

/** What the {@link neighbours} of a device are. */
const likeIt = ({ gpu, kind }: CatalogDevice): string => (gpu.class === 'laptop' ? 'laptop GPUs' : KINDS[kind]);

/** Devices of the same kind with a little less and a little more memory. */
function neighbours(catalog: Catalog, gpu: GpuRecord): readonly LinkWithFigure[] {
  const { all, cards, unified } = devicesOf(catalog);
  const usual = new Set([...cards, ...unified]);
  const kind = all.find(({ gpu: other }) => other.id === gpu.id)?.kind;
  const same = all.filter(
    (other) =>
      other.gpu.id === gpu.id ||
      (gpu.class === 'laptop' ? other.gpu.class === 'laptop' : other.kind === kind && usual.has(other)),
  );
  const place = same.findIndex(({ gpu: other }) => other.id === gpu.id);
  if (place < 0) return [];
  return same
    .slice(Math.max(0, place - 2), place + 3)
    .filter(({ gpu: other }) => other.id !== gpu.id)
    .map(({ gpu: other, device }) => ({
      text: other.shortName,
      href: gpuPath(other.id),
      figure: `${formatGB(device.usableBytes)} usable`,
    }));
}

function factList(gpu: GpuRecord): readonly Fact[] {
  const usable = usableMemoryOf(gpu);
  const specification = sourceLink(gpu, gpu.specificationSource);
  const specified = specification && { source: specification };
  const linked = (key: string | undefined): Pick<Fact, 'source'> => {
    const source = sourceLink(gpu, key);
    return source ? { source } : {};
  };
  const facts: (Fact | undefined)[] = [
    { term: 'Memory as sold', text: `${gpu.memoryGB} GB${gpu.memoryType ? ` ${gpu.memoryType}` : ''}`, ...specified },
    {
      term: 'Usable',
      text: `${formatGB(usable.bytes)} (${formatMiB(usable.bytes)}): ${usable.basis}`,
      ...(usable.documented
        ? linked(usable.source)
        : { source: { text: 'the shares by maker', href: guidePath('gb-and-gib') } }),
    },
    gpu.bandwidth && { term: 'Bandwidth', text: formatBandwidth(gpu.bandwidth.GBps), ...linked(gpu.bandwidth.source) },
    { term: 'Architecture', text: `${gpu.architecture}, ${gpu.vendor}`, ...specified },
    gpu.link && {
      term: 'Link',
      text: `${gpu.link.bus}${gpu.link.peer ? `, ${gpu.link.peer.name}${gpu.link.peer.GBps === undefined ? '' : ` ${formatBandwidth(gpu.link.peer.GBps)}`}` : ''}`,
      ...specified,
    },
    gpu.nodeSize === undefined ? undefined : { term: 'Sold in servers of', text: String(gpu.nodeSize), ...specified },
    gpu.fp16Tflops === undefined ? undefined : { term: 'FP16, dense', text: `${gpu.fp16Tflops} TFLOPS`, ...specified },
    gpu.tdpWatts === undefined ? undefined : { term: 'Power', text: `${gpu.tdpWatts} W`, ...specified },
    gpu.launch?.date === undefined
      ? undefined
      : { term: 'Launch', text: gpu.launch.date, ...linked(gpu.launch.source) },
    gpu.launch?.priceUsd === undefined
      ? undefined
      : {
          term: 'Price at launch',
          text: `${gpu.launch.priceUsd} US dollars`,
          ...linked(gpu.launch.priceSource ?? gpu.launch.source),
        },
    ...(gpu.caveats ?? []).map((text) => ({ term: 'Note', text })),
  ];
  return facts.filter((fact) => fact !== undefined);
}

function questionsOf(
  catalog: Catalog,
  gpu: GpuRecord,
  own: CatalogDevice,
  counts: { readonly any: number; readonly usual: number },
): readonly Question[] {
  const usable = usableMemoryOf(gpu);
  const room = roomOf(own);
  const popular = catalog.estimableModels.filter((model) => holdsUsual(catalog, own, model)).slice(0, 3);
  const largest = largestModelOn(catalog, own);
  // At hundreds of GB the driver's context disappears in the rounding, and a difference of nothing would read as a mistake.
  const left =
    formatGB(room) === formatGB(usable.bytes) && formatGiB(room) === formatGiB(usable.bytes)
      ? `The driver's context takes ${formatMiB(overheadOf(own.device))} of that, too little to change the figure.`
      : `The driver's context takes ${formatMiB(overheadOf(own.device))} of that, so ${formatGB(room)} are left for weights, cache and buffers.`;
  const questions: Question[] = [
    {
      question: `How much of the ${gpu.memoryGB} GB can a model use on ${withArticle(gpu.shortName)}?`,
      answer: `${formatGiB(usable.bytes)} (${formatGB(usable.bytes)}) of the ${gpu.memoryGB} GiB on the label. ${capitalize(usable.basis)}. ${left}`,
    },
  ];
  if (popular.length > 0 && largest) {
    const figures = popular.map(
      (model) =>
        `${model.name} (${formatGB(usualOf(catalog, model).planForBytes)} at ${usualOf(catalog, model).quant.name})`,
    );
    const most = popular.includes(largest)
      ? ''
      : ` The most parameters: ${largest.name}, ${formatParameters(namedParameters(largest))} in ${formatGB(usualOf(catalog, largest).planForBytes)}.`;
    questions.push({
      question: `Which models run on ${withArticle(gpu.shortName)}?`,
      answer: `With 8K of context ${counts.usual} at their usual 4-bit quant and ${counts.any} at some quant. The most looked-up: ${figures.join(', ')}.${most}`,
    });
    const [first] = popular;
    const speed = first && speedText(usualOf(catalog, first).at, own, 1);
    if (first && speed) {
      questions.push({
        question: `How fast is ${first.name} on ${withArticle(gpu.shortName)}?`,
        answer: `${speed} at ${usualOf(catalog, first).quant.name}, for one user and a short prompt. It follows from ${formatBandwidth(own.speed?.bandwidthGBps ?? 0)} of memory bandwidth; about three in four published runs fall into such a range.`,
      });
      const prefill =
        gpu.fp16Tflops !== undefined && own.speed
          ? prefillMagnitude(first.architecture, own.speed.speedClass, gpu.fp16Tflops)
          : undefined;
      if (prefill !== undefined) {
        questions.push({
          question: `How fast does ${withArticle(gpu.shortName)} read a prompt?`,
          answer: `In the order of ${formatSpeed(prefill)} with ${first.name}: what the matrix units compute sets it, and published runs scatter by five to fifteen times, so more digits would be invented.`,
        });
      }
    }
  }
  return questions;
}
