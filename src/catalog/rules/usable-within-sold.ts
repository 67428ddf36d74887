import { GiB } from '../../vram/index.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Less is a slip of the unit: GB, MiB or GiB written as bytes. */
const LEAST_USABLE_SHARE = 0.5;

/** A device has no more usable memory than it is sold with, and not much less. */
export const usableWithinSold: Rule = (drafts) =>
  drafts.gpus.flatMap(({ id, memoryGB, memoryGiB, usable }) => {
    if (memoryGB === undefined || usable === undefined) return [];
    const soldGiB = memoryGiB ?? memoryGB;
    const share = usable.bytes / (soldGiB * GiB);
    if (share <= 1 && share >= LEAST_USABLE_SHARE) return [];
    return [
      problemIn('gpus', id, ['usable', 'bytes'], {
        found: `${usable.bytes} bytes, ${(share * 100).toFixed(1)} % of the ${soldGiB} GiB it is sold with`,
        expected: `${LEAST_USABLE_SHARE * 100} to 100 % of the memory as sold`,
        fix: 'write bytes: MiB x 1048576',
      }),
    ];
  });
