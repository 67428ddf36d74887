import { problemIn } from '../problem.ts';
import type { Rule } from './rule.ts';

const LLAMA_CPP = 'llama-cpp';

/** llama.cpp runs GGUF files: its runs can be held against estimates of no other format. */
export const measuredFormats: Rule = ({ measurements, quants, engines }) => {
  // An engine without a record is a mistake of the quant's, and reported there.
  const others = engines.map(({ id }) => id).filter((id) => id !== LLAMA_CPP);
  const ofLlamaCpp = measurements.filter(({ engine }) => engine === LLAMA_CPP);
  return ofLlamaCpp.flatMap((record) =>
    (['memory', 'speed'] as const).flatMap((list) =>
      (record[list] ?? []).flatMap(({ quant }, index) => {
        const reader = quants.find(({ id }) => id === quant)?.engine;
        if (reader === undefined || !others.includes(reader)) return [];
        return [
          problemIn('measurements', record.id, [list, index, 'quant'], {
            found: `${quant}, a format that ${reader} reads`,
            expected: 'a format of GGUF files, which llama.cpp runs',
            fix: "check the file's format and the engine in the source",
          }),
        ];
      }),
    ),
  );
};
