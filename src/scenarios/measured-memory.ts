/** Measured memory held against the estimate: every run of the catalogue, buffer by buffer. */
import type { Catalog } from '../catalog/catalog.ts';
import type { MeasurementRecord, MemoryRun } from '../catalog/measurement.schema.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import {
  type Allocation,
  type Architecture,
  DEFAULT_SETTINGS,
  DEFAULT_VLLM_SETTINGS,
  EstimateError,
  estimateLlamaCpp,
  estimateVllm,
  formatOf,
  kvPoolIn,
  MiB,
  type Settings,
  schemeOf,
  type VllmSettings,
} from '../vram/index.ts';
import { memoized } from './memoized.ts';

/** A buffer that engines log. `total` is there where every buffer of the run was logged and can be compared. */
export type MeasuredPart = 'weights' | 'kvCache' | 'compute' | 'total';

export interface PartComparison {
  readonly measuredBytes: number;
  readonly estimatedBytes: number;
  /** Estimate over measurement, less 1: negative = the estimate is too small. */
  readonly error: number;
}

export interface MemoryComparison {
  readonly record: MeasurementRecord;
  readonly run: MemoryRun;
  readonly model: EstimableModel;
  readonly quant: QuantRecord;
  readonly attention: Architecture['attention']['kind'];
  readonly parts: Readonly<Partial<Record<MeasuredPart, PartComparison>>>;
}

/** The parts of a run that can be compared with the estimate of the engine that ran. */
type Comparer = (model: EstimableModel, quant: QuantRecord, run: MemoryRun) => MemoryComparison['parts'];

/** The engines that measurements are held against, by the id of their record. A run of any other is kept, not compared. */
const COMPARERS: Readonly<Record<string, Comparer>> = {
  'llama-cpp': (model, quant, run) =>
    partsOf(
      run,
      estimateLlamaCpp(model.architecture, schemeOf(quant.scheme), settingsOf(run), {
        mtpInFile: model.mtpInFile === true,
      }),
    ),
  vllm: vllmPartsOf,
};

/** The settings of a run, with the site's defaults for what the source does not say. */
export function settingsOf(run: MemoryRun): Settings {
  const { context, kvType = 'f16', microBatch = 512, outputs = 1, sequences = 1 } = run;
  const { devices = 1, gpuLayers = -1, cpuMoeLayers = 0, flashAttention = 'auto' } = run;
  return {
    ...DEFAULT_SETTINGS,
    ...{ context, kType: kvType, vType: kvType, microBatch, outputs, sequences },
    ...{ devices, gpuLayers, cpuMoeLayers, flashAttention },
  };
}

function compare(measuredMiB: number | undefined, estimatedBytes: number): PartComparison | undefined {
  if (measuredMiB === undefined) return undefined;
  const measuredBytes = measuredMiB * MiB;
  return { measuredBytes, estimatedBytes, error: estimatedBytes / measuredBytes - 1 };
}

/**
 * The parts of a run that can be compared: no weights of another recipe, no compute buffer that the record says is
 * allocated differently. Cache and state are one part: engines draw the line between them differently.
 */
function partsOf(run: MemoryRun, { device }: Allocation): MemoryComparison['parts'] {
  const { MiB: measured } = run;
  const weights = run.recipe === undefined ? compare(measured.weights, device.weights) : undefined;
  const cacheMiB = measured.kvCache === undefined ? undefined : measured.kvCache + (measured.state ?? 0);
  const kvCache = compare(cacheMiB, measured.state === undefined ? device.kvCache : device.kvCache + device.state);
  const compute = run.differs === undefined ? compare(measured.compute, device.compute) : undefined;
  const all = [weights, kvCache, compute];
  const sum = (field: 'measuredBytes' | 'estimatedBytes'): number =>
    all.reduce((total, part) => total + (part?.[field] ?? 0), 0);
  const total = all.includes(undefined) ? undefined : compare(sum('measuredBytes') / MiB, sum('estimatedBytes'));
  return {
    ...(weights && { weights }),
    ...(kvCache && { kvCache }),
    ...(compute && { compute }),
    ...(total && { total }),
  };
}

/** Tokens of a step where a log of vLLM does not say: its default on cards of less than 70 GiB. */
const USUAL_STEP_TOKENS = 2048;

/**
 * Weights as vLLM loads them, and its cache: the memory it has left for it against what the tokens it reports take by our
 * rules.
 */
function vllmPartsOf(model: EstimableModel, quant: QuantRecord, run: MemoryRun): MemoryComparison['parts'] {
  const { architecture, context } = model;
  const { devices = 1, MiB: measured, cacheTokens } = run;
  const { tokenLine = 'requests', ...own } = run.vllm ?? {};
  const settings: VllmSettings = {
    ...DEFAULT_VLLM_SETTINGS,
    maxBatchedTokens: USUAL_STEP_TOKENS,
    ...own,
    context: run.context,
    tensorParallel: devices,
    positions: Math.max(context.native, run.context),
  };
  const { device } = estimateVllm(architecture, formatOf(run.format ?? quant.scheme), settings);
  const weights = run.recipe === undefined ? compare(measured.weights, device.weights) : undefined;
  if (measured.kvCache === undefined || cacheTokens === undefined || run.differs !== undefined) {
    return weights ? { weights } : {};
  }
  const poolBytes = measured.kvCache * MiB;
  const pool = kvPoolIn(architecture, poolBytes / devices, {
    ...settings,
    maxBatchedTokens: settings.maxBatchedTokens ?? 0,
  });
  const groups = pool.groups.reduce((sum, { count }) => sum + count, 0);
  const tokens = tokenLine === 'requests' ? pool.tokens : Math.floor(pool.blocks / groups) * pool.blockTokens;
  const kvCache = tokens > 0 ? compare(measured.kvCache, (poolBytes * cacheTokens) / tokens) : undefined;
  return { ...(weights && { weights }), ...(kvCache && { kvCache }) };
}

function comparisonOf(catalog: Catalog, record: MeasurementRecord, run: MemoryRun): MemoryComparison | undefined {
  const partsOfRun = COMPARERS[record.engine];
  const model = catalog.estimableModels.find(({ id }) => id === run.model);
  const quant = catalog.byId.quants.get(run.quant);
  if (!partsOfRun || !model || !quant) return undefined;
  try {
    const parts = partsOfRun(model, quant, run);
    if (Object.keys(parts).length === 0) return undefined;
    return { record, run, model, quant, attention: model.architecture.attention.kind, parts };
  } catch (error) {
    // A setting that this version refuses and an older one took, or a format that no rule is known for.
    if (error instanceof EstimateError) return undefined;
    throw error;
  }
}

/** Every measured run that an estimate can be held against. Computed once per catalogue. */
export const memoryComparisons = memoized((catalog: Catalog): readonly MemoryComparison[] =>
  catalog.measurements.flatMap((record) =>
    (record.memory ?? []).flatMap((run) => comparisonOf(catalog, record, run) ?? []),
  ),
);
