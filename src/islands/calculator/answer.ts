/** What the calculator shows for its settings: the same functions, and so the same bytes, as the page and the command line. */
import {
  DEFAULT_SETTINGS,
  EstimateError,
  type Fit,
  type FormattedMemory,
  formatBytes,
  formatMemory,
  formatTokens,
  largestContext,
  type ModelFile,
  placeOn,
  planFor,
  type Settings,
} from '../../vram/browser.ts';
import type { CalculatorData, CalculatorModel } from './data.ts';
import type { CalculatorState } from './state.ts';

/** Rows of the calculator's figures, as they are named in its HTML. */
export type RowName = 'plan-for' | 'needs' | 'weights' | 'kv-cache' | 'state' | 'compute';

export interface CalculatorAnswer {
  /** The whole model on one device. */
  readonly rows: Readonly<Record<RowName, FormattedMemory>>;
  /** The model on the chosen devices. */
  readonly fit: Fit;
  readonly fitText: string;
  /** "2.9 GB free", "77.1 GB short each". */
  readonly headroom: string;
  /** "61K tokens", "256K tokens, the maximum", "none". */
  readonly largestContext: string;
}

const FIT_WORDS: Readonly<Record<Fit, string>> = { fits: 'fits', tight: 'tight', no: 'does not fit' };

function find<T extends { readonly id: string }>(list: readonly T[], id: string): T {
  const found = list.find((entry) => entry.id === id);
  if (found === undefined) throw new Error(`No "${id}" in the calculator's data`);
  return found;
}

export function modelOf(data: CalculatorData, state: CalculatorState): CalculatorModel {
  return find(data.models, state.model);
}

/** The file that the settings name. */
export function fileOf(data: CalculatorData, { quant }: CalculatorState, model: CalculatorModel): ModelFile {
  return {
    architecture: model.architecture,
    scheme: find(data.quants, quant).scheme,
    mtpInFile: model.mtpInFile === true,
    publishedParameters: model.publishedParameters,
    ...(model.ruleOfThumb && { ruleOfThumb: model.ruleOfThumb }),
  };
}

/** @throws EstimateError with the reason for settings that the engine refuses or the model was not made for */
export function computeAnswer(data: CalculatorData, state: CalculatorState): CalculatorAnswer {
  const model = modelOf(data, state);
  const device = find(data.devices, state.gpu);
  if (state.context > model.maxContext) {
    throw new EstimateError(
      'context-too-long',
      `${model.name} takes at most ${formatTokens(model.maxContext)} tokens.`,
    );
  }
  const file = fileOf(data, state, model);
  const { context, kType, vType, sequences, microBatch, flashAttention, devices } = state;
  const onOne: Settings = { ...DEFAULT_SETTINGS, context, kType, vType, sequences, microBatch, flashAttention };
  const { allocation } = placeOn(file, onOne, device);
  const { weights, kvCache, state: recurrent, compute, total } = allocation.device;
  const onAll: Settings = { ...onOne, devices };
  const { fit, headroomBytes, planHeadroomBytes } = placeOn(file, onAll, device);
  const free = fit === 'fits' ? planHeadroomBytes : headroomBytes;
  const largest = largestContext(file, onAll, device, model.maxContext);
  return {
    rows: {
      'plan-for': formatMemory(planFor(file, onOne, total, allocation.parameters)),
      needs: formatMemory(total),
      weights: formatMemory(weights),
      'kv-cache': formatMemory(kvCache),
      state: formatMemory(recurrent),
      compute: formatMemory(compute),
    },
    fit,
    fitText: FIT_WORDS[fit],
    headroom: `${formatBytes(Math.abs(free))} ${fit === 'no' ? 'short' : 'free'}${devices > 1 ? ' each' : ''}`,
    largestContext:
      largest === 0 ? 'none' : `${formatTokens(largest)} tokens${largest === model.maxContext ? ', the maximum' : ''}`,
  };
}
