import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';
import { everyDraft } from './source-references.ts';

/** Words of a source that no reader can follow. */
const UNTRACEABLE = /unlocated|general knowledge|this folder|not re-read/i;

/** A reader can look every source up. */
export const sourcesPublishable: Rule = (drafts) =>
  everyDraft(drafts).flatMap(({ kind, record }) =>
    Object.entries(record.sources ?? {}).flatMap(([key, source]) =>
      (['title', 'url', 'what'] as const).flatMap((field) => {
        const text = source[field];
        if (text === undefined || !UNTRACEABLE.test(text)) return [];
        return [
          problemIn(kind, record.id, ['sources', key, field], {
            found: JSON.stringify(text),
            expected: 'a page or file that a reader can open',
            fix: 'find where the fact is published, or leave the fact out',
          }),
        ];
      }),
    ),
  );
