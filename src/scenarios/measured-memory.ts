/** Measured memory held against the estimate: every run of the catalogue, buffer by buffer. */
import type { Catalog } from '../catalog/catalog.ts';
import type { MeasurementRecord, MemoryRun } from '../catalog/measurement.schema.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import {
  type Allocation,
  type Architecture,
  DEFAULT_SETTINGS,
  EstimateError,
  estimateLlamaCpp,
  MiB,
  type Settings,
  schemeOf,
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

/** What the comparison needs of an engine: the memory of a model under settings. */
type Estimator = (model: EstimableModel, quant: QuantRecord, settings: Settings) => Allocation;

/** The engines that measurements are held against, by the id of their record. A run of any other is kept, not compared. */
const ESTIMATORS: Readonly<Record<string, Estimator>> = {
  'llama-cpp': (model, quant, settings) =>
    estimateLlamaCpp(model.architecture, schemeOf(quant.scheme), settings, { mtpInFile: model.mtpInFile === true }),
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

function comparisonOf(catalog: Catalog, record: MeasurementRecord, run: MemoryRun): MemoryComparison | undefined {
  const estimator = ESTIMATORS[record.engine];
  const model = catalog.estimableModels.find(({ id }) => id === run.model);
  const quant = catalog.byId.quants.get(run.quant);
  if (!estimator || !model || !quant) return undefined;
  try {
    const parts = partsOf(run, estimator(model, quant, settingsOf(run)));
    return { record, run, model, quant, attention: model.architecture.attention.kind, parts };
  } catch (error) {
    // A setting that this version refuses and an older one took.
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
