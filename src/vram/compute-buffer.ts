/** Compute buffers of llama.cpp, by closed forms: the largest of the feed-forward, attention and logits phases. */
import type { Architecture, AttentionShape, LatentShape } from './architecture.ts';
import type { CacheSettings } from './kv-cache.ts';
import { contextCells, isQuantizedKvType, windowCells } from './kv-cache.ts';
import type { LayerPlacement } from './layer-split.ts';

export interface ComputeSettings extends CacheSettings {
  readonly outputs: number;
}

function widths(shape: AttentionShape | LatentShape, heads: number): { query: number; keys: number; values: number; output: number; heads: number } {
  if ('kvLoraRank' in shape) {
    const row = shape.kvLoraRank + shape.ropeHeadDim;
    return { query: heads * row, keys: row, values: 0, output: heads * shape.valueHeadDim, heads };
  }
  const own = shape.heads ?? heads;
  const value = shape.valueHeadDim ?? shape.headDim;
  return { query: own * shape.headDim, keys: shape.kvHeads * shape.headDim, values: shape.kvHeads * value, output: own * value, heads: own };
}

function shapesOf(architecture: Architecture): { shape: ReturnType<typeof widths>; window?: number }[] {
  const { attention } = architecture;
  switch (attention.kind) {
    case 'full':
    case 'latent':
      return [{ shape: widths(attention, attention.heads) }];
    case 'sliding-window':
      return [{ shape: widths(attention.full, attention.heads) }, { shape: widths(attention.sliding, attention.heads), window: attention.window }];
    case 'linear-hybrid':
      return [{ shape: widths(attention.full, attention.heads) }];
    case 'compressed':
      return [{ shape: { query: attention.heads * attention.rowWidth, keys: attention.rowWidth, values: 0, output: attention.heads * attention.rowWidth, heads: attention.heads } }];
  }
}

/** Compute buffer of a device that holds every layer, in bytes. */
export function deviceComputeBytes(architecture: Architecture, settings: ComputeSettings): number {
  const ub = Math.min(settings.microBatch, settings.context);
  const d = architecture.hiddenSize;
  const cells = contextCells(settings.context);
  const fa = settings.flashAttention;
  let mask = 0;
  let attention = 0;
  let query = 0;
  for (const { shape, window } of shapesOf(architecture)) {
    const rows = window === undefined ? cells : windowCells(window, settings);
    mask += (fa ? 2 : 4) * ub * rows;
    query = Math.max(query, shape.output);
    const scratch = fa && (isQuantizedKvType(settings.kType) || isQuantizedKvType(settings.vType)) ? 2 * rows * (shape.keys + shape.values) : 0;
    const own = fa
      ? 4 * ub * (2 * d + 2 * shape.query) + scratch
      : 4 * ub * (rows * shape.heads + 2 * d + 2 * shape.query + shape.keys + shape.values);
    attention = Math.max(attention, own);
  }
  const { intermediateSize, experts } = architecture.feedForward;
  const dense = Math.max(0, ...(typeof intermediateSize === 'number' ? [intermediateSize] : (intermediateSize ?? [])));
  let inner = 3 * dense;
  if (experts) {
    const used = experts.used * d;
    const wide = experts.used * experts.intermediateSize;
    const routed = 2 * wide >= used ? Math.max(3 * wide, 2 * wide + used) : 3 * wide >= used ? 3 * wide + used : 3 * wide + 2 * used;
    inner = Math.max(inner, routed);
  }
  const feedForward = 4 * ub * (inner + 2 * d + query);
  const logits = 4 * Math.min(settings.outputs, ub) * (architecture.vocabularySize + d);
  return Math.max(feedForward + mask, attention + mask, logits + mask);
}

/** Host side of the same plan, in bytes. */
export function hostComputeBytes(architecture: Architecture, settings: ComputeSettings): number {
  const ub = Math.min(settings.microBatch, settings.context);
  return 8 * ub * architecture.hiddenSize + (settings.flashAttention ? 2 : 4) * ub * contextCells(settings.context);
}

export interface ComputeBuffers {
  /** One buffer per device, in bytes. */
  readonly devices: readonly number[];
  readonly host: number;
}

/** Compute buffers of every device and of the host for a placement. */
export function computeBuffers(architecture: Architecture, settings: ComputeSettings, placement: LayerPlacement): ComputeBuffers {
  const own = deviceComputeBytes(architecture, settings);
  return { devices: Array.from({ length: placement.devices }, () => own), host: hostComputeBytes(architecture, settings) };
}
