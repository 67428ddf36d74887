/** Which layers of a stack must be walked to learn what the whole stack needs: a few of each run of like ones. */

/** Periods of a repeated pattern that are walked at least; from then on the allocator's free blocks repeat. */
const WALKED_PERIODS = 3;
/** Periods are left out in multiples of this, because the free blocks may repeat only every second or fourth time. */
const SKIPPED_TOGETHER = 4;
/** Longest pattern looked for. */
const LONGEST_PERIOD = 12;

/** How many whole periods of `period` layers follow each other from `start`. */
function repeats(signatures: readonly unknown[], start: number, period: number): number {
  let end = start + period;
  while (end < signatures.length && signatures[end] === signatures[end - period]) end++;
  return Math.floor((end - start) / period);
}

/**
 * Indexes of the layers to walk, in order. Layers with equal signatures have the same weights, cache and place.
 *
 * @param signatures one per layer; the last one is always walked
 */
export function representativeLayers(signatures: readonly unknown[]): number[] {
  const walked: number[] = [];
  const last = signatures.length - 1;
  const before = signatures.slice(0, last);
  let layer = 0;
  while (layer < last) {
    let skipped = 0;
    let kept = 1;
    for (let period = 1; period <= LONGEST_PERIOD && layer + period <= last; period++) {
      const count = repeats(before, layer, period);
      const extra = Math.floor(Math.max(0, count - WALKED_PERIODS) / SKIPPED_TOGETHER) * SKIPPED_TOGETHER;
      if (extra * period > skipped) {
        skipped = extra * period;
        kept = (count - extra) * period;
      }
    }
    for (let own = 0; own < kept; own++) walked.push(layer + own);
    layer += kept + skipped;
  }
  if (last >= 0) walked.push(last);
  return walked;
}
