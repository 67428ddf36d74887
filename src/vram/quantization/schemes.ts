/** The file types that llama-quantize writes, by its own names. */
import { EstimateError } from '../allocation.ts';
import type { GgmlType } from './ggml-types.ts';

interface SchemeFacts {
  /** Type of the tensors that no rule singles out. */
  readonly base: GgmlType;
  /** llama-quantize refuses to write it without an importance matrix. */
  readonly needsImatrix?: true;
}

/** The file types (`QUANT_OPTIONS` in `tools/quantize/quantize.cpp`). */
export const SCHEMES = {
  F32: { base: 'F32' },
  F16: { base: 'F16' },
  BF16: { base: 'BF16' },
  Q8_0: { base: 'Q8_0' },
  Q6_K: { base: 'Q6_K' },
  Q5_K_M: { base: 'Q5_K' },
  Q5_K_S: { base: 'Q5_K' },
  Q5_1: { base: 'Q5_1' },
  Q5_0: { base: 'Q5_0' },
  Q4_K_M: { base: 'Q4_K' },
  Q4_K_S: { base: 'Q4_K' },
  Q4_1: { base: 'Q4_1' },
  Q4_0: { base: 'Q4_0' },
  IQ4_NL: { base: 'IQ4_NL' },
  IQ4_XS: { base: 'IQ4_XS' },
  MXFP4_MOE: { base: 'MXFP4' },
  Q3_K_L: { base: 'Q3_K' },
  Q3_K_M: { base: 'Q3_K' },
  Q3_K_S: { base: 'Q3_K' },
  IQ3_M: { base: 'IQ3_S' },
  IQ3_S: { base: 'IQ3_S' },
  IQ3_XS: { base: 'IQ3_S', needsImatrix: true },
  IQ3_XXS: { base: 'IQ3_XXS', needsImatrix: true },
  Q2_K: { base: 'Q2_K' },
  Q2_K_S: { base: 'Q2_K', needsImatrix: true },
  IQ2_M: { base: 'IQ2_S', needsImatrix: true },
  IQ2_S: { base: 'IQ2_XS', needsImatrix: true },
  IQ2_XS: { base: 'IQ2_XS', needsImatrix: true },
  IQ2_XXS: { base: 'IQ2_XXS', needsImatrix: true },
  IQ1_M: { base: 'IQ1_M', needsImatrix: true },
  IQ1_S: { base: 'IQ1_S', needsImatrix: true },
  TQ2_0: { base: 'TQ2_0' },
  TQ1_0: { base: 'TQ1_0' },
  Q2_0: { base: 'Q2_0' },
  Q1_0: { base: 'Q1_0' },
} as const satisfies Record<string, SchemeFacts>;

/** A file type as llama-quantize names it. */
export type QuantizationScheme = keyof typeof SCHEMES;

/** Their names. */
export const SCHEME_NAMES = Object.keys(SCHEMES) as readonly QuantizationScheme[];

/** Short names that llama-quantize accepts too. */
const ALIASES: Readonly<Record<string, QuantizationScheme>> = {
  Q3_K: 'Q3_K_M',
  Q4_K: 'Q4_K_M',
  Q5_K: 'Q5_K_M',
  MXFP4: 'MXFP4_MOE',
};

function isScheme(name: string): name is QuantizationScheme {
  return Object.hasOwn(SCHEMES, name);
}

/**
 * The scheme of a name in any spelling people use: `Q4_K_M`, `q4-k-m`, `q4_k_m`.
 *
 * @throws {EstimateError} `unknown-quant`, for names that llama-quantize does not know.
 */
export function schemeOf(name: string): QuantizationScheme {
  const canonical = name.trim().toUpperCase().replaceAll('-', '_');
  const scheme = ALIASES[canonical] ?? canonical;
  if (isScheme(scheme)) return scheme;
  throw new EstimateError(
    'unknown-quant',
    `Found quantization "${name}"; expected one of llama-quantize's types: ${SCHEME_NAMES.join(', ')}.`,
  );
}
