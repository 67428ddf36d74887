import type { Catalog } from '../catalog/catalog.ts';
import { isEstimable, type ModelRecord } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { type KvType, planForBytes } from '../vram/index.ts';
import { type CatalogDevice, type Devices, devicesOf, holds, preferenceOf, roomOf } from './devices.ts';
import { contextsOf, maximumContext, quantsOf, recommendedQuants } from './expand.ts';
import { memoized } from './memoized.ts';
import { lossesAlike, lossIn } from './quality.ts';
import { type ModelAtQuant, modelAtQuant, needOf, type Scenario } from './scenario.ts';

/** Devices with the same memory on the label that all hold a scenario: desktop cards first, then best-known first. */
export interface Tier {
  readonly memoryGB: number;
  readonly devices: readonly CatalogDevice[];
  /** Others with as much memory on the label do not hold it: they leave less. */
  readonly notAll?: true;
}

/** Several equal devices that hold a scenario together. */
export interface DeviceSet {
  readonly own: CatalogDevice;
  readonly count: number;
}

/** What another way to run the same scenario takes. */
interface Alternative {
  readonly planForBytes: number;
  /** The smallest single card that holds it; absent where none does. */
  readonly tier?: Tier;
}

/** The model with experts in RAM. */
interface ExpertsFacts {
  /** With the experts of every layer in RAM, one device. */
  readonly deviceBytes: number;
  readonly hostBytes: number;
  readonly tier?: Tier;
  /** The fewest layers whose experts must leave a named card, and what stays where; absent where those of all layers must. */
  readonly partly?: {
    readonly own: CatalogDevice;
    readonly cpuMoeLayers: number;
    readonly deviceBytes: number;
    readonly hostBytes: number;
  };
}

/** Another member of the family at the same quant, at the same context or the longest it has. */
interface Sibling {
  readonly model: ModelRecord;
  readonly contextTokens: number;
  readonly planForBytes: number;
  readonly tier?: Tier;
}

/** Everything that verdicts and questions reason over. Amounts are bytes, shares are of 1. */
export interface Facts {
  readonly catalog: Catalog;
  readonly scenario: Scenario;
  /** Smallest single graphics card or accelerator that Plan for fits on. */
  readonly card: Tier | undefined;
  /** The same among desktop cards: never smaller than `card`. */
  readonly consumer: Tier | undefined;
  readonly unified: Tier | undefined;
  /** The best-known card that holds Needs but not Plan for. */
  readonly tight: CatalogDevice | undefined;
  /** Two to eight desktop or workstation cards, where no single desktop card holds it: least memory first. */
  readonly consumerSets: readonly DeviceSet[];
  /** Datacenter GPUs, where no single card holds it. */
  readonly datacenterSets: readonly DeviceSet[];
  /** The fewest GPUs of the usual servers, where the only card that holds it is larger than a few desktop cards together: no one sells it singly. */
  readonly insteadOfCard: readonly DeviceSet[];
  readonly kvShare: number;
  /** Compute buffer and driver context, of all that one device holds. */
  readonly overheadShare: number;
  /** Needs here less Needs at the shortest context with a page. */
  readonly contextBytes: number;
  readonly shortestContext: number;
  /** Bytes of the vendor's checkpoint, where it is smaller than this file. */
  readonly smallerCheckpointBytes: number | undefined;
  readonly q8Kv: (Alternative & { readonly savedBytes: number }) | undefined;
  /** The quant with the most bits that takes less, and so moves the scenario to a smaller single card; none that another one beats. */
  readonly smallerQuant: (Alternative & { readonly quant: QuantRecord; readonly tier: Tier }) | undefined;
  /**
   * The quant with the most bits that the best-known of the smallest cards still holds, 16 after 8 left out; none beyond
   * what was published, and none that another one beats.
   */
  readonly largerQuant: (Alternative & { readonly quant: QuantRecord }) | undefined;
  /** A quant that takes less memory and is measured to lose no more. */
  readonly betterQuant: (Alternative & { readonly quant: QuantRecord }) | undefined;
  /** The longest context with a page that a smaller single card holds. */
  readonly shorterContext: (Alternative & { readonly contextTokens: number; readonly tier: Tier }) | undefined;
  /** Absent for dense models. */
  readonly experts: ExpertsFacts | undefined;
  readonly smallerSibling: Sibling | undefined;
  /**
   * The smallest desktop card that many people own and that holds it, where the smallest of all is a rarer one;
   * quant and context are the scenario's own where the card holds no more bits, and no longer a context, than that one.
   */
  readonly usualCard:
    | { readonly own: CatalogDevice; readonly largestContext: number; readonly largestQuant: QuantRecord }
    | undefined;
  /** Bytes that each further 16K tokens add, from the next shorter context with a page to this one. */
  readonly bytesPer16K: number;
}

