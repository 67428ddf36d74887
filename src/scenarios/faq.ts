import type { QuantRecord } from '../catalog/quant.schema.ts';
import {
  type Architecture,
  formatBitsPerWeight,
  formatBytes,
  formatCount,
  formatDivergence,
  formatGB,
  formatMemory,
  formatParameters,
  formatPercent,
} from '../vram/index.ts';
import { type CatalogDevice, devicesOf, roomOf } from './devices.ts';
import { contextsOf, defaultQuantOf, maximumContext, namedParameters, recommendedQuants } from './expand.ts';
import { type DeviceSet, type Facts, known } from './facts.ts';
import { bestOf, namedSets, setNames, tierNames } from './named-devices.ts';
import { lossesAlike, lossIn } from './quality.ts';
import { type ModelAtQuant, modelAtQuant } from './scenario.ts';
import { speedText } from './speed.ts';
import type { Question } from './views.ts';
import {
  contextTitle,
  expertsOfFirst,
  nameAgainst,
  nameWithMemory,
  shortNames,
  tokensText,
  withArticle,
} from './words.ts';

/** A question worth answering on a page, and when. Both parts come from the page's own figures. */
interface FaqRule {
  readonly name: string;
  readonly when: (facts: Facts) => boolean;
  readonly ask: (facts: Facts) => string;
  readonly say: (facts: Facts) => string;
}

const MOST_QUESTIONS = 7;
/** A context that is worth naming as a way out, in tokens. */
const SHORTEST_USEFUL_CONTEXT = 4096;

/** The smallest card people ask about that holds the scenario, while the card is not four times too large to be asked. */
function askedCardThatFits({ catalog, scenario }: Facts): CatalogDevice | undefined {
  const own = devicesOf(catalog).asked.find(
    ({ device }) => scenario.at.fitOn(device, 1, scenario.contextTokens).fit === 'fits',
  );
  return own && own.device.usableBytes < 4 * scenario.planForBytes ? own : undefined;
}

/** The largest card people ask about that does not hold it, while it needs less than three times its memory. */
function askedCardThatDoesNot({ catalog, scenario }: Facts): CatalogDevice | undefined {
  return devicesOf(catalog).asked.findLast(
    ({ device }) =>
      scenario.at.fitOn(device, 1, scenario.contextTokens).fit !== 'fits' &&
      scenario.planForBytes < 3 * device.usableBytes,
  );
}

const name = ({ scenario }: Facts): string => scenario.model.name;
const withQuant = ({ scenario }: Facts): string => `${scenario.model.name} ${scenario.quant.name}`;
const context = ({ scenario }: Facts): string => contextTitle(scenario.contextTokens);

/** After so many months a smaller model may answer better than a larger one. */
const A_GENERATION_IN_MONTHS = 4;

/** Whole months from one day or month of the catalogue to another: "2025-07-28", "2026-01". */
function monthsBetween(from: string, to: string): number {
  const [[fromYear = 0, fromMonth = 0], [toYear = 0, toMonth = 0]] = [from, to].map((date) =>
    date.split('-').map(Number),
  ) as [number[], number[]];
  return (toYear - fromYear) * 12 + toMonth - fromMonth;
}

/** Fewest bits per weight of a quant that is a way out. */
const FEWEST_BITS = 3;

/** What to do where one card does not hold the scenario, cheapest change first. */
function wayOut(facts: Facts, own: CatalogDevice): string {
  const { at, contextTokens } = facts.scenario;
  const largest = at.largestContext(own.device, 1);
  if (largest >= SHORTEST_USEFUL_CONTEXT) return `Up to ${tokensText(largest)} of context fit on it.`;
  const { catalog, scenario } = facts;
  const atQuant = (quant: QuantRecord): ModelAtQuant => modelAtQuant(catalog, scenario.model.id, quant.id);
  const smaller = recommendedQuants(catalog, scenario.model).findLast(
    (quant) =>
      quant.order < scenario.quant.order &&
      quant.nominalBits >= FEWEST_BITS &&
      atQuant(quant).fitOn(own.device, 1, contextTokens).fit === 'fits',
  );
  if (smaller)
    return `${smaller.name} at the same context does fit (${formatGB(atQuant(smaller).need(contextTokens).planForBytes)}).`;
  const count = at.fewestDevices(own.device, contextTokens);
  if (count !== undefined && count <= 8) return `${count} of them hold it together.`;
  return facts.card
    ? `The smallest single card that does is the ${tierNames(facts.card, facts.scenario.planForBytes)}.`
    : `It takes ${setNames(namedSets(facts))}.`;
}

