import type { Architecture, LayerKind } from '../../vram/index.ts';
import { layerKinds } from '../../vram/index.ts';
import { type FieldPath, problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Letters that `layerPattern` may have beside each kind of attention; those of feed-forward-only layers go with all. */
const LETTERS: Readonly<Record<Architecture['attention']['kind'], readonly LayerKind[]>> = {
  full: ['F'],
  latent: ['F'],
  'sliding-window': ['F', 'S'],
  'linear-hybrid': ['F', 'L', 'P'],
  compressed: ['C', 'H', 'R'],
};
const WITHOUT_ATTENTION: readonly LayerKind[] = ['-', 'E', 'N'];

interface Finding {
  readonly path: FieldPath;
  readonly found: string;
  readonly expected: string;
}

/** The dimensions of an architecture agree with each other. */
export const architectureConsistent: Rule = (drafts) =>
  drafts.models.flatMap(({ id, architecture }) =>
    architecture === undefined
      ? []
      : findingsOf(architecture).map(({ path, ...words }) =>
          problemIn('models', id, ['architecture', ...path], {
            ...words,
            fix: 'compare it with the config.json of the source',
          }),
        ),
  );

/** Where the dimensions of `architecture` contradict each other. */
export function findingsOf(architecture: Architecture): Finding[] {
  const { layers, layerPattern, attention, feedForward } = architecture;
  const { experts, intermediateSize } = feedForward;
  const findings: Finding[] = [];
  const report = (wrong: boolean, path: FieldPath, found: string, expected: string): void => {
    if (wrong) findings.push({ path, found, expected });
  };

  const allowed = [...LETTERS[attention.kind], ...WITHOUT_ATTENTION];
  const foreign = [...new Set(layerKinds(architecture))].filter((kind) => !allowed.includes(kind));
  report(
    foreign.length > 0,
    ['layerPattern'],
    layerPattern === undefined ? 'no pattern, which means all F' : `the letter ${foreign.join(', ')}`,
    `letters that go with attention of kind "${attention.kind}": ${allowed.join(' ')}`,
  );
  report(
    (layerPattern?.length ?? 0) > layers,
    ['layerPattern'],
    `${layerPattern?.length} letters`,
    `at most one for each of the ${layers} layers`,
  );

  if (Array.isArray(intermediateSize)) {
    report(
      intermediateSize.length !== layers,
      ['feedForward', 'intermediateSize'],
      `${intermediateSize.length} widths`,
      `one for each of the ${layers} layers`,
    );
  }
  report(
    experts === undefined && intermediateSize === undefined,
    ['feedForward'],
    'neither a width nor experts',
    '`intermediateSize`, `experts`, or both',
  );
  if (experts !== undefined) {
    report(
      experts.used > experts.count,
      ['feedForward', 'experts', 'used'],
      `${experts.used} of ${experts.count} experts`,
      'at most `count`',
    );
    report(
      experts.leadingDenseLayers > layers,
      ['feedForward', 'experts', 'leadingDenseLayers'],
      `${experts.leadingDenseLayers}`,
      `at most the ${layers} layers`,
    );
    const hasDense = experts.leadingDenseLayers > 0 || (experts.every ?? 1) > 1;
    report(
      hasDense && intermediateSize === undefined,
      ['feedForward', 'intermediateSize'],
      'nothing, though some layers are dense',
      'the width of the dense layers',
    );
  }

  if ('indexer' in attention && attention.indexer !== undefined) {
    const owned = attention.indexer.layers;
    const most = Array.isArray(owned) ? Math.max(0, ...owned) + 1 : (owned as number);
    report(
      most > layers,
      ['attention', 'indexer', 'layers'],
      Array.isArray(owned) ? `layer number ${most - 1}` : `${most} layers`,
      `layers of the ${layers}, counted from 0`,
    );
  }
  const shapes: [FieldPath, object][] =
    attention.kind === 'sliding-window'
      ? [
          [['attention', 'full'], attention.full],
          [['attention', 'sliding'], attention.sliding],
        ]
      : attention.kind === 'linear-hybrid'
        ? [[['attention', 'full'], attention.full]]
        : [[['attention'], attention]];
  for (const [path, shape] of shapes) {
    if (!('kvHeads' in shape)) continue;
    const kvHeads = Number(shape.kvHeads);
    const heads = 'heads' in shape ? Number(shape.heads) : attention.heads;
    report(
      heads % kvHeads !== 0,
      [...path, 'kvHeads'],
      `${kvHeads} for ${heads} query heads`,
      'a number that divides the query heads',
    );
  }
  return findings;
}
