import { problemIn } from '../problem.ts';
import { SHORTEST_CONTEXT_TOKENS } from './context-lengths.ts';
import type { Rule } from './rule.ts';

/** A measured run can be held against an estimate: its context or depth is within the model's. */
export const measuredContexts: Rule = (drafts) =>
  drafts.measurements.flatMap(({ id, memory, speed }) => {
    const runs = [
      ...(memory ?? []).map((run, index) => ({
        list: 'memory',
        index,
        model: run.model,
        field: 'context',
        tokens: run.context,
      })),
      ...(speed ?? []).map((run, index) => ({
        list: 'speed',
        index,
        model: run.model,
        field: 'depth',
        tokens: run.depth ?? 0,
      })),
    ];
    return runs.flatMap(({ list, index, model: named, field, tokens }) => {
      const model = drafts.models.find((record) => record.id === named);
      if (!model) return [];
      const { context } = model;
      // A context in thousands is a mistake of the model's record, and reported there.
      if (context === undefined || context.native < SHORTEST_CONTEXT_TOKENS) return [];
      // llama.cpp pads the context, and benchmarks add the tokens that they measure.
      const most = 1.05 * Math.max(context.native, context.extended ?? 0);
      if (tokens <= most) return [];
      return [
        problemIn('measurements', id, [list, index, field], {
          found: `${tokens} tokens`,
          expected: `at most ${Math.floor(most)}, what ${named} is published for`,
          fix: 'check the number in the source; with several slots give the sum over the slots',
        }),
      ];
    });
  });