/** The smallest device that holds the scenario, with its tokens a second; `undefined` where no speed is known. */
function smallestWithSpeed({ card, unified, scenario }: Facts): { own: CatalogDevice; speed: string } | undefined {
  const tier = card ?? unified;
  const own = tier && bestOf(tier);
  const speed = own && speedText(scenario.at, own, 1);
  return own && speed !== undefined ? { own, speed } : undefined;
}

/** The desktop cards that the scenario is asked about: of 24 GB and more where such do. */
const askedSet = ({ consumerSets }: Facts): DeviceSet | undefined => {
  const desktop = consumerSets.filter(({ own }) => own.kind === 'consumer');
  return desktop.find(({ own }) => own.gpu.memoryGB >= 24) ?? desktop[0];
};

/** The input tables, which the engine looks up in RAM: "the token embedding (582 MB) stays in RAM". */
function keptInRam(
  { tiedEmbeddings, perLayerEmbeddingSize, ngramTable }: Architecture,
  apart: boolean,
  size: string,
): string {
  if (perLayerEmbeddingSize)
    return `the embeddings per layer and ${tiedEmbeddings ? 'a second copy of ' : ''}the token embedding (${size}) stay in RAM`;
  if (ngramTable) return `the token embedding and the n-gram table (${size}) stay in RAM`;
  return `${apart ? '' : 'a second copy of '}the token embedding (${size}) stays in RAM`;
}

