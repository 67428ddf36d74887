import { nearestOf } from '../nearest.ts';
import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';
import { everyDraft, sourceReferences } from './source-references.ts';

/** Every source that a field names stands in the record's `sources`. */
export const sourcesExist: Rule = (drafts) =>
  everyDraft(drafts).flatMap(({ kind, record }) => {
    const optional = kind === 'families' || kind === 'guides';
    if (record.sources === undefined && !optional) return [];
    const known = Object.keys(record.sources ?? {});
    return sourceReferences(record)
      .filter(({ key }) => !known.includes(key))
      .map(({ path, key }) => {
        const nearest = nearestOf(key, known);
        return problemIn(kind, record.id, path, {
          found: `"${key}"`,
          expected:
            known.length === 0 ? 'a key of `sources`, which is empty' : `a key of \`sources\`: ${known.join(', ')}`,
          fix: nearest === undefined ? `add "${key}" to \`sources\` with title and url` : `did you mean "${nearest}"?`,
        });
      });
  });
