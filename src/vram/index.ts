/**
 * The estimator's public face: no other part of `src` imports another file of it, but scripts of the browser, which have
 * faces of their own (`browser*.ts`, `axis.ts`).
 */

import './all-models.ts';

export * from './allocation.ts';
export * from './architecture.ts';
export { axisSteps } from './axis.ts';
export { type CheckpointWeights, weighCheckpoint } from './checkpoint-weights.ts';
export * from './device.ts';
export type { EstimateOptions } from './engines/engine.ts';
export { EXL3_BITS, type Exl3Weights, weighExl3 } from './engines/exllamav3.ts';
export { estimateLlamaCpp, LLAMA_CPP_VERSION } from './engines/llama-cpp.ts';
export * from './engines/mlx.ts';
export * from './engines/rule-of-thumb.ts';
export * from './engines/vllm.ts';
export { type ExpertSplit, splitExperts } from './experts-in-ram.ts';
export {
  architectureFromConfig,
  contextFromConfig,
  parseConfig,
  type Reading,
  readingsOfConfig,
} from './from-config.ts';
export { cacheBytes, compressedCells, contextCells, isQuantizedKvType, windowCells } from './kv-cache.ts';
export { type GraphFamily, graphFamilyOf } from './llama-graphs/families.ts';
export { packTensors } from './packed-tensors.ts';
export { PAGED_KV_TYPES, type PagedKvType, type PagedSettings } from './paged-cache.ts';
export * from './placement.ts';
export * from './quantization/checkpoint-formats.ts';
export * from './quantization/schemes.ts';
export * from './served-placement.ts';
export * from './speed.ts';
export { keepsNextToken, type PackedTensors, tellTensors } from './tensor-lists.ts';
export { balancedSplit, type TensorSplit } from './tensor-split.ts';
export * from './units.ts';
export * from './weights.ts';
