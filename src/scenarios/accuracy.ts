/** What measurements say about the estimates, in words: once for each kind of attention, and for the accuracy page. */
import type { Catalog } from '../catalog/catalog.ts';
import { accuracyPath } from '../site/routes.ts';
import { type Architecture, formatPercent } from '../vram/index.ts';
import { type MeasuredPart, type MemoryComparison, memoryComparisons } from './measured-memory.ts';
import { medianOf } from './measured-speed.ts';
import { memoized } from './memoized.ts';
import type { Link } from './views.ts';
import { counted, joinWords } from './words.ts';

export type AttentionKind = Architecture['attention']['kind'];

/** Classes of architecture, as a sentence names them. */
export const ATTENTION_NAMES: Readonly<Record<AttentionKind, string>> = {
  full: 'full attention',
  latent: 'latent attention (MLA)',
  'sliding-window': 'sliding-window attention',
  'linear-hybrid': 'linear-attention or state-space layers',
  compressed: 'compressed attention (CSA, HCA)',
};

export const PART_NAMES: Readonly<Record<MeasuredPart, string>> = {
  weights: 'weights',
  kvCache: 'cache and state',
  compute: 'compute buffer',
  total: 'total',
};

/** Distances of estimates from measurements: shares, without a sign. */
export interface Distance {
  readonly runs: number;
  readonly median: number;
  readonly worst: number;
}

/** How far one part is off over several runs; `undefined` where no run has it. */
export function distanceOf(comparisons: readonly MemoryComparison[], part: MeasuredPart): Distance | undefined {
  const errors = comparisons.flatMap(({ parts }) => parts[part]?.error ?? []).map(Math.abs);
  return errors.length === 0
    ? undefined
    : { runs: errors.length, median: medianOf(errors), worst: Math.max(...errors) };
}

/** Below this share an error is the rounding of the log. */
const EXACT = 0.0005;

/** "0.3 %", or "under 0.05 %" for what the rounding of a log explains. */
export const errorText = (share: number): string =>
  share < EXACT ? `under ${formatPercent(EXACT)}` : formatPercent(share);

function distanceText({ runs, median, worst }: Distance): string {
  if (runs === 1 || worst < EXACT) return `${errorText(worst)} off`;
  return `${errorText(median)} off in the median and ${errorText(worst)} at worst`;
}

/** What a scenario page says about measured runs of models like its own. */
interface ClassAccuracy {
  readonly text: string;
  readonly link: Link;
}

/** One entry for each kind of attention; computed once per catalogue. */
export const classAccuracies = memoized((catalog: Catalog): Readonly<Record<AttentionKind, ClassAccuracy>> => {
  // Those pages are about llama.cpp.
  const all = memoryComparisons(catalog).filter(({ record }) => record.engine === 'llama-cpp');
  const entries = (Object.keys(ATTENTION_NAMES) as AttentionKind[]).map((kind) => {
    const link = { text: 'Estimates against measured runs', href: accuracyPath() };
    return [
      kind,
      {
        text: classText(
          kind,
          all.filter(({ attention }) => attention === kind),
        ),
        link,
      },
    ] as const;
  });
  return Object.fromEntries(entries) as Record<AttentionKind, ClassAccuracy>;
});

function classText(kind: AttentionKind, own: readonly MemoryComparison[]): string {
  const name = ATTENTION_NAMES[kind];
  if (own.length === 0) return `Models with ${name}: not measured yet.`;
  const models = [...new Set(own.map(({ model }) => model.name))];
  const parts = (['weights', 'kvCache', 'compute'] as const).flatMap((part) => {
    const distance = distanceOf(own, part);
    return distance ? `${PART_NAMES[part]} ${distanceText(distance)}` : [];
  });
  return `In ${counted(own.length, 'measured run')} of models with ${name} (${joinWords(models)}) the estimate was: ${parts.join('; ')}.`;
}
