/**
 * Decode speed from memory bandwidth: the time of one token is the bytes it reads over the bandwidth that is reached,
 * plus a fixed time per layer. One user, current llama.cpp, no speculation. The constants follow from the published runs
 * in content/measurements; where those hold few devices of a class (Apple, Radeon, Pascal), they lean on a fit of the
 * same form to runs of 77 devices. A fit from scratch without each device in turn is part of the accuracy page.
 * The centre has an asymmetric range: what slows a run down (driver, power cap, old build) has no counterpart.
 */
import { DEFAULT_SETTINGS, type Settings } from './allocation.ts';
import { type Architecture, latentShapeOf } from './architecture.ts';
import { CELL_PADDING, cacheBytesByKind, cacheLayoutOf } from './kv-cache.ts';
import { placeLayers } from './layer-split.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { type LayerWeights, weighModel } from './weights.ts';

/** Devices that reach like shares of their bandwidth. */
export type SpeedClass =
  | 'nvidia'
  | 'nvidia-hbm'
  | 'nvidia-pascal'
  | 'amd'
  | 'amd-hbm'
  | 'amd-apu'
  | 'apple'
  | 'intel-arc'
  | 'other';

/** Accelerators for data centres with more bandwidth than this have stacked memory (HBM), those with less have GDDR. */
const STACKED_MEMORY_GBPS = 900;

/** Which class a device is in. `architecture` is the maker's name of the generation ("Pascal", "Ada"). */
export function speedClassOf(device: {
  readonly vendor: string;
  readonly bandwidthGBps: number;
  readonly architecture?: string;
  readonly datacenter?: boolean;
  readonly unifiedMemory?: boolean;
}): SpeedClass {
  const stacked = device.datacenter === true && device.bandwidthGBps >= STACKED_MEMORY_GBPS;
  switch (device.vendor.toLowerCase()) {
    case 'nvidia':
      if (/pascal|maxwell/i.test(device.architecture ?? '')) return 'nvidia-pascal';
      return stacked ? 'nvidia-hbm' : 'nvidia';
    case 'amd':
      if (stacked) return 'amd-hbm';
      return device.unifiedMemory ? 'amd-apu' : 'amd';
    case 'apple':
      return 'apple';
    case 'intel':
      return device.unifiedMemory ? 'other' : 'intel-arc';
    default:
      return 'other';
  }
}

/** Share of the bandwidth that is reached, and milliseconds that a layer costs whatever it reads. */
export interface SpeedRule {
  readonly share: number;
  readonly layerMs: number;
}

interface ClassRules {
  readonly dense: SpeedRule;
  readonly moe: SpeedRule;
  /** Share of the bandwidth at which cached rows are read: keys and values by head, and latent rows. */
  readonly cacheShare: { readonly rows: number; readonly latent: number };
  /** Ends of the range, as shares of the centre. */
  readonly range: { readonly low: number; readonly high: number };
}

/** About three runs in four of devices that the fit had not seen fell inside. */
const USUAL_RANGE = { low: 0.6, high: 1.25 };
/** Classes whose runs scatter more: backends of very different quality (Arc), or few runs (Instinct). */
const WIDE_RANGE = { low: 0.4, high: 1.9 };

/** The fit, dense and mixture-of-experts apart. */
const SPEED_RULES: Readonly<Record<SpeedClass, ClassRules>> = {
  nvidia: {
    dense: { share: 0.82, layerMs: 0.06 },
    moe: { share: 0.78, layerMs: 0.095 },
    cacheShare: { rows: 0.7, latent: 0.28 },
    range: USUAL_RANGE,
  },
  // Wide buses are hard to fill with one token: an A100 reaches less of its bandwidth than an RTX A6000.
  'nvidia-hbm': {
    dense: { share: 0.58, layerMs: 0.09 },
    moe: { share: 0.58, layerMs: 0.12 },
    cacheShare: { rows: 0.4, latent: 0.2 },
    range: USUAL_RANGE,
  },
  'nvidia-pascal': {
    dense: { share: 0.6, layerMs: 0.17 },
    moe: { share: 0.6, layerMs: 0.17 },
    cacheShare: { rows: 0.5, latent: 0.2 },
    range: USUAL_RANGE,
  },
  amd: {
    dense: { share: 0.9, layerMs: 0.18 },
    moe: { share: 0.92, layerMs: 0.17 },
    // ROCm reads the cache at 0.8 of the bandwidth and Vulkan at 0.3.
    cacheShare: { rows: 0.5, latent: 0.4 },
    range: USUAL_RANGE,
  },
  // Between what MI300X (0.12 of its bandwidth) and MI50 (0.39) reached in the median; few runs.
  'amd-hbm': {
    dense: { share: 0.6, layerMs: 0.2 },
    moe: { share: 0.6, layerMs: 0.24 },
    cacheShare: { rows: 0.4, latent: 0.3 },
    range: WIDE_RANGE,
  },
  'amd-apu': {
    dense: { share: 0.8, layerMs: 0.17 },
    moe: { share: 0.77, layerMs: 0.17 },
    cacheShare: { rows: 0.7, latent: 0.4 },
    range: USUAL_RANGE,
  },
  apple: {
    dense: { share: 0.81, layerMs: 0.11 },
    moe: { share: 0.63, layerMs: 0.125 },
    cacheShare: { rows: 0.6, latent: 0.07 },
    range: USUAL_RANGE,
  },
  'intel-arc': {
    dense: { share: 0.45, layerMs: 0.35 },
    moe: { share: 0.45, layerMs: 0.35 },
    cacheShare: { rows: 0.2, latent: 0.1 },
    range: WIDE_RANGE,
  },
  other: {
    dense: { share: 0.83, layerMs: 0.1 },
    moe: { share: 0.7, layerMs: 0.11 },
    cacheShare: { rows: 0.6, latent: 0.2 },
    range: USUAL_RANGE,
  },
};

