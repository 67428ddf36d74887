/** ggml's tensor types: how many elements a block holds and how many bytes it takes. */

interface GgmlTypeShape {
  /** Elements per block; a row is stored as whole blocks. */
  readonly blockElements: number;
  readonly blockBytes: number;
}

/** Block layouts of ggml's `ggml-common.h`. */
export const GGML_TYPES = {
  F32: { blockElements: 1, blockBytes: 4 },
  I32: { blockElements: 1, blockBytes: 4 },
  F16: { blockElements: 1, blockBytes: 2 },
  BF16: { blockElements: 1, blockBytes: 2 },
  Q8_0: { blockElements: 32, blockBytes: 34 },
  Q5_1: { blockElements: 32, blockBytes: 24 },
  Q5_0: { blockElements: 32, blockBytes: 22 },
  Q4_1: { blockElements: 32, blockBytes: 20 },
  Q4_0: { blockElements: 32, blockBytes: 18 },
  IQ4_NL: { blockElements: 32, blockBytes: 18 },
  MXFP4: { blockElements: 32, blockBytes: 17 },
  NVFP4: { blockElements: 64, blockBytes: 36 },
  Q2_0: { blockElements: 64, blockBytes: 18 },
  Q1_0: { blockElements: 128, blockBytes: 18 },
  Q6_K: { blockElements: 256, blockBytes: 210 },
  Q5_K: { blockElements: 256, blockBytes: 176 },
  Q4_K: { blockElements: 256, blockBytes: 144 },
  Q3_K: { blockElements: 256, blockBytes: 110 },
  Q2_K: { blockElements: 256, blockBytes: 84 },
  IQ4_XS: { blockElements: 256, blockBytes: 136 },
  IQ3_S: { blockElements: 256, blockBytes: 110 },
  IQ3_XXS: { blockElements: 256, blockBytes: 98 },
  IQ2_S: { blockElements: 256, blockBytes: 82 },
  IQ2_XS: { blockElements: 256, blockBytes: 74 },
  IQ2_XXS: { blockElements: 256, blockBytes: 66 },
  IQ1_M: { blockElements: 256, blockBytes: 56 },
  IQ1_S: { blockElements: 256, blockBytes: 50 },
  TQ2_0: { blockElements: 256, blockBytes: 66 },
  TQ1_0: { blockElements: 256, blockBytes: 54 },
} as const satisfies Record<string, GgmlTypeShape>;

export type GgmlType = keyof typeof GGML_TYPES;

/** Elements of a tensor. */
export function elementsOf(shape: readonly number[]): number {
  let elements = 1;
  for (const extent of shape) elements *= extent;
  return elements;
}

/** Bytes of `elements` values of a type; `elements` is a multiple of the block. */
function blockBytes(type: GgmlType, elements: number): number {
  const { blockElements, blockBytes: bytes } = GGML_TYPES[type];
  return (elements / blockElements) * bytes;
}

/** Bytes of a tensor's blocks; `shape[0]` is the row length, a multiple of the block. */
export function tensorBytes(type: GgmlType, shape: readonly number[]): number {
  return blockBytes(type, elementsOf(shape));
}

const FILE_ALIGNMENT = 32;

/** Bytes of a tensor in a GGUF file: its blocks, padded to 32 bytes. */
export function fileBytes(type: GgmlType, shape: readonly number[]): number {
  return align(tensorBytes(type, shape), FILE_ALIGNMENT);
}

function isQuantized(type: GgmlType): boolean {
  return GGML_TYPES[type].blockElements > 1;
}

const CUDA_ROW_PADDING = 512;
const CUDA_ALIGNMENT = 128;
const HOST_ALIGNMENT = 32;

/**
 * Bytes that CUDA's buffer allocates for a tensor (ggml-cuda.cu): a quantized tensor whose rows are no multiple of
 * 512 elements gets the missing elements once, and every tensor is aligned to 128 bytes.
 */
export function cudaBytes(type: GgmlType, shape: readonly number[]): number {
  const rowRemainder = (shape[0] ?? 0) % CUDA_ROW_PADDING;
  const padding = isQuantized(type) && rowRemainder > 0 ? blockBytes(type, CUDA_ROW_PADDING - rowRemainder) : 0;
  return align(tensorBytes(type, shape) + padding, CUDA_ALIGNMENT);
}

/** Bytes of a tensor in a host buffer. */
export function hostBytes(type: GgmlType, shape: readonly number[]): number {
  return align(tensorBytes(type, shape), HOST_ALIGNMENT);
}

function align(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
