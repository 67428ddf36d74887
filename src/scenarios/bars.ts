import { type DeviceMemory, formatGB, formatMemory, GiB, perMille } from '../vram/index.ts';
import type { BarSegment, HeldParts, MemoryBar, MiniBar, Part } from './views.ts';

type SegmentPart = BarSegment['part'];

const LABELS: Readonly<Record<SegmentPart, string>> = {
  weights: 'Weights',
  'kv-cache': 'KV cache',
  state: 'Recurrent state',
  compute: 'Compute buffer',
  overhead: 'Driver context',
  free: 'Free',
};

/** Memory sizes that people own or rent, in GB as sold. */
const OWNED_GB: readonly number[] = [
  4, 6, 8, 12, 16, 24, 32, 48, 64, 80, 96, 128, 141, 192, 256, 288, 384, 512, 640, 768, 1128, 1440, 2304, 4608,
];

/** Smallest distance of two ticks whose labels do not touch on a phone, in per mille. */
const TICK_DISTANCE = 140;
/** The label of a tick further right ends at it, instead of having it in its middle; in per mille. */
export const LABEL_ENDS_BEYOND = 960;
/** The smallest distance from such a tick. */
const END_DISTANCE = 210;
const MOST_TICKS = 5;
/** A part that is not zero is drawn at least this wide, in per mille. */
const SMALLEST_SEGMENT = 4;

/** What a device holds of a model, in bytes. */
type Share = Omit<DeviceMemory, 'overhead'>;

interface Amount {
  readonly part: SegmentPart;
  readonly bytes: number;
}

type Span = Pick<BarSegment, 'part' | 'start' | 'width'>;

/** Where each part that is not zero starts and how wide it is. */
function spansOf(amounts: readonly Amount[], scaleBytes: number): Span[] {
  let start = 0;
  return amounts
    .filter(({ bytes }) => bytes > 0)
    .map(({ part, bytes }) => {
      const width = Math.max(0, Math.min(Math.max(SMALLEST_SEGMENT, perMille(bytes / scaleBytes)), 1000 - start));
      const span = { part, start, width };
      start += width;
      return span;
    })
    .filter(({ part, width }) => part !== 'free' || width > 0);
}

function segmentsOf(amounts: readonly Amount[], scaleBytes: number): BarSegment[] {
  const bytesOf = new Map(amounts.map(({ part, bytes }) => [part, bytes]));
  return spansOf(amounts, scaleBytes).map(({ part, start, width }) => ({
    part,
    label: LABELS[part],
    amount: formatMemory(bytesOf.get(part) ?? 0).gb,
    start,
    width,
  }));
}

function amountsOf(device: Share): Amount[] {
  return [
    { part: 'weights', bytes: device.weights },
    { part: 'kv-cache', bytes: device.kvCache },
    { part: 'state', bytes: device.state },
    { part: 'compute', bytes: device.compute },
  ];
}

/** The bar of a page: what is allocated, the margin up to Plan for, ticks at memory sizes people own. */
export function scenarioBar(device: DeviceMemory, planForBytes: number): MemoryBar {
  const next = OWNED_GB.find((size) => size * GiB >= planForBytes);
  const scaleBytes = next !== undefined && next * GiB < planForBytes * 1.5 ? next * GiB : planForBytes * 1.08;
  const amounts: Amount[] = [...amountsOf(device), { part: 'overhead', bytes: planForBytes - device.total }];
  const segments = segmentsOf(amounts, scaleBytes).map((segment) =>
    segment.part === 'overhead' ? { ...segment, label: 'Margin up to Plan for' } : segment,
  );
  const parts = segments.map(({ label, amount }) => `${label.toLowerCase()} ${amount}`).join(', ');
  return { description: `${formatGB(planForBytes)} to plan for: ${parts}.`, segments, ticks: ticksFor(scaleBytes) };
}

function ticksFor(scaleBytes: number): MemoryBar['ticks'] {
  const ticks: { at: number; label: string }[] = [];
  for (const size of [...OWNED_GB].reverse()) {
    const at = perMille((size * GiB) / scaleBytes);
    const last = ticks.at(-1);
    if (
      at > 1000 ||
      at < TICK_DISTANCE ||
      (last && last.at - at < (last.at > LABEL_ENDS_BEYOND ? END_DISTANCE : TICK_DISTANCE))
    )
      continue;
    ticks.push({ at, label: `${size} GB` });
    if (ticks.length === MOST_TICKS) break;
  }
  return ticks.reverse();
}

/** The bar of a device; the tick is where its memory ends. */
export function deviceBar(share: Share, overheadBytes: number, usableBytes: number, label: string): MemoryBar {
  const used = share.total + overheadBytes;
  const scaleBytes = Math.max(used, usableBytes);
  const amounts: Amount[] = [
    ...amountsOf(share),
    { part: 'overhead', bytes: overheadBytes },
    { part: 'free', bytes: Math.max(0, usableBytes - used) },
  ];
  return {
    description: `${formatGB(used)} of ${formatGB(usableBytes)} on ${label}`,
    segments: segmentsOf(amounts, scaleBytes),
    ticks: usableBytes < used ? [{ at: perMille(usableBytes / scaleBytes), label: formatGB(usableBytes) }] : [],
  };
}

/** What every device of a page holds a share of. */
export function heldParts(device: Share): HeldParts {
  return spansOf(amountsOf(device), device.total);
}

/** The bar of a device for the row of a table. */
export function miniBar(shareBytes: number, overheadBytes: number, usableBytes: number): MiniBar {
  const used = shareBytes + overheadBytes;
  const scaleBytes = Math.max(used, usableBytes);
  const held = perMille(shareBytes / scaleBytes);
  const overhead = Math.min(Math.max(SMALLEST_SEGMENT, perMille(overheadBytes / scaleBytes)), 1000 - held);
  return usableBytes < used ? { held, overhead, end: perMille(usableBytes / scaleBytes) } : { held, overhead };
}

/** One line of the answer card. */
export function partOf(part: SegmentPart, bytes: number, detail: string): Part {
  return { part, label: LABELS[part], memory: formatMemory(bytes), detail };
}
