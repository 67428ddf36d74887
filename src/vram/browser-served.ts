/**
 * The estimator's third face for scripts in a browser: the engines that serve safetensors checkpoints. Loaded when somebody
 * chooses one of them; what it needs of a model is told as for `browser.ts`.
 */
export { DEFAULT_MLX_SETTINGS, MLX_KV_TYPES, type MlxKvType, type MlxSettings } from './engines/mlx.ts';
export { planForBytes } from './engines/rule-of-thumb.ts';
export { DEFAULT_VLLM_SETTINGS, type VllmAllocation, type VllmSettings } from './engines/vllm.ts';
export { PAGED_KV_TYPES, type PagedKvType } from './paged-cache.ts';
export {
  bitsPerLinearWeight,
  type CheckpointFormat,
  type FormatEngine,
  formatOf,
  formatsOf,
} from './quantization/checkpoint-formats.ts';
export { placeMlx, placeVllm, planForVllm, type ServedPlacement } from './served-placement.ts';
