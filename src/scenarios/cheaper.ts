import type { QuantRecord } from '../catalog/quant.schema.ts';
import { formatBytes, formatDivergence, formatGB, planForBytes } from '../vram/index.ts';
import { devicesOf } from './devices.ts';
import { contextsOf, recommendedQuants } from './expand.ts';
import { type Facts, tierFor } from './facts.ts';
import { headroomText } from './hardware.ts';
import { ANY_CARD_BYTES, tierNames } from './named-devices.ts';
import { lossesAlike, lossIn } from './quality.ts';
import { modelAtQuant, needOf, type Scenario } from './scenario.ts';
import { contextTitle, nameWithMemory, tokensText } from './words.ts';

interface Change {
  readonly say: string;
  readonly savedBytes: number;
  /** Plan for afterwards, on one card. */
  readonly planForBytes: number;
}

const MOST_CHANGES = 5;
/** What saves less than this share of Needs is no way to make a scenario fit. */
const WORTH_IT = 0.02;
/** A file may be so many times as large as the published checkpoint and still carry little more than that. */
const AS_PUBLISHED = 1.2;

/**
 * The cheapest ways to make the scenario fit: what opens the smallest card first, then by what it frees.
 * Each says what it frees and what it costs.
 */
export function cheaperWays(facts: Facts): readonly string[] {
  const { catalog, scenario, card } = facts;
  if (scenario.planForBytes < ANY_CARD_BYTES) return [];
  const { cards } = devicesOf(catalog);
  const limit = card?.memoryGB ?? Number.POSITIVE_INFINITY;
  const smaller = [
    cacheChange(facts),
    quantChange(facts),
    contextChange(facts),
    bufferChange(facts),
    expertsChange(facts),
  ]
    .filter((change) => change !== undefined)
    .filter((change) => change.savedBytes > WORTH_IT * scenario.needsBytes)
    .map((change) => {
      const tier = tierFor(cards, change.planForBytes);
      const unlocks = tier && tier.memoryGB < limit ? tier : undefined;
      return {
        say: unlocks ? `${change.say} Then it fits the ${tierNames(unlocks, change.planForBytes)}.` : change.say,
        savedBytes: change.savedBytes,
        cardGB: unlocks?.memoryGB ?? Number.POSITIVE_INFINITY,
      };
    });
  const second = secondCard(facts);
  return [...smaller, ...(second ? [second] : [])]
    .sort((a, b) => (a.cardGB === b.cardGB ? b.savedBytes - a.savedBytes : a.cardGB - b.cardGB))
    .slice(0, MOST_CHANGES)
    .map(({ say }) => say);
}

/** The smallest desktop card of which two hold what one does not: nothing is lost, and every card has its own buffer. */
function secondCard({ catalog, scenario }: Facts): { say: string; savedBytes: number; cardGB: number } | undefined {
  const { at, contextTokens } = scenario;
  for (const own of devicesOf(catalog).multi) {
    if (own.kind !== 'consumer' || at.fitOn(own.device, 1, contextTokens).fit === 'fits') continue;
    if (at.fewestDevices(own.device, contextTokens, 2) !== 2) continue;
    const headroom = headroomText(at.fitOn(own.device, 2, contextTokens), 2);
    return {
      say: `A second ${nameWithMemory(own.gpu)}: two hold it, with ${headroom}. Nothing is lost; each card has a compute buffer of its own, and decoding is no faster.`,
      savedBytes: 0,
      cardGB: own.gpu.memoryGB,
    };
  }
  return undefined;
}

function cacheChange({ q8Kv }: Facts): Change | undefined {
  if (!q8Kv) return undefined;
  return {
    say: `KV cache in q8_0: frees ${formatBytes(q8Kv.savedBytes)} and costs little quality; decoding gets somewhat slower.`,
    savedBytes: q8Kv.savedBytes,
    planForBytes: q8Kv.planForBytes,
  };
}

