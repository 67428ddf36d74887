import { type Architecture, DEFAULT_SETTINGS, EstimateError, estimateLlamaCpp } from '../../vram/index.ts';
import { lacks } from '../kinds.ts';
import { problemIn } from '../problem.ts';
import { findingsOf } from './architecture-consistent.ts';
import type { Rule } from './rule.ts';

/**
 * Why the estimator has no answer for `architecture`, or undefined where it has one. Dimensions that contradict each
 * other are another rule's problem; no estimate is asked for them.
 */
function refusalOf(architecture: Architecture, mtpInFile = false): string | undefined {
  if (findingsOf(architecture).length > 0) return undefined;
  try {
    // As the pages ask, so that they need not have the graph walked again.
    estimateLlamaCpp(architecture, 'Q4_K_M', DEFAULT_SETTINGS, { mtpInFile });
    return undefined;
  } catch (error) {
    // The graph's builders throw a RangeError where dimensions name weights that the class does not have.
    if (error instanceof EstimateError || error instanceof RangeError) return error.message;
    throw error;
  }
}

/**
 * A model without an estimate says `estimable: false` and why; every other has an architecture that the estimator knows.
 * The exception does not outlive its reason.
 */
export const estimableDeclared: Rule = (drafts) =>
  drafts.models.flatMap((model) => {
    const { id, architecture, mtpInFile, estimable, notEstimableBecause } = model;
    if (estimable === false) {
      if (lacks(model, 'notEstimableBecause')) {
        return [
          problemIn('models', id, ['notEstimableBecause'], {
            found: 'nothing, with `estimable: false`',
            expected: 'what is missing for an estimate',
            fix: 'add "notEstimableBecause:" with one sentence',
          }),
        ];
      }
      if (architecture !== undefined && refusalOf(architecture, mtpInFile) === undefined) {
        return [
          problemIn('models', id, ['estimable'], {
            found: 'false, though the estimator knows this architecture',
            expected: 'an exception only where there is no estimate',
            fix: 'remove `estimable` and `notEstimableBecause`',
          }),
        ];
      }
      return [];
    }
    if (notEstimableBecause !== undefined && !model.unread?.includes('estimable')) {
      return [
        problemIn('models', id, ['notEstimableBecause'], {
          found: 'a reason without `estimable: false`',
          expected: 'this key only beside `estimable: false`',
          fix: 'remove it, or add "estimable: false"',
        }),
      ];
    }
    if (architecture === undefined) {
      if (!lacks(model, 'architecture') || !lacks(model, 'estimable')) return [];
      return [
        problemIn('models', id, ['architecture'], {
          found: 'nothing',
          expected: 'the dimensions of the model, or `estimable: false`',
          fix: 'add "architecture:" from the config.json, or "estimable: false" with "notEstimableBecause:"',
        }),
      ];
    }
    const problems = [];
    if (lacks(model, 'architectureSource')) {
      problems.push(
        problemIn('models', id, ['architectureSource'], {
          found: 'nothing, beside `architecture`',
          expected: 'a key of `sources`',
          fix: 'add "architectureSource:" with the source of the config.json',
        }),
      );
    }
    const refusal = refusalOf(architecture, mtpInFile);
    if (refusal !== undefined) {
      problems.push(
        problemIn('models', id, ['architecture'], {
          found: `an architecture without an estimate: ${refusal}`,
          expected: 'one that the estimator knows',
          fix: 'correct the dimensions, or write "estimable: false" with "notEstimableBecause:"',
        }),
      );
    }
    return problems;
  });
