import {
  bitsPerLinearWeight,
  bytesPerParameterOf,
  type FormatEngine,
  formatsOf,
  type QuantizationScheme,
  SCHEME_NAMES,
  SCHEMES,
} from '../../vram/index.ts';
import type { Draft } from '../kinds.ts';
import { nearestOf } from '../nearest.ts';
import { type Problem, problemIn } from '../problem.ts';
import type { QuantRecord } from '../quant.schema.ts';
import type { Rule } from './rule.ts';

/** Formats with scenario pages are formats that the estimator knows, and the records say what it says of them. */
export const schemesKnown: Rule = (drafts) =>
  drafts.quants.flatMap((quant) => {
    const { id, engine, scheme, scenarioPages } = quant;
    const server = engine === undefined ? undefined : SERVERS[engine];
    if (server !== undefined) return formatProblems(quant, server);
    if (scheme === undefined || (engine !== 'llama-cpp' && scenarioPages !== true)) return [];
    const known = SCHEME_NAMES.find((name) => name === scheme);
    if (known !== undefined) return [...imatrixProblems(quant, known), ...bitsProblems(quant, known)];
    return [unknownScheme(id, scheme, 'one of', SCHEME_NAMES)];
  });

function unknownScheme(id: string, scheme: string, what: string, names: readonly string[]): Problem {
  const nearest = nearestOf(scheme, names);
  return problemIn('quants', id, ['scheme'], {
    found: `"${scheme}"`,
    expected: `${what}: ${names.join(', ')}`,
    fix: nearest === undefined ? 'use one of these names' : `did you mean "${nearest}"?`,
  });
}

/** Engines that read checkpoints, by the id of their record. */
const SERVERS: Readonly<Record<string, FormatEngine>> = { vllm: 'vLLM', mlx: 'MLX', exllamav3: 'ExLlamaV3' };

/** A format of checkpoints has a name that the estimator knows, and the bits of that format. */
function formatProblems({ id, scheme, nominalBits }: Draft<QuantRecord>, server: FormatEngine): Problem[] {
  if (scheme === undefined) return [];
  const formats = formatsOf(server);
  const format = formats.find(({ name }) => name === scheme);
  if (!format) {
    const names = formats.map(({ name }) => name);
    return [unknownScheme(id, scheme, `a format that ${server} loads`, names)];
  }
  const bits = bitsPerLinearWeight(format);
  if (nominalBits === undefined || Math.abs(nominalBits - bits) < ROUNDED_BITS) return [];
  return [
    problemIn('quants', id, ['nominalBits'], {
      found: `${nominalBits} bits`,
      expected: `${bits} bits, as the linear layers of ${scheme} have with their scales`,
      fix: 'write the bits per weight of its linear layers',
    }),
  ];
}

const ROUNDED_BITS = 0.01;

function imatrixProblems({ id, needsImatrix = false }: Draft<QuantRecord>, scheme: QuantizationScheme): Problem[] {
  const needs = 'needsImatrix' in SCHEMES[scheme];
  if (needs === needsImatrix) return [];
  return [
    problemIn('quants', id, ['needsImatrix'], {
      found: needsImatrix ? 'true' : 'nothing, or false',
      expected: needs
        ? `true: llama-quantize writes ${scheme} only with an importance matrix`
        : `no such key: llama-quantize writes ${scheme} without one`,
      fix: needs ? 'write "needsImatrix: true"' : 'remove it',
    }),
  ];
}

function bitsProblems({ id, nominalBits }: Draft<QuantRecord>, scheme: QuantizationScheme): Problem[] {
  const bytes = bytesPerParameterOf(scheme);
  if (nominalBits === undefined || Math.abs(nominalBits / 8 - bytes) <= ROUNDED_BY) return [];
  return [
    problemIn('quants', id, ['nominalBits'], {
      found: `${nominalBits} bits, ${nominalBits / 8} bytes`,
      expected: `about ${bytes} bytes, as the base type of ${scheme} has`,
      fix: 'write the bits per weight of its base block type',
    }),
  ];
}

/** The estimator gives bytes per parameter in two decimals. */
const ROUNDED_BY = 0.0051;
