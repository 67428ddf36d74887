/**
 * How well the rule of `vram/speed.ts` meets the measured cases, and with which constants it would meet them best. Figures
 * over cases let every device weigh the same: two devices hold half of the runs.
 */
import type { Catalog } from '../catalog/catalog.ts';
import type { DecodeSpeed, SpeedRule } from '../vram/index.ts';
import { isPlain, type SpeedCase, speedCases } from './measured-speed.ts';
import { memoized } from './memoized.ts';

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
