import { nearestOf } from '../nearest.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Every family has a model. */
export const familiesInhabited: Rule = (drafts) => {
  const ids = drafts.families.map(({ id }) => id);
  const named = drafts.models.map(({ family }) => family);
  // A model whose family cannot be read may belong to any; a misspelt one belongs to the nearest.
  if (named.includes(undefined)) return [];
  const inhabited = new Set(
    named.map((family = '') => (ids.includes(family) ? family : (nearestOf(family, ids) ?? family))),
  );
  return ids
    .filter((id) => !inhabited.has(id))
    .map((id) =>
      problemIn('families', id, [], {
        found: 'a family that no model names',
        expected: `at least one model with "family: ${id}"`,
        fix: 'add the model, correct its family, or remove this file',
      }),
    );
};
