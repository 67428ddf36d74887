import type { QuantRecord } from '../catalog/quant.schema.ts';
import { formatBytes, formatDivergence, formatFactor, formatGB, formatPercent, MOST_DEVICES } from '../vram/index.ts';
import { type CatalogDevice, devicesOf, roomOf } from './devices.ts';
import { defaultQuantOf, isForExperts, isPublishedInMxfp4, recommendedQuants } from './expand.ts';
import { CONTEXT_STEP, type Facts, known, LARGEST_CONSUMER_GB } from './facts.ts';
import {
  ANY_CARD_BYTES,
  besideCard,
  bestOf,
  namedSets,
  SERVER_GPUS,
  serversOf,
  serverText,
  setNames,
  tierNames,
} from './named-devices.ts';
import { lossIn, lossOf } from './quality.ts';
import { needOf } from './scenario.ts';
import { speedText } from './speed.ts';
import {
  capitalize,
  contextTitle,
  joinWords,
  nameAgainst,
  nameForBytes,
  nameWithMemory,
  shareText,
  sizeForBytes,
  tokensText,
  withArticle,
} from './words.ts';

/** What a rule is about: a page takes at most one sentence on each. */
type Topic =
  | 'fit'
  | 'usual'
  | 'tight'
  | 'shape'
  | 'native'
  | 'kv-type'
  | 'quant'
  | 'context'
  | 'experts'
  | 'sibling'
  | 'quality'
  | 'pace'
  | 'trained';

/** One thing worth saying about a scenario, and when it is true and worth it. */
interface VerdictRule {
  readonly name: string;
  readonly topic: Topic;
  readonly when: (facts: Facts) => boolean;
  readonly say: (facts: Facts) => string;
}

const MOST_SENTENCES = 5;

/** Whether not even the most devices of any usual node hold it. */
const beyondNodes = ({ catalog, datacenterSets }: Facts): boolean =>
  datacenterSets.every(({ own }) => !devicesOf(catalog).nodes.includes(own));

const planFor = ({ scenario }: Facts): string => formatGB(scenario.planForBytes);

/** What llama.cpp leaves of a device. */
export function spare({ scenario: { at, contextTokens } }: Facts, own: CatalogDevice): string {
  return formatBytes(at.fitOn(own.device, 1, contextTokens).headroomBytes);
}

function reach(facts: Facts, own: CatalogDevice): string {
  const { at, contextTokens } = facts.scenario;
  const largest = at.largestContext(own.device, 1);
  if (largest <= contextTokens) return '';
  return largest >= at.maximumContext
    ? `, enough for the whole ${contextTitle(largest)} the model can take`
    : `, and room up to ${tokensText(largest)}`;
}

/** What closing programs and moving the display gives back at most. */
const FREED_BY_HAND_BYTES = 2e9;
/** More RAM is a server's. */
const MOST_DESKTOP_RAM_BYTES = 260e9;

