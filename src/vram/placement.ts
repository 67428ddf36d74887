/**
 * Holds a model against devices: fits, tight or no; largest context, fewest devices, experts in RAM. Where llama.cpp does not
 * run a model with the settings, each throws what {@link estimateLlamaCpp} does.
 */
import type { Allocation, Settings } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import { type Device, overheadOf, roomOn } from './device.ts';
import { estimateLlamaCpp, residentBytes } from './engines/llama-cpp.ts';
import { estimateRuleOfThumb, planForBytes, type RuleOfThumbInputs } from './engines/rule-of-thumb.ts';
import { CELL_PADDING } from './kv-cache.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { balancedSplit } from './tensor-split.ts';

/** A model at one quantization, with what its record knows beside the architecture. */
export interface ModelFile {
  readonly architecture: Architecture;
  readonly scheme: QuantizationScheme;
  readonly mtpInFile?: boolean;
  /** Size of the projector file that is loaded beside it, in bytes; absent = none is loaded. */
  readonly projectorBytes?: number;
  /** Parameters as the maker states them; absent = counted from the tensors. */
  readonly publishedParameters?: number;
  readonly ruleOfThumb?: RuleOfThumbInputs;
}

/** The two figures of a page, in bytes: what the engine allocates on one device, and what to plan for. */
export interface Need {
  readonly needsBytes: number;
  readonly planForBytes: number;
  /** What the engine leaves in host memory. */
  readonly hostBytes: number;
}

/** `fits`: Plan for is within what the device has for the model ({@link roomOn}). `tight`: only Needs is. `no`: neither. */
export type Fit = 'fits' | 'tight' | 'no';

/** A model on its devices; amounts are bytes. */
export interface Placement {
  readonly fit: Fit;
  /** Usable memory of all devices together. */
  readonly usableBytes: number;
  /** Free on the fullest device when the engine has allocated; negative = short by so much. */
  readonly headroomBytes: number;
  /** The same against Plan for, on average over the devices and never more than `headroomBytes`. */
  readonly planHeadroomBytes: number;
  /** The fullest device's share, driver context included. */
  readonly fullestBytes: number;
  /** Blocks per device for `--tensor-split`, where the default split does not do and this one does better. */
  readonly tensorSplit?: readonly number[];
  readonly allocation: Allocation;
}

/**
 * Devices that llama.cpp runs on as released: its scheduler has room for 16 backends, and the CPU is one of them
 * (GGML_SCHED_MAX_BACKENDS, `ggml/src/ggml-backend.cpp`).
 */
export const MOST_DEVICES = 15;

function estimate(model: ModelFile, settings: Settings, overheadBytes: number): Allocation {
  return estimateLlamaCpp(model.architecture, model.scheme, settings, { ...model, overheadBytes });
}

/** Bytes to plan for where the engine needs `needsBytes`: {@link planForBytes} with the model's own rule of thumb. */
export function planFor(model: ModelFile, settings: Settings, needsBytes: number, parameters: number): number {
  const rule = estimateRuleOfThumb(
    model.architecture,
    model.scheme,
    settings,
    model.publishedParameters ?? parameters,
    model.ruleOfThumb,
  );
  return planForBytes(needsBytes, rule.total + (model.projectorBytes ?? 0));
}

/** What stays in host memory, in bytes. */
export const hostBytesOf = ({ host }: Pick<Allocation, 'host'>): number => host.weights + host.kvCache + host.compute;

/** Whether no layer and no experts are kept in RAM. */
const isWhole = ({ gpuLayers, cpuMoeLayers }: Settings): boolean => gpuLayers < 0 && cpuMoeLayers === 0;

/** Needs and Plan for of a model with everything on one device. Layers or experts kept in RAM are taken off both. */
export function needOf(model: ModelFile, settings: Settings): Need {
  return needOfAllocation(model, settings, estimate(model, { ...settings, devices: 1 }, 0));
}

function needOfAllocation(model: ModelFile, settings: Settings, allocation: Allocation): Need {
  const needsBytes = allocation.device.total;
  return {
    needsBytes,
    planForBytes: isWhole(settings)
      ? planFor(model, settings, needsBytes, allocation.parameters)
      : planForBytes(needsBytes),
    hostBytes: hostBytesOf(allocation),
  };
}

/**
 * Holds a model against `settings.devices` equal devices.
 *
 * The engine's layer split decides on Needs: the fullest device's share (weights, cache, state, its own compute buffer)
 * must be within what the device has for it ({@link roomOn}: of several machines with unified memory each is charged for
 * what stays in host memory); where the default split overfills a device, the split that `--tensor-split` can ask for
 * counts. Plan for is a figure for the whole model: all devices together must hold it, and the buffers that each of them
 * repeats.
 */
export function placeOn(model: ModelFile, settings: Settings, device: Device): Placement {
  const overhead = overheadOf(device);
  const allocation = estimate(model, settings, overhead);
  const need = settings.devices === 1 ? needOfAllocation(model, settings, allocation) : needOf(model, settings);
  const room = roomOn(device, need.hostBytes);
  let share = Math.max(...allocation.perDevice.map((own) => own.total));
  let tensorSplit: readonly number[] | undefined;
  if (settings.devices > 1 && isWhole(settings) && share > room) {
    const split = balancedSplit(model.architecture, model.scheme, settings, model);
    const balanced = split.fullestBytes + Math.max(...allocation.perDevice.map((own) => own.compute));
    if (balanced < share) {
      share = balanced;
      tensorSplit = split.blocks;
    }
  }
  const headroomBytes = room - share;
  // Buffers that every device has of its own come on top of the plan for the whole model.
  const repeated = allocation.device.total - need.needsBytes;
  const planHeadroomBytes = Math.min(
    headroomBytes,
    Math.floor(room - (need.planForBytes + repeated) / settings.devices),
  );
  return {
    fit: planHeadroomBytes >= 0 ? 'fits' : headroomBytes >= 0 ? 'tight' : 'no',
    usableBytes: device.usableBytes * settings.devices,
    headroomBytes,
    planHeadroomBytes,
    fullestBytes: share + overhead,
    ...(tensorSplit && { tensorSplit }),
    allocation,
  };
}

