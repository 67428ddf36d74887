/**
 * What vLLM keeps on each GPU for a safetensors checkpoint: weights as loaded, the paged cache of the context, the peak of
 * its profile run and CUDA graphs; and how many tokens its pool holds on a given GPU.
 *
 * Weights, pages and blocks follow its source. The activation peak is derived from logs and approximate.
 */
import type { Allocation, DeviceMemory } from '../allocation.ts';
import { EstimateError } from '../allocation.ts';
import { type Architecture, attentionShapeOf, fullShapeOf } from '../architecture.ts';
import { weighCheckpoint, weightsPerGpu } from '../checkpoint-weights.ts';
import { DRIVER_OVERHEAD_BYTES } from '../device.ts';
import {
  blocksOfRequest,
  type PagedCache,
  type PagedKvType,
  type PagedSettings,
  pagedCacheOf,
} from '../paged-cache.ts';
import type { CheckpointFormat } from '../quantization/checkpoint-formats.ts';
import { GiB, MiB } from '../units.ts';
import type { EstimateOptions } from './engine.ts';
import { requireWhole } from './whole-numbers.ts';

/** The code that was read: main at 017e9f4448 of 2026-08-17, after 0.27.1 and before 0.28. */
export const VLLM_VERSION = '0.27.1+';

const IDENTITY = { name: 'vLLM', version: VLLM_VERSION } as const;

/** How a model is served. */
export interface VllmSettings {
  /** `--max-model-len`: tokens of one request, prompt and answer. */
  readonly context: number;
  /** Requests of that length whose cache is counted. */
  readonly sequences: number;
  readonly kvType: PagedKvType;
  /** Share of the GPU's memory that vLLM plans with. */
  readonly gpuMemoryUtilization: number;
  readonly tensorParallel: number;
  /** Whole experts on each GPU (`--enable-expert-parallel`). */
  readonly expertParallel: boolean;
  /** `--max-num-batched-tokens` and `--max-num-seqs`; absent = vLLM's default for the GPU. */
  readonly maxBatchedTokens?: number;
  readonly maxSequences?: number;
  /** Tokens that the model's own multi-token-prediction block drafts; 0 = it is not loaded. */
  readonly draftTokens: number;
  readonly prefixCaching: boolean;
  /** Weights of the parts that read images or audio, in bytes; absent = they are left out (`--language-model-only`). */
  readonly towerBytes?: number;
  /** No CUDA graphs. */
  readonly enforceEager: boolean;
  /** Rows of the rotary table: `max_position_embeddings`. */
  readonly positions: number;
  /** The GPU; without one the pool is not sized. */
  readonly gpu?: { readonly bytes: number; readonly isA100: boolean };
}

/** vLLM's defaults where it has one; one request. */
export const DEFAULT_VLLM_SETTINGS: Omit<VllmSettings, 'context' | 'positions'> = {
  sequences: 1,
  kvType: 'auto',
  gpuMemoryUtilization: 0.92,
  tensorParallel: 1,
  expertParallel: false,
  draftTokens: 0,
  prefixCaching: true,
  enforceEager: false,
};

/** The memory that vLLM takes for cache on each GPU, and what it holds. */
export interface KvPool {
  /** Share of one GPU that vLLM plans with, in bytes. */
  readonly budgetBytes: number;
  /** Left for the cache on one GPU; negative where weights and peak alone exceed the budget. */
  readonly bytes: number;
  readonly blocks: number;
  /** What the log calls "GPU KV cache size": concurrency times context. */
  readonly tokens: number;
  /** Requests of the whole context at once; below 1 vLLM refuses to start. */
  readonly concurrency: number;
  /** Tokens of the longest request of which the pool holds as many as `sequences` asks for; 0 where it holds none. */
  readonly longestContext: number;
}

/** What vLLM keeps, summed over the GPUs and on each, and what its pool holds. */
export interface VllmAllocation extends Allocation {
  /** Absent where no GPU was given. */
  readonly pool?: KvPool;
  /** Tokens of a block of the layers that see the whole context. */
  readonly blockTokens: number;
}

/**
 * Defaults of `--max-num-batched-tokens` and `--max-num-seqs` for the GPU under `vllm serve`
 * (`EngineArgs.get_batch_defaults` in `vllm/engine/arg_utils.py`); without a GPU those of a small one.
 */
function defaultsFor(gpu: VllmSettings['gpu']): { readonly tokens: number; readonly sequences: number } {
  const gib = (gpu?.bytes ?? 0) / GiB;
  if (gib >= 160) return { tokens: 16_384, sequences: 1024 };
  if (gib >= 70 && gpu?.isA100 === false) return { tokens: 8192, sequences: 1024 };
  return { tokens: 2048, sequences: 256 };
}

/** Tokens are 32-bit numbers. */
const MOST_TOKENS = 2 ** 31 - 1;
const MOST_GPUS = 1024;

