/**
 * Decode speed from memory bandwidth: the time of one token is the bytes it reads over the bandwidth that is reached,
 * plus a fixed time per layer. Fitted to published llama.cpp runs of 77 devices (one user, short prompts, whole model in
 * memory, no speculation); a centre with an asymmetric range that held about three runs in four of devices left out of the fit.
 */
import type { Settings } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import { cacheBytesByKind, cacheLayoutOf } from './kv-cache.ts';
import { placeLayers } from './layer-split.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { type LayerWeights, weighModel } from './weights.ts';

/** Devices that reach like shares of their bandwidth. */
export type SpeedClass = 'nvidia' | 'nvidia-pascal' | 'amd' | 'amd-apu' | 'apple' | 'intel-arc' | 'other';

/** Which class a device is in. `architecture` is the maker's name of the generation ("Pascal", "Ada"). */
export function speedClassOf(device: {
  readonly vendor: string;
  readonly architecture?: string;
  readonly unifiedMemory?: boolean;
}): SpeedClass {
  switch (device.vendor.toLowerCase()) {
    case 'nvidia':
      return /pascal|maxwell/i.test(device.architecture ?? '') ? 'nvidia-pascal' : 'nvidia';
    case 'amd':
      return device.unifiedMemory ? 'amd-apu' : 'amd';
    case 'apple':
      return 'apple';
    case 'intel':
      return device.unifiedMemory ? 'other' : 'intel-arc';
    default:
      return 'other';
  }
}

/** Share of the bandwidth reached, and milliseconds a layer costs whatever it reads. */
interface SpeedRule {
  readonly share: number;
  readonly layerMs: number;
}

/** The fit, dense and mixture-of-experts apart. */
const RULES: Readonly<
  Record<Exclude<SpeedClass, 'intel-arc'>, { readonly dense: SpeedRule; readonly moe: SpeedRule }>
> = {
  nvidia: { dense: { share: 0.82, layerMs: 0.06 }, moe: { share: 0.82, layerMs: 0.1 } },
  'nvidia-pascal': { dense: { share: 0.58, layerMs: 0.17 }, moe: { share: 0.58, layerMs: 0.17 } },
  amd: { dense: { share: 0.91, layerMs: 0.17 }, moe: { share: 0.91, layerMs: 0.22 } },
  'amd-apu': { dense: { share: 0.76, layerMs: 0.17 }, moe: { share: 0.76, layerMs: 0.17 } },
  apple: { dense: { share: 0.79, layerMs: 0.13 }, moe: { share: 0.61, layerMs: 0.13 } },
  other: { dense: { share: 0.85, layerMs: 0.13 }, moe: { share: 0.85, layerMs: 0.13 } },
};

/** The range around the centre: the low tail (driver, power cap, old build) is the longer one. */
const LOW_SHARE = 0.6;
const HIGH_SHARE = 1.25;
/** Arc runs scatter too widely for a rule: shares of the bandwidth that bound and halve the runs seen. */
const ARC = {
  dense: { low: 0.05, centre: 0.21, high: 0.67 },
  moe: { low: 0.12, centre: 0.19, high: 0.3 },
} as const;
/** A layer split over several devices decodes at this share of one device's speed. */
const LAYER_SPLIT_SHARE = 0.97;
/** With layers or experts in RAM: shares of the nominal bandwidths that are reached on both sides. */
const OFFLOAD_DEVICE_SHARE = 0.75;
const OFFLOAD_RAM_SHARE = 0.4;
/** Two channels of fast DDR5, where the request names no RAM. */
export const ASSUMED_RAM_BANDWIDTH_GBPS = 90;
/** How many times its bytes a latent cache costs to read, by class. */
const LATENT_READ_FACTOR: Readonly<Record<SpeedClass, number>> = {
  nvidia: 3.6,
  'nvidia-pascal': 3.6,
  amd: 2.5,
  'amd-apu': 2.5,
  apple: 14,
  'intel-arc': 3.6,
  other: 3.6,
};

/** Decode speed in tokens per second for one user; unrounded. */
export interface DecodeSpeed {
  readonly low: number;
  readonly centre: number;
  readonly high: number;
}

export interface SpeedDevice {
  readonly speedClass: SpeedClass;
  readonly bandwidthGBps: number;
  /** Nominal bandwidth of the host's memory; absent = {@link ASSUMED_RAM_BANDWIDTH_GBPS}. */
  readonly ramBandwidthGBps?: number;
}

