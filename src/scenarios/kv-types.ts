import { formatBytes, formatGB, type KvType } from '../vram/index.ts';
import { devicesOf } from './devices.ts';
import { type Facts, tierFor } from './facts.ts';
import type { KvTypeNeed } from './scenario.ts';
import type { KvTypes } from './views.ts';
import { joinWords, nameForBytes } from './words.ts';

/** The default, the usual choice and the smallest that people run. */
const TYPES: readonly KvType[] = ['f16', 'q8_0', 'q4_0'];
/** Below this share of Needs the type of the cache changes nothing that anybody notices. */
const WORTH_A_TABLE = 0.03;

/**
 * What the scenario takes with the cache in each type that llama.cpp can hold for this model; `undefined` where the cache
 * is too small a part to matter, or cannot be quantized.
 */
export function kvTypesOf(facts: Facts): KvTypes | undefined {
  const { scenario, catalog, kvShare } = facts;
  if (kvShare < WORTH_A_TABLE) return undefined;
  const { at, contextTokens, needsBytes } = scenario;
  const { cards } = devicesOf(catalog);
  const needs = TYPES.flatMap((type) => {
    const need = at.needWithKvType(contextTokens, type);
    return need ? [{ type, ...need }] : [];
  });
  const smallest = needs.at(-1);
  if (needs.length < 2 || !smallest || smallest.needsBytes >= needsBytes) return undefined;
  const rows = needs.map(({ type, kvBytes, needsBytes: own, planForBytes }) => {
    const tier = tierFor(cards, planForBytes);
    return {
      type,
      cache: formatBytes(kvBytes),
      needs: formatGB(own),
      planFor: formatGB(planForBytes),
      fits: tier
        ? joinWords(
            tier.devices.slice(0, 2).map(({ gpu }) => nameForBytes(gpu, planForBytes)),
            'or',
          )
        : 'no single card',
    };
  });
  return { rows, text: textOf(facts, needs) };
}

type NeedWithType = KvTypeNeed & { readonly type: KvType };

/** Share of what the cache saves from which on the growth of the compute buffer is worth a sentence. */
const WORTH_SAYING = 0.1;

function textOf({ scenario }: Facts, needs: readonly NeedWithType[]): string {
  const saved = needs
    .slice(1)
    .map(({ type, needsBytes }) => `${type} frees ${formatBytes(scenario.needsBytes - needsBytes)}`)
    .join(', ');
  const [whole] = needs;
  const eighth = needs.find(({ type }) => type === 'q8_0');
  if (!whole || !eighth) return `${saved}.`;
  // q8_0 stores 8.5 bits where f16 stores 16.
  const kept = eighth.kvBytes > whole.kvBytes * (8.5 / 16) * 1.02;
  const shrinks = whole.kvBytes - eighth.kvBytes;
  const grows = eighth.computeBytes - whole.computeBytes;
  return [
    `${saved}.`,
    ...(grows >= WORTH_SAYING * shrinks
      ? [
          `With q8_0 the cache shrinks by ${formatBytes(shrinks)}, but the compute buffer grows by ${formatBytes(grows)} for a 16-bit copy of one layer.`,
        ]
      : []),
    ...(kept ? ['A part of this cache keeps its type whatever the flags say.'] : []),
  ].join(' ');
}