/** A fact that a rule's `when` has found to be there. */
export function known<T>(fact: T | undefined): T {
  if (fact === undefined) throw new Error('a rule speaks of a fact that its condition did not ask for');
  return fact;
}

const KV_ALTERNATIVE: KvType = 'q8_0';
/** Below this share of Needs nobody quantizes a cache for its size. */
const KV_WORTH_SHRINKING = 0.04;
/** The step of context that sentences count in, in tokens. */
export const CONTEXT_STEP = 16_384;
/** Graphics cards that a desktop has room for. */
export const MOST_IN_ONE_PC = 4;
/** Largest VRAM that a desktop with one card has, in GB; larger machines are servers. */
export const LARGEST_CONSUMER_GB = 32;

/** Below this only the largest models are of use, in bits per weight. */
const FEWEST_USEFUL_BITS = 2;
/** What counts as one of them, in parameters. */
const LARGE_MODEL = 100e9;

/** All devices of a size. */
interface Step extends Tier {
  /** What the roomiest of them has for a model of which nothing stays in host memory. */
  readonly mostBytes: number;
}

/** All devices of each size of a list, smallest size first: desktop cards first, then best-known, then those whose speed is known. */
const ladderOf = memoized((devices: readonly CatalogDevice[]): readonly Step[] =>
  [...Map.groupBy(devices, ({ gpu }) => gpu.memoryGB)]
    .sort(([a], [b]) => a - b)
    .map(([memoryGB, own]) => ({
      memoryGB,
      devices: own.sort(
        (a, b) =>
          Number(a.kind !== 'consumer') - Number(b.kind !== 'consumer') ||
          preferenceOf(a.gpu) - preferenceOf(b.gpu) ||
          Number(!a.speed) - Number(!b.speed),
      ),
      mostBytes: Math.max(...own.map((device) => roomOf(device))),
    })),
);

/** The smallest devices of a list that hold `planForBytes`, with `hostBytes` in host memory; `undefined` where none does. */
export function tierFor(devices: readonly CatalogDevice[], planForBytes: number, hostBytes = 0): Tier | undefined {
  const need = { planForBytes, hostBytes };
  const isEnough = (own: CatalogDevice): boolean => holds(own, need);
  const tier = ladderOf(devices).find((step) => step.mostBytes >= planForBytes && step.devices.some(isEnough));
  if (!tier) return undefined;
  const holding = tier.devices.filter(isEnough);
  return holding.length === tier.devices.length ? tier : { ...tier, devices: holding, notAll: true };
}

/** Single cards that people ask about, best-known first. */
const namedCards = memoized((devices: Devices): readonly CatalogDevice[] =>
  [...devices.reference.consumer, ...devices.reference.professional].sort(
    (a, b) => preferenceOf(a.gpu) - preferenceOf(b.gpu),
  ),
);

/** Reasons over a scenario: what it fits, what makes it large, what would make it smaller. */
export function factsOf(catalog: Catalog, scenario: Scenario): Facts {
  const { at, contextTokens, planForBytes, hostBytes, needsBytes, allocation, model } = scenario;
  const devices = devicesOf(catalog);
  const card = tierFor(devices.cards, planForBytes);
  const consumer = tierFor(devices.consumer, planForBytes);
  const shortestContext = contextsOf(model)[0] ?? contextTokens;
  const consumerSets = consumer ? [] : setsOf(at, devices.multi, contextTokens, 8);
  const checkpointBytes = model.nativeFormat?.checkpointBytes;
  const smallerCheckpointBytes =
    checkpointBytes !== undefined && checkpointBytes < allocation.fileBytes ? checkpointBytes : undefined;
  return {
    catalog,
    scenario,
    card,
    consumer,
    unified: tierFor(devices.unified, planForBytes, hostBytes),
    tight: namedCards(devices).find((own) => roomOf(own) >= needsBytes && roomOf(own) < planForBytes),
    consumerSets,
    datacenterSets: card ? [] : datacenterSetsOf(scenario, devices),
    insteadOfCard:
      card &&
      !devices.multi.some((own) => holds(own, scenario)) &&
      consumerSets.every(({ count }) => count > MOST_IN_ONE_PC)
        ? setsOf(at, devices.usualNodes, contextTokens)
        : [],
    kvShare: allocation.device.kvCache / needsBytes,
    overheadShare: (allocation.device.compute + allocation.device.overhead) / (needsBytes + allocation.device.overhead),
    contextBytes: needsBytes - at.need(shortestContext).needsBytes,
    shortestContext,
    smallerCheckpointBytes,
    q8Kv: q8KvOf(scenario, devices.cards),
    ...quantNeighbours(catalog, scenario, card),
    shorterContext: shorterContextOf(scenario, devices.cards, card),
    experts: expertsOf(scenario, devices),
    smallerSibling: smallerSiblingOf(catalog, scenario),
    usualCard: usualCardOf(catalog, scenario, consumer),
    bytesPer16K: growthOf(scenario),
  };
}

