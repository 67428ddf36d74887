import { dayOf, newest } from '../dates.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';
import { everyDraft } from './source-references.ts';

/** Warns of records untouched for a year before the newest one. The newest record stands in for the clock. */
export const factsFresh: Rule = (drafts) => {
  const all = everyDraft(drafts);
  const latest = newest(...all.map(({ record }) => dayOf(record)));
  const yearBefore = `${Number(latest.slice(0, 4)) - 1}${latest.slice(4)}`;
  return all.flatMap(({ kind, record }) => {
    const day = dayOf(record);
    if (day === undefined || day >= yearBefore) return [];
    const field = kind === 'guides' ? 'reviewed' : 'updated';
    return [
      problemIn(kind, record.id, [field], {
        level: 'warning',
        found: `${day}, more than a year before the newest record (${latest})`,
        expected: `a day from ${yearBefore} on`,
        fix: `check every fact of the record, then set "${field}" to today`,
      }),
    ];
  });
};
