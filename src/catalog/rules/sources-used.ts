import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';
import { everyDraft, sourceReferences } from './source-references.ts';

/** Every source of a record with figures is the source of something in it. */
export const sourcesUsed: Rule = (drafts) =>
  everyDraft(drafts)
    .filter(({ kind }) => kind !== 'families' && kind !== 'guides')
    .flatMap(({ kind, record }) => {
      const used = new Set(sourceReferences(record).map(({ key }) => key));
      return Object.keys(record.sources ?? {})
        .filter((key) => !used.has(key))
        .map((key) =>
          problemIn(kind, record.id, ['sources', key], {
            at: 'key',
            found: `the source "${key}", which no field names`,
            expected: 'a source that a `source` key or `proseSources` names',
            fix: 'name it where its facts stand, list it in `proseSources`, or remove it',
          }),
        );
    });
