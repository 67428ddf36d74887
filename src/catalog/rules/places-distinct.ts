import { type Problem, problemIn } from '../problem.ts';
import { type Kind, recordFile } from '../record.ts';
import type { Rule } from './rule.ts';

/** No two models have one popularity rank, no two quants one place in the order. */
export const placesDistinct: Rule = (drafts) => [
  ...sharedPlaces(
    'models',
    'popularityRank',
    drafts.models.map(({ id, popularityRank }) => [id, popularityRank]),
  ),
  ...sharedPlaces(
    'quants',
    'order',
    drafts.quants.map(({ id, order }) => [id, order]),
  ),
];

function sharedPlaces(
  kind: Kind,
  field: string,
  places: readonly (readonly [string, number | undefined])[],
): Problem[] {
  const taken = new Map<number, string>();
  return places.flatMap(([id, place]) => {
    if (place === undefined) return [];
    const other = taken.get(place);
    if (other === undefined) {
      taken.set(place, id);
      return [];
    }
    return [
      problemIn(kind, id, [field], {
        found: `${place}, which ${recordFile(kind, other)} has too`,
        expected: 'a number that no other record has',
        fix: 'move one of the two',
      }),
    ];
  });
}
