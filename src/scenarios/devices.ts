import type { Catalog } from '../catalog/catalog.ts';
import type { GpuRecord } from '../catalog/gpu.schema.ts';
import { hostRoomOf, usableMemoryOf } from '../catalog/usable-memory.ts';
import { type Device, type DeviceVendor, type Need, roomOn, type SpeedDevice, speedClassOf } from '../vram/index.ts';
import { memoized } from './memoized.ts';

/** How devices are grouped on pages. */
export type DeviceKind = 'consumer' | 'professional' | 'unified';

/** A record with what the estimator must know about it. */
export interface CatalogDevice {
  readonly gpu: GpuRecord;
  readonly device: Device;
  readonly kind: DeviceKind;
  /** Absent where the bandwidth is unknown. */
  readonly speed?: SpeedDevice;
}

/** The devices of a catalogue that may be an answer. */
export interface Devices {
  /** Least usable memory first. */
  readonly all: readonly CatalogDevice[];
  /** Graphics cards and accelerators, without laptops: what "a single GPU" means. */
  readonly cards: readonly CatalogDevice[];
  /** The cards among them that are sold for desktops. */
  readonly consumer: readonly CatalogDevice[];
  /** Macs and other machines whose GPU uses the memory of the whole machine. */
  readonly unified: readonly CatalogDevice[];
  /** The devices that people ask about most, by kind, least usable memory first. */
  readonly reference: Readonly<Record<DeviceKind, readonly CatalogDevice[]>>;
  /** Devices that are bought by the node, in the order pages name them. */
  readonly nodes: readonly CatalogDevice[];
  /** Those of them that a reader plans with. */
  readonly usualNodes: readonly CatalogDevice[];
  /** Desktop and workstation cards that people put two to eight of into one machine. */
  readonly multi: readonly CatalogDevice[];
  /** Cards that questions name, least memory first. */
  readonly asked: readonly CatalogDevice[];
  /** Desktop cards that most people who run models at home have, least memory first. */
  readonly usual: readonly CatalogDevice[];
  /** Devices whose memory is a line in plots, least memory first. */
  readonly plotted: readonly CatalogDevice[];
  /** Devices that the speeds of two models are compared on: the first that holds both. */
  readonly compared: readonly CatalogDevice[];
  /** The card that people ask about most. */
  readonly bestKnown: CatalogDevice | undefined;
  /** The GPU whose server of eight questions name. */
  readonly askedNode: CatalogDevice | undefined;
  /** The GPU that a model is counted in that no single device holds. */
  readonly countedIn: CatalogDevice | undefined;
  readonly byId: ReadonlyMap<string, CatalogDevice>;
}

/** The most asked-about devices of each kind; ids that the catalogue does not have are skipped. */
const REFERENCE: Readonly<Record<DeviceKind, readonly string[]>> = {
  consumer: [
    'rtx-4060',
    'rtx-3080-10gb',
    'rtx-3060-12gb',
    'arc-b580',
    'rtx-4060-ti-16gb',
    'rtx-5060-ti-16gb',
    'rtx-5080',
    'rx-7900-xtx',
    'rtx-3090',
    'rtx-4090',
    'rtx-5090',
  ],
  professional: [
    'rtx-pro-4000-bw',
    'l4',
    'a100-40gb-sxm',
    'l40s',
    'rtx-a6000',
    'rtx-6000-ada',
    'rtx-pro-5000-bw-72gb',
    'a100-80gb-sxm',
    'h100-80gb-sxm',
    'rtx-pro-6000-bw',
    'h200-sxm',
    'b200-sxm',
    'mi300x',
    'mi355x',
  ],
  unified: [
    'apple-m4-16gb',
    'apple-m5-24gb',
    'apple-m4-32gb',
    'apple-m4-pro-48gb',
    'apple-m4-max-64gb',
    'apple-m3-ultra-96gb',
    'apple-m4-max-128gb',
    'dgx-spark-gb10',
    'ryzen-ai-max-395-128gb',
    'apple-m3-ultra-256gb',
    'apple-m3-ultra-512gb',
  ],
};

/** Named first where several devices are equally good an answer: what people ask about most. */
const PREFERENCE: readonly string[] = [
  'rtx-4090',
  'rtx-5090',
  'h100-80gb-sxm',
  'rtx-3060-12gb',
  'rtx-5060-ti-16gb',
  'rtx-pro-6000-bw',
  'h200-sxm',
  'rtx-3090',
  'rtx-2060',
  ...REFERENCE.consumer,
  ...REFERENCE.professional,
  ...REFERENCE.unified,
];

