/** What llama.cpp allocates for a GGUF model: weights, KV cache, recurrent state and compute buffers of every device and of the host. */
import type { Allocation, DeviceMemory, Settings } from '../allocation.ts';
import { EstimateError } from '../allocation.ts';
import { type Architecture, isLatent } from '../architecture.ts';
import { type ComputeBuffers, computeBuffers } from '../compute-buffer.ts';
import { DRIVER_OVERHEAD_BYTES } from '../device.ts';
import { type AttentionWidths, cudaFlashAttention } from '../ggml/cuda-attention.ts';
import { type CacheSettings, cacheBytesByKind, cacheLayoutOf, isQuantizedKvType, KV_TYPES } from '../kv-cache.ts';
import { type LayerPlacement, placeLayers } from '../layer-split.ts';
import type { GraphSettings } from '../llama-graphs/builder.ts';
import { graphStanding } from '../llama-graphs/classes.ts';
import type { QuantizationScheme } from '../quantization/schemes.ts';
import { type LayerWeights, type ModelWeights, type WeighOptions, weighModel } from '../weights.ts';
import type { Engine, EstimateOptions } from './engine.ts';

/** The version every figure of this module is for. */
export const LLAMA_CPP_VERSION = 'v0.5.0';

/** What multi-token prediction adds. */
export interface Drafts {
  /** Buffers of the context that drafts; `undefined` where its graph is not known. */
  readonly draftBuffers: (
    architecture: Architecture,
    scheme: QuantizationScheme,
    settings: GraphSettings,
    placement: LayerPlacement,
  ) => ComputeBuffers | undefined;
  /** Bytes of the cache of one of its blocks. */
  readonly nextTokenCacheBytes: (architecture: Architecture, settings: CacheSettings) => number;
  /** How many times the model's states are kept. */
  readonly statesKeptWithDrafts: (architecture: Architecture) => number;
}

/** What estimates do without until a face brings it: checks of values, figures that few settings ask for, sentences. */
interface Beside {
  /** Throws `bad-request` or `refused-by-engine` for values that no form with bounds lets through. */
  readonly checkSettings?: (architecture: Architecture, settings: Settings) => void;
  readonly drafts?: Drafts;
  /** Sentences beside the figures. `drafts`: whether the buffer of the context that drafts is counted; absent = none is. */
  readonly notesOf?: (standing: ReturnType<typeof graphStanding>, drafts: boolean | undefined) => readonly string[];
}

let beside: Beside = {};

/** Brings code that is not loaded with the engine. Without its sentences an estimate has none, without its checks values must be right. */
export function bring(code: Beside): void {
  beside = { ...beside, ...code };
}

const IDENTITY = { name: 'llama.cpp', version: LLAMA_CPP_VERSION } as const;

/** Widths of the attention layers, one entry per kind. */
function attentionWidths(architecture: Architecture): { widths: AttentionWidths[]; sharesRows: boolean } {
  const { attention } = architecture;
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
}

/**
 * Whether FlashAttention is used. `auto` turns it off where the device has no kernel for the model, unless a quantized
 * V cache needs it.
 *
 * @throws {EstimateError} `refused-by-engine` where llama.cpp does not start with these settings
 */