/** Rules in the order of their weight within a topic: the first that is true speaks. */
export const VERDICT_RULES: readonly VerdictRule[] = [
  {
    name: 'fits-one-consumer-card',
    topic: 'fit',
    when: ({ consumer }) => consumer !== undefined,
    say: (facts) => {
      const tier = known(facts.consumer);
      const own = bestOf(tier);
      const label = sizeForBytes(tier, facts.scenario.planForBytes);
      const enough = tier.notAll ? `Some ${label} cards do` : `${label} of VRAM is enough`;
      const size = facts.scenario.planForBytes < ANY_CARD_BYTES ? 'Any graphics card does' : enough;
      return `${size}: ${planFor(facts)} to plan for; llama.cpp leaves ${spare(facts, own)} free on the ${own.gpu.shortName}${reach(facts, own)}.`;
    },
  },
  {
    name: 'fits-one-datacenter-card',
    topic: 'fit',
    when: ({ card, consumer }) => card !== undefined && consumer === undefined,
    say: (facts) => {
      const own = bestOf(known(facts.card));
      return `Too large for one desktop card (${LARGEST_CONSUMER_GB} GB at most), but one ${nameForBytes(own.gpu, facts.scenario.planForBytes)} holds it with ${spare(facts, own)} to spare${reach(facts, own)}.${besideCard(facts)}`;
    },
  },
  {
    name: 'fits-part-of-a-node',
    topic: 'fit',
    when: (facts) => facts.datacenterSets.length > 0 && namedSets(facts).every(({ count }) => count < SERVER_GPUS),
    say: (facts) => {
      const unified = facts.unified
        ? ` The one machine that holds it alone is ${withArticle(nameWithMemory(bestOf(facts.unified).gpu))}.`
        : '';
      return `${planFor(facts)} is work for part of one server: ${setNames(namedSets(facts))} share the layers.${unified}`;
    },
  },
  {
    name: 'needs-a-whole-node-or-more',
    topic: 'fit',
    when: (facts) => !beyondNodes(facts) && namedSets(facts).some(({ count }) => count >= SERVER_GPUS),
    say: (facts) => {
      const usual = namedSets(facts);
      const others = facts.datacenterSets.filter((set) => !usual.includes(set) && set.count <= SERVER_GPUS).slice(-2);
      const where = usual.every((set) => serversOf(set) > 1) ? 'within one server' : 'too';
      const instead = others.length > 0 ? ` ${setNames(others)} hold it ${where}.` : '';
      return `This is datacenter territory: ${planFor(facts)} to plan for, ${joinWords(usual.map(serverText), 'or')}.${instead}`;
    },
  },
  {
    name: 'beyond-the-most-devices',
    topic: 'fit',
    when: (facts) => facts.card === undefined && facts.unified === undefined && beyondNodes(facts),
    say: (facts) => {
      const largest = facts.datacenterSets.length > 0 ? `: it takes ${setNames(facts.datacenterSets)}` : '';
      const instead = facts.smallerQuant
        ? ''
        : ' Serve it from a smaller quant, or with an engine that spans machines.';
      return `${planFor(facts)} is more than ${MOST_DEVICES} of the usual datacenter GPUs hold, the most that llama.cpp splits a model over${largest}.${instead}`;
    },
  },
  {
    name: 'usual-card-has-room',
    topic: 'usual',
    when: ({ usualCard, scenario }) =>
      usualCard !== undefined &&
      (usualCard.largestContext > scenario.contextTokens || usualCard.largestQuant.id !== scenario.quant.id),
    say: (facts) => {
      const { own, largestContext, largestQuant } = known(facts.usualCard);
      const { quant, contextTokens } = facts.scenario;
      const better = largestQuant.id === quant.id ? '' : `, or for ${largestQuant.name} at this context`;
      const longer =
        largestContext > contextTokens
          ? `: enough for ${tokensText(largestContext)}${better}`
          : better.replace(', or for', ': enough for');
      return `${capitalize(withArticle(nameWithMemory(own.gpu)))} leaves ${spare(facts, own)}${longer}.`;
    },
  },
  {
    name: 'tight-on-a-known-card',
    topic: 'tight',
    when: ({ tight, card }) => tight !== undefined && (card === undefined || tight.gpu.memoryGB <= card.memoryGB),
    say: (facts) => {
      const own = known(facts.tight);
      const { headroomBytes } = facts.scenario.at.fitOn(own.device, 1, facts.scenario.contextTokens);
      const advice =
        own.kind === 'consumer' && headroomBytes < FREED_BY_HAND_BYTES
          ? ', so close other programs and keep the display off it'
          : ', less than the margin in Plan for';
      return `The ${nameWithMemory(own.gpu)} is tight: what llama.cpp allocates leaves ${formatBytes(headroomBytes)}${advice}.`;
    },
  },
  {
    name: 'cache-dominates',
    topic: 'shape',
    when: ({ kvShare }) => kvShare >= 0.35,
    say: ({ catalog, scenario, kvShare, bytesPer16K }) => {
      const { model, quant, key, needsBytes, contextTokens, allocation } = scenario;
      // A quant of fewer bits can be the larger file: a small model's embedding takes another type.
      const savedBy = (other: QuantRecord): number =>
        needsBytes - needOf(catalog, { ...key, quant: other.id }).needsBytes;
      const below = recommendedQuants(catalog, model).findLast(
        (other) => other.order < quant.order && savedBy(other) > 0,
      );
      const saved = below ? savedBy(below) : 0;
      const halved = (bytesPer16K / CONTEXT_STEP) * (contextTokens / 2);
      const against =
        below && saved < halved
          ? `half the context frees about ${formatBytes(halved)}, ${below.name} only ${formatBytes(saved)}.`
          : 'here the context, not the quant, decides the size.';
      return `The KV cache is ${formatPercent(kvShare)} of what is allocated (${formatBytes(allocation.device.kvCache)}): ${against}`;
    },
  },
  {
    name: 'overhead-dominates',
    topic: 'shape',
    when: ({ overheadShare }) => overheadShare >= 0.2,
    say: ({ scenario, overheadShare }) =>
      `The model is so small that the driver's context (${formatBytes(scenario.allocation.device.overhead)}) and the compute buffer (${formatBytes(scenario.allocation.device.compute)}) are ${formatPercent(overheadShare)} of what the card holds.`,
  },
  {
    name: 'context-costs-almost-nothing',
    topic: 'shape',
    when: ({ contextBytes, scenario, shortestContext }) =>
      scenario.contextTokens >= 8 * shortestContext && contextBytes < 0.03 * scenario.needsBytes,
    say: ({ contextBytes, scenario, shortestContext }) =>
      `Context is nearly free: going from ${contextTitle(shortestContext)} to ${contextTitle(scenario.contextTokens)} adds ${formatBytes(contextBytes)}, ${formatPercent(contextBytes / scenario.needsBytes)} of the total.`,
  },
  {
    name: 'cache-grows',
    topic: 'shape',
    when: ({ kvShare }) => kvShare >= 0.06,
    say: ({ kvShare, bytesPer16K, scenario: { at, allocation, contextTokens } }) => {
      const step =
        contextTokens + CONTEXT_STEP <= at.maximumContext
          ? `, and every further 16K tokens add ${formatBytes(bytesPer16K)}`
          : contextTokens > CONTEXT_STEP
            ? `, and every 16K tokens given up free ${formatBytes(bytesPer16K)}`
            : '';
      return `${formatPercent(kvShare)} of it is cache (${formatBytes(allocation.device.kvCache)})${step}.`;
    },
  },
  {
    name: 'weights-dominate',
    topic: 'shape',
    when: ({ scenario }) => scenario.allocation.device.weights >= 0.9 * scenario.needsBytes,
    say: ({ scenario, shortestContext }) => {
      const share = scenario.allocation.device.weights / scenario.needsBytes;
      const all = share >= 0.985;
      const so =
        scenario.contextTokens === shortestContext
          ? 'the quant decides the size'
          : `a shorter context frees ${all ? 'next to nothing' : 'little'}`;
      return `${all ? 'Practically all' : formatPercent(share)} of it is weights (${formatGB(scenario.allocation.device.weights)}): ${so}.`;
    },
  },
  {
    name: 'native-format-is-smaller',
    topic: 'native',
    when: ({ smallerCheckpointBytes, scenario }) =>
      smallerCheckpointBytes !== undefined && smallerCheckpointBytes < 0.97 * scenario.allocation.fileBytes,
    say: ({ smallerCheckpointBytes, scenario }) => {
      const { quant, model, allocation } = scenario;
      return `The published checkpoint (${model.nativeFormat?.name ?? 'original format'}) is ${formatGB(known(smallerCheckpointBytes))}, smaller than this ${formatGB(allocation.fileBytes)} file: ${quant.name} stores bits that were never trained.`;
    },
  },
  {
    name: 'requantized-from-four-bits',
    topic: 'native',
    when: ({ catalog, scenario }) => {
      const { model, quant, contextTokens, needsBytes } = scenario;
      if (!isPublishedInMxfp4(model) || isForExperts(quant)) return false;
      const native = defaultQuantOf(catalog, model);
      return (
        needsBytes > 0.8 * needOf(catalog, { model: model.id, quant: native.id, context: contextTokens }).needsBytes
      );
    },
    say: ({ catalog, scenario }) => {
      const { model, quant, contextTokens, needsBytes } = scenario;
      const native = defaultQuantOf(catalog, model);
      const own = needOf(catalog, { model: model.id, quant: native.id, context: contextTokens }).needsBytes;
      const difference =
        own > needsBytes
          ? `only the rest is cut, by ${formatBytes(own - needsBytes)} of ${formatGB(own)}, so take ${native.name}`
          : own === needsBytes
            ? `it takes as much as ${native.name}, ${formatGB(own)}`
            : `the rest takes ${formatBytes(needsBytes - own)} more than at ${native.name}, ${formatGB(own)} in all`;
      return `At ${quant.name} the experts of ${model.name} stay in the MXFP4 they are published in: ${difference}.`;
    },
  },
  {
    name: 'few-bits-lose-much',
    topic: 'quality',
    when: ({ catalog, scenario }) => {
      const loss = lossIn(scenario.model, scenario.quant);
      const usual = lossIn(scenario.model, defaultQuantOf(catalog, scenario.model));
      return loss !== undefined && usual !== undefined && loss.value >= 3 * usual.value;
    },
    say: ({ catalog, scenario, card, consumer, largerQuant }) => {
      const { model, quant, contextTokens } = scenario;
      const usual = defaultQuantOf(catalog, model);
      const loss = known(lossOf(quant));
      const ratio = loss.value / known(lossOf(usual)).value;
      const planned = needOf(catalog, { model: model.id, quant: usual.id, context: contextTokens }).planForBytes;
      const held = card && roomOf(bestOf(card)) >= planned;
      const whom = held
        ? `, which the same card holds in ${formatGB(planned)}.`
        : largerQuant
          ? consumer
            ? '.'
            : `. The same card holds ${largerQuant.quant.name} in ${formatGB(largerQuant.planForBytes)}.`
          : `: a choice for those who cannot find ${formatGB(planned)}.`;
      return `${quant.name} departs from the 16-bit model ${formatFactor(ratio)} times as far as ${usual.name} (KL divergence ${formatDivergence(loss.value)} on ${loss.model})${whom}`;
    },
  },
  {
    name: 'bits-without-effect',
    topic: 'quality',
    when: ({ catalog, scenario, smallerCheckpointBytes }) =>
      scenario.quant.kind === 'float' &&
      smallerCheckpointBytes === undefined &&
      recommendedQuants(catalog, scenario.model).some(({ scheme }) => scheme === 'Q8_0'),
    say: ({ catalog, scenario }) => {
      const eight = known(recommendedQuants(catalog, scenario.model).find(({ scheme }) => scheme === 'Q8_0'));
      const { planForBytes } = needOf(catalog, { ...scenario.key, quant: eight.id });
      const loss = lossIn(scenario.model, eight);
      const measured = loss ? ` at a KL divergence of ${formatDivergence(loss.value)} (${loss.model})` : '';
      return `For answers alone ${scenario.quant.name} is more than it takes: ${eight.name} plans for ${formatGB(planForBytes)}${measured}, ${formatBytes(scenario.planForBytes - planForBytes)} less.`;
    },
  },
  {
    name: 'longer-than-trained',
    topic: 'trained',
    when: ({ scenario }) => scenario.contextTokens > scenario.model.context.native,
    say: ({ scenario }) => {
      const { native, extendedBy } = scenario.model.context;
      const inside = scenario.at.need(native).planForBytes;
      return `${tokensText(native)} is what it was trained for, ${formatGB(inside)} to plan for; the rest is stretched${extendedBy ? ` by ${extendedBy}` : ''}.`;
    },
  },
  {
    name: 'pace-of-two-devices',
    topic: 'pace',
    when: (facts) => paceOf(facts) !== undefined,
    say: (facts) => {
      const { card, machine } = known(paceOf(facts));
      return `One user sees ${card.speed} on the ${nameWithMemory(card.own.gpu)}, ${machine.speed} on the ${machine.own.gpu.shortName}.`;
    },
  },
  {
    name: 'quantized-cache-unlocks-a-card',
    topic: 'kv-type',
    when: ({ q8Kv, card }) =>
      q8Kv?.tier !== undefined && q8Kv.tier.memoryGB < (card?.memoryGB ?? Number.POSITIVE_INFINITY),
    say: (facts) => {
      const { planForBytes, tier } = known(facts.q8Kv);
      return `A q8_0 cache brings it down to ${formatGB(planForBytes)} and onto the ${tierNames(known(tier), planForBytes)}.`;
    },
  },
  {
    name: 'smaller-quant-unlocks-a-card',
    topic: 'quant',
    when: ({ smallerQuant, scenario }) =>
      smallerQuant !== undefined &&
      smallerQuant.quant.nominalBits >= 3 &&
      scenario.quant.nominalBits > smallerQuant.quant.nominalBits,
    say: (facts) => {
      const { quant, tier, planForBytes } = known(facts.smallerQuant);
      return `${quant.name}, ${formatGB(planForBytes)} to plan for, moves it to the ${tierNames(tier, planForBytes)}.`;
    },
  },
  {
    name: 'same-card-holds-a-better-quant',
    topic: 'quant',
    when: ({ largerQuant, consumer }) =>
      largerQuant !== undefined && largerQuant.quant.kind !== 'float' && consumer !== undefined,
    say: (facts) => {
      const { quant, planForBytes } = known(facts.largerQuant);
      const own = bestOf(known(facts.card));
      return `The ${nameAgainst(own, planForBytes)} also holds ${quant.name} (${formatGB(planForBytes)}), so there is no reason to stop here.`;
    },
  },
  {
    name: 'shorter-context-unlocks-a-card',
    topic: 'context',
    when: ({ shorterContext, contextBytes, scenario }) =>
      shorterContext !== undefined && contextBytes >= 0.05 * scenario.needsBytes,
    say: (facts) => {
      const { contextTokens, planForBytes, tier } = known(facts.shorterContext);
      return `At ${contextTitle(contextTokens)} it is ${formatGB(planForBytes)} and fits the ${tierNames(tier, planForBytes)}.`;
    },
  },
  {
    name: 'experts-in-ram-practical',
    topic: 'experts',
    when: ({ experts, card }) =>
      experts?.tier !== undefined &&
      experts.tier.memoryGB < (card?.memoryGB ?? Number.POSITIVE_INFINITY) &&
      experts.hostBytes <= MOST_DESKTOP_RAM_BYTES,
    say: (facts) => {
      const { deviceBytes, hostBytes } = known(facts.experts);
      return `With every expert in RAM it runs on about ${formatGB(deviceBytes)} of VRAM and ${formatGB(hostBytes)} of RAM, at the speed of the RAM.`;
    },
  },
  {
    name: 'experts-in-ram-impractical',
    topic: 'experts',
    when: ({ experts }) => experts !== undefined && experts.hostBytes > MOST_DESKTOP_RAM_BYTES,
    say: (facts) => {
      const { deviceBytes, hostBytes } = known(facts.experts);
      return `Experts in RAM is the escape hatch, not a desktop plan: about ${formatGB(deviceBytes)} of VRAM suffice, but ${formatGB(hostBytes)} of RAM is a server's, and every token waits for it.`;
    },
  },
  {
    name: 'smaller-sibling-does-it',
    topic: 'sibling',
    when: ({ smallerSibling, scenario, consumer }) =>
      smallerSibling !== undefined &&
      smallerSibling.planForBytes <= 0.4 * scenario.planForBytes &&
      (consumer === undefined || consumer.memoryGB > 16),
    say: (facts) => {
      const { model, contextTokens, planForBytes, tier } = known(facts.smallerSibling);
      const share = shareText(planForBytes / facts.scenario.planForBytes);
      const context =
        contextTokens === facts.scenario.contextTokens ? 'the same context' : `its ${tokensText(contextTokens)}`;
      const device = tier ? `, one ${nameWithMemory(bestOf(tier).gpu)}` : '';
      // Only for a model that no single device holds is the smaller one the way to run it at all.
      const stands = facts.card || facts.unified ? 'holds' : 'is the practical choice:';
      return `${model.name} ${stands} ${context} in ${share} of the memory, ${formatGB(planForBytes)}${device}.`;
    },
  },
];

