/** What llama.cpp allocates for a GGUF model: weights, KV cache, recurrent state and compute buffers of every device and of the host. */
import type { Allocation, DeviceMemory, KvType, Settings } from '../allocation.ts';
import { EstimateError } from '../allocation.ts';
import { type Architecture, isLatent } from '../architecture.ts';
import { computeBuffers } from '../compute-buffer.ts';
import { DRIVER_OVERHEAD_BYTES } from '../device.ts';
import { type AttentionWidths, cudaFlashAttention } from '../ggml/cuda-attention.ts';
import {
  blockElementsOf,
  type CacheBytes,
  type CacheSettings,
  cacheBytesByKind,
  cacheLayoutOf,
  isQuantizedKvType,
  nextTokenCacheBytes,
  statesKeptWithDrafts,
} from '../kv-cache.ts';
import { type LayerPlacement, placeLayers } from '../layer-split.ts';
import { draftOf } from '../llama-graphs/classes.ts';
import { memoized, memoizedBy } from '../memoized.ts';
import type { QuantizationScheme } from '../quantization/schemes.ts';
import { type LayerWeights, type ModelWeights, type WeighOptions, weighModel } from '../weights.ts';
import type { EstimateOptions } from './engine.ts';

/** The version every figure of this module is for. */
export const LLAMA_CPP_VERSION = 'v0.5.0';

/** What an estimate came upon that its notes tell. */
export interface Findings {
  /** The context of the multi-token-prediction block was counted. */
  readonly drafts: boolean;
  /** FlashAttention is used. */
  readonly flashAttention: boolean;
}

/** Writes the notes of an estimate. */
type Explain = (architecture: Architecture, settings: Settings, findings: Findings) => readonly string[];

let explain: Explain = () => [];

/** Has notes written: for whoever shows them. The calculator does without, and without their texts. */
export function explainWith(notes: Explain): void {
  explain = notes;
}

const IDENTITY = { name: 'llama.cpp', version: LLAMA_CPP_VERSION } as const;

/** Throws `bad-request` or `refused-by-engine` for values that no form with bounds lets through. */
type Check = (architecture: Architecture, settings: Settings) => void;

let check: Check = () => {};

/** Has values checked: for whoever did not bound them. The calculator's form has bounds, and one type where K and V are one row. */
export function checkWith(own: Check): void {
  check = own;
}

interface Attention {
  /** One entry per kind of layer. */
  readonly widths: readonly AttentionWidths[];
  /** K and V are one row of the cache. */
  readonly sharesRows: boolean;
}

/** Widths of the attention layers. Memoised per architecture object. */
const attentionOf = memoized(({ attention }: Architecture): Attention => {
  if (attention.kind === 'compressed') {
    const { rowWidth, heads } = attention;
    return { widths: [{ keyDim: rowWidth, valueDim: rowWidth, headsPerKvHead: heads }], sharesRows: true };
  }
  const shapes =
    attention.kind === 'sliding-window'
      ? [attention.full, attention.sliding]
      : attention.kind === 'linear-hybrid'
        ? [attention.full]
        : [attention];
  const widths = shapes.map((shape): AttentionWidths => {
    if (isLatent(shape))
      return {
        keyDim: shape.kvLoraRank + shape.ropeHeadDim,
        valueDim: shape.kvLoraRank,
        headsPerKvHead: attention.heads,
      };
    const { heads = attention.heads, kvHeads, headDim, valueHeadDim = headDim } = shape;
    return { keyDim: headDim, valueDim: valueHeadDim, headsPerKvHead: heads / kvHeads };
  });
  return { widths, sharesRows: shapes.some(isLatent) };
});

/** Whether K and V are one row of the cache: then they have one type. */
export function sharesRows(architecture: Architecture): boolean {
  return attentionOf(architecture).sharesRows;
}

function checkWidth(side: 'K' | 'V', type: KvType, width: number): void {
  const blockElements = blockElementsOf(type);
  if (width % blockElements === 0) return;
  throw new EstimateError(
    'refused-by-engine',
    `llama.cpp ${LLAMA_CPP_VERSION} refuses a ${side} cache of type ${type}: its block of ${blockElements} does not divide the head width ${width}.`,
  );
}

/**
 * Whether FlashAttention is used. `auto` turns it off where the device has no kernel for the model, unless a quantized
 * V cache needs it.
 *
 * @throws {EstimateError} `refused-by-engine` where the types of the cache do not go with it or with the widths of the heads
 */
