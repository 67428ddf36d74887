/** ggml's tensor types: how many elements a block holds and how many bytes it takes. */
import { padTo } from '../units.ts';

/** How a type stores a row: in whole blocks. */
export interface BlockLayout {
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
} as const satisfies Record<string, BlockLayout>;

/** A tensor type as ggml names it, in capitals. */
export type GgmlType = keyof typeof GGML_TYPES;

/** Elements of a tensor. */
export function elementsOf(shape: readonly number[]): number {
  let elements = 1;
  for (const extent of shape) elements *= extent;
  return elements;
}

/** Bytes of `elements` values of a type; `elements` is a multiple of the block. */
function bytesOfElements(type: GgmlType, elements: number): number {
  const { blockElements, blockBytes } = GGML_TYPES[type];
  return (elements / blockElements) * blockBytes;
}

/** Bytes of a tensor's blocks; `shape[0]` is the row length, a multiple of the block. */
export function tensorBytes(type: GgmlType, shape: readonly number[]): number {
  return bytesOfElements(type, elementsOf(shape));
}

/** GGUF_DEFAULT_ALIGNMENT of ggml's `gguf.h`. */
const FILE_ALIGNMENT = 32;

/** Bytes of a tensor in a GGUF file: its blocks, padded to 32 bytes. */
export function fileBytes(type: GgmlType, shape: readonly number[]): number {
  return padTo(tensorBytes(type, shape), FILE_ALIGNMENT);
}

/** MATRIX_ROW_PADDING of `ggml-cuda`. */
const CUDA_ROW_PADDING = 512;
/** Alignment of CUDA's buffers (`ggml_backend_cuda_buffer_type_get_alignment`), in bytes. */
export const CUDA_ALIGNMENT = 128;
/** Alignment of host buffers (TENSOR_ALIGNMENT of `ggml-backend.cpp`), in bytes. */
export const HOST_ALIGNMENT = 32;

/**
 * Bytes that CUDA's buffer allocates for a tensor, a weight or a cache (`ggml_backend_cuda_buffer_type_get_alloc_size`): a
 * quantized tensor whose rows are no multiple of 512 elements gets the missing elements once, and every tensor is aligned.
 */
export function cudaBytes(type: GgmlType, shape: readonly number[]): number {
  const [rowElements = 0] = shape;
  const missing = GGML_TYPES[type].blockElements > 1 ? padTo(rowElements, CUDA_ROW_PADDING) - rowElements : 0;
  return padTo(tensorBytes(type, shape) + bytesOfElements(type, missing), CUDA_ALIGNMENT);
}

/** Bytes of a tensor in a host buffer. */
export function hostBytes(type: GgmlType, shape: readonly number[]): number {
  return padTo(tensorBytes(type, shape), HOST_ALIGNMENT);
}
