/** Memory that programs can allocate on a device: as documented, or by one rule for all devices where it is not. */
import { formatWholePercent, GiB } from '../vram/index.ts';
import type { GpuRecord } from './gpu.schema.ts';

interface UsableMemory {
  readonly bytes: number;
  /** What the figure rests on, in one clause. */
  readonly basis: string;
  /** A report, not the rule. */
  readonly documented: boolean;
  /** Key of the record's `sources`; absent where the rule applies. */
  readonly source?: string;
}

interface Share {
  readonly share: number;
  readonly basis: string;
}

/** Part of an Apple machine's memory that macOS lets the GPU use, by memory up to which it holds, in GB. */
const APPLE_SHARES: readonly (readonly [upToGB: number, share: number])[] = [
  [8, 2 / 3],
  [24, 0.74],
  [48, 0.78],
  [64, 0.81],
  // Current macOS is reported to leave more at 128 GB, and not reported at the sizes around it.
  [96, 0.75],
  [128, 0.84],
  [256, 0.75],
  [Number.POSITIVE_INFINITY, 0.9],
];

/** Share of the memory as sold that is taken as usable without a report: the careful side of the reports on its kin. */
function shareOf(gpu: GpuRecord): Share {
  const { vendor, unifiedMemory, memoryGB, memoryType = '' } = gpu;
  if (vendor === 'Apple') {
    const share = APPLE_SHARES.find(([upToGB]) => memoryGB <= upToGB)?.[1] ?? 2 / 3;
    return { share, basis: `${formatWholePercent(share)} of the memory, about what macOS leaves the GPU at this size` };
  }
  if (unifiedMemory && gpu.class !== 'datacenter') {
    return vendor === 'AMD'
      ? { share: 0.488, basis: 'half of the memory that Linux sees, the default limit of its driver' }
      : { share: 0.82, basis: '82 % of the memory, about the least that a machine of its kind was found to have free' };
  }
  if (vendor === 'NVIDIA' && gpu.class === 'datacenter' && memoryType.startsWith('GDDR')) {
    return {
      share: 0.915,
      basis: '91.5 % of the memory as sold; error correction takes 6.25 %, the driver 2.25 %',
    };
  }
  if (vendor === 'NVIDIA')
    return { share: 0.965, basis: '96.5 % of the memory as sold, the least that a documented card leaves' };
  if (vendor === 'AMD') return { share: 0.99, basis: '99 % of the memory as sold; documented cards leave 99.8 %' };
  return { share: 0.95, basis: '95 % of the memory as sold, for want of any report' };
}

/** What the system keeps of a memory that it shares with the GPU: half of what the GPU's limit leaves, at most so much. */
const SYSTEM_BYTES = 4 * GiB;

/** What host memory may take of a unified memory beside the `usableBytes` of the GPU, in bytes. */
export function hostRoomOf(gpu: GpuRecord, usableBytes: number): number {
  const leftBytes = soldBytes(gpu) - usableBytes;
  return Math.ceil(leftBytes - Math.min(SYSTEM_BYTES, leftBytes / 2));
}

const soldBytes = ({ memoryGiB, memoryGB }: GpuRecord): number => (memoryGiB ?? memoryGB) * GiB;

/** Usable bytes of `gpu`, with what they rest on. */
export function usableMemoryOf(gpu: GpuRecord): UsableMemory {
  if (gpu.usable !== undefined) return { ...gpu.usable, documented: true };
  const { share, basis } = shareOf(gpu);
  return { bytes: Math.floor(soldBytes(gpu) * share), basis, documented: false };
}