function check(architecture: Architecture, format: CheckpointFormat, settings: VllmSettings): void {
  if (!format.engines.includes('vLLM')) {
    throw new EstimateError(
      'refused-by-engine',
      `vLLM ${VLLM_VERSION} does not load ${format.name}; ${format.engines.join(' and ')} does.`,
    );
  }
  requireWhole('context', settings.context, 1, MOST_TOKENS);
  requireWhole('sequences', settings.sequences, 1, 65_536);
  requireWhole('tensorParallel', settings.tensorParallel, 1, MOST_GPUS);
  requireWhole('draftTokens', settings.draftTokens, 0, 64);
  if (settings.maxBatchedTokens !== undefined) requireWhole('maxBatchedTokens', settings.maxBatchedTokens, 1, 2 ** 20);
  if (settings.maxSequences !== undefined) requireWhole('maxSequences', settings.maxSequences, 1, 65_536);
  const { gpuMemoryUtilization: share, tensorParallel } = settings;
  if (!(share > 0 && share <= 1)) {
    throw new EstimateError('bad-request', `gpuMemoryUtilization is ${share}; expected a share above 0, at most 1.`);
  }
  if (architecture.ngramTable || architecture.relativePositions) {
    throw new EstimateError(
      'unknown-architecture',
      `How vLLM keeps the extra tables of "${architecture.className}" is not reproduced here: ask for llama.cpp.`,
    );
  }
  const { heads } = architecture.attention;
  if (heads % tensorParallel !== 0) {
    throw new EstimateError(
      'refused-by-engine',
      `vLLM splits whole attention heads: a tensor-parallel size of ${tensorParallel} does not divide the model's ${heads}.`,
    );
  }
  const { kvHeads } = attentionShapeOf(architecture, 'F');
  if (kvHeads > 1 && kvHeads % tensorParallel !== 0 && tensorParallel % kvHeads !== 0) {
    throw new EstimateError(
      'refused-by-engine',
      `vLLM splits or repeats whole key/value heads: a tensor-parallel size of ${tensorParallel} neither divides the model's ${kvHeads} nor is a multiple of them.`,
    );
  }
  if (settings.draftTokens > 0 && architecture.nextTokenLayers === undefined) {
    throw new EstimateError(
      'refused-by-engine',
      'draftTokens needs a multi-token-prediction block, and the model has none.',
    );
  }
}

/** Cosines and sines of every position, in 16 bits; all layers share the table. */
function rotaryBytes(architecture: Architecture, positions: number): number {
  const { attention } = architecture;
  const shape = attention.kind === 'compressed' ? attention : fullShapeOf(architecture);
  if (!shape) return 0;
  return 2 * positions * ('ropeHeadDim' in shape ? shape.ropeHeadDim : shape.headDim);
}

/** Activations of `tokens` in the widest layer: three rows of the model's width and the feed-forward's own, 16 bits each. */
function forwardBytes({ hiddenSize, feedForward }: Architecture, tokens: number, tensorParallel: number): number {
  const { intermediateSize = 0, experts } = feedForward;
  const widest = typeof intermediateSize === 'number' ? intermediateSize : Math.max(...intermediateSize);
  const dense = (3 * widest) / tensorParallel;
  // Every token goes through `used` experts: one row into and out of each, and the gated row between.
  const routed = experts
    ? experts.used *
      (Math.max(hiddenSize, (2 * experts.intermediateSize) / tensorParallel) +
        experts.intermediateSize / tensorParallel)
    : 0;
  return Math.ceil(tokens * 2 * (Math.max(dense, routed) + 3 * hiddenSize));
}

/** What a GPU keeps beside tensors once the engine runs: 0.20 to 0.35 GiB in logs. */
const NON_TORCH_BYTES = Math.round(0.3 * GiB);

/** How many batch sizes graphs are captured for (`VllmConfig._set_cudagraph_sizes` in `vllm/config/vllm.py`). */
function capturedSizes(maxSequences: number, maxBatchedTokens: number, draftTokens: number): number {
  const largest = Math.min(2 * maxSequences * (1 + draftTokens), 512, maxBatchedTokens);
  let sizes = 0;
  for (let size = 1; size <= largest; size += size < 4 ? size : size < 8 ? 4 : size < 256 ? 8 : 16) sizes += 1;
  return sizes;
}

/** The reserve for CUDA graphs in full and piecewise mode: at the least 1 MiB for each size. */
function graphBytes(settings: VllmSettings, maxBatchedTokens: number, maxSequences: number): number {
  return settings.enforceEager ? 0 : 2 * capturedSizes(maxSequences, maxBatchedTokens, settings.draftTokens) * MiB;
}

interface Plan {
  readonly cache: PagedCache;
  readonly paged: PagedSettings;
  readonly weights: number;
  readonly compute: number;
}