export const FAQ_RULES: readonly FaqRule[] = [
  {
    name: 'runs-on-a-card',
    when: (facts) => askedCardThatFits(facts) !== undefined,
    ask: (facts) =>
      `Can I run ${withQuant(facts)} with ${context(facts)} context on ${withArticle(nameWithMemory(known(askedCardThatFits(facts)).gpu))}?`,
    say: (facts) => {
      const own = known(askedCardThatFits(facts));
      const { at, contextTokens, needsBytes } = facts.scenario;
      const { headroomBytes, usableBytes } = at.fitOn(own.device, 1, contextTokens);
      const largest = at.largestContext(own.device, 1);
      const further = largest > contextTokens ? ` It goes up to ${tokensText(largest)}.` : '';
      return `Yes. Of its ${formatGB(usableBytes)} usable memory ${formatBytes(headroomBytes)} remain after the ${formatGB(needsBytes)} needed and the driver's own share.${further}`;
    },
  },
  {
    name: 'short-of-a-card',
    when: (facts) => askedCardThatDoesNot(facts) !== undefined,
    ask: (facts) =>
      `Is ${withArticle(nameWithMemory(known(askedCardThatDoesNot(facts)).gpu))} enough for ${withQuant(facts)} at ${context(facts)}?`,
    say: (facts) => {
      const own = known(askedCardThatDoesNot(facts));
      const { at, contextTokens, planForBytes, needsBytes } = facts.scenario;
      const { fit, headroomBytes } = at.fitOn(own.device, 1, contextTokens);
      return fit === 'tight'
        ? `Just about. llama.cpp allocates ${formatGB(needsBytes)} and ${formatBytes(headroomBytes)} remain, less than the margin in Plan for (${formatGB(planForBytes)}). ${wayOut(facts, own)}`
        : `No. With the driver's own share it is ${formatBytes(-headroomBytes)} short of the ${formatGB(needsBytes)} that llama.cpp allocates. ${wayOut(facts, own)}`;
    },
  },
  {
    name: 'longer-than-trained',
    when: ({ scenario }) => scenario.contextTokens > scenario.model.context.native,
    ask: (facts) => `Is ${context(facts)} within what ${name(facts)} was trained for?`,
    say: ({ scenario }) => {
      const { native, extendedBy } = scenario.model.context;
      return `No: it was trained for ${tokensText(native)}. ${extendedBy ? `The longer context comes from ${extendedBy}, which has to be switched on.` : 'The model card says how to get the longer context.'} Memory is the same either way; answers on short texts may get a little worse.`;
    },
  },
  {
    name: 'eight-gpu-node',
    when: ({ datacenterSets, card }) => card === undefined && datacenterSets.length > 0,
    ask: (facts) => `Does ${withQuant(facts)} fit on 8 x H100 at ${context(facts)}?`,
    say: (facts) => {
      const { at, contextTokens, planForBytes } = facts.scenario;
      const own = devicesOf(facts.catalog).askedNode;
      const sets = setNames(namedSets(facts));
      if (!own) return `It takes ${sets}.`;
      const { fit, shareBytes, headroomBytes } = at.fitOn(own.device, 8, contextTokens);
      if (fit === 'no') {
        const together = 8 * roomOf(own);
        const why =
          planForBytes > together
            ? `${formatGB(planForBytes)} to plan for exceeds the 640 GB of eight 80 GB cards`
            : `llama.cpp splits whole layers, and the fullest of the eight would have to hold ${formatGB(shareBytes)}, its own compute buffer included`;
        return `No. ${why}. It takes ${sets}.`;
      }
      return fit === 'fits'
        ? `Yes. The fullest of the eight holds ${formatGB(shareBytes)} and keeps ${formatBytes(headroomBytes)} free. The fewest of each kind: ${sets}.`
        : `Just about. The fullest of the eight holds ${formatGB(shareBytes)} and keeps ${formatBytes(headroomBytes)} free, less than the margin in Plan for. The fewest with that margin: ${sets}.`;
    },
  },
  {
    name: 'several-consumer-cards',
    when: (facts) => askedSet(facts) !== undefined,
    ask: (facts) =>
      `How many ${known(askedSet(facts)).own.gpu.shortName} does ${withQuant(facts)} take at ${context(facts)}?`,
    say: (facts) => {
      const set = known(askedSet(facts));
      const { at, contextTokens } = facts.scenario;
      const { shareBytes } = at.fitOn(set.own.device, set.count, contextTokens);
      const others = facts.consumerSets.filter(({ own }) => own !== set.own);
      const instead = others.length > 0 ? ` ${setNames(others.slice(0, 3))} do it too.` : '';
      return `It takes ${set.count}: llama.cpp splits whole layers, so the fullest card holds ${formatGB(shareBytes)}, its own compute buffer included. More cards add memory, not speed.${instead}`;
    },
  },
  {
    name: 'experts-in-vram',
    when: ({ experts, scenario }) => experts !== undefined && scenario.model.parameters.active !== undefined,
    ask: (facts) =>
      `Only ${formatParameters(known(facts.scenario.model.parameters.active))} parameters are active. Does ${name(facts)} need less VRAM for that?`,
    say: (facts) => {
      const { model, allocation } = facts.scenario;
      const { deviceBytes, hostBytes, partly } = known(facts.experts);
      const half = partly
        ? ` On ${withArticle(nameWithMemory(partly.own.gpu))} ${expertsOfFirst(partly.cpuMoeLayers, model.architecture)} have to stay in RAM (${formatGB(partly.hostBytes)}).`
        : '';
      return `Not by itself: any token may call any expert, so all ${formatGB(allocation.device.weights)} of weights have to be somewhere. With --cpu-moe the experts wait in RAM: about ${formatGB(deviceBytes)} of VRAM and ${formatGB(hostBytes)} of RAM.${half}`;
    },
  },
  {
    name: 'sibling-instead',
    when: ({ smallerSibling, scenario }) =>
      smallerSibling !== undefined && smallerSibling.planForBytes <= 0.6 * scenario.planForBytes,
    ask: (facts) => `Should I run ${name(facts)} or ${known(facts.smallerSibling).model.name}?`,
    say: (facts) => {
      const { model, planForBytes, tier, contextTokens } = known(facts.smallerSibling);
      const { scenario } = facts;
      const device = tier ? ` and fits one ${nameWithMemory(bestOf(tier).gpu)}` : '';
      const at = contextTokens === scenario.contextTokens ? '' : ` at its maximum of ${tokensText(contextTokens)}`;
      const newer = monthsBetween(scenario.model.released, model.released);
      const choice =
        newer >= A_GENERATION_IN_MONTHS
          ? ` and is ${newer} months newer: compare their answers before you buy memory for ${scenario.model.name}`
          : `, so take ${scenario.model.name} where answers matter more than hardware`;
      return `By memory, ${model.name}: at ${scenario.quant.name} it takes ${formatGB(planForBytes)}${at} instead of ${formatGB(scenario.planForBytes)}${device}. It has ${formatParameters(namedParameters(model))} parameters against ${formatParameters(namedParameters(scenario.model))}${choice}.`;
    },
  },
  {
    name: 'cache-and-its-type',
    when: ({ q8Kv, kvShare }) => q8Kv !== undefined && kvShare >= 0.08,
    ask: (facts) => `How large is the KV cache of ${name(facts)} at ${context(facts)}, and does q8_0 help?`,
    say: (facts) => {
      const { allocation, needsBytes } = facts.scenario;
      const { savedBytes, planForBytes, tier } = known(facts.q8Kv);
      const unlocks =
        tier && tier.memoryGB < (facts.card?.memoryGB ?? Number.POSITIVE_INFINITY)
          ? ` That opens the ${tierNames(tier, planForBytes)}.`
          : '';
      return `${formatBytes(allocation.device.kvCache)} in 16 bits, ${formatPercent(facts.kvShare)} of the ${formatGB(needsBytes)} allocated. With -ctk q8_0 -ctv q8_0 the total falls by ${formatBytes(savedBytes)} and Plan for becomes ${formatGB(planForBytes)}.${unlocks}`;
    },
  },
  {
    name: 'which-quant',
    when: ({ largerQuant, smallerQuant, betterQuant, card }) =>
      card !== undefined && (largerQuant ?? smallerQuant ?? betterQuant) !== undefined,
    ask: (facts) => `Is ${facts.scenario.quant.name} the right quant of ${name(facts)} for ${context(facts)}?`,
    say: (facts) => {
      const { scenario, smallerQuant, betterQuant, smallerCheckpointBytes } = facts;
      const { quant, model } = scenario;
      const isBelowThreeBits =
        smallerQuant !== undefined &&
        smallerQuant.quant.nominalBits < 3 &&
        quant.nominalBits >= 3 &&
        lossIn(model, smallerQuant.quant) !== undefined;
      const isPublished =
        smallerCheckpointBytes === undefined && quant.kind === 'float' && model.nativeFormat?.name === quant.name;
      const up = isPublished ? 'It is how the model was published; nothing larger has more in it.' : largerText(facts);
      const down =
        smallerQuant && smallerQuant.quant !== betterQuant?.quant
          ? ` For the ${tierNames(smallerQuant.tier, smallerQuant.planForBytes)} go down to ${smallerQuant.quant.name} (${formatGB(smallerQuant.planForBytes)} instead of ${formatGB(scenario.planForBytes)})${isBelowThreeBits ? '; below 3 bits the loss shows' : ''}.`
          : '';
      return `${up}${down}`;
    },
  },
  {
    name: 'runs-on-a-mac',
    when: ({ unified, scenario }) => unified !== undefined && scenario.planForBytes > 3e9,
    ask: (facts) => `Does ${withQuant(facts)} run on a Mac or another machine with unified memory?`,
    say: (facts) => {
      const tier = known(facts.unified);
      const { at, contextTokens } = facts.scenario;
      const own = bestOf(tier);
      const { usableBytes } = at.fitOn(own.device, 1, contextTokens);
      const largest = at.largestContext(own.device, 1);
      return `Yes, from ${tier.memoryGB} GB of memory: ${shortNames(tier.devices.slice(0, 3))}. The GPU of the ${own.gpu.shortName} may use ${formatGB(usableBytes)} of it, enough for ${tokensText(largest)} of context.`;
    },
  },
  {
    name: 'how-fast',
    when: (facts) => smallestWithSpeed(facts) !== undefined,
    ask: (facts) =>
      `How fast is ${withQuant(facts)} on ${withArticle(nameWithMemory(known(smallestWithSpeed(facts)).own.gpu))}?`,
    say: (facts) => {
      const { own, speed } = known(smallestWithSpeed(facts));
      const { active, total } = facts.scenario.model.parameters;
      const read =
        active === undefined
          ? `every token reads all ${formatGB(facts.scenario.allocation.device.weights)} of weights`
          : `a token reads the ${formatParameters(active)} active of ${formatParameters(total)} parameters`;
      return `${speed} for one user with a short prompt: ${read} at the ${formatCount(known(own.speed).bandwidthGBps)} GB/s of its memory, less what gets lost on the way. It slows down as the context fills.`;
    },
  },
  {
    name: 'file-size',
    when: () => true,
    ask: (facts) => `How large is the ${facts.scenario.quant.name} file of ${name(facts)}?`,
    say: ({ scenario }) => {
      const { fileBytes, bitsPerWeight, parameters, device } = scenario.allocation;
      const { gb, gib } = formatMemory(fileBytes);
      const loaded =
        device.weights < fileBytes
          ? `${formatGB(device.weights) === gb ? `All but ${formatBytes(fileBytes - device.weights)}` : formatBytes(device.weights)} of it goes to the GPU.`
          : 'All of it goes to the GPU: the embedding table is the output head too.';
      return `${gb} (${gib}), ${formatBitsPerWeight(bitsPerWeight)} bits for each of ${formatParameters(parameters)} parameters. ${loaded}`;
    },
  },
  {
    name: 'ram-beside-vram',
    when: () => true,
    ask: (facts) => `How much system RAM does ${name(facts)} need when it is wholly on the GPU?`,
    say: ({ scenario }) => {
      const { host, fileBytes, device } = scenario.allocation;
      const total = host.weights + host.kvCache + host.compute;
      const kept = keptInRam(scenario.model.architecture, device.weights < fileBytes, formatBytes(host.weights));
      return `About ${formatBytes(total)}: ${kept}, and buffers of ${formatBytes(host.compute)} feed the GPU. Loading goes faster when the ${formatGB(fileBytes)} file fits the page cache, but it does not have to.`;
    },
  },
];