function quantChange({ catalog, scenario, smallerCheckpointBytes, betterQuant }: Facts): Change | undefined {
  const { model, key, contextTokens } = scenario;
  const changes = recommendedQuants(catalog, model)
    .filter((quant) => quant.order < scenario.quant.order || quant === betterQuant?.quant)
    .reverse()
    .map((quant) => ({ quant, need: needOf(catalog, { ...key, quant: quant.id }) }))
    .filter(({ need }) => need.needsBytes < 0.97 * scenario.needsBytes);
  // Bits that were never trained are the first to go, all of them.
  const asPublished = ({ quant }: (typeof changes)[number]): boolean =>
    smallerCheckpointBytes === undefined ||
    modelAtQuant(catalog, model.id, quant.id).allocation(contextTokens).fileBytes <
      AS_PUBLISHED * smallerCheckpointBytes;
  const below = changes.find(({ quant }) => quant === betterQuant?.quant) ?? changes.find(asPublished) ?? changes[0];
  if (!below) return undefined;
  const savedBytes = scenario.needsBytes - below.need.needsBytes;
  return {
    say: `${below.quant.name} instead of ${scenario.quant.name}: frees ${formatBytes(savedBytes)}${lossText(scenario, below.quant)}.`,
    savedBytes,
    planForBytes: below.need.planForBytes,
  };
}

/** What a smaller quant loses, where both were measured on the same model. */
function lossText({ model, quant: from }: Scenario, to: QuantRecord): string {
  const loss = lossIn(model, to);
  if (loss && from.kind === 'float')
    return `, at a KL divergence of ${formatDivergence(loss.value)} measured on ${loss.model}`;
  const alike = loss && lossesAlike(from, to);
  if (!alike) return ', at a cost in quality that no figure on record tells';
  const [before, after] = [formatDivergence(alike.before), formatDivergence(alike.after)];
  return alike.before < alike.after
    ? ` and raises the KL divergence measured on ${alike.model} from ${before} to ${after}`
    : ` and loses nothing by the KL divergence measured on ${alike.model} (${after} against ${before})`;
}

function contextChange({ scenario }: Facts): Change | undefined {
  const shorter = contextsOf(scenario.model)
    .filter((context) => context < scenario.contextTokens)
    .at(-1);
  if (shorter === undefined) return undefined;
  const need = scenario.at.need(shorter);
  const savedBytes = scenario.needsBytes - need.needsBytes;
  return {
    say: `${contextTitle(shorter)} of context instead of ${contextTitle(scenario.contextTokens)}: frees ${formatBytes(savedBytes)}; prompt and answer together stay within ${tokensText(shorter)}.`,
    savedBytes,
    planForBytes: need.planForBytes,
  };
}

function bufferChange({ scenario }: Facts): Change | undefined {
  const { allocation, needsBytes, ruleOfThumb } = scenario;
  // Half of the buffer at best: not worth a sentence below four per cent.
  if (allocation.device.compute < 0.04 * needsBytes) return undefined;
  const smaller = scenario.at.allocate(scenario.contextTokens, { microBatch: 256 }).device.total;
  const savedBytes = needsBytes - smaller;
  return {
    say: `Micro-batch of 256 (-ub 256): frees ${formatBytes(savedBytes)} of the ${formatBytes(allocation.device.compute)} compute buffer; prompts are read slower.`,
    savedBytes,
    planForBytes: planForBytes(smaller, ruleOfThumb.total),
  };
}

function expertsChange({ experts, scenario }: Facts): Change | undefined {
  if (!experts) return undefined;
  return {
    say: `Experts in RAM (--cpu-moe): leaves about ${formatGB(experts.deviceBytes)} on the GPU and takes ${formatGB(experts.hostBytes)} of RAM, whose speed then sets the pace.`,
    savedBytes: scenario.needsBytes - experts.deviceBytes,
    planForBytes: planForBytes(experts.deviceBytes),
  };
}
