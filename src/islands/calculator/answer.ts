/** What the calculator shows for its settings: the same functions, and so the same bytes, as the page and the command line. */
import {
  DEFAULT_SETTINGS,
  EstimateError,
  type Fit,
  type FormattedMemory,
  formatBytes,
  formatGB,
  formatMemory,
  formatTokens,
  type KvType,
  largestContextInSteps,
  MiB,
  type ModelFile,
  needOf,
  placeOn,
  type Settings,
  sharesRows,
} from '../../vram/browser.ts';
import type { CalculatorData, CalculatorDevice, CalculatorModel } from './data.ts';
import type { CalculatorState } from './state.ts';

/** Rows of the calculator's figures, as they are named in its HTML. */
export type RowName = 'plan-for' | 'needs' | 'weights' | 'kv-cache' | 'state' | 'compute' | 'projector';

export interface CalculatorAnswer {
  /** The whole model on one device; in vLLM all GPUs together. */
  readonly rows: Readonly<Record<RowName, FormattedMemory>>;
  /** The model on the chosen devices. Takes longer than the rows where there are several: each has a plan of its own. */
  readonly placed: () => PlacedAnswer;
  /** "61K tokens", "256K tokens, the maximum", "none". Takes longest where many contexts must be tried: a step is a try. */
  readonly largestContext: () => Generator<undefined, string>;
}

export interface PlacedAnswer {
  readonly fit: Fit;
  readonly fitText: string;
  /** "2.9 GB free", "77.1 GB short each". */
  readonly headroom: string;
  /** What only these settings have to say; often empty. */
  readonly more: string;
}

/** An entry of a list by an id that was checked against the list. */
const find = <T extends { readonly id: string }>(list: readonly T[], id: string): T =>
  list.find((entry) => entry.id === id) as T;

export function modelOf(data: CalculatorData, state: CalculatorState): CalculatorModel {
  return find(data.models, state.model);
}

/** The chosen device, less what is kept free for a display. */
export function deviceOf({ devices }: CalculatorData, { gpu, reserve }: CalculatorState): CalculatorDevice {
  const device = find(devices, gpu);
  return { ...device, usableBytes: device.usableBytes - reserve * MiB };
}

/** The file that the settings name. */
export function fileOf(data: CalculatorData, { quant, projector }: CalculatorState, model: CalculatorModel): ModelFile {
  return {
    architecture: model.architecture,
    scheme: find(data.quants, quant).scheme,
    mtpInFile: model.mtpInFile === true,
    projectorBytes: projector * (model.projectorBytes ?? 0),
    publishedParameters: model.publishedParameters,
    ...(model.ruleOfThumb && { ruleOfThumb: model.ruleOfThumb }),
  };
}

/** The engine's settings of a calculator's state; what the model has no use for is left out. */
export function settingsOf(state: CalculatorState, { architecture }: CalculatorModel): Settings {
  const { context, kType, vType, sequences, microBatch, flashAttention, devices, experts, mtp } = state;
  return {
    ...DEFAULT_SETTINGS,
    context,
    kType: kType as KvType,
    vType: (sharesRows(architecture) ? kType : vType) as KvType,
    sequences,
    microBatch,
    flashAttention,
    devices,
    cpuMoeLayers: architecture.feedForward.experts ? Math.min(experts, architecture.layers) : 0,
    mtp: mtp > 0 && architecture.nextTokenLayers !== undefined,
  };
}

/** @throws EstimateError where the model was not made for so long a context */
export function requireContext({ context }: CalculatorState, { name, maxContext }: CalculatorModel): void {
  if (context > maxContext)
    throw new EstimateError('context-too-long', `${name} takes at most ${formatTokens(maxContext)} tokens.`);
}

interface Held {
  readonly planForBytes: number;
  /** Bytes by row. */
  readonly memory: { readonly [Part in 'total' | 'weights' | 'kvCache' | 'state' | 'compute']: number } & {
    readonly projector?: number;
  };
  readonly placed: () => { readonly fit: Fit; readonly freeBytes: number; readonly more: readonly string[] };
  readonly devices: number;
  /** Tokens of the largest context that fits; 0 where none does. */
  readonly longest: () => Generator<undefined, number>;
  readonly maxContext: number;
}

/** An engine's figures in words. */
export function answerOf({
  planForBytes,
  memory: { total, weights, kvCache, state, compute, projector = 0 },
  placed,
  devices,
  longest,
  maxContext,
}: Held): CalculatorAnswer {
  return {
    rows: {
      'plan-for': formatMemory(planForBytes),
      needs: formatMemory(total),
      weights: formatMemory(weights),
      'kv-cache': formatMemory(kvCache),
      state: formatMemory(state),
      compute: formatMemory(compute),
      projector: formatMemory(projector),
    },
    placed: () => {
      const { fit, freeBytes, more } = placed();
      const [fitText, kind] = fit === 'no' ? ['does not fit', 'short'] : [fit, 'free'];
      const headroom = `${formatBytes(Math.abs(freeBytes))} ${kind}${devices > 1 ? ' each' : ''}`;
      return { fit, fitText, headroom, more: more.join(' ') };
    },
    *largestContext() {
      const tokens = yield* longest();
      return tokens === 0 ? 'none' : `${formatTokens(tokens)} tokens${tokens === maxContext ? ', the maximum' : ''}`;
    },
  };
}

/** @throws EstimateError with the reason for settings that the engine refuses or the model was not made for */
export function computeAnswer(data: CalculatorData, state: CalculatorState): CalculatorAnswer {
  const model = modelOf(data, state);
  const device = deviceOf(data, state);
  requireContext(state, model);
  const file = fileOf(data, state, model);
  const settings = settingsOf(state, model);
  const { allocation } = placeOn(file, { ...settings, devices: 1 }, device);
  const { planForBytes, hostBytes } = needOf(file, settings);
  return answerOf({
    planForBytes,
    memory: allocation.device,
    placed: () => {
      const { fit, headroomBytes, allocation } = placeOn(file, settings, device);
      const inRam = settings.cpuMoeLayers > 0 ? [`${formatGB(hostBytes)} in RAM.`] : [];
      return { fit, freeBytes: headroomBytes, more: [...inRam, ...allocation.notes] };
    },
    devices: state.devices,
    longest: () => largestContextInSteps(file, settings, device, model.maxContext),
    maxContext: model.maxContext,
  });
}
