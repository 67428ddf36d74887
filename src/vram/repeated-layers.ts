/**
 * Stacks in which every layer leaves something behind: the graph of a few periods is walked, and its plan written out for
 * all of them.
 */
import type { GraphWeights } from './compute-buffer.ts';
import type { AllocationPlan } from './ggml/allocator.ts';
import { repeatPlan } from './ggml/repeated-plan.ts';
import { LONGEST_PERIOD, repeats } from './llama-graphs/representative-layers.ts';

/** Layers to walk for a stack, and what the others repeat. */
export interface RepeatedLayers {
  /** In order. */
  readonly layers: readonly number[];
  /** First layers of the period that is like the repeated one, of the repeated one, and of what follows all repetitions. */
  readonly starts: readonly number[];
  /** Layers of a period. */
  readonly period: number;
  /** Repetitions that are not walked. */
  readonly times: number;
}

/** Most periods that are walked behind the repeated one before all layers are. */
const MOST_BEHIND = 1;

/**
 * The longest run of like periods, cut behind its third: the first may begin otherwise, the next two tell what a period
 * takes. `undefined` where that leaves nothing out, or too many periods were unlike.
 *
 * @param signatures one per layer; the last one is always walked
 * @param behind periods that are walked behind the cut
 */
export function repeatedLayers(signatures: readonly unknown[], behind: number): RepeatedLayers | undefined {
  if (behind > MOST_BEHIND) return undefined;
  const before = signatures.slice(0, -1);
  let longest = { start: 0, period: 0, times: 0 };
  for (let period = 1; period <= LONGEST_PERIOD; period++) {
    for (let start = 0; start + period <= before.length; start++) {
      const times = repeats(before, start, period) - 3 - behind;
      if (times * period > longest.times * longest.period) longest = { start, period, times };
    }
  }
  const { start, period, times } = longest;
  if (times === 0) return undefined;
  const cut = start + 3 * period;
  const next = cut + times * period;
  const layers = signatures.map((_, layer) => layer).filter((layer) => layer < cut || layer >= next);
  return { layers, starts: [start + period, start + 2 * period, next], period, times };
}

/** Finds the weight that takes the place of one of the repeated period so many periods later. */
function weightsLater({ layers, layerOf, nameOf }: GraphWeights, { starts, period, times }: RepeatedLayers) {
  const [, , next = 0] = starts;
  return (weight: number, periods: number): number => {
    const layer = layerOf[weight];
    if (layer === undefined) return weight;
    // The period behind the walked one is that of the first repetition.
    const twin = layer + (periods - (layer < next ? 0 : times)) * period;
    return layers[twin]?.get(nameOf[weight] as string)?.index as number;
  };
}

/** The plan of the whole stack from that of the walked layers; `undefined` where their periods differ. */
export function repeatedPlan(
  plan: AllocationPlan,
  repeated: RepeatedLayers,
  table: GraphWeights,
): AllocationPlan | undefined {
  return repeatPlan(plan, repeated.times, weightsLater(table, repeated));
}