const NODES: readonly string[] = ['a100-80gb-sxm', 'h100-80gb-sxm', 'h200-sxm', 'b200-sxm', 'mi300x', 'mi355x'];
const USUAL_NODES: readonly string[] = ['h100-80gb-sxm', 'h200-sxm'];
const MULTI: readonly string[] = [
  'rtx-3060-12gb',
  'rtx-5060-ti-16gb',
  'rtx-3090',
  'rtx-4090',
  'rtx-5090',
  'rtx-pro-6000-bw',
];
const ASKED: readonly string[] = [
  'rtx-4060',
  'rtx-3060-12gb',
  'rtx-5060-ti-16gb',
  'rtx-4090',
  'rtx-5090',
  'rtx-pro-6000-bw',
];
const USUAL: readonly string[] = ['rtx-3060-12gb', 'rtx-5060-ti-16gb', 'rtx-4090', 'rtx-5090'];
const PLOTTED: readonly string[] = [
  'rtx-4060',
  'rtx-3060-12gb',
  'rtx-5060-ti-16gb',
  'rtx-4090',
  'rtx-5090',
  'l40s',
  'h100-80gb-sxm',
  'rtx-pro-6000-bw',
  'h200-sxm',
  'mi300x',
  'mi355x',
  'apple-m3-ultra-512gb',
];
const COMPARED: readonly string[] = ['rtx-4090', 'rtx-5090', 'rtx-pro-6000-bw', 'h200-sxm', 'apple-m3-ultra-512gb'];

const BEST_KNOWN = 'rtx-4090';
const ASKED_NODE = 'h100-80gb-sxm';
const COUNTED_IN = 'h200-sxm';

/** Devices that no answer names: converted cards, several GPUs on one board, chips that share a server's memory, rack-only GPUs, boards for robots, thin laptops. */
const UNUSUAL = /mod$|a16-|mi250x|mi300a|gh200|gb200|gb300|jetson|ryzen-ai-hx/;

const LLAMA_CPP_VENDORS: Readonly<Partial<Record<GpuRecord['vendor'], DeviceVendor>>> = {
  NVIDIA: 'nvidia',
  AMD: 'amd',
  Intel: 'intel',
  Apple: 'apple',
};

/** The record as the estimator sees it; `undefined` for accelerators that llama.cpp v0.5.0 has no backend for here. */
export const deviceOf = memoized((gpu: GpuRecord): CatalogDevice | undefined => {
  const vendor = LLAMA_CPP_VENDORS[gpu.vendor];
  if (!vendor || /gaudi/i.test(gpu.architecture)) return undefined;
  const { bytes } = usableMemoryOf(gpu);
  const kind = kindOf(gpu);
  return {
    gpu,
    device: {
      vendor,
      usableBytes: bytes,
      ...(kind === 'unified' && { hostRoomBytes: hostRoomOf(gpu, bytes) }),
    },
    kind,
    ...(gpu.bandwidth && { speed: speedOf(gpu, gpu.bandwidth.GBps) }),
  };
});

/** Memory that a device has for a model of which `hostBytes` stay in host memory, in bytes. */
export const roomOf = ({ device }: CatalogDevice, hostBytes = 0): number => roomOn(device, hostBytes);

/** What takes more of a unified memory than the figure of a model says, with a space before; empty for cards. */
export const sharedMemoryNote = ({ kind }: CatalogDevice): string =>
  kind === 'unified' ? ' What llama.cpp keeps in RAM, such as embedding tables, shares this memory.' : '';

/** Whether one device has room for Plan for. */
export const holds = (own: CatalogDevice, { planForBytes, hostBytes }: Omit<Need, 'needsBytes'>): boolean =>
  planForBytes <= roomOf(own, hostBytes);

function speedOf(gpu: GpuRecord, bandwidthGBps: number): SpeedDevice {
  const { vendor, architecture, unifiedMemory } = gpu;
  const datacenter = gpu.class === 'datacenter';
  return {
    speedClass: speedClassOf({ vendor, architecture, unifiedMemory, datacenter, bandwidthGBps }),
    bandwidthGBps,
  };
}

function kindOf(gpu: GpuRecord): DeviceKind {
  if (gpu.class === 'apple' || gpu.class === 'unified') return 'unified';
  return gpu.class === 'consumer' || gpu.class === 'laptop' ? 'consumer' : 'professional';
}

