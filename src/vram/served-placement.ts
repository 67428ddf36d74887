/** Holds a model that vLLM or MLX serves against a device: fits, tight or no, and the longest context. */
import type { Allocation } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import { type Device, overheadOf } from './device.ts';
import { estimateMlx, type MlxSettings } from './engines/mlx.ts';
import { planForBytes } from './engines/rule-of-thumb.ts';
import { estimateVllm, type VllmAllocation, type VllmSettings } from './engines/vllm.ts';
import type { Fit } from './placement.ts';
import type { CheckpointFormat } from './quantization/checkpoint-formats.ts';

/** A model on the devices that serve it; amounts are bytes. */
export interface ServedPlacement<Result extends Allocation = Allocation> {
  /** `fits`: with the engine's defaults and reserves. `tight`: only where a setting gives it all of the memory. */
  readonly fit: Fit;
  /** All devices together. */
  readonly usableBytes: number;
  /** Free on each device when the engine has allocated what it needs; negative = short by so much. */
  readonly headroomBytes: number;
  /** Tokens of the longest context that fits; 0 where none does. */
  readonly largestContext: number;
  readonly allocation: Result;
}

/** Memory that GPUs must have together for vLLM's share of it to hold `needsBytes`; never less than the usual five percent more. */
export function planForVllm(needsBytes: number, gpuMemoryUtilization: number): number {
  return Math.max(planForBytes(needsBytes), Math.ceil(needsBytes / gpuMemoryUtilization));
}

/**
 * A model on `settings.tensorParallel` equal GPUs. It fits where vLLM starts: its share of each GPU holds weights, peak
 * and the cache of all requests; it is tight where only the whole GPU does.
 *
 * @param maximumContext the model's longest context, in tokens
 * @throws {EstimateError} as {@link estimateVllm} does
 */
export function placeVllm(
  architecture: Architecture,
  format: CheckpointFormat,
  settings: VllmSettings & { readonly gpu: NonNullable<VllmSettings['gpu']> },
  device: Device,
  maximumContext: number,
): ServedPlacement<VllmAllocation> {
  const overheadBytes = overheadOf(device);
  const allocation = estimateVllm(architecture, format, settings, { overheadBytes });
  const total = allocation.perDevice[0]?.total ?? 0;
  const headroomBytes = device.usableBytes - overheadBytes - total;
  const starts = (allocation.pool?.concurrency ?? 0) >= settings.sequences;
  return {
    fit: headroomBytes < 0 ? 'no' : starts ? 'fits' : 'tight',
    usableBytes: device.usableBytes * settings.tensorParallel,
    headroomBytes,
    largestContext: Math.min(allocation.pool?.longestContext ?? 0, maximumContext),
    allocation,
  };
}

const CONTEXT_STEP = 256;

/**
 * A model in the unified memory of one machine. It fits with five percent to spare, and is tight without them.
 *
 * @param maximumContext the model's longest context, in tokens
 * @throws {EstimateError} as {@link estimateMlx} does
 */
export function placeMlx(
  architecture: Architecture,
  format: CheckpointFormat,
  settings: MlxSettings,
  device: Device,
  maximumContext: number,
): ServedPlacement {
  const overheadBytes = overheadOf(device);
  const room = device.usableBytes - overheadBytes;
  const at = (context: number): Allocation =>
    estimateMlx(architecture, format, { ...settings, context }, { overheadBytes });
  const holds = (context: number): boolean => planForBytes(at(context).device.total) <= room;
  let good = 0;
  let bad = Math.floor(maximumContext / CONTEXT_STEP) + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (holds(middle * CONTEXT_STEP)) good = middle;
    else bad = middle;
  }
  const allocation = at(settings.context);
  const { total } = allocation.device;
  return {
    fit: total > room ? 'no' : planForBytes(total) > room ? 'tight' : 'fits',
    usableBytes: device.usableBytes,
    headroomBytes: room - total,
    largestContext: holds(maximumContext) ? maximumContext : good * CONTEXT_STEP,
    allocation,
  };
}
