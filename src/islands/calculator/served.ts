/** vLLM and MLX in the calculator: loaded when one of them is chosen, with the engines' own code. */
import { formatCount, formatGB, formatHundredths, formatTokens, MiB } from '../../vram/browser.ts';
import {
  bitsPerLinearWeight,
  type CheckpointFormat,
  DEFAULT_MLX_SETTINGS,
  DEFAULT_VLLM_SETTINGS,
  type FormatEngine,
  formatOf,
  formatsOf,
  MLX_KV_TYPES,
  type MlxKvType,
  type MlxSettings,
  PAGED_KV_TYPES,
  type PagedKvType,
  placeMlx,
  placeVllm,
  planForBytes,
  planForVllm,
  type ServedPlacement,
  type VllmAllocation,
  type VllmSettings,
} from '../../vram/browser-served.ts';
import { answerOf, type CalculatorAnswer, deviceOf, modelOf, requireContext } from './answer.ts';
import type { CalculatorData, CalculatorDevice, CalculatorModel, CalculatorQuant } from './data.ts';
import { type CalculatorState, KEYS, LIMITS } from './state.ts';

type Key = keyof typeof KEYS;

/** How the form turns to an engine. */
interface Face {
  readonly engine?: FormatEngine;
  /** Formats that stand for all of them where the reader comes from another engine. */
  readonly usual: readonly string[];
  readonly kvTypes?: readonly string[];
  readonly runsOn: (device: CalculatorDevice) => boolean;
  readonly hidden: readonly Key[];
  readonly labels: Partial<Record<Key, string>>;
  /** Least, most and first value of the memory limit. */
  readonly limit: readonly [number, number, number];
}

/** vLLM's share of a GPU where nothing is said, in percent. */
const USUAL_PERCENT = Math.round(DEFAULT_VLLM_SETTINGS.gpuMemoryUtilization * 100);
const LABELS = { kType: 'Type of K', devices: 'Number of devices' } as const;

const FACES: Readonly<Record<CalculatorState['engine'], Face>> = {
  '': { usual: [], runsOn: () => true, hidden: ['limit'], labels: LABELS, limit: [...LIMITS.limit, 0] },
  vllm: {
    engine: 'vLLM',
    usual: ['AWQ', 'FP8', 'BF16'],
    kvTypes: PAGED_KV_TYPES,
    runsOn: ({ vendor }) => vendor !== 'apple',
    hidden: ['vType', 'microBatch', 'flashAttention'],
    labels: {
      kType: 'Type of the KV cache',
      devices: 'GPUs, tensor parallel',
      limit: 'GPU memory utilization, %',
    },
    limit: [1, 100, USUAL_PERCENT],
  },
  mlx: {
    engine: 'MLX',
    usual: ['MLX_4BIT', 'MLX_6BIT', 'MLX_8BIT', 'BF16'],
    kvTypes: MLX_KV_TYPES,
    runsOn: ({ vendor }) => vendor === 'apple',
    hidden: ['vType', 'microBatch', 'flashAttention', 'devices'],
    labels: { kType: 'Type of the KV cache', limit: "Limit for the GPU, MiB (0: macOS's own)" },
    limit: [...LIMITS.limit, 0],
  },
};

/** Every control that some engine does without. */
const MAY_HIDE: readonly Key[] = ['vType', 'microBatch', 'flashAttention', 'devices', 'limit'];

/** The reader's settings of llama.cpp, for the way back. */
let left: CalculatorState | undefined;

/** "MLX 4-bit", "FP8 block": the name of a format as pages write it. */
const inWords = (name: string): string =>
  name
    .replace(/(\d)BIT/, '$1-bit')
    .replace(/BLOCK|DOUBLE|EXPERTS/, (word) => word.toLowerCase())
    .replaceAll('_', ' ');

const quantOf = (format: CheckpointFormat, isPublished: boolean): CalculatorQuant => ({
  id: format.name,
  name: `${inWords(format.name)}${isPublished ? ', as published' : ''}`,
  scheme: 'BF16',
  nominalBits: bitsPerLinearWeight(format),
});

/** Formats that the engine loads; those that no converter writes only where the maker published the model so. */
export function formatsFor(engine: FormatEngine, { published }: CalculatorModel): readonly CalculatorQuant[] {
  const own = published === 'MXFP4_EXPERTS' && engine === 'MLX' ? 'MLX_MXFP4_Q8' : published;
  return formatsOf(engine)
    .filter(({ native, name }) => !native || name === own)
    .map((format) => quantOf(format, format.name === published))
    .sort((a, b) => a.nominalBits - b.nominalBits);
}

