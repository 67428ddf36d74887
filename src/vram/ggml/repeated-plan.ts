/**
 * The plan of a long graph from that of a short one. A stack of layers takes and gives back the same again and again:
 * two periods of it say what any number of them does.
 */
import { type AllocationPlan, GIVE, TAKE } from './allocator.ts';

/**
 * The plan of a graph with more periods. Their slots grow as those of the second period did from the first.
 *
 * @param plan its marks are where the first period begins, the second begins, and the second ends
 * @param times how often the second period is repeated
 * @param weightLater the weight in the place of one that the second period or what follows reads, so many periods later; -1 of -1
 * @returns `undefined` where the two periods differ in more than the numbers of their slots
 */
export function repeatPlan(
  { steps, bufferOf, bytesOf, tensorOf, weightOf, alignments, leafs, marks }: AllocationPlan,
  times: number,
  weightLater: (weight: number, periods: number) => number,
): AllocationPlan | undefined {
  const [first, second, end] = marks;
  if (!first || !second || !end) return undefined;
  const period = second.slot - first.slot;
  const length = second.step - first.step;
  if (end.slot - second.slot !== period || end.step - second.step !== length) return undefined;

  // Leafs are taken before all else; a period may give some of them back that no other reads.
  let leafsOfPeriod = 0;
  let leafsGiven = 0;
  let firstLeaf = leafs;
  /** Slots that a period leaves behind: taken, and not given back as often. */
  let left = 0;
  for (let position = second.step; position < end.step; position++) {
    const step = steps[position] as number;
    const before = steps[position - length] as number;
    const slot = step >> 2;
    const slotBefore = before >> 2;
    if ((step & 3) !== (before & 3) || bufferOf[slot] !== bufferOf[slotBefore]) return undefined;
    if ((step & 3) === TAKE) left += 1;
    if ((step & 3) === GIVE) left -= 1;
    if (slot >= second.slot) {
      const weight = weightLater(weightOf[slot] as number, 0);
      if (slot - slotBefore !== period || weight !== weightLater(weightOf[slotBefore] as number, 1)) return undefined;
    } else if (slot >= leafs) {
      // Of the period before: nothing that is older may end here.
      if (slot < first.slot || slotBefore >= first.slot) return undefined;
    } else {
      leafsOfPeriod ||= slot - slotBefore;
      if (slot - slotBefore !== leafsOfPeriod || bytesOf[slot] !== bytesOf[slotBefore]) return undefined;
      firstLeaf = Math.min(firstLeaf, slot);
      leafsGiven += 1;
      left += 1;
    }
  }
  if (left !== 0 || leafsGiven !== leafsOfPeriod) return undefined;

  const moreLeafs = times * leafsOfPeriod;
  /** The number of a slot of the short plan that is seen so many periods later. */
  const later = (slot: number, periods: number): number => {
    if (slot < firstLeaf) return slot;
    if (slot < firstLeaf + leafsOfPeriod) return slot + periods * leafsOfPeriod;
    return slot + moreLeafs + (slot < first.slot ? 0 : periods * period);
  };
  const slots = bytesOf.length + moreLeafs + times * period;
  const repeated = {
    steps: new Int32Array(steps.length + moreLeafs + times * length),
    bufferOf: new Uint8Array(slots),
    bytesOf: new Float64Array(slots),
    tensorOf: new Int32Array(slots),
    weightOf: new Int32Array(slots),
  };
  const place = (from: number, to: number, periods: number): void => {
    for (let slot = from; slot < to; slot++) {
      const target = later(slot, periods);
      const bytes = bytesOf[slot] as number;
      const growth = slot >= second.slot && slot < end.slot ? bytes - (bytesOf[slot - period] as number) : 0;
      const weight = weightOf[slot] as number;
      repeated.bufferOf[target] = bufferOf[slot] as number;
      repeated.bytesOf[target] = bytes + periods * growth;
      repeated.tensorOf[target] = tensorOf[slot] as number;
      repeated.weightOf[target] = slot < second.slot ? weight : weightLater(weight, periods);
    }
  };
  let written = 0;
  const write = (from: number, to: number, periods: number): void => {
    for (let position = from; position < to; position++) {
      const step = steps[position] as number;
      repeated.steps[written++] = 4 * later(step >> 2, periods) + (step & 3);
    }
  };
  for (let slot = 0; slot < leafs + moreLeafs; slot++) repeated.steps[written++] = 4 * slot + TAKE;
  place(0, end.slot, 0);
  write(leafs, end.step, 0);
  for (let periods = 1; periods <= times; periods++) {
    place(firstLeaf, firstLeaf + leafsOfPeriod, periods);
    place(second.slot, end.slot, periods);
    write(second.step, end.step, periods);
  }
  place(end.slot, bytesOf.length, times);
  write(end.step, steps.length, times);
  return { ...repeated, alignments, leafs: leafs + moreLeafs, marks };
}
