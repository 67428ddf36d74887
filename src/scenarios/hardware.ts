import type { Catalog } from '../catalog/catalog.ts';
import { gpuPath } from '../site/routes.ts';
import { type Fit, formatBytes, formatGB, formatTokens, MOST_DEVICES, overheadOf } from '../vram/index.ts';
import { miniBar } from './bars.ts';
import { type CatalogDevice, type DeviceKind, devicesOf, roomOf } from './devices.ts';
import { CONTEXT_LADDER } from './expand.ts';
import type { Facts } from './facts.ts';
import { memoized } from './memoized.ts';
import { namedSets, SERVER_GPUS, setNames, setsInOnePc, tierNames } from './named-devices.ts';
import type { DeviceFit, ModelAtQuant, Scenario } from './scenario.ts';
import { speedText } from './speed.ts';
import type { DeviceGroup, DeviceRow } from './views.ts';
import {
  deviceLabel,
  expertsOfFirst,
  FIT_TEXT,
  nameWithMemory,
  shortNames,
  sizeForBytes,
  tokensText,
  withArticle,
} from './words.ts';

/** Rows of each kind on a scenario page: around the point where devices begin to hold it. */
const ROWS: Readonly<Record<DeviceKind, number>> = { consumer: 5, professional: 5, unified: 4 };
/** A single device is shown while the scenario needs less than so many times its memory. */
const FARTHEST_SHORT = 4;
const NEAREST_SHORT = 2;

const GROUP_TITLES: Readonly<Record<DeviceKind, string>> = {
  consumer: 'One desktop card',
  professional: 'One workstation or datacenter GPU',
  unified: 'Macs and unified memory',
};

/** The devices of a scenario page: chosen by rule around the boundary between fitting and not. */
export function hardwareGroups(facts: Facts): readonly DeviceGroup[] {
  const { scenario, catalog } = facts;
  const devices = devicesOf(catalog);
  const groups: DeviceGroup[] = [];
  const smallest = { consumer: facts.consumer, professional: facts.card, unified: facts.unified };
  const single = (kind: DeviceKind): void => {
    const best = smallest[kind]?.devices[0];
    const known = best && best.kind === kind && !devices.reference[kind].includes(best);
    const own = known
      ? [...devices.reference[kind], best].sort((a, b) => a.device.usableBytes - b.device.usableBytes)
      : devices.reference[kind];
    const rows = around(scenario, own, ROWS[kind]).map((device) => deviceRow(scenario, device, 1));
    if (rows.length > 0) groups.push({ title: GROUP_TITLES[kind], rows });
  };
  single('consumer');
  const desktop = facts.consumerSets.slice(-4);
  if (desktop.length > 0)
    groups.push({
      title: 'Several desktop or workstation cards',
      rows: desktop.map(({ own, count }) => deviceRow(scenario, own, count)),
    });
  single('professional');
  if (facts.datacenterSets.length > 0) {
    groups.push({
      title: 'Several datacenter GPUs: the fewest that hold it',
      rows: facts.datacenterSets.map(({ own, count }) => deviceRow(scenario, own, count)),
    });
    groups.push({
      title: 'One whole server of eight',
      rows: wholeServers(scenario, devices.nodes),
    });
  }
  single('unified');
  return groups;
}

/** Servers of eight around the first that holds the scenario. */
function wholeServers(scenario: Scenario, nodes: readonly CatalogDevice[]): readonly DeviceRow[] {
  const rows = nodes.map((own) => deviceRow(scenario, own, SERVER_GPUS));
  const first = rows.findIndex(({ fit }) => fit === 'fits');
  return first < 0 ? rows.slice(-NEAREST_SHORT) : rows.slice(Math.max(0, first - 1), first + 3);
}

/** Full tables of a hub: every released device, by kind. */
export function hardwareTables(scenario: Scenario, catalog: Catalog): readonly DeviceGroup[] {
  const devices = devicesOf(catalog);
  const table = (title: string, own: readonly CatalogDevice[]): DeviceGroup => {
    const rows = own.map((device) => deviceRow(scenario, device, 1));
    const count = (fit: Fit): number => rows.filter((row) => row.fit === fit).length;
    const tight = count('tight');
    return { title, note: `${count('fits')} of ${rows.length} fit${tight > 0 ? `, ${tight} tight` : ''}`, rows };
  };
  return [
    table('Desktop cards', devices.consumer),
    table(
      'Workstation and datacenter GPUs',
      devices.cards.filter(({ kind }) => kind === 'professional'),
    ),
    table('Macs and unified memory', devices.unified),
  ].filter(({ rows }) => rows.length > 0);
}