/** The entry nearest to a number of bits, the first of equals. */
function nearest(list: readonly CalculatorQuant[], bits: number): string {
  const distance = ({ nominalBits }: CalculatorQuant): number => Math.abs(nominalBits - bits);
  return list.reduce((best, own) => (distance(own) < distance(best) ? own : best)).id;
}

/** What stands for `before`'s format with another engine, or with a model that was published otherwise. */
function quantFor(
  data: CalculatorData,
  quants: readonly CalculatorQuant[],
  before: CalculatorState,
  usual: readonly string[],
): string {
  const bits = before.engine
    ? bitsPerLinearWeight(formatOf(before.quant))
    : (data.quants.find(({ id }) => id === before.quant)?.nominalBits ?? 0);
  if (usual.length === 0) return left?.quant ?? nearest(quants, bits);
  const native = quants.find(({ id }) => formatOf(id).native);
  return (
    native?.id ??
    nearest(
      quants.filter(({ id }) => usual.includes(id)),
      bits,
    )
  );
}

/** The device that stands for one that the engine does not run on: the smallest with as much memory, or the largest. */
function deviceFor(devices: readonly CalculatorDevice[], bytes: number): string {
  const usual = devices.filter(({ vendor }) => vendor === 'nvidia' || vendor === 'apple');
  const ascending = usual.toSorted((a, b) => a.usableBytes - b.usableBytes);
  const enough = ascending.find(({ usableBytes }) => usableBytes >= bytes) ?? ascending.at(-1);
  // Of equals the last is the newest.
  return ascending.findLast(({ usableBytes }) => usableBytes === enough?.usableBytes)?.id ?? '';
}

/**
 * Turns the form to the engine of `next`: its labels and fields, and the values it starts with where it has not those of
 * `before`. Returns what it offers in place of `data`.
 */
export function offerOf(
  form: HTMLElement,
  data: CalculatorData,
  before: CalculatorState,
  next: CalculatorState,
): CalculatorData {
  if (!before.engine) left = before;
  const { engine, usual, kvTypes, runsOn, hidden, labels, limit } = FACES[next.engine];
  const control = (key: Key): HTMLInputElement => {
    const found = form.querySelector<HTMLInputElement>(`[name="${KEYS[key]}"]`);
    if (!found) throw new Error(`The calculator has no ${key}`);
    return found;
  };
  const label = (key: Key): HTMLElement | null => control(key).closest('label');
  for (const key of MAY_HIDE) {
    const own = label(key);
    if (own) own.hidden = hidden.includes(key);
  }
  for (const [key, text] of Object.entries({ ...LABELS, ...labels }) as [Key, string][]) {
    const node = label(key)?.firstChild;
    if (node) node.textContent = text;
  }
  /** Lets a select hold a value until the calculator fills it. */
  const hold = (key: Key, value: string): void =>
    control(key).replaceChildren(Object.assign(new Option('', value), { selected: true }));

  const quants = engine ? formatsFor(engine, modelOf(data, next)) : data.quants;
  const devices = data.devices.filter(runsOn);
  const native = quants.some(({ id }) => engine && formatOf(id).native);
  if (!quants.some(({ id }) => id === control('quant').value) || (native && before.model !== next.model))
    hold('quant', quantFor(data, quants, before, usual));
  const runs = (id: string): boolean => devices.some((own) => own.id === id);
  if (!runs(control('gpu').value)) {
    const bytes = before.devices * (data.devices.find(({ id }) => id === before.gpu)?.usableBytes ?? 0);
    hold('gpu', left && runs(left.gpu) ? left.gpu : deviceFor(devices, bytes));
  } else if (before.engine === 'mlx' && next.engine !== 'mlx' && left) {
    hold('gpu', left.gpu);
  }
  if (before.engine !== next.engine) {
    const [min, max, first] = limit;
    Object.assign(control('limit'), { min, max, value: first, title: `The limit takes ${min} to ${max}.` });
    // A Mac is one device; the others come back with the cards.
    if (next.engine === 'mlx') control('devices').value = '1';
    else if (before.engine === 'mlx') control('devices').value = String(left?.devices ?? 1);
    if (!next.engine) for (const key of ['kType', 'vType'] as const) hold(key, left?.[key] ?? 'f16');
  }
  return { ...data, quants, devices, ...(kvTypes && { kvTypes }) };
}

