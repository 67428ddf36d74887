import { SCHEME_NAMES, SCHEMES } from '../../vram/index.ts';
import { problemIn } from '../problem.ts';
import { nearestOf } from '../schema-problems.ts';
import type { Rule } from './rule.ts';

/** Formats with scenario pages are formats that the estimator knows, by the names of llama-quantize. */
export const schemesKnown: Rule = (drafts) =>
  drafts.quants.flatMap(({ id, engine, scheme, scenarioPages, needsImatrix }) => {
    if (scheme === undefined || (engine !== 'llama-cpp' && scenarioPages !== true)) return [];
    const known = SCHEME_NAMES.find((name) => name === scheme);
    if (known === undefined) {
      const nearest = nearestOf(scheme, SCHEME_NAMES);
      return [
        problemIn('quants', id, ['scheme'], {
          found: `"${scheme}"`,
          expected: `one of: ${SCHEME_NAMES.join(', ')}`,
          fix: nearest === undefined ? "use llama-quantize's name" : `did you mean "${nearest}"?`,
        }),
      ];
    }
    const needs = 'needsImatrix' in SCHEMES[known];
    if (needs === (needsImatrix ?? false)) return [];
    return [
      problemIn('quants', id, ['needsImatrix'], {
        found: `${needsImatrix ?? 'nothing'}`,
        expected: needs
          ? `true: llama-quantize writes ${scheme} only with an importance matrix`
          : `no such key: llama-quantize writes ${scheme} without one`,
        fix: needs ? 'write "needsImatrix: true"' : 'remove it',
      }),
    ];
  });
