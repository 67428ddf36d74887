/** Weights of EXL3 checkpoints in ExLlamaV3. Its cache pool is as large as the user says, and its buffers are not known here. */
import type { Architecture } from '../architecture.ts';
import { weighCheckpoint } from '../checkpoint-weights.ts';
import { formatOf } from '../quantization/checkpoint-formats.ts';
import { GGML_TYPES } from '../quantization/ggml-types.ts';

/** Bit rates of the linear layers that are offered; others lie between them. */
export const EXL3_BITS = [2, 3, 4, 5, 6, 8] as const;

/** Weights of an EXL3 checkpoint, in bytes. */
export interface Exl3Weights {
  /** Tensor data of the checkpoint, without multi-token-prediction blocks. */
  readonly fileBytes: number;
  /** On the GPU: all but the embedding table, which ExLlamaV3 keeps in RAM. */
  readonly deviceBytes: number;
}

/**
 * Weights of a model at `bits` per weight of its linear layers, in bytes, with the usual head of 6 bits.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function weighExl3(architecture: Architecture, bits: (typeof EXL3_BITS)[number]): Exl3Weights {
  const { fileBytes } = weighCheckpoint(architecture, formatOf(`EXL3_${bits}BPW`), false);
  const { hiddenSize, vocabularySize } = architecture;
  return { fileBytes, deviceBytes: fileBytes - hiddenSize * vocabularySize * GGML_TYPES.F16.blockBytes };
}
