/** Every figure that an element may name as its `part`: what it is called, how it is found, how it is shown. */
import {
  decodeSpeed,
  expertsInRam,
  formatBandwidth,
  formatBitsPerWeight,
  formatCount,
  formatGB,
  formatGiB,
  formatKiB,
  formatMB,
  formatMeasured,
  formatMiB,
  formatParameters,
  formatPercent,
  formatSpeedRange,
  formatTokens,
  needOf,
  overheadOf,
} from '../vram/index.ts';
import { cachingLayers } from './cache-note.ts';
import { roomOf } from './devices.ts';
import { maximumContext } from './expand.ts';
import { type Asked, fail, oneOf } from './figure-attributes.ts';
import { SPEED_DEPTH } from './speed.ts';
import { FIT_TEXT } from './words.ts';

/** One kind of figure: what heads its column, how it is found and, where it is a number, how it is shown. */
export type Part =
  | {
      readonly title: string;
      readonly number: (asked: Asked) => number;
      readonly say: (value: number) => string;
      /** The context makes no difference, and need not be given. */
      readonly anyContext?: true;
    }
  | { readonly title: string; readonly text: (asked: Asked) => string };

const bytes = (title: string, number: (asked: Asked) => number): Part => ({ title, number, say: formatGB });
const ofWeights = (title: string, number: (asked: Asked) => number): Part => ({
  title,
  number,
  say: formatGB,
  anyContext: true,
});

/** Layers of a kind that own what they keep. */
const layersOf =
  (kind: 'F' | 'S' | 'L') =>
  ({ model }: Asked): number =>
    cachingLayers(model.architecture, kind);

/** What a placement without answer says. */
const NONE = 'none';

export const PARTS: Readonly<Record<string, Part>> = {
  needs: bytes('Needs', ({ allocation }) => allocation.device.total),
  plan: bytes('Plan for', (asked) => needOf(asked.at.file, asked.settings).planForBytes),
  weights: ofWeights('Weights on the device', ({ allocation }) => allocation.device.weights),
  kv: bytes('KV cache', ({ allocation }) => allocation.device.kvCache),
  state: bytes('State', ({ allocation }) => allocation.device.state),
  cache: bytes('Cache and state', ({ allocation }) => allocation.device.kvCache + allocation.device.state),
  compute: bytes('Compute buffer', ({ allocation }) => allocation.device.compute),
  ram: ofWeights('Weights in RAM', ({ allocation }) => allocation.host.weights),
  file: ofWeights('File', ({ allocation }) => allocation.fileBytes),
  fullest: bytes('Fullest device', ({ allocation }) => Math.max(...allocation.perDevice.map(({ total }) => total))),
  bits: {
    title: 'Bits per weight',
    number: ({ allocation }) => allocation.bitsPerWeight,
    say: formatBitsPerWeight,
    anyContext: true,
  },
  share: {
    title: 'Share of cache and state',
    number: ({ allocation: { device } }) => (device.kvCache + device.state) / device.total,
    say: formatPercent,
  },
  'per-token': { title: 'Cache per token', number: ({ bytesPerToken }) => bytesPerToken, say: formatKiB },
  'full-layers': { title: 'Layers with the whole context', number: layersOf('F'), say: formatCount },
  'window-layers': { title: 'Layers with a window', number: layersOf('S'), say: formatCount },
  'state-layers': { title: 'Layers with a state', number: layersOf('L'), say: formatCount },
  maximum: { title: 'Longest context', number: ({ model }) => maximumContext(model), say: formatTokens },
  parameters: { title: 'Parameters', number: ({ model }) => model.parameters.total, say: formatParameters },
  active: {
    title: 'Active',
    number: ({ model }) => model.parameters.active ?? model.parameters.total,
    say: formatParameters,
  },
  divergence: { title: 'KL divergence', number: ({ divergence }) => divergence.value, say: formatMeasured },
  matrix: { title: 'Importance matrix', text: ({ divergence }) => (divergence.imatrix ? 'yes' : 'no') },
  sold: { title: 'Sold as', text: ({ gpu }) => `${gpu.memoryGB} GB` },
  usable: bytes('Usable', ({ own }) => own.device.usableBytes),
  context: bytes("Driver's context", ({ own }) => overheadOf(own.device)),
  room: bytes('For a model', ({ own }) => roomOf(own)),
  bandwidth: {
    title: 'Bandwidth',
    number: ({ gpu }) => gpu.bandwidth?.GBps ?? fail('gpu', gpu.id, 'a device with a known bandwidth'),
    say: formatBandwidth,
  },
  left: bytes('Left over', ({ placement }) => placement.headroomBytes),
  fit: { title: 'Verdict', text: ({ placement }) => FIT_TEXT[placement.fit] },
  longest: {
    title: 'Longest context that fits',
    text: ({ longest }) => (longest === 0 ? NONE : formatTokens(Math.floor(longest / 1024) * 1024)),
  },
  count: {
    title: 'Devices',
    text: ({ count }) => String(count ?? NONE),
  },
  'experts-in-ram': {
    title: '--n-cpu-moe',
    text: (asked) => String(expertsInRam(asked.at.file, asked.settings, asked.own.device)?.cpuMoeLayers ?? NONE),
  },
  speed: {
    title: 'Decode speed',
    text: ({ at, own, settings }) => {
      const device = own.speed ?? fail('gpu', own.gpu.id, 'a device with a known bandwidth');
      const { low, high } = decodeSpeed(at.file.architecture, at.file.scheme, settings, device, SPEED_DEPTH);
      return formatSpeedRange(low, high);
    },
  },
};

/** Units that a number of bytes may be shown in. */
export const UNITS: Readonly<Record<string, (bytes: number) => string>> = {
  GB: formatGB,
  GiB: formatGiB,
  MB: formatMB,
  MiB: formatMiB,
  KiB: formatKiB,
  bytes: (value) => `${formatCount(value)} bytes`,
};

/** @throws {FigureError} where no part has the name */
export const partNamed = (attribute: string, name: string): Part =>
  PARTS[oneOf(attribute, name, Object.keys(PARTS))] as Part;