/** Up to `most` devices around the first that fits; where none does, the two that come nearest. */
function around(scenario: Scenario, own: readonly CatalogDevice[], most: number): readonly CatalogDevice[] {
  const near = own.filter(({ device }) => scenario.needsBytes < FARTHEST_SHORT * device.usableBytes);
  const first = near.findIndex(({ device }) => scenario.at.fitOn(device, 1, scenario.contextTokens).fit === 'fits');
  if (first < 0) return near.slice(-NEAREST_SHORT);
  const start = Math.max(0, Math.min(first - Math.floor(most / 2), near.length - most));
  return near.slice(start, start + most);
}

interface DeviceTexts {
  readonly link: DeviceRow['device'];
  readonly label: string;
  readonly usable: string;
}

const textsByCount = memoized((_: CatalogDevice) => new Map<number, DeviceTexts>());

/** What a row says of its devices whatever is held against them. */
function deviceTexts(own: CatalogDevice, count: number): DeviceTexts {
  const known = textsByCount(own);
  let texts = known.get(count);
  if (!texts) {
    const { gpu, device } = own;
    texts = {
      link: { text: gpu.name, href: gpuPath(gpu.id) },
      label: deviceLabel(gpu, count),
      usable: formatGB(device.usableBytes * count),
    };
    known.set(count, texts);
  }
  return texts;
}

/** One device, or several of a kind, held against a scenario. */
export function deviceRow(scenario: Scenario, own: CatalogDevice, count: number): DeviceRow {
  const { at, contextTokens } = scenario;
  const { device } = own;
  const held = at.fitOn(device, count, contextTokens);
  const { fit, shareBytes } = held;
  const { link, label, usable } = deviceTexts(own, count);
  const speed = fit === 'no' ? undefined : speedText(at, own, count);
  return {
    device: link,
    count,
    label,
    fit,
    fitText: FIT_TEXT[fit],
    usable,
    headroom: headroomText(held, count),
    largestContext: shortContext(at.largestContext(device, count)),
    ...(speed !== undefined && { speed }),
    bar: miniBar(shareBytes, overheadOf(device), device.usableBytes),
  };
}

/** "6.2 GB free", "3.1 GB short each": what the engine leaves or lacks, whatever the verdict. */
export const headroomText = ({ headroomBytes }: DeviceFit, count: number): string =>
  `${formatBytes(Math.abs(headroomBytes))} ${headroomBytes < 0 ? 'short' : 'free'}${count > 1 ? ' each' : ''}`;

/** For table cells: "61K" (rounded down), "1M", "under 4K"; "1,010,000" as models with so round a maximum say it. */
export function shortContext(tokens: number): string {
  if (tokens === 0) return `under ${formatTokens(CONTEXT_LADDER[0] ?? 0)}`;
  const exact = tokens % 2 ** 20 === 0 || (tokens >= 1_000_000 && tokens % 1000 === 0);
  return exact ? formatTokens(tokens) : formatTokens(Math.floor(tokens / 1024) * 1024);
}

/** "61K tokens", "256K tokens, the maximum", "none". */
export function largestContextText(at: ModelAtQuant, own: CatalogDevice, count: number): string {
  const tokens = at.largestContext(own.device, count);
  if (tokens === 0) return 'none';
  return tokens >= at.maximumContext ? `${tokensText(tokens)}, the maximum` : tokensText(tokens);
}

/** What holds the scenario, in one or two sentences; names the smallest single device of the whole catalogue where one exists. */
export const hardwareIntro = (facts: Facts): string => `${whatHolds(facts)}${sharedMemoryText(facts)}`;

