import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

const LLAMA_CPP = 'llama-cpp';

/** llama.cpp runs GGUF files: its runs can be held against estimates of no other format. */
export const measuredFormats: Rule = (drafts) =>
  drafts.measurements.flatMap(({ id, engine, memory = [], speed = [] }) =>
    engine === LLAMA_CPP
      ? [...[...memory.entries()].map(inList('memory')), ...[...speed.entries()].map(inList('speed'))].flatMap(
          ({ list, index, quant }) => {
            const reader = drafts.quants.find((record) => record.id === quant)?.engine;
            // An engine without a record is a mistake of the quant's, and reported there.
            if (reader === LLAMA_CPP || !drafts.engines.some((record) => record.id === reader)) return [];
            return [
              problemIn('measurements', id, [list, index, 'quant'], {
                found: `${quant}, a format that ${reader} reads`,
                expected: 'a format of GGUF files, which llama.cpp runs',
                fix: "check the file's format and the engine in the source",
              }),
            ];
          },
        )
      : [],
  );

const inList =
  (list: 'memory' | 'speed') =>
  ([index, { quant }]: readonly [number, { readonly quant: string }]) => ({ list, index, quant });