/** For each kind of device the fewest that hold the scenario; kinds that need more than `most` are left out. */
function setsOf(
  at: ModelAtQuant,
  kinds: readonly CatalogDevice[],
  context: number,
  most?: number,
): readonly DeviceSet[] {
  return kinds.flatMap((own) => {
    const count = at.fewestDevices(own.device, context, most);
    return count !== undefined && count > 1 ? [{ own, count }] : [];
  });
}

/** The usual nodes; where no number of their largest holds the scenario, the largest card there is. */
function datacenterSetsOf({ at, contextTokens }: Scenario, { nodes, cards }: Devices): readonly DeviceSet[] {
  const usual = setsOf(at, nodes, contextTokens);
  return usual.length > 0 ? usual : setsOf(at, cards.slice(-1), contextTokens);
}

function usualCardOf(catalog: Catalog, scenario: Scenario, consumer: Tier | undefined): Facts['usualCard'] {
  const own = devicesOf(catalog).usual.find((card) => holds(card, scenario));
  if (!own || !consumer || own.gpu.memoryGB === consumer.memoryGB) return undefined;
  const planFor = (quant: QuantRecord): number => needOf(catalog, { ...scenario.key, quant: quant.id }).planForBytes;
  const largestQuant = recommendedQuants(catalog, scenario.model).findLast((quant) => planFor(quant) <= roomOf(own));
  // What the smallest card holds too is no reason for this one.
  const gained = largestQuant && planFor(largestQuant) > Math.max(...consumer.devices.map((card) => roomOf(card)));
  const longest = scenario.at.largestContext(own.device, 1);
  const [smallest] = consumer.devices;
  const further = !smallest || scenario.at.largestContext(smallest.device, 1) < longest;
  return {
    own,
    largestContext: further ? longest : scenario.contextTokens,
    largestQuant: gained ? largestQuant : scenario.quant,
  };
}

function growthOf({ at, model, contextTokens, needsBytes }: Scenario): number {
  const shorter =
    contextsOf(model)
      .filter((context) => context < contextTokens)
      .at(-1) ?? contextTokens / 2;
  return ((needsBytes - at.need(shorter).needsBytes) / (contextTokens - shorter)) * CONTEXT_STEP;
}

function q8KvOf(scenario: Scenario, cards: readonly CatalogDevice[]): Facts['q8Kv'] {
  const { at, contextTokens, needsBytes, allocation } = scenario;
  if (allocation.device.kvCache < KV_WORTH_SHRINKING * needsBytes) return undefined;
  const need = at.needWithKvType(contextTokens, KV_ALTERNATIVE);
  if (!need || need.needsBytes >= needsBytes) return undefined;
  return { savedBytes: needsBytes - need.needsBytes, ...alternative(need.planForBytes, cards) };
}

function alternative(planForBytes: number, cards: readonly CatalogDevice[]): Alternative {
  const tier = tierFor(cards, planForBytes);
  return { planForBytes, ...(tier && { tier }) };
}

