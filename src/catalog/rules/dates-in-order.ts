import { type FieldPath, problemIn } from '../problem.ts';
import type { Kind } from '../record.ts';
import type { Rule } from './rule.ts';

/** Nothing is released after the day its record was last right; announced devices may be. */
export const datesInOrder: Rule = (drafts) => {
  const check = (kind: Kind, id: string, path: FieldPath, date: string | undefined, updated: string | undefined) => {
    // "2026-04" is before every day of that month.
    if (date === undefined || updated === undefined || date.slice(0, 10) <= updated) return [];
    return [
      problemIn(kind, id, path, {
        found: `${date}, after \`updated\` ${updated}`,
        expected: 'a day not after `updated`',
        fix: 'correct the one that is wrong',
      }),
    ];
  };
  return [
    ...drafts.models.flatMap(({ id, released, updated }) => check('models', id, ['released'], released, updated)),
    ...drafts.engines.flatMap(({ id, released, updated }) => check('engines', id, ['released'], released, updated)),
    ...drafts.gpus.flatMap(({ id, launch, released, updated }) =>
      released === false ? [] : check('gpus', id, ['launch', 'date'], launch?.date, updated),
    ),
  ];
};
