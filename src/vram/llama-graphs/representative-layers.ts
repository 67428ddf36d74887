/** Which layers of a stack must be walked to learn what the whole stack needs: a few of each run of like ones. */

/** Longest pattern looked for. */
const LONGEST_PERIOD = 12;
/** Periods are left out in multiples of this, because the allocator's free blocks may repeat every second or fourth time. */
const SKIPPED_TOGETHER = 4;

/** A pattern that repeats, as far as it is walked. */
export interface WalkedRun {
  /** Position of its first layer among the walked ones. */
  readonly start: number;
  /** Layers of the pattern. */
  readonly period: number;
  /** Times the pattern is walked. */
  readonly walked: number;
}

export interface WalkedLayers {
  /** Numbers of the layers to walk, in order. */
  readonly layers: readonly number[];
  /** Runs of which periods are left out. */
  readonly runs: readonly WalkedRun[];
}

/** How many whole periods of `period` layers follow each other from `start`. */
function repeats(signatures: readonly unknown[], start: number, end: number, period: number): number {
  let last = start + period;
  while (last < end && signatures[last] === signatures[last - period]) last++;
  return Math.floor((last - start) / period);
}

/**
 * The layers to walk. Layers with equal signatures have the same weights, cache and place.
 *
 * @param signatures one per layer; the last layer is always walked
 * @param leastPeriods every run is walked at least so many times
 */
export function representativeLayers(signatures: readonly unknown[], leastPeriods: number): WalkedLayers {
  const layers: number[] = [];
  const runs: WalkedRun[] = [];
  const last = signatures.length - 1;
  let layer = 0;
  while (layer < last) {
    let skipped = 0;
    let kept = 1;
    let longest = 1;
    for (let period = 1; period <= LONGEST_PERIOD && layer + period <= last; period++) {
      const count = repeats(signatures, layer, last, period);
      const extra = Math.floor(Math.max(0, count - leastPeriods) / SKIPPED_TOGETHER) * SKIPPED_TOGETHER;
      if (extra * period > skipped) {
        skipped = extra * period;
        kept = (count - extra) * period;
        longest = period;
      }
    }
    if (skipped > 0) runs.push({ start: layers.length, period: longest, walked: kept / longest });
    for (let own = 0; own < kept; own++) layers.push(layer + own);
    layer += kept + skipped;
  }
  if (last >= 0) layers.push(last);
  return { layers, runs };
}

/**
 * Whether the walk of a run had become periodic when it ended, every period or every second or fourth one like the last:
 * then the periods that were left out would have changed nothing.
 *
 * @param boundaries one digest per walked layer, of the state in which it began
 */
export function isSettled({ start, period, walked }: WalkedRun, boundaries: readonly number[]): boolean {
  const end = start + walked * period;
  return [1, 2, SKIPPED_TOGETHER].some((periods) => {
    const cycle = periods * period;
    if (end - 2 * cycle < start) return false;
    for (let back = 0; back < cycle; back++) {
      if (boundaries[end - back] !== boundaries[end - back - cycle]) return false;
    }
    return true;
  });
}
