/**
 * Memory of a model whose routed experts wait in RAM, for many quants and contexts at little cost: the compute buffer is
 * interpolated between a few walks of the graph. `estimateLlamaCpp` with `cpuMoeLayers` is exact and slower.
 */
import { type Allocation, DEFAULT_SETTINGS } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import { estimateLlamaCpp } from './engines/llama-cpp.ts';
import { planForBytes } from './engines/rule-of-thumb.ts';
import { memoizedBy } from './memoized.ts';
import { hostBytesOf } from './placement.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { EXPERTS_NAME, tensorDeviceBytes, tensorsInFile, type WeighOptions, weighModel } from './weights.ts';

/** A split of a model between one device and RAM. */
export interface ExpertSplit {
  /** llama.cpp's --n-cpu-moe: the first so many layers have their experts in RAM. */
  readonly cpuMoeLayers: number;
  /** Needs on the device, without the driver's context. */
  readonly deviceBytes: number;
  /** Experts, embedding table and host buffers. */
  readonly hostBytes: number;
}

/** Contexts at which the graph is walked, beside the first power of two that holds the longest context. */
const WALKED_CONTEXTS: readonly number[] = [4096, 65_536];

/** Numbers of the expert tensors in the file. */
const expertTensors = memoizedBy(
  (_: Architecture, { mtpInFile }: WeighOptions) => `${mtpInFile}`,
  (architecture, options) =>
    tensorsInFile(architecture, options).flatMap(({ name }, index) => (EXPERTS_NAME.test(name) ? [index] : [])),
);

/** Distinct sizes of expert tensors on a device, in bytes, largest first. */
const expertSizes = memoizedBy(
  (_: Architecture, scheme: QuantizationScheme, { mtpInFile }: WeighOptions) => `${scheme} ${mtpInFile}`,
  (architecture, scheme, options): readonly number[] => {
    const bytes = tensorDeviceBytes(architecture, scheme, options);
    const sizes = expertTensors(architecture, options).map((index) => bytes[index] ?? 0);
    return [...new Set(sizes)].sort((a, b) => b - a);
  },
);

/** What the engine's compute buffer takes more with the experts of all layers in RAM, in bytes. */
const addedAt = memoizedBy(
  (_: Architecture, scheme: QuantizationScheme, { mtpInFile }: WeighOptions, context: number) =>
    `${scheme} ${mtpInFile} ${context}`,
  (architecture, scheme, options, context): number => {
    const computeWith = (cpuMoeLayers: number): number =>
      estimateLlamaCpp(architecture, scheme, { ...DEFAULT_SETTINGS, context, cpuMoeLayers }, options).device.compute;
    return computeWith(-1) - computeWith(0);
  },
);

/**
 * What the compute buffer of one device takes more with the experts of all layers in RAM, in bytes. llama.cpp copies experts
 * to the device to compute a micro-batch, so that the buffer grows by the largest expert tensor.
 */
function addedBytes(
  architecture: Architecture,
  scheme: QuantizationScheme,
  context: number,
  maximumContext: number,
  options: WeighOptions,
): number {
  const sizes = expertSizes(architecture, scheme, options);
  // Files whose expert tensors have one type copy otherwise than files with several: each kind has a file that stands for it.
  const standIn = sizes.length > 1 ? 'Q4_K_M' : 'Q8_0';
  const scale = (sizes[0] ?? 0) / (expertSizes(architecture, standIn, options)[0] ?? 1);
  const added = (at: number): number => addedAt(architecture, standIn, options, at);
  const end = 2 ** Math.ceil(Math.log2(Math.max(maximumContext, 4096)));
  const stops = [...WALKED_CONTEXTS.filter((stop) => stop < end), end];
  const above = stops.find((stop) => stop >= context) ?? end;
  const below = stops.findLast((stop) => stop <= context) ?? above;
  const share = above === below ? 0 : (context - below) / (above - below);
  const own = added(below) + (added(above) - added(below)) * share;
  return Math.round(own * scale);
}

/**
 * A model with the experts of every layer in RAM, or of as few layers as leave the rest of Plan for within `roomBytes`
 * of one device. `undefined` for dense models.
 *
 * @param whole the model without experts in RAM, otherwise by default settings, on one device at `context`
 * @param maximumContext the model's longest context, in tokens
 * @throws {EstimateError} as {@link estimateLlamaCpp} does
 */
export function splitExperts(
  architecture: Architecture,
  scheme: QuantizationScheme,
  whole: Pick<Allocation, 'device' | 'host'>,
  context: number,
  maximumContext: number,
  options: WeighOptions & { readonly roomBytes?: number } = {},
): ExpertSplit | undefined {
  if (!architecture.feedForward.experts) return undefined;
  const { roomBytes, ...weigh } = options;
  const { layers } = weighModel(architecture, scheme, weigh);
  let cpuMoeLayers = architecture.layers;
  let deviceBytes = whole.device.total + addedBytes(architecture, scheme, context, maximumContext, weigh);
  let hostBytes = hostBytesOf(whole);
  for (const { experts } of layers) {
    deviceBytes -= experts.device;
    hostBytes += experts.host;
  }
  if (roomBytes !== undefined) {
    // The experts of the first layers stay in RAM, so they come back to the device from the last layer on.
    for (const { experts } of layers.toReversed()) {
      if (planForBytes(deviceBytes + experts.device) > roomBytes) break;
      cpuMoeLayers -= 1;
      deviceBytes += experts.device;
      hostBytes -= experts.host;
    }
  }
  return { cpuMoeLayers, deviceBytes, hostBytes };
}