/** A model as an engine serves it. */
interface ServedModel {
  readonly model: CalculatorModel;
  readonly device: CalculatorDevice;
  readonly state: CalculatorState;
}

/** The share of each GPU that vLLM plans with. */
export const shareOf = ({ limit }: CalculatorState): number => (limit || USUAL_PERCENT) / 100;

/** A Mac with the reader's memory limit, where one is set. */
export const limitedTo = (device: CalculatorDevice, { limit, reserve }: CalculatorState): CalculatorDevice =>
  limit > 0 ? { ...device, usableBytes: (limit - reserve) * MiB } : device;

function vllmSettings({
  model,
  device,
  state,
}: ServedModel): VllmSettings & { readonly gpu: NonNullable<VllmSettings['gpu']> } {
  const { context, sequences, kType, devices, mtp } = state;
  const { maxContext, nativeContext = maxContext, architecture } = model;
  return {
    ...DEFAULT_VLLM_SETTINGS,
    context,
    sequences,
    kvType: kType as PagedKvType,
    gpuMemoryUtilization: shareOf(state),
    tensorParallel: devices,
    draftTokens: mtp > 0 && architecture.nextTokenLayers !== undefined ? 1 : 0,
    positions: Math.max(nativeContext, context),
    ...(state.projector > 0 && model.towerBytes !== undefined && { towerBytes: model.towerBytes }),
    gpu: { bytes: device.usableBytes, isA100: /\bA100\b/.test(device.name) },
  };
}

/** On GPUs in vLLM. Throws what the engine refuses. */
export function placeInVllm(served: ServedModel): ServedPlacement<VllmAllocation> & { readonly planForBytes: number } {
  const { model, device, state } = served;
  const settings = vllmSettings(served);
  const placed = placeVllm(model.architecture, formatOf(state.quant), settings, device, model.maxContext);
  return { ...placed, planForBytes: planForVllm(placed.allocation.device.total, settings.gpuMemoryUtilization) };
}

/** In the unified memory of a Mac. Throws what the engine refuses. */
export function placeInMlx({ model, device, state }: ServedModel): ServedPlacement & { readonly planForBytes: number } {
  const { context, sequences, kType } = state;
  const settings: MlxSettings = { ...DEFAULT_MLX_SETTINGS, context, sequences, kvType: kType as MlxKvType };
  const placed = placeMlx(
    model.architecture,
    formatOf(state.quant),
    settings,
    limitedTo(device, state),
    model.maxContext,
  );
  return { ...placed, planForBytes: planForBytes(placed.allocation.device.total) };
}

/** What vLLM's pool holds, in words. */
function poolText(
  { allocation, fit }: ServedPlacement<VllmAllocation>,
  { context, devices, sequences }: CalculatorState,
): string {
  const { pool, perDevice } = allocation;
  if (!pool) return '';
  const weights = `${devices > 1 ? 'Each GPU: ' : ''}${formatGB(perDevice[0]?.weights ?? 0)} of weights`;
  if (pool.bytes <= 0)
    return `${weights}; with the peak of a step they fill vLLM's share of ${formatGB(pool.budgetBytes)}.`;
  const waiting = pool.concurrency < sequences ? '; the rest wait' : '';
  const refused = fit === 'no' ? '; vLLM does not start' : '; vLLM starts only with a larger share of the GPU';
  const short = pool.concurrency < 1 ? refused : waiting;
  return `${weights}, ${formatGB(pool.bytes)} left for the cache: ${formatHundredths(pool.concurrency)} requests of ${formatTokens(context)} at once (${formatCount(pool.tokens)} tokens in vLLM's log)${short}.`;
}

/** @throws EstimateError with the reason for settings that the engine refuses or the model was not made for */
export function computeAnswer(data: CalculatorData, state: CalculatorState): CalculatorAnswer {
  const model = modelOf(data, state);
  const served = { model, device: deviceOf(data, state), state };
  requireContext(state, model);
  const isVllm = state.engine === 'vllm';
  const inVllm = isVllm ? placeInVllm(served) : undefined;
  const placed = inVllm ?? placeInMlx(served);
  const { allocation } = placed;
  return answerOf({
    planForBytes: placed.planForBytes,
    memory: allocation.device,
    placed: () => ({
      fit: placed.fit,
      freeBytes: placed.headroomBytes,
      more: [...(inVllm ? [poolText(inVllm, state)] : []), ...allocation.notes.slice(0, 1)],
    }),
    devices: isVllm ? state.devices : 1,
    *longest() {
      yield;
      return placed.largestContext;
    },
    maxContext: model.maxContext,
  });
}