function planOf(architecture: Architecture, format: CheckpointFormat, settings: VllmSettings): Plan {
  const { tensorParallel, draftTokens, kvType, prefixCaching } = settings;
  const defaults = defaultsFor(settings.gpu);
  const maxSequences = settings.maxSequences ?? defaults.sequences;
  const maxBatchedTokens = settings.maxBatchedTokens ?? defaults.tokens;
  const paged = { kvType, tensorParallel, draftTokens, prefixCaching, maxBatchedTokens };
  const load = { tensorParallel, expertParallel: settings.expertParallel, nextToken: draftTokens > 0 };
  // The sampler sees 16-bit logits of every sequence and their 32-bit copy.
  const logits = maxSequences * architecture.vocabularySize * (2 + 4);
  return {
    cache: pagedCacheOf(architecture, paged),
    paged,
    weights:
      weightsPerGpu(architecture, format, load) +
      rotaryBytes(architecture, settings.positions) +
      Math.ceil((settings.towerBytes ?? 0) / tensorParallel),
    compute:
      Math.max(forwardBytes(architecture, maxBatchedTokens, tensorParallel), logits) +
      NON_TORCH_BYTES +
      graphBytes(settings, maxBatchedTokens, maxSequences),
  };
}

/** Blocks in `bytes`, and what they hold: `sequences` requests of `context` tokens. */
function poolIn(
  cache: PagedCache,
  paged: PagedSettings,
  bytes: number,
  context: number,
  sequences: number,
): Omit<KvPool, 'budgetBytes'> {
  const blocks = Math.max(0, Math.floor(bytes / cache.poolBlockBytes));
  const blocksAt = (tokens: number): number => {
    const { attention, state } = blocksOfRequest(cache, tokens, paged);
    return attention + state;
  };
  const perRequest = blocksAt(context);
  let longestContext = 0;
  if (blocksAt(1) * sequences <= blocks) {
    let good = 1;
    let bad = MOST_TOKENS;
    while (bad - good > 1) {
      const middle = Math.floor((good + bad) / 2);
      if (blocksAt(middle) * sequences <= blocks) good = middle;
      else bad = middle;
    }
    longestContext = good;
  }
  return {
    bytes,
    blocks,
    tokens: Math.floor((blocks * context) / perRequest),
    concurrency: blocks / perRequest,
    longestContext,
  };
}

/**
 * The pool of a model on a GPU's memory of which `bytes` are left for cache: for holding logs against.
 *
 * @throws {EstimateError} `refused-by-engine` or `unknown-architecture`
 */
export function kvPoolIn(
  architecture: Architecture,
  bytes: number,
  settings: PagedSettings & { readonly context: number },
): Omit<KvPool, 'budgetBytes'> & PagedCache {
  const cache = pagedCacheOf(architecture, settings);
  return { ...cache, ...poolIn(cache, settings, bytes, settings.context, 1) };
}

const APPROXIMATE_NOTE =
  'The compute figure is approximate: the peak of the profile run is derived from logs, and CUDA graphs take at least so much.';
const EXPERTS_NOTE = 'No log confirms the peak of models with experts.';
const PACKED_NOTE =
  'A request reserves pages for the tokens in flight, which at short contexts take more than the context itself; logs do not confirm how many.';
const VISION_NOTE = 'Vision and audio towers are not counted.';
const TOWER_NOTE = 'Vision and audio towers are counted with their weights, without the peak of their own run.';

/**
 * Memory on each GPU of the group. `total` is what vLLM must have within its share of the GPU; with `settings.gpu` the
 * pool says what the rest of that share holds. The driver's context lies outside the share.
 *
 * @throws {EstimateError} `refused-by-engine`, `bad-request` or `unknown-architecture`
 */
export function estimateVllm(
  architecture: Architecture,
  format: CheckpointFormat,
  settings: VllmSettings,
  options: EstimateOptions = {},
): VllmAllocation {
  check(architecture, format, settings);
  const { cache, paged, weights, compute } = planOf(architecture, format, settings);
  const { parameters, fileBytes } = weighCheckpoint(architecture, format, true);
  const request = blocksOfRequest(cache, settings.context, paged);
  const kvCache = request.attention * cache.poolBlockBytes * settings.sequences;
  const state = request.state * cache.poolBlockBytes * settings.sequences;
  const overhead = options.overheadBytes ?? DRIVER_OVERHEAD_BYTES.nvidia;
  const own: DeviceMemory = { weights, kvCache, state, compute, overhead, total: weights + kvCache + state + compute };
  const count = settings.tensorParallel;
  const budgetBytes = settings.gpu && Math.ceil(settings.gpu.bytes * settings.gpuMemoryUtilization);
  return {
    engine: IDENTITY,
    parameters,
    bitsPerWeight: (fileBytes * 8) / parameters,
    fileBytes,
    device: {
      weights: weights * count,
      kvCache: kvCache * count,
      state: state * count,
      compute: compute * count,
      overhead: overhead * count,
      total: own.total * count,
    },
    host: { weights: 0, kvCache: 0, compute: 0 },
    perDevice: Array.from({ length: count }, () => own),
    notes: [
      APPROXIMATE_NOTE,
      ...(architecture.feedForward.experts ? [EXPERTS_NOTE] : []),
      ...(architecture.attention.kind === 'compressed' ? [PACKED_NOTE] : []),
      settings.towerBytes === undefined ? VISION_NOTE : TOWER_NOTE,
    ],
    blockTokens: cache.blockTokens,
    ...(budgetBytes !== undefined && {
      pool: {
        budgetBytes,
        ...poolIn(cache, paged, budgetBytes - weights - compute, settings.context, settings.sequences),
      },
    }),
  };
}
