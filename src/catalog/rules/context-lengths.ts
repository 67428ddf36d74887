import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

/** Shorter is a slip: thousands written as units. */
export const SHORTEST_CONTEXT_TOKENS = 1024;
const LONGEST_CONTEXT_TOKENS = 100_000_000;

/** Contexts are token counts, and an extended one is longer than the native one. */
export const contextLengths: Rule = (drafts) =>
  drafts.models.flatMap(({ id, context }) => {
    if (context === undefined) return [];
    const { native, extended, extendedBy, extendedSource } = context;
    const problems = [];
    if (native < SHORTEST_CONTEXT_TOKENS || native > LONGEST_CONTEXT_TOKENS) {
      problems.push(
        problemIn('models', id, ['context', 'native'], {
          found: `${native} tokens`,
          expected: `${SHORTEST_CONTEXT_TOKENS} to ${LONGEST_CONTEXT_TOKENS} tokens`,
          fix: 'write the number of tokens out: 131072, not 128',
        }),
      );
    }
    if (extended !== undefined && extended <= native) {
      problems.push(
        problemIn('models', id, ['context', 'extended'], {
          found: `${extended} tokens, not more than the native ${native}`,
          expected: 'more than `context.native`',
          fix: 'remove it where nothing is extended, or correct one of the two',
        }),
      );
    }
    for (const [field, value] of Object.entries({ extendedBy, extendedSource })) {
      if (value !== undefined && extended === undefined) {
        problems.push(
          problemIn('models', id, ['context', field], {
            found: `"${value}" without \`context.extended\``,
            expected: 'this key beside `extended` only',
            fix: 'add `extended`, or remove it',
          }),
        );
      }
    }
    return problems;
  });