function whatHolds(facts: Facts): string {
  const { scenario, catalog, card, consumer, unified } = facts;
  const planFor = formatGB(scenario.planForBytes);
  const speed = 'Speeds are for one user and a short prompt; about three runs in four fall inside such a range.';
  if (card && card.memoryGB === consumer?.memoryGB) {
    const mac = unified
      ? ` Machines with unified memory start at ${unified.memoryGB} GB (${unified.devices[0]?.gpu.shortName}).`
      : '';
    const names = shortNames(card.devices.slice(0, 3));
    const size = sizeForBytes(card, scenario.planForBytes);
    const fits = card.notAll
      ? card.devices.length === 1
        ? `${planFor} fits one card of ${size}, the ${names}; others of that size leave less.`
        : `${planFor} fits some ${size} cards: ${names}. Others of that size leave too little.`
      : `${planFor} fits ${withArticle(`${size} card`)}: ${names}.`;
    return `${fits}${mac} ${speed}`;
  }
  if (card) {
    const sets = setsInOnePc(facts);
    const desktop = consumer
      ? ` On the desktop it is the ${tierNames(consumer, scenario.planForBytes)}.`
      : sets.length > 0
        ? ` Several cards do it together: ${setNames(sets)}.`
        : '';
    const mac = unified
      ? ` With unified memory it takes ${unified.memoryGB} GB (${unified.devices[0]?.gpu.shortName}).`
      : '';
    return `The smallest single GPU that holds ${planFor} is the ${tierNames(card, scenario.planForBytes)}.${desktop}${mac} ${speed}`;
  }
  const machine = unified ? ` One machine does: ${shortNames(unified.devices.slice(0, 2))}.` : '';
  const sets = namedSets(facts);
  const together =
    sets.length > 0
      ? ` llama.cpp splits the layers over ${setNames(sets)}.`
      : ` ${MOST_DEVICES} devices, the most that llama.cpp uses, do not hold it either.`;
  return `No single GPU of the ${devicesOf(catalog).cards.length} in the catalogue holds ${planFor}.${machine}${together} ${speed}`;
}

/** A named card with part of the experts in RAM, in a sentence; empty where no card is named. */
export function partlyInRamText({ experts, scenario }: Facts): string {
  if (!experts?.partly) return '';
  const { own, cpuMoeLayers, deviceBytes, hostBytes } = experts.partly;
  return `On ${withArticle(deviceLabel(own.gpu))} keep ${expertsOfFirst(cpuMoeLayers, scenario.model.architecture)} in RAM (--n-cpu-moe ${cpuMoeLayers}): about ${formatGB(deviceBytes)} on the card, ${formatGB(hostBytes)} in RAM.`;
}

/** " With the experts of the first 24 of 36 layers in RAM (41.4 GB) one RTX 4090 (24 GB) runs it." where no desktop card alone does; else empty. */
export function orWithExpertsInRam({ consumer, experts, scenario }: Facts): string {
  const partly = experts?.partly;
  if (consumer || partly?.own.kind !== 'consumer') return '';
  const { own, cpuMoeLayers, hostBytes } = partly;
  return ` With ${expertsOfFirst(cpuMoeLayers, scenario.model.architecture)} in RAM (${formatGB(hostBytes)}) one ${nameWithMemory(own.gpu)} runs it.`;
}

/** Why a machine whose GPU has room for the scenario does not hold it, with a space before; empty where there is none. */
function sharedMemoryText({ catalog, scenario: { planForBytes, hostBytes } }: Facts): string {
  const limited = devicesOf(catalog).unified.some(
    (own) => roomOf(own) >= planForBytes && roomOf(own, hostBytes) < planForBytes,
  );
  return limited ? ` On a machine with unified memory the ${formatGB(hostBytes)} that stay in RAM count too.` : '';
}

/** What a row called tight means, with a space before; empty where there is none. */
export function tightText(groups: readonly DeviceGroup[]): string {
  return groups.some(({ rows }) => rows.some(({ fit }) => fit === 'tight'))
    ? " Tight: beside the driver's own share Needs fits, Plan for does not; the largest context is that of Plan for."
    : '';
}

/** What stands above the devices of a hub: what holds the scenario, what tight means, a card with experts in RAM. */
export function hubHardwareIntro(facts: Facts, groups: readonly DeviceGroup[]): string {
  const partly = partlyInRamText(facts);
  return `${hardwareIntro(facts)}${tightText(groups)}${partly && ` ${partly}`}`;
}

/** The model with its experts in RAM, in sentences; `undefined` for dense models. */
export function expertsInRamText(facts: Facts): readonly string[] | undefined {
  const { experts, scenario } = facts;
  if (!experts) return undefined;
  const { model } = scenario;
  const { deviceBytes, hostBytes, tier } = experts;
  const text = [
    `With the experts of every layer in RAM (--cpu-moe), about ${formatGB(deviceBytes)} stay on the GPU, the buffer for experts on their way included, and ${formatGB(hostBytes)} move to RAM${
      tier ? `. That much VRAM is on ${withArticle(`${tier.memoryGB} GB card`)}` : ''
    }.`,
  ];
  const some = partlyInRamText(facts);
  if (some) text.push(some);
  const used = model.architecture.feedForward.experts;
  if (used)
    text.push(
      `A token reads ${used.used} of ${used.count} experts in each layer that has them: with all of them in RAM, decoding runs at the speed of the RAM, not of the GPU.`,
    );
  return text;
}