function quantNeighbours(
  catalog: Catalog,
  scenario: Scenario,
  card: Tier | undefined,
): Pick<Facts, 'smallerQuant' | 'largerQuant' | 'betterQuant'> {
  const { cards } = devicesOf(catalog);
  const { model, contextTokens } = scenario;
  const quants = recommendedQuants(catalog, model);
  const planOf = ({ id }: QuantRecord): number => needOf(catalog, { ...scenario.key, quant: id }).planForBytes;
  const at = (quant: QuantRecord): Alternative => alternative(planOf(quant), cards);
  const others = quants.filter(({ kind }) => kind !== 'float');
  /** The smallest of those that take less than a quant and are measured to lose no more. */
  const betterThan = (quant: QuantRecord): QuantRecord | undefined => {
    if (!lossIn(model, quant)) return undefined;
    return others
      .filter((other) => {
        const alike = lossesAlike(quant, other);
        return alike !== undefined && alike.after <= alike.before && planOf(other) < planOf(quant);
      })
      .sort((a, b) => planOf(a) - planOf(b))[0];
  };
  const limit = card?.memoryGB ?? Number.POSITIVE_INFINITY;
  let smallerQuant: Facts['smallerQuant'];
  const fewestBits = model.parameters.total >= LARGE_MODEL ? 0 : FEWEST_USEFUL_BITS;
  for (const quant of quants.toReversed()) {
    if (quant.nominalBits < fewestBits || planOf(quant) >= scenario.planForBytes) continue;
    const { planForBytes, tier } = at(quant);
    if (tier && tier.memoryGB < limit && !betterThan(quant)) {
      smallerQuant = { quant, planForBytes, tier };
      break;
    }
  }
  // More bits than were published make nothing better.
  const checkpointBytes = model.nativeFormat?.checkpointBytes ?? Number.POSITIVE_INFINITY;
  const isBeyondPublished = ({ id }: QuantRecord): boolean =>
    modelAtQuant(catalog, model.id, id).allocation(contextTokens).fileBytes > checkpointBytes;
  let largerQuant: Facts['largerQuant'];
  if (card && !isBeyondPublished(scenario.quant)) {
    const room = roomOf(card.devices[0] as CatalogDevice);
    for (const quant of quants.filter(({ order }) => order > scenario.quant.order)) {
      const planForBytes = planOf(quant);
      if (planForBytes < scenario.planForBytes || planForBytes > room) continue;
      // 16 bits after 8 are no step that a reader would notice: named only where nothing lies between.
      if ((quant.kind === 'float' && largerQuant) || isBeyondPublished(quant) || betterThan(quant)) continue;
      largerQuant = { quant, ...at(quant) };
    }
  }
  const better = betterThan(scenario.quant);
  return { smallerQuant, largerQuant, betterQuant: better && { quant: better, ...at(better) } };
}

function shorterContextOf(
  scenario: Scenario,
  cards: readonly CatalogDevice[],
  card: Tier | undefined,
): Facts['shorterContext'] {
  const { at, model, contextTokens } = scenario;
  const limit = card?.memoryGB ?? Number.POSITIVE_INFINITY;
  for (const shorter of [...contextsOf(model)].reverse()) {
    if (shorter >= contextTokens) continue;
    const { planForBytes, tier } = alternative(at.need(shorter).planForBytes, cards);
    if (tier && tier.memoryGB < limit) return { contextTokens: shorter, planForBytes, tier };
  }
  return undefined;
}

function expertsOf(scenario: Scenario, devices: Devices): ExpertsFacts | undefined {
  const { at, contextTokens } = scenario;
  const all = at.expertsInRam(contextTokens);
  if (!all) return undefined;
  const planned = planForBytes(all.deviceBytes);
  const tier = tierFor(devices.cards, planned);
  // The card to plan with: the best-known one that holds everything but experts, and not the whole model.
  const asked = (card: CatalogDevice): boolean => roomOf(card) >= planned && roomOf(card) < scenario.planForBytes;
  const own =
    namedCards(devices).find((card) => card.kind === 'consumer' && asked(card)) ?? namedCards(devices).find(asked);
  const split = own && at.expertsInRam(contextTokens, roomOf(own));
  const isPart = split !== undefined && split.cpuMoeLayers < scenario.model.architecture.layers;
  return { ...all, ...(tier && { tier }), ...(own && isPart && { partly: { own, ...split } }) };
}

function smallerSiblingOf(catalog: Catalog, scenario: Scenario): Sibling | undefined {
  const { model, quant, contextTokens, planForBytes } = scenario;
  const smaller = catalog
    .membersOf(model.family)
    .filter((member) => member.id !== model.id && member.parameters.total < model.parameters.total * 0.7)
    .reverse();
  for (const member of smaller) {
    if (!isEstimable(member) || !quantsOf(catalog, member).includes(quant)) continue;
    const context = Math.min(contextTokens, maximumContext(member));
    const need = modelAtQuant(catalog, member.id, quant.id).need(context);
    if (need.planForBytes >= planForBytes) continue;
    return { model: member, contextTokens: context, ...alternative(need.planForBytes, devicesOf(catalog).cards) };
  }
  return undefined;
}