/** The catalogue's released devices that llama.cpp runs on. Computed once per catalogue. */
export const devicesOf = memoized((catalog: Catalog): Devices => {
  const all = catalog.gpus
    .filter((gpu) => gpu.released)
    .flatMap((gpu) => deviceOf(gpu) ?? [])
    .sort((a, b) => a.device.usableBytes - b.device.usableBytes || compareIds(a.gpu.id, b.gpu.id));
  const byId = new Map(all.map((own) => [own.gpu.id, own]));
  const pick = (ids: readonly string[]): readonly CatalogDevice[] => ids.flatMap((id) => byId.get(id) ?? []);
  const ascending = (ids: readonly string[]): readonly CatalogDevice[] =>
    [...pick(ids)].sort((a, b) => a.device.usableBytes - b.device.usableBytes);
  const usual = all.filter(({ gpu }) => gpu.class !== 'laptop' && !UNUSUAL.test(gpu.id));
  return {
    all,
    cards: usual.filter(({ kind }) => kind !== 'unified'),
    consumer: usual.filter(({ kind }) => kind === 'consumer'),
    unified: usual.filter(({ kind }) => kind === 'unified'),
    reference: {
      consumer: ascending(REFERENCE.consumer),
      professional: ascending(REFERENCE.professional),
      unified: ascending(REFERENCE.unified),
    },
    nodes: pick(NODES),
    usualNodes: pick(USUAL_NODES),
    multi: pick(MULTI),
    asked: pick(ASKED),
    usual: pick(USUAL),
    plotted: pick(PLOTTED),
    compared: pick(COMPARED),
    bestKnown: byId.get(BEST_KNOWN),
    askedNode: byId.get(ASKED_NODE),
    countedIn: byId.get(COUNTED_IN),
    byId,
  };
});

const compareIds = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Usable memory and bandwidth of two devices that differ by less than this hold the same models at the same speed. */
const SAME_MEMORY = 0.03;
const SAME_BANDWIDTH = 0.01;

/**
 * The best-known device that holds the same models at the same speed as `own`: as much usable memory, the same bandwidth
 * and the same kind of chip. `own` itself where there is no better-known one.
 */
export function twinOf(catalog: Catalog, own: CatalogDevice): CatalogDevice {
  const near = (a: number, b: number, share: number): boolean => Math.abs(a - b) <= share * Math.max(a, b);
  const order = ({ gpu }: CatalogDevice): number =>
    preferenceOf(gpu) * 1000 + devicesOf(catalog).all.findIndex((other) => other.gpu.id === gpu.id);
  const [first = own] = devicesOf(catalog)
    .all.filter(
      (other) =>
        other.speed?.speedClass === own.speed?.speedClass &&
        near(other.device.usableBytes, own.device.usableBytes, SAME_MEMORY) &&
        near(other.speed?.bandwidthGBps ?? 0, own.speed?.bandwidthGBps ?? 0, SAME_BANDWIDTH),
    )
    .sort((a, b) => order(a) - order(b));
  return first;
}

/** Classes that whoever has a device goes on to for more memory, nearest first. */
const NEXT_CLASSES: Readonly<Record<GpuRecord['class'], readonly GpuRecord['class'][]>> = {
  consumer: ['consumer', 'workstation', 'datacenter'],
  workstation: ['workstation', 'datacenter'],
  datacenter: ['datacenter'],
  laptop: ['laptop'],
  unified: ['unified', 'apple'],
  apple: ['apple'],
};

/** So many times the memory or less is no step up. */
const NEXT_MEMORY = 1.25;

/**
 * The next step up from a device: of the asked-about ones with more memory the smallest, of the same vendor where there is
 * one of that size; `undefined` for the largest.
 */
export function nextInMemory(catalog: Catalog, { gpu }: CatalogDevice): CatalogDevice | undefined {
  const { all, reference } = devicesOf(catalog);
  const askedAbout = Object.values(reference).flat();
  for (const next of NEXT_CLASSES[gpu.class]) {
    const larger = (next === 'laptop' ? all : askedAbout)
      .filter((other) => other.gpu.class === next && other.gpu.memoryGB > NEXT_MEMORY * gpu.memoryGB)
      .sort(
        (a, b) =>
          a.gpu.memoryGB - b.gpu.memoryGB ||
          Number(a.gpu.vendor !== gpu.vendor) - Number(b.gpu.vendor !== gpu.vendor) ||
          preferenceOf(a.gpu) - preferenceOf(b.gpu),
      );
    if (larger[0]) return larger[0];
  }
  return undefined;
}

/** Place in the order in which equally good devices are named. */
export function preferenceOf(gpu: GpuRecord): number {
  const place = PREFERENCE.indexOf(gpu.id);
  return place < 0 ? PREFERENCE.length : place;
}