/** Whether there is a better quant for the best-known of the smallest cards that hold the scenario. */
function largerText({ scenario, largerQuant, betterQuant, card }: Facts): string {
  const own = bestOf(known(card));
  const { quant, planForBytes } = scenario;
  const alike = betterQuant && lossesAlike(quant, betterQuant.quant);
  if (betterQuant && alike) {
    const [before, after] = [formatDivergence(alike.before), formatDivergence(alike.after)];
    const measured =
      before === after ? `as much, a KL divergence of ${after}` : `less, a KL divergence of ${after} against ${before}`;
    const less = `${betterQuant.quant.name} takes less, ${formatGB(betterQuant.planForBytes)} to plan for, and loses ${measured} on ${alike.model}.`;
    return largerQuant
      ? `No: the ${nameAgainst(own, largerQuant.planForBytes)} holds ${largerQuant.quant.name} (${formatGB(largerQuant.planForBytes)}), and ${less}`
      : `No: ${less}`;
  }
  if (!largerQuant) return `It is the best that the ${nameAgainst(own, planForBytes)} holds.`;
  const { name, kind } = largerQuant.quant;
  const larger = formatGB(largerQuant.planForBytes);
  if (larger === formatGB(planForBytes)) return `No: ${name} keeps more bits and plans for ${larger} too.`;
  const device = nameAgainst(own, largerQuant.planForBytes);
  return kind === 'float'
    ? `Yes: ${name} fits the ${device} too (${larger}), but its further bits hardly change an answer.`
    : `Not if you own the ${device} anyway: it holds ${name} with ${larger} to plan for.`;
}

/** The questions of a page with their answers: what a reader asks first, then those of the model's own record. */
export function faqOf(facts: Facts): readonly Question[] {
  const own = ownQuestions(facts);
  const rules = FAQ_RULES.values()
    .filter((rule) => rule.when(facts))
    .take(MOST_QUESTIONS - Math.min(own.length, 2));
  return [...rules.map((rule) => ({ question: rule.ask(facts), answer: rule.say(facts) })), ...own.slice(0, 2)];
}

/**
 * Questions of the model's own record. They do not depend on quant or context: the hub has all of them, the usual quant
 * two at the native maximum, where they matter most, and another one at each other context.
 */
function ownQuestions({ catalog, scenario }: Facts): readonly Question[] {
  const { model, quant, contextTokens } = scenario;
  const all = (model.faq ?? []).map(({ question, answer }) => ({ question, answer }));
  if (quant.id !== defaultQuantOf(catalog, model).id || all.length === 0) return [];
  if (contextTokens === model.context.native || contextTokens === maximumContext(model)) return all;
  return [all[contextsOf(model).indexOf(contextTokens) % all.length]].filter((own) => own !== undefined);
}