/** Cached rows are what backends read at the most unlike speeds: times of the slowest and the fastest, against the centre. */
const CACHE_TIME_RANGE = { slow: 3, fast: 1 / 1.5 };
/** Without FlashAttention the cache is read at a third of the speed. */
const NO_FLASH_CACHE_FACTOR = 1 / 3;
/** Layers of a layer split run one after the other: this share of one device's speed. */
const LAYER_SPLIT_SHARE = 0.97;
/** Milliseconds a layer that every further device of a tensor split costs to hand partial results over. */
const TENSOR_SPLIT_MS = { dense: 0.03, moe: 0.13 };
/** Layers or experts in RAM: share of its nominal bandwidth that is reached, and milliseconds to hand a layer over and back. */
const RAM_SHARE = 0.55;
const HAND_OVER_MS = 0.1;
/** The range with layers or experts in RAM: what the memory really delivers is rarely known. */
const RAM_RANGE = { low: 0.5, high: 1.35 };
/** Two channels of fast DDR5, where the request names no RAM. */
const ASSUMED_RAM_BANDWIDTH_GBPS = 90;

/** Decode speed in tokens per second for one user; unrounded. */
export interface DecodeSpeed {
  readonly low: number;
  readonly centre: number;
  readonly high: number;
}

/** A device, as far as it decides the speed. Bandwidths are nominal, in GB/s (1 GB = 10^9 bytes). */
export interface SpeedDevice {
  readonly speedClass: SpeedClass;
  readonly bandwidthGBps: number;
  /** Nominal bandwidth of the host's memory; absent = {@link ASSUMED_RAM_BANDWIDTH_GBPS}. */
  readonly ramBandwidthGBps?: number;
}

/** How several devices share a model: whole layers each, or a part of every tensor (vLLM's tensor parallelism). */
export type Split = 'layer' | 'tensor';

/** What a speed depends on beside model, settings and device. */
export interface SpeedOptions {
  /** Absent = by layer. */
  readonly split?: Split;
  /** Bytes of the file against the bytes that the scheme gives, for files of another recipe. Absent = 1. */
  readonly weightScale?: number;
  /** Another rule in place of the class's own: for fitting. */
  readonly rule?: SpeedRule;
}

/** Bytes that one decoded token reads. */
export interface BytesPerToken {
  /** Weights on the devices. */
  readonly device: number;
  /** Cache and state on the devices. */
  readonly deviceCache: number;
  /** Weights, cache and state in RAM. */
  readonly host: number;
  /** Layers whose weights, or whose experts, are in RAM. */
  readonly hostLayers: number;
}

/** Weights of one layer that one token reads: the experts it uses, and everything else. */
function readOf(layer: LayerWeights, usedShare: number): { experts: number; rest: number } {
  return { experts: layer.experts.file * usedShare, rest: layer.all.file - layer.experts.file };
}

