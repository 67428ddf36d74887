/** What CUDA's FlashAttention kernels can run (`ggml/src/ggml-cuda/fattn.cu`, built without GGML_CUDA_FA_ALL_QUANTS). */
import type { KvType } from '../allocation.ts';

const CACHE_TYPES: ReadonlySet<KvType> = new Set<KvType>(['f16', 'bf16', 'f32', 'q4_0', 'q8_0']);

/** Widths of the heads of one attention layer. */
export interface AttentionWidths {
  readonly keyDim: number;
  readonly valueDim: number;
  readonly headsPerKvHead: number;
}

/** Whether there is a kernel for these widths and cache types; without one the operation runs on the host. */
export function cudaFlashAttention(
  { keyDim, valueDim, headsPerKvHead }: AttentionWidths,
  kType: KvType,
  vType: KvType,
): boolean {
  if (kType !== vType || !CACHE_TYPES.has(kType)) return false;
  switch (keyDim) {
    case 40:
    case 64:
    case 72:
    case 80:
    case 96:
    case 112:
    case 128:
    case 256:
      return valueDim === keyDim;
    case 192:
      return valueDim === 128 && headsPerKvHead % 8 === 0;
    case 320:
      return valueDim === 256 && headsPerKvHead % 32 === 0;
    case 512:
      return valueDim === keyDim && headsPerKvHead >= 2;
    case 576:
      return valueDim === 512 && headsPerKvHead >= 2;
    default:
      return false;
  }
}