/** Bytes that one decoded token reads, on the devices and in RAM. */
export interface BytesPerToken {
  readonly device: number;
  readonly host: number;
  /** Part of `device` and `host` that is cache. */
  readonly cache: number;
}

/** Weights of one layer that one token reads: the experts it uses, and everything else. */
function readOf(layer: LayerWeights, usedShare: number): { experts: number; rest: number } {
  return { experts: layer.experts.file * usedShare, rest: layer.all.file - layer.experts.file };
}

/**
 * Bytes read for one token with `depthTokens` tokens in the cache: every weight but the input embedding, of the experts
 * only those a token uses, and the cached rows.
 */
export function bytesPerToken(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  depthTokens: number,
): BytesPerToken {
  const weights = weighModel(architecture, scheme);
  const { experts } = architecture.feedForward;
  const usedShare = experts ? Math.min(1, experts.used / experts.count) : 1;
  const placement = placeLayers(architecture, weights.nextTokenLayers.length, settings);
  const layout = cacheLayoutOf(architecture);
  const depth = Math.max(1, depthTokens);
  const caches = cacheBytesByKind(layout, {
    ...settings,
    context: depth,
    microBatch: 1,
    sequences: 1,
    transposedValues: settings.flashAttention === 'off',
  });
  let device = placement.outputDevice < 0 ? 0 : weights.output.device;
  let host = placement.outputDevice < 0 ? weights.output.device : 0;
  let cache = 0;
  weights.layers.forEach((layer, index) => {
    const read = readOf(layer, usedShare);
    const own = caches[layout.kindOfLayer[index] ?? 0];
    // The cache of an empty context is 256 padded cells: count it in proportion to the depth.
    const rows = own ? own.kvCache * Math.min(1, depthTokens / 256) + own.state : 0;
    cache += rows;
    if ((placement.deviceOfLayer[index] ?? -1) < 0) {
      host += read.rest + read.experts + rows;
    } else {
      device += read.rest + rows;
      if (index < placement.expertLayersOnHost) host += read.experts;
      else device += read.experts;
    }
  });
  return { device, host, cache };
}

/**
 * Decode speed of a model on devices of one kind with `depthTokens` tokens in the cache.
 * Layers are split, so several devices add memory, not speed.
 */
export function decodeSpeed(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  device: SpeedDevice,
  depthTokens: number,
): DecodeSpeed {
  const bytes = bytesPerToken(architecture, scheme, settings, depthTokens);
  const { attention } = architecture;
  const latent = attention.kind === 'latent' || (attention.kind === 'linear-hybrid' && 'kvLoraRank' in attention.full);
  const cacheOnDevice =
    bytes.device === 0 ? 0 : bytes.cache * (bytes.host === 0 ? 1 : bytes.device / (bytes.device + bytes.host));
  const deviceBytes = bytes.device + (latent ? (LATENT_READ_FACTOR[device.speedClass] - 1) * cacheOnDevice : 0);
  const bandwidth = device.bandwidthGBps * 1e9;
  const moe = architecture.feedForward.experts !== undefined;
  const split = settings.devices > 1 ? LAYER_SPLIT_SHARE : 1;
  if (device.speedClass === 'intel-arc' && bytes.host === 0) {
    const shares = moe ? ARC.moe : ARC.dense;
    const full = (bandwidth / deviceBytes) * split;
    return { low: shares.low * full, centre: shares.centre * full, high: shares.high * full };
  }
  let seconds: number;
  if (bytes.host === 0) {
    const rules = RULES[device.speedClass === 'intel-arc' ? 'other' : device.speedClass];
    const rule = moe ? rules.moe : rules.dense;
    seconds = deviceBytes / (rule.share * bandwidth) + (rule.layerMs / 1000) * architecture.layers;
  } else {
    const ram = (device.ramBandwidthGBps ?? ASSUMED_RAM_BANDWIDTH_GBPS) * 1e9;
    seconds = deviceBytes / (OFFLOAD_DEVICE_SHARE * bandwidth) + bytes.host / (OFFLOAD_RAM_SHARE * ram);
  }
  const centre = split / seconds;
  return { low: centre * LOW_SHARE, centre, high: centre * HIGH_SHARE };
}
