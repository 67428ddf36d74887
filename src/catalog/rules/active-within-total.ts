import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Active parameters are fewer than all, given where the model has experts, and given nowhere else. */
export const activeWithinTotal: Rule = (drafts) =>
  drafts.models.flatMap(({ id, parameters, architecture }) => {
    if (parameters === undefined) return [];
    const { total, active } = parameters;
    if (active !== undefined && active > total) {
      return [
        problemIn('models', id, ['parameters', 'active'], {
          found: `${active}, more than the total of ${total}`,
          expected: 'at most `parameters.total`',
          fix: 'correct one of the two; they may be swapped',
        }),
      ];
    }
    if (architecture === undefined) return [];
    const hasExperts = architecture.feedForward.experts !== undefined;
    if (hasExperts && active === undefined) {
      return [
        problemIn('models', id, ['parameters', 'active'], {
          found: 'nothing, on a model with experts',
          expected: 'the parameters used per token',
          fix: 'add "active:" with its source',
        }),
      ];
    }
    if (!hasExperts && active !== undefined) {
      return [
        problemIn('models', id, ['parameters', 'active'], {
          found: `${active}, on a model without experts`,
          expected: 'no "active" where every parameter is used',
          fix: 'remove it, or add `architecture.feedForward.experts`',
        }),
      ];
    }
    return [];
  });
