/**
 * Measured decode speeds beside what the rule of `vram/speed.ts` says. Runs of one device, backend, model, file and depth
 * are one case, at their median.
 */
import type { Catalog } from '../catalog/catalog.ts';
import type { MeasurementRecord, SpeedRun } from '../catalog/measurement.schema.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import {
  DEFAULT_SETTINGS,
  type DecodeSpeed,
  decodeSpeed,
  GiB,
  type Settings,
  type SpeedDevice,
  type SpeedRule,
  schemeOf,
  weighModel,
} from '../vram/index.ts';
import { type CatalogDevice, devicesOf } from './devices.ts';
import { memoized } from './memoized.ts';

/** One case: what was run on what, how fast in the median of its runs, and what the rule says. */
export interface SpeedCase {
  readonly record: MeasurementRecord;
  readonly run: SpeedRun;
  readonly runs: number;
  readonly model: EstimableModel;
  readonly quant: QuantRecord;
  readonly own: CatalogDevice & { readonly speed: SpeedDevice };
  readonly kind: 'dense' | 'moe';
  readonly measured: number;
  readonly estimated: DecodeSpeed;
  /** The rule's speed with another pair of constants in place of the class's own. */
  readonly estimateWith: (rule: SpeedRule) => DecodeSpeed;
}

/** Deepest context of the cases that the constants are fitted to: there the weights decide. */
const SHALLOW_TOKENS = 1100;

/** Whether a case says something about the constants: one device, everything on it, hardly any context. */
export function isPlain({ run }: SpeedCase): boolean {
  const { devices = 1, depth = 0, gpuLayers, cpuMoeLayers } = run;
  return devices === 1 && depth <= SHALLOW_TOKENS && gpuLayers === undefined && cpuMoeLayers === undefined;
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** What makes two runs one case. */
const caseKey = ({
  gpu,
  devices,
  backend,
  model,
  modelName,
  quant,
  recipe,
  fileGiB,
  depth,
  gpuLayers,
  cpuMoeLayers,
}: SpeedRun) =>
  [gpu, devices, backend, model, modelName, quant, recipe, fileGiB, depth, gpuLayers, cpuMoeLayers].join('/');

function caseOf(catalog: Catalog, entries: readonly { record: MeasurementRecord; run: SpeedRun }[]): SpeedCase[] {
  const [first] = entries;
  if (!first) return [];
  const { record, run } = first;
  const model = catalog.estimableModels.find(({ id }) => id === run.model);
  const quant = catalog.byId.quants.get(run.quant);
  const own = devicesOf(catalog).byId.get(run.gpu);
  if (!model || !quant || !own?.speed) return [];
  const { architecture } = model;
  const scheme = schemeOf(quant.scheme);
  const { devices = 1, gpuLayers = -1, cpuMoeLayers = 0, kvType = 'f16', flashAttention = 'auto', depth = 0 } = run;
  const settings: Settings = {
    ...DEFAULT_SETTINGS,
    ...{ devices, gpuLayers, cpuMoeLayers, flashAttention, kType: kvType, vType: kvType },
    context: Math.max(depth, 256),
  };
  const speed = { ...own.speed, ...(run.ramGBps !== undefined && { ramBandwidthGBps: run.ramGBps }) };
  const weightScale =
    run.fileGiB === undefined || run.recipe === undefined
      ? 1
      : (run.fileGiB * GiB) / weighModel(architecture, scheme).fileBytes;
  const estimate = (rule?: SpeedRule): DecodeSpeed =>
    decodeSpeed(architecture, scheme, settings, speed, depth, { weightScale, ...(rule && { rule }) });
  return [
    {
      record,
      run,
      runs: entries.length,
      model,
      quant,
      own: { ...own, speed },
      kind: architecture.feedForward.experts ? 'moe' : 'dense',
      measured: medianOf(entries.map((entry) => entry.run.tokensPerSecond)),
      estimated: estimate(),
      estimateWith: estimate,
    },
  ];
}

/** Every case of the catalogue's measurements with llama.cpp. Computed once per catalogue. */
export const speedCases = memoized((catalog: Catalog): readonly SpeedCase[] => {
  const entries = catalog.measurements
    .filter(({ engine }) => engine === 'llama-cpp')
    .flatMap((record) => (record.speed ?? []).map((run) => ({ record, run })));
  return [...Map.groupBy(entries, ({ run }) => caseKey(run)).values()].flatMap((group) => caseOf(catalog, group));
});