/** Which verdict counts: `fits` (Plan for, the default) or `tight` (Needs alone). */
export type FitAtLeast = 'fits' | 'tight';

/**
 * Bytes left on the fullest device for `atLeast`; negative = short. Where weights and cache alone overfill the devices no
 * graph is walked: the model is short by more than it says then.
 */
function headroomOn(model: ModelFile, settings: Settings, device: Device, atLeast: FitAtLeast): number {
  const left = roomOn(device) * settings.devices - residentBytes(model.architecture, model.scheme, settings, model);
  if (left < 0) return left / settings.devices;
  const { headroomBytes, planHeadroomBytes } = placeOn(model, settings, device);
  return atLeast === 'tight' ? headroomBytes : planHeadroomBytes;
}

/** Whether the devices hold the model. */
function holds(model: ModelFile, settings: Settings, device: Device, atLeast: FitAtLeast): boolean {
  return headroomOn(model, settings, device, atLeast) >= 0;
}

/** Every so many tries halve what is left, however the headroom falls. */
const HALVED_EVERY = 4;

/**
 * The largest whole number in `from .. to` that leaves headroom, where headroom falls as the number grows; `undefined`
 * where none does. It falls nearly evenly: where it ends is guessed from the last two that were tried. A step is a try.
 */
function* largestThat(
  from: number,
  to: number,
  headroomAt: (value: number) => number,
): Generator<undefined, number | undefined> {
  let good = from - 1;
  let bad = to + 1;
  let before: readonly [value: number, headroom: number] | undefined;
  let guess = Number.NaN;
  for (let tries = 1; bad - good > 1; tries++) {
    const halved = tries % HALVED_EVERY === 0 || Number.isNaN(guess);
    const value = halved ? Math.floor((good + bad) / 2) : Math.min(Math.max(Math.floor(guess), good + 1), bad - 1);
    const headroom = headroomAt(value);
    if (headroom < 0) bad = value;
    else good = value;
    if (before) guess = value + (headroom * (value - before[0])) / (before[1] - headroom);
    before = [value, headroom];
    yield;
  }
  return good < from ? undefined : good;
}

/** What steps come to, all of them at once. */
export function atOnce<T>(steps: Iterator<unknown, T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** {@link largestContext} in steps, for whoever has something else to do between two tries. */
export function* largestContextInSteps(
  model: ModelFile,
  settings: Settings,
  device: Device,
  maximumContext: number,
  atLeast: FitAtLeast = 'fits',
): Generator<undefined, number> {
  const headroomAt = (context: number): number => headroomOn(model, { ...settings, context }, device, atLeast);
  if (headroomAt(maximumContext) >= 0) return maximumContext;
  yield;
  const cells = Math.floor(maximumContext / CELL_PADDING);
  return ((yield* largestThat(1, cells, (step) => headroomAt(step * CELL_PADDING))) ?? 0) * CELL_PADDING;
}

/**
 * Tokens of the largest context that the devices hold, a multiple of 256 or the model's own maximum; 0 where none fits.
 *
 * @param maximumContext the model's longest context, in tokens
 */
export const largestContext = (...asked: Parameters<typeof largestContextInSteps>): number =>
  atOnce(largestContextInSteps(...asked));

/** The fewest equal devices that hold the model, or `undefined` where {@link MOST_DEVICES} do not. */
export function fewestDevices(
  model: ModelFile,
  settings: Settings,
  device: Device,
  atLeast: FitAtLeast = 'fits',
): number | undefined {
  const most = Math.min(MOST_DEVICES, model.architecture.layers + 1);
  for (let devices = 1; devices <= most; devices++) {
    if (holds(model, { ...settings, devices }, device, atLeast)) return devices;
  }
  return undefined;
}

/** Experts kept in RAM: how many layers', and the memory of both sides. */
export interface ExpertsInRam {
  /** llama.cpp's --n-cpu-moe. */
  readonly cpuMoeLayers: number;
  /** On the devices, all together, without the driver's context. */
  readonly deviceBytes: number;
  /** In RAM: experts, embedding table, host buffers. */
  readonly hostBytes: number;
  readonly placement: Placement;
}

/**
 * The fewest layers whose experts must stay in RAM for the devices to hold the rest; 0 where the whole model fits,
 * `undefined` for dense models and where not even that is enough.
 */
export function expertsInRam(
  model: ModelFile,
  settings: Settings,
  device: Device,
  atLeast: FitAtLeast = 'fits',
): ExpertsInRam | undefined {
  if (!model.architecture.feedForward.experts) return undefined;
  const { layers } = model.architecture;
  const headroomWith = (cpuMoeLayers: number): number =>
    headroomOn(model, { ...settings, cpuMoeLayers }, device, atLeast);
  // In unified memory experts in RAM free nothing and cost a larger compute buffer.
  const kept =
    headroomWith(0) >= 0 ? layers : atOnce(largestThat(0, layers - 1, (onDevice) => headroomWith(layers - onDevice)));
  if (kept === undefined) return undefined;
  const cpuMoeLayers = layers - kept;
  const placement = placeOn(model, { ...settings, cpuMoeLayers }, device);
  const { allocation } = placement;
  return { cpuMoeLayers, deviceBytes: allocation.device.total, hostBytes: hostBytesOf(allocation), placement };
}