export function resolveFlashAttention(
  architecture: Architecture,
  settings: Pick<Settings, 'kType' | 'vType' | 'flashAttention'>,
): boolean {
  const { kType, vType } = settings;
  const { widths, sharesRows } = attentionWidths(architecture);
  if (sharesRows && kType !== vType) {
    throw new EstimateError(
      'refused-by-engine',
      `llama.cpp ${LLAMA_CPP_VERSION} keeps K and V of this model in one row: the cache types of K (${kType}) and V (${vType}) must be equal.`,
    );
  }
  if (settings.flashAttention === 'off') {
    if (!isQuantizedKvType(vType)) return false;
    throw new EstimateError(
      'refused-by-engine',
      `llama.cpp ${LLAMA_CPP_VERSION} refuses a quantized V cache (${vType}) without FlashAttention: turn FlashAttention on, or keep V at f16.`,
    );
  }
  for (const { keyDim, valueDim } of widths) {
    for (const [side, type, width] of [
      ['K', kType, keyDim],
      ['V', vType, valueDim],
    ] as const) {
      const { blockElements } = KV_TYPES[type];
      if (width % blockElements === 0) continue;
      throw new EstimateError(
        'refused-by-engine',
        `llama.cpp ${LLAMA_CPP_VERSION} refuses a ${side} cache of type ${type}: its block of ${blockElements} does not divide the head width ${width}.`,
      );
    }
  }
  if (settings.flashAttention === 'on' || isQuantizedKvType(vType)) return true;
  return widths.every((own) => cudaFlashAttention(own, kType, vType));
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

/** What drafts, where the settings ask for it. */
function draftsFor({ mtp }: Settings): Drafts | undefined {
  if (mtp && !beside.drafts)
    throw new EstimateError('unknown-architecture', 'The code of multi-token prediction was not loaded.');
  return mtp ? beside.drafts : undefined;
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
  beside.checkSettings?.(architecture, settings);
  const cacheSettings = {
    ...settings,
    flashAttention: resolveFlashAttention(architecture, settings),
    transposedValues: settings.flashAttention === 'off',
  };
  const weights = weighModel(architecture, scheme, file);
  const layout = cacheLayoutOf(architecture);
  const drafts = draftsFor(settings);
  const kinds = cacheBytesByKind(layout, cacheSettings, drafts?.statesKeptWithDrafts(architecture));
  const placement = placeLayers(architecture, weights.nextTokenLayers.length, settings);
  const perDevice = Array.from({ length: settings.devices }, () => ({ weights: 0, kvCache: 0, state: 0 }));
  const host = { weights: weights.input.host, kvCache: 0 };
  const put = (
    own: LayerWeights | undefined,
    block: number,
    on: number | undefined,
    kvCache: number,
    state: number,
  ) => {
    const device = perDevice[on ?? -1];
    if (!own) return;
    if (!device) {
      host.weights += own.all.host;
      host.kvCache += kvCache + state;
      return;
    }
    const onHost = block < placement.expertLayersOnHost;
    device.weights += own.all.device - (onHost ? own.experts.device : 0);
    if (onHost) host.weights += own.experts.host;
    device.kvCache += kvCache;
    device.state += state;
  };
  layout.kindOfLayer.forEach((kind, layer) => {
    const { kvCache = 0, state = 0 } = kinds[kind] ?? {};
    put(weights.layers[layer], layer, placement.deviceOfLayer[layer], kvCache, state);
  });
  if (drafts) {
    const cache = drafts.nextTokenCacheBytes(architecture, cacheSettings);
    weights.nextTokenLayers.forEach((own, index) => {
      put(own, architecture.layers + index, placement.deviceOfNextToken[index], cache, 0);
    });
  }
  const last = perDevice[placement.outputDevice];
  if (last) last.weights += weights.output.device + (settings.mtp ? 0 : weights.nextTokenResident.device);
  else host.weights += weights.output.host;
  for (const index of placement.holders) {
    const device = perDevice[index];
    if (device) device.weights += weights.perDevice.device;
    else host.weights += weights.perDevice.host;
  }
  return { placement, cacheSettings, weights, perDevice, host };
}

function fileOf({ mtpInFile }: EstimateOptions, { mtp }: Settings): WeighOptions {
  if (mtp) return { mtpInFile: true };
  return mtpInFile === undefined ? {} : { mtpInFile };
}

/**
 * Weights, cache, state and projector on all devices together, in bytes: what {@link estimateLlamaCpp} answers without
 * the compute buffers, at a small part of its cost. Throws as it does.
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
 * Weights, KV cache and state are exact for files that llama-quantize writes. Throws {@link EstimateError}
 * `refused-by-engine` for settings that llama.cpp refuses and `bad-request` for values that are no setting at all.
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
  const drafts = draftsFor(settings)?.draftBuffers(architecture, scheme, graphSettings, placement);
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
    notes: beside.notesOf?.(graphStanding(architecture), settings.mtp ? drafts !== undefined : undefined) ?? [],
  };
}

export const llamaCpp: Engine = { ...IDENTITY, estimate: estimateLlamaCpp };