function resolveFlashAttention(
  architecture: Architecture,
  settings: Pick<Settings, 'kType' | 'vType' | 'flashAttention'>,
): boolean {
  const { kType, vType } = settings;
  const { widths } = attentionOf(architecture);
  if (settings.flashAttention === 'off') {
    if (!isQuantizedKvType(vType)) return false;
    throw new EstimateError(
      'refused-by-engine',
      `llama.cpp ${LLAMA_CPP_VERSION} refuses a quantized V cache (${vType}) without FlashAttention: turn FlashAttention on, or keep V at f16.`,
    );
  }
  for (const { keyDim, valueDim } of widths) {
    checkWidth('K', kType, keyDim);
    checkWidth('V', vType, valueDim);
  }
  if (settings.flashAttention === 'on' || isQuantizedKvType(vType)) return true;
  return hasKernels(architecture, settings);
}

/** Whether the device has FlashAttention kernels for every layer, with a cache of these types. */
export function hasKernels(architecture: Architecture, { kType, vType }: Pick<Settings, 'kType' | 'vType'>): boolean {
  return attentionOf(architecture).widths.every((own) => cudaFlashAttention(own, kType, vType));
}

function sumDevices(devices: readonly DeviceMemory[]): DeviceMemory {
  const sum = { weights: 0, kvCache: 0, state: 0, compute: 0, overhead: 0, total: 0 };
  for (const device of devices) {
    sum.weights += device.weights;
    sum.kvCache += device.kvCache;
    sum.state += device.state;
    sum.compute += device.compute;
    sum.overhead += device.overhead;
    sum.total += device.total;
  }
  return sum;
}

/** Layers on one device, or on the host. */
interface Held {
  /** Bytes of everything on it. */
  weights: number;
  /** How many layers of each kind of cache. */
  readonly layers: number[];
  /** Blocks for multi-token prediction that are used. */
  nextTokenLayers: number;
}

/** What each device and the host hold of a file, whatever the context. */
interface HeldBy {
  readonly devices: readonly Held[];
  readonly host: Held;
}

/** Memoised per file and placement. */
const heldBy = memoizedBy(
  (_weights: ModelWeights, _architecture: Architecture, { key }: LayerPlacement, mtp: boolean) => `${key}/${mtp}`,
  countHeld,
);

function countHeld(
  weights: ModelWeights,
  architecture: Architecture,
  { devices: count, deviceOfLayer, deviceOfNextToken, expertLayersOnHost, outputDevice, holders }: LayerPlacement,
  mtp: boolean,
): HeldBy {
  const { kinds, kindOfLayer } = cacheLayoutOf(architecture);
  const nothing = (): Held => ({ weights: 0, layers: kinds.map(() => 0), nextTokenLayers: 0 });
  const devices = Array.from({ length: count }, nothing);
  const host = nothing();
  host.weights = weights.input.host;
  /** A block goes to its device, its experts perhaps to the host. */
  const add = ({ all, experts }: LayerWeights, block: number, device = -1): Held => {
    const own = devices[device];
    if (!own) {
      host.weights += all.host;
      return host;
    }
    own.weights += all.device;
    if (block < expertLayersOnHost) {
      own.weights -= experts.device;
      host.weights += experts.host;
    }
    return own;
  };
  weights.layers.forEach((layer, block) => {
    const { layers } = add(layer, block, deviceOfLayer[block]);
    const kind = kindOfLayer[block] as number;
    layers[kind] = (layers[kind] as number) + 1;
  });
  if (mtp)
    weights.nextTokenLayers.forEach((layer, index) => {
      add(layer, architecture.layers + index, deviceOfNextToken[index]).nextTokenLayers += 1;
    });
  const last = devices[outputDevice];
  if (last) last.weights += weights.output.device + (mtp ? 0 : weights.nextTokenResident.device);
  else host.weights += weights.output.host;
  for (const index of holders) {
    const device = devices[index];
    if (device) device.weights += weights.perDevice.device;
    else host.weights += weights.perDevice.host;
  }
  return { devices, host };
}

/** What stays in memory between two micro-batches. */
interface Residents {
  readonly placement: LayerPlacement;
  readonly cacheSettings: CacheSettings & { readonly flashAttention: boolean };
  readonly weights: ModelWeights;
  readonly perDevice: readonly { weights: number; kvCache: number; state: number }[];
  readonly host: { weights: number; kvCache: number };
}