/** Decode speed of the best-known card and the best-known machine with unified memory that hold the scenario. */
function paceOf({
  card,
  unified,
  scenario,
}: Facts): Readonly<Record<'card' | 'machine', { readonly own: CatalogDevice; readonly speed: string }>> | undefined {
  if (!card || !unified || scenario.planForBytes < 4e9) return undefined;
  const [faster, slower] = [bestOf(card), bestOf(unified)];
  const speed = speedText(scenario.at, faster, 1);
  const slow = speedText(scenario.at, slower, 1);
  if (speed === undefined || slow === undefined || speed === slow) return undefined;
  return { card: { own: faster, speed }, machine: { own: slower, speed: slow } };
}

/** Order in which topics get a sentence, the decisive one first. */
const TOPICS: readonly Topic[] = [
  'fit',
  'usual',
  'tight',
  'native',
  'kv-type',
  'shape',
  'quality',
  'trained',
  'experts',
  'sibling',
  'quant',
  'context',
  'pace',
];

/** Rules that speak on a scenario, in the order of the page. */
export function verdictRules(facts: Facts): readonly VerdictRule[] {
  return RULES_BY_TOPIC.values()
    .map((rules) => rules.find((rule) => rule.when(facts)))
    .filter((rule) => rule !== undefined)
    .take(MOST_SENTENCES)
    .toArray();
}

const RULES_BY_TOPIC: readonly (readonly VerdictRule[])[] = TOPICS.map((topic) =>
  VERDICT_RULES.filter((rule) => rule.topic === topic),
);

/** The verdict of a scenario, the decisive sentence first. */
export const verdictOf = (facts: Facts): readonly string[] => verdictRules(facts).map((rule) => rule.say(facts));
