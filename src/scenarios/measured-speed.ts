/**
 * Measured decode speeds held against the rule of `vram/speed.ts`. Runs of one device, backend, model, file and depth
 * are one case, at their median. Figures over cases let every device weigh the same: two devices hold half of the runs.
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

/** How well estimates meet measurements, every device weighing the same. */
export interface SpeedScore {
  readonly devices: number;
  readonly cases: number;
  /** Median of the distance between centre and measurement, as a share of the measurement. */
  readonly medianError: number;
  /** Share of the cases inside the range. */
  readonly covered: number;
}

/** The score of `estimateOf` on `cases`. */
export function scoreOf(
  cases: readonly SpeedCase[],
  estimateOf: (own: SpeedCase) => DecodeSpeed = ({ estimated }) => estimated,
): SpeedScore {
  const devices = Map.groupBy(cases, ({ run }) => run.gpu);
  const weighted = [...devices.values()].flatMap((group) =>
    group.map((own) => {
      const { low, centre, high } = estimateOf(own);
      const inside = own.measured >= low && own.measured <= high;
      return { weight: 1 / group.length, error: Math.abs(centre / own.measured - 1), inside };
    }),
  );
  weighted.sort((a, b) => a.error - b.error);
  const total = devices.size;
  let passed = 0;
  const middle = weighted.find(({ weight }) => {
    passed += weight;
    return passed >= total / 2;
  });
  const covered = weighted.reduce((sum, { weight, inside }) => sum + (inside ? weight : 0), 0) / total;
  return { devices: total, cases: cases.length, medianError: middle?.error ?? 0, covered };
}

const SHARES: readonly number[] = Array.from({ length: 24 }, (_, step) => 0.36 + 0.025 * step);
const LAYER_MS: readonly number[] = Array.from({ length: 20 }, (_, step) => 0.02 * (step + 1));
/** How hard a class with few devices is drawn to what all classes share. */
const TOWARDS_POOLED = 0.1;

/**
 * The pair of constants that meets `cases` best: least sum of the logarithmic errors, small ones squared, with every
 * device weighing the same, and a pull towards `towards` that few devices cannot outweigh.
 */
export function fitRule(cases: readonly SpeedCase[], towards?: SpeedRule): SpeedRule {
  if (cases.length === 0 && towards) return towards;
  const counts = new Map([...Map.groupBy(cases, ({ run }) => run.gpu)].map(([gpu, group]) => [gpu, group.length]));
  // Speed is 1 / (bytes / (share x bandwidth) + layers x time), so three evaluations give both terms of a case.
  const terms = cases.map((own) => {
    const seconds = (rule: SpeedRule): number => 1 / own.estimateWith(rule).centre;
    const fixed = seconds({ share: 1e9, layerMs: 0 });
    const streaming = seconds({ share: 1, layerMs: 0 }) - fixed;
    const layers = seconds({ share: 1e9, layerMs: 1 }) - fixed;
    return { fixed, streaming, layers, measured: own.measured, weight: 1 / (counts.get(own.run.gpu) ?? 1) };
  });
  let best: SpeedRule = { share: 0.8, layerMs: 0.1 };
  let least = Number.POSITIVE_INFINITY;
  for (const share of SHARES) {
    for (const layerMs of LAYER_MS) {
      let cost = towards
        ? TOWARDS_POOLED * (4 * Math.log(share / towards.share) ** 2 + Math.log(layerMs / towards.layerMs) ** 2)
        : 0;
      for (const { fixed, streaming, layers, measured, weight } of terms) {
        const off = Math.abs(Math.log((fixed + streaming / share + layers * layerMs) * measured));
        cost += weight * (off < 0.15 ? off ** 2 / 0.3 : off - 0.075);
      }
      if (cost < least) {
        least = cost;
        best = { share, layerMs };
      }
    }
  }
  return best;
}

/**
 * The estimate of every plain case with constants that were fitted without its device: the class's other devices, drawn
 * to what all other devices of any class say. It shows how the rule does on a device that it has never seen.
 */
export const unseenEstimates = memoized((catalog: Catalog): ReadonlyMap<SpeedCase, DecodeSpeed> => {
  const plain = speedCases(catalog).filter(isPlain);
  const estimates = new Map<SpeedCase, DecodeSpeed>();
  for (const [gpu, held] of Map.groupBy(plain, ({ run }) => run.gpu)) {
    const others = plain.filter(({ run }) => run.gpu !== gpu);
    for (const kind of ['dense', 'moe'] as const) {
      const ofKind = others.filter((own) => own.kind === kind);
      const cases = held.filter((own) => own.kind === kind);
      const speedClass = cases[0]?.own.speed.speedClass;
      if (speedClass === undefined) continue;
      const pooled = fitRule(ofKind);
      const rule = fitRule(
        ofKind.filter(({ own }) => own.speed.speedClass === speedClass),
        pooled,
      );
      for (const own of cases) estimates.set(own, own.estimateWith(rule));
    }
  }
  return estimates;
});