function residentsOf(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  file: WeighOptions,
): Residents {
  check(architecture, settings);
  const { mtp } = settings;
  const cacheSettings = {
    ...settings,
    flashAttention: resolveFlashAttention(architecture, settings),
    transposedValues: settings.flashAttention === 'off',
  };
  const weights = weighModel(architecture, scheme, file);
  const placement = placeLayers(architecture, weights.nextTokenLayers.length, settings);
  const { devices, host } = heldBy(weights, architecture, placement, mtp);
  const kept = mtp ? statesKeptWithDrafts(architecture) : 1;
  const kinds = cacheBytesByKind(cacheLayoutOf(architecture), cacheSettings, kept);
  const nextTokenCache = mtp ? nextTokenCacheBytes(architecture, cacheSettings) : 0;
  const residentsOn = ({ weights, layers, nextTokenLayers }: Held): Residents['perDevice'][number] => {
    let kvCache = nextTokenLayers * nextTokenCache;
    let state = 0;
    for (let kind = 0; kind < kinds.length; kind++) {
      const own = kinds[kind] as CacheBytes;
      const count = layers[kind] as number;
      kvCache += count * own.kvCache;
      state += count * own.state;
    }
    return { weights, kvCache, state };
  };
  const onHost = residentsOn(host);
  return {
    placement,
    cacheSettings,
    weights,
    perDevice: devices.map(residentsOn),
    host: { weights: host.weights, kvCache: onHost.kvCache + onHost.state },
  };
}

function fileOf({ mtpInFile }: EstimateOptions, { mtp }: Settings): WeighOptions {
  if (mtp) return { mtpInFile: true };
  return mtpInFile === undefined ? {} : { mtpInFile };
}

/**
 * Weights, cache, state and projector on all devices together, in bytes: what {@link estimateLlamaCpp} answers without
 * the compute buffers, at a small part of its cost.
 *
 * @throws {EstimateError} as it does, but for a class without a graph
 */
export function residentBytes(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  options: EstimateOptions = {},
): number {
  const { perDevice } = residentsOf(architecture, scheme, settings, fileOf(options, settings));
  return perDevice.reduce(
    (sum, { weights, kvCache, state }) => sum + weights + kvCache + state,
    options.projectorBytes ?? 0,
  );
}

/**
 * Memory that llama.cpp v0.5.0 allocates, in whole bytes per device and on the host.
 *
 * Weights, KV cache and state are exact for files that llama-quantize writes.
 *
 * @throws {EstimateError} `refused-by-engine` for settings that llama.cpp refuses, `bad-request` for values that are no
 * setting at all, `unknown-architecture` for a class without tensors or a graph
 */
export function estimateLlamaCpp(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  options: EstimateOptions = {},
): Allocation {
  const file = fileOf(options, settings);
  const residents = residentsOf(architecture, scheme, settings, file);
  const { placement, cacheSettings, weights, host } = residents;
  const graphSettings = { ...cacheSettings, outputs: settings.outputs };
  const buffers = computeBuffers(architecture, scheme, graphSettings, placement, file);
  const drafts = settings.mtp ? draftOf(architecture)?.(architecture, scheme, graphSettings, placement) : undefined;
  const { overheadBytes: overhead = DRIVER_OVERHEAD_BYTES.nvidia, projectorBytes = 0 } = options;
  const loaded = projectorBytes > 0 && { projector: projectorBytes };
  const perDevice = residents.perDevice.map((own, device): DeviceMemory => {
    const compute = (buffers.devices[device] ?? 0) + (drafts?.devices[device] ?? 0);
    const total = own.weights + own.kvCache + own.state + compute;
    // Whatever the split of the layers, clip.cpp takes the first GPU.
    if (device === 0) return { ...own, compute, overhead, ...loaded, total: total + projectorBytes };
    return { ...own, compute, overhead, total };
  });
  return {
    engine: IDENTITY,
    parameters: weights.parameters,
    bitsPerWeight: (weights.fileBytes * 8) / weights.parameters,
    fileBytes: weights.fileBytes,
    device: { ...sumDevices(perDevice), ...loaded },
    host: { ...host, compute: buffers.host + (drafts?.host ?? 0) },
    perDevice,
    notes: explain(architecture, settings, {
      drafts: drafts !== undefined,
      flashAttention: cacheSettings.flashAttention,
    }),
  };
}
