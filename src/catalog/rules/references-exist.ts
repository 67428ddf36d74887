import { nearestOf } from '../nearest.ts';
import { type FieldPath, type Problem, problemIn } from '../problem.ts';
import { type Kind, recordFile } from '../record.ts';
import type { Rule } from './rule.ts';

/**
 * A record that another one names exists: the family of a model, the relatives of a family, what a model or a device is
 * compared with, the engine of a quant, everything that a measured run names.
 */
export const referencesExist: Rule = (drafts) => {
  const check = (kind: Kind, id: string, path: FieldPath, target: Kind, named: string | undefined): Problem[] => {
    const ids = drafts[target].map((record) => record.id);
    if (named === undefined || (ids.includes(named) && !(target === kind && named === id))) return [];
    if (named === id && ids.includes(named)) {
      return [
        problemIn(kind, id, path, {
          found: `"${named}", the record itself`,
          expected: 'another record',
          fix: 'remove it',
        }),
      ];
    }
    const nearest = nearestOf(named, ids);
    return [
      problemIn(kind, id, path, {
        found: `"${named}", and no file ${recordFile(target, named)}`,
        expected: `the id of a record in content/${target}`,
        fix:
          nearest === undefined
            ? `write ${recordFile(target, named)}, or name a record that exists`
            : `did you mean "${nearest}"?`,
      }),
    ];
  };
  return [
    ...drafts.models.flatMap(({ id, family }) => check('models', id, ['family'], 'families', family)),
    ...drafts.families.flatMap(({ id, related }) =>
      (related ?? []).flatMap((named, index) => check('families', id, ['related', index], 'families', named)),
    ),
    ...(['models', 'gpus'] as const).flatMap((kind) =>
      drafts[kind].flatMap(({ id, comparedWith }) =>
        (comparedWith ?? []).flatMap((named, index) => check(kind, id, ['comparedWith', index], kind, named)),
      ),
    ),
    ...drafts.quants.flatMap(({ id, engine }) => check('quants', id, ['engine'], 'engines', engine)),
    ...drafts.measurements.flatMap(({ id, engine, memory, speed }) => [
      ...check('measurements', id, ['engine'], 'engines', engine),
      ...Object.entries({ memory, speed }).flatMap(([list, runs]) =>
        (runs ?? []).flatMap(({ model, quant, gpu }, index) => [
          ...check('measurements', id, [list, index, 'model'], 'models', model),
          ...check('measurements', id, [list, index, 'quant'], 'quants', quant),
          ...check('measurements', id, [list, index, 'gpu'], 'gpus', gpu),
        ]),
      ),
    ]),
  ];
};
