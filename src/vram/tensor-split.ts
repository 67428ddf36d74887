/**
 * The layer split that llama.cpp's `--tensor-split` is given where the default one overfills a device: contiguous
 * layers, with the fullest device as empty as it can be.
 */
import type { Settings } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import type { EstimateOptions } from './engines/engine.ts';
import { cacheBytesByKind, cacheLayoutOf } from './kv-cache.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { type WeighOptions, weighModel } from './weights.ts';

/** A split of the layers over devices. */
export interface TensorSplit {
  /** What `--tensor-split` takes: blocks per device; the output and unloaded blocks count on the last one. */
  readonly blocks: readonly number[];
  /** Weights, cache, state and projector of the fullest device, in bytes. */
  readonly fullestBytes: number;
}

/** Weights, cache and state of each layer on a device, in bytes, and what the last and every device hold beside. */
function layerBytes(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  options: WeighOptions,
): { layers: number[]; last: number; every: number; unloaded: number } {
  const weights = weighModel(architecture, scheme, options);
  const layout = cacheLayoutOf(architecture);
  const caches = cacheBytesByKind(layout, { ...settings, transposedValues: settings.flashAttention === 'off' });
  const layers = weights.layers.map((layer, index) => {
    const cache = caches[layout.kindOfLayer[index] ?? 0];
    return layer.all.device + (cache ? cache.kvCache + cache.state : 0);
  });
  return {
    layers,
    last: weights.output.device + weights.nextTokenResident.device,
    every: weights.perDevice.device,
    unloaded: weights.nextTokenLayers.length,
  };
}

/**
 * Layers per device when each takes as many as stay within `limit`, the first beside `first` bytes; `undefined` where
 * `devices` do not hold them all.
 *
 * @param limit no less than any layer, `first` and `last`
 */
function fill(
  layers: readonly number[],
  first: number,
  last: number,
  devices: number,
  limit: number,
): number[] | undefined {
  const counts: number[] = [];
  let held = first;
  let count = 0;
  // A counted loop: iterators would be a fifth of the garbage that all page objects of a build leave.
  for (let layer = 0; layer < layers.length; layer++) {
    const bytes = layers[layer] as number;
    if (held + bytes > limit) {
      counts.push(count);
      held = 0;
      count = 0;
    }
    held += bytes;
    count += 1;
  }
  if (held + last > limit) {
    // The output layer may stand alone on the last device.
    counts.push(count);
    count = 0;
  }
  counts.push(count);
  return counts.length <= devices ? counts : undefined;
}

/**
 * The contiguous split over `settings.devices` whose fullest device holds least. All layers are on devices.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function balancedSplit(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  options: WeighOptions & Pick<EstimateOptions, 'projectorBytes'> = {},
): TensorSplit {
  const { layers, last, every, unloaded } = layerBytes(architecture, scheme, settings, options);
  const { projectorBytes: first = 0 } = options;
  let low = Math.max(first, last, ...layers);
  let high = layers.reduce((sum, bytes) => sum + bytes, first + last);
  const within = (limit: number) => fill(layers, first, last, settings.devices, limit);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (within(middle)) high = middle;
    else low = middle;
  }
  const limit = within(low) ? low : high;
  const counts = within(limit) ?? [layers.length];
  const blocks = counts.map((count, device) => count + (device === counts.length - 1 ? unloaded + 1 : 0));
  return { blocks, fullestBytes: limit + every };
}
