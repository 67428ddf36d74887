import { type Name, nameKey, namesOfGpu, namesOfModel, namesOfQuant } from '../names.ts';
import { type Problem, problemIn, showValue } from '../problem.ts';
import { type Kind, recordFile } from '../record.ts';
import type { Rule } from './rule.ts';

/** No two models (devices, quants) answer to one name, whatever its capitals and separators. */
export const namesDistinct: Rule = (drafts) => [
  ...clashes('models', drafts.models, namesOfModel),
  ...clashes('gpus', drafts.gpus, namesOfGpu),
  ...clashes('quants', drafts.quants, namesOfQuant),
];

function clashes<R extends { readonly id: string }>(
  kind: Kind,
  records: readonly R[],
  namesOf: (record: R) => Name[],
): Problem[] {
  const owners = new Map<string, { id: string; name: Name }>();
  // Ids first: where an alias is another record's id, the alias is what is wrong.
  for (const { id } of records) owners.set(nameKey(id), { id, name: { text: id, path: [] } });
  return records.flatMap((record) => {
    const reported = new Set<string>();
    return namesOf(record).flatMap((name) => {
      const key = nameKey(name.text);
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, { id: record.id, name });
      if (owner === undefined || owner.id === record.id || reported.has(key)) return [];
      reported.add(key);
      return [
        problemIn(kind, record.id, name.path, {
          found: `${showValue(name.text)}, which ${recordFile(kind, owner.id)} answers to as ${showValue(owner.name.text)}`,
          expected: 'a name of one record only',
          fix: 'keep it where most people mean it, and remove or lengthen the other',
        }),
      ];
    });
  });
}