/**
 * Bytes read for one token with `depthTokens` tokens in the cache: every weight but the input embedding, of the experts
 * only those a token uses, and the cached rows.
 *
 * @throws {EstimateError} `unknown-architecture`
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
  const caches = cacheBytesByKind(layout, {
    ...settings,
    context: Math.max(1, depthTokens),
    microBatch: 1,
    sequences: 1,
    transposedValues: settings.flashAttention === 'off',
  });
  const outputOnHost = placement.outputDevice < 0;
  let device = outputOnHost ? 0 : weights.output.device;
  let host = outputOnHost ? weights.output.device : 0;
  let deviceCache = 0;
  let hostLayers = 0;
  weights.layers.forEach((layer, index) => {
    const read = readOf(layer, usedShare);
    const own = caches[layout.kindOfLayer[index] ?? 0];
    // Of the cells that a short context is padded to, those in use are read.
    const rows = own ? own.kvCache * Math.min(1, depthTokens / CELL_PADDING) + own.state : 0;
    if ((placement.deviceOfLayer[index] ?? -1) < 0) {
      host += read.rest + read.experts + rows;
      hostLayers += 1;
      return;
    }
    device += read.rest;
    deviceCache += rows;
    if (index < placement.expertLayersOnHost && read.experts > 0) {
      host += read.experts;
      hostLayers += 1;
    } else device += read.experts;
  });
  return { device, deviceCache, host, hostLayers };
}

/**
 * Decode speed of a model on equal devices with `depthTokens` tokens in the cache.
 * In a layer split the devices take turns, so they add memory, not speed; in a tensor split each reads its part.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function decodeSpeed(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  device: SpeedDevice,
  depthTokens: number,
  options: SpeedOptions = {},
): DecodeSpeed {
  const bytes = bytesPerToken(architecture, scheme, settings, depthTokens);
  return decodeSpeedReading(bytes, architecture, settings, device, options);
}

/** The same where the bytes that one token reads are known: they depend on no device. */
export function decodeSpeedReading(
  bytes: BytesPerToken,
  architecture: Architecture,
  settings: Settings,
  device: SpeedDevice,
  { split = 'layer', weightScale = 1, rule: given }: SpeedOptions = {},
): DecodeSpeed {
  const rules = SPEED_RULES[device.speedClass];
  const kind = architecture.feedForward.experts ? 'moe' : 'dense';
  const rule = given ?? rules[kind];
  const { devices } = settings;
  const readers = split === 'tensor' ? devices : 1;
  const bandwidth = device.bandwidthGBps * 1e9 * readers;
  // Latent rows cost more than their bytes to read.
  const cacheShare =
    (latentShapeOf(architecture) ? rules.cacheShare.latent : rules.cacheShare.rows) *
    (settings.flashAttention === 'off' ? NO_FLASH_CACHE_FACTOR : 1);
  const ram = (device.ramBandwidthGBps ?? ASSUMED_RAM_BANDWIDTH_GBPS) * 1e9;
  const exchangeMs = split === 'tensor' ? TENSOR_SPLIT_MS[kind] * (devices - 1) : 0;
  const cacheSeconds = bytes.deviceCache / (cacheShare * bandwidth);
  const otherSeconds =
    (weightScale * bytes.device) / (rule.share * bandwidth) +
    ((rule.layerMs + exchangeMs) / 1000) * architecture.layers +
    (weightScale * bytes.host) / (RAM_SHARE * ram) +
    (HAND_OVER_MS / 1000) * bytes.hostLayers;
  const pace = split === 'layer' && devices > 1 ? LAYER_SPLIT_SHARE : 1;
  const range = bytes.host > 0 ? RAM_RANGE : rules.range;
  return {
    low: pace / (otherSeconds / range.low + cacheSeconds * CACHE_TIME_RANGE.slow),
    centre: pace / (otherSeconds + cacheSeconds),
    high: pace / (otherSeconds / range.high + cacheSeconds * CACHE_TIME_RANGE.fast),
  };
}

/**
 * Share of the FP16 rate of the matrix units that a prompt reaches, middle of published llama.cpp runs by class; they
 * scatter by five to fifteen times. No entry: no run with a known rate.
 */
const PREFILL_SHARES: Readonly<Partial<Record<SpeedClass, { readonly dense: number; readonly moe: number }>>> = {
  nvidia: { dense: 0.47, moe: 0.15 },
  'nvidia-hbm': { dense: 0.25, moe: 0.1 },
  amd: { dense: 0.28, moe: 0.08 },
  'amd-apu': { dense: 0.11, moe: 0.06 },
  'intel-arc': { dense: 0.14, moe: 0.03 },
};

/**
 * Order of magnitude of the tokens of a prompt per second: 1, 3, 10, 30, 100 and so on. `undefined` where no published
 * run says what the class reaches.
 *
 * @param fp16Tflops dense FP16 rate of the matrix units, in TFLOPS
 * @throws {EstimateError} `unknown-architecture`
 */
export function prefillMagnitude(
  architecture: Architecture,
  speedClass: SpeedClass,
  fp16Tflops: number,
): number | undefined {
  const shares = PREFILL_SHARES[speedClass];
  if (!shares) return undefined;
  const share = architecture.feedForward.experts ? shares.moe : shares.dense;
  const read = bytesPerToken(architecture, 'F16', DEFAULT_SETTINGS, 0);
  const parameters = read.device / 2;
  const tokensPerSecond = (share * fp16Tflops * 1e12) / (2 * parameters);
  const steps = Math.round(2 * Math.log10(tokensPerSecond));
  return 10 ** Math.floor(steps / 2) * (steps % 2 === 0 ? 1 : 3);
}
