/**
 * What mlx-lm keeps in the unified memory of a Mac: quantized weights, caches that grow in steps, and the peak of a
 * prefill step. Weights and caches follow its source; the peak is derived from reported runs and approximate.
 */
import type { Allocation, DeviceMemory } from '../allocation.ts';
import { EstimateError } from '../allocation.ts';
import {
  type Architecture,
  cachedElementsOf,
  fullShapeOf,
  indexerOf,
  latentShapeOf,
  layerKinds,
  layersWithCache,
} from '../architecture.ts';
import { weighCheckpoint } from '../checkpoint-weights.ts';
import { DRIVER_OVERHEAD_BYTES } from '../device.ts';
import { statesOf } from '../kv-cache.ts';
import type { CheckpointFormat } from '../quantization/checkpoint-formats.ts';
import { padTo } from '../units.ts';
import type { EstimateOptions } from './engine.ts';
import { requireWhole } from './whole-numbers.ts';

/** mlx-lm 0.32.0 on mlx 0.32.2. */
export const MLX_VERSION = '0.32.2';

const IDENTITY = { name: 'MLX', version: MLX_VERSION } as const;

/** `--kv-bits` of `mlx_lm.generate`; the server keeps 16 bits. */
export const MLX_KV_TYPES = ['f16', 'bf16', 'q8', 'q4'] as const;
/** One of {@link MLX_KV_TYPES}. */
export type MlxKvType = (typeof MLX_KV_TYPES)[number];

/** How a model is run in mlx-lm. */
export interface MlxSettings {
  /** Tokens of one prompt and its answer. */
  readonly context: number;
  /** Prompts decoded side by side, each with caches of its own. */
  readonly sequences: number;
  readonly kvType: MlxKvType;
  /** `--prefill-step-size`. */
  readonly prefillStep: number;
}

/** mlx-lm's defaults; one prompt. */
export const DEFAULT_MLX_SETTINGS: Omit<MlxSettings, 'context'> = { sequences: 1, kvType: 'f16', prefillStep: 2048 };

/** Classes with windows whose caches keep every token all the same (mlx_lm/models/gemma2.py makes no caches of its own). */
const KEEPS_ALL: ReadonlySet<string> = new Set(['Gemma2ForCausalLM']);
/** A cache grows by so many tokens. */
const GROWTH_TOKENS = 256;
const KV_BITS: Readonly<Record<MlxKvType, number>> = { f16: 16, bf16: 16, q8: 8.5, q4: 4.5 };

function check(architecture: Architecture, format: CheckpointFormat, settings: MlxSettings): void {
  if (!format.engines.includes('MLX')) {
    throw new EstimateError(
      'refused-by-engine',
      `MLX ${MLX_VERSION} does not load ${format.name}; ${format.engines.join(' and ')} does.`,
    );
  }
  requireWhole('context', settings.context, 1, 2 ** 31 - 1);
  requireWhole('sequences', settings.sequences, 1, 4096);
  requireWhole('prefillStep', settings.prefillStep, 1, 2 ** 20);
  const { attention, ngramTable, relativePositions, className } = architecture;
  if (attention.kind === 'compressed' || ngramTable || relativePositions) {
    throw new EstimateError(
      'unknown-architecture',
      `How MLX keeps the cache of "${className}" is not reproduced here: ask for llama.cpp.`,
    );
  }
  if (settings.kvType.startsWith('q') && attention.kind === 'sliding-window' && !KEEPS_ALL.has(className)) {
    throw new EstimateError(
      'refused-by-engine',
      `MLX ${MLX_VERSION} cannot quantize the rotating cache of sliding-window layers: keep the cache at 16 bits.`,
    );
  }
}

/** Bytes of one sequence: of every cache that grows, of states, and of the largest layer. */
interface Caches {
  readonly kvCache: number;
  readonly state: number;
  readonly largestLayer: number;
}

function cachesOf(architecture: Architecture, { context, kvType, prefillStep }: MlxSettings): Caches {
  const { attention, className, hiddenSize } = architecture;
  const cells = padTo(context, GROWTH_TOKENS);
  const bytes = (values: number, tokens: number): number => (values * tokens * KV_BITS[kvType]) / 8;
  let kvCache = 0;
  let state = 0;
  let largestLayer = 0;
  const add = (own: number): void => {
    kvCache += own;
    largestLayer = Math.max(largestLayer, own);
  };
  const withCache = layersWithCache(architecture);
  const full = fullShapeOf(architecture);
  layerKinds(architecture).forEach((kind, layer) => {
    if (layer >= withCache) return;
    if ((kind === 'L' || kind === 'P') && attention.kind === 'linear-hybrid') {
      const [first = 0, ...rest] = statesOf(attention.linear, hiddenSize);
      // The convolution is kept in 16 bits, the recurrence in 32; a lone state is a recurrence.
      state += attention.linear.type === 'lightning' ? 4 * first : 2 * first + 4 * rest.reduce((a, b) => a + b, 0);
    }
    if ((kind === 'F' || kind === 'P') && full) add(bytes(cachedElementsOf(full), cells));
    if (kind === 'S' && attention.kind === 'sliding-window') {
      // A step of prefill sees a whole window before its first token.
      const window = attention.window + Math.min(prefillStep, context) - 1;
      add(bytes(cachedElementsOf(attention.sliding), KEEPS_ALL.has(className) ? cells : Math.min(cells, window)));
    }
  });
  const sparse = indexerOf(architecture);
  if (sparse) kvCache += sparse.layers * bytes(sparse.indexer.headDim, cells);
  return { kvCache, state, largestLayer };
}

/**
 * Peak of one prefill step: activations of the widest layer; for latent attention also the scores in 32 bits and one
 * layer's decompressed keys and values, because no fused kernel takes its head width.
 */
function prefillBytes(architecture: Architecture, { context, prefillStep }: MlxSettings): number {
  const { hiddenSize, feedForward, attention } = architecture;
  const tokens = Math.min(prefillStep, context);
  const { intermediateSize = 0, experts } = feedForward;
  const widest = typeof intermediateSize === 'number' ? intermediateSize : Math.max(...intermediateSize);
  const routed = experts ? experts.used * (hiddenSize + 3 * experts.intermediateSize) : 0;
  const activations = tokens * 2 * (Math.max(3 * widest, routed) + 3 * hiddenSize);
  const latent = latentShapeOf(architecture);
  if (!latent) return activations;
  const { heads } = attention;
  return activations + tokens * context * heads * 4 + context * heads * (latent.nopeHeadDim + latent.valueHeadDim) * 2;
}

const NOTES: readonly string[] = [
  'The compute figure is approximate: peaks that users report are a few hundred MB above it.',
  'The vision tower is not counted.',
];

/**
 * Memory of a model in mlx-lm, all of it on the one GPU of the machine.
 *
 * @throws {EstimateError} `refused-by-engine`, `bad-request` or `unknown-architecture`
 */
export function estimateMlx(
  architecture: Architecture,
  format: CheckpointFormat,
  settings: MlxSettings,
  options: EstimateOptions = {},
): Allocation {
  check(architecture, format, settings);
  // Conversion drops the multi-token-prediction blocks.
  const { parameters, fileBytes } = weighCheckpoint(architecture, format, false);
  const caches = cachesOf(architecture, settings);
  const kvCache = Math.ceil(caches.kvCache * settings.sequences);
  const state = caches.state * settings.sequences;
  // A cache that grows is there twice, layer by layer.
  const compute = Math.ceil(prefillBytes(architecture, settings) + caches.largestLayer);
  const overhead = options.overheadBytes ?? DRIVER_OVERHEAD_BYTES.apple;
  const device: DeviceMemory = {
    weights: fileBytes,
    kvCache,
    state,
    compute,
    overhead,
    total: fileBytes + kvCache + state + compute,
  };
  return {
    engine: IDENTITY,
    parameters,
    bitsPerWeight: (fileBytes * 8) / parameters,
    fileBytes,
    device,
    host: { weights: 0, kvCache: 0, compute: 0 },
    perDevice: [device],
    notes: NOTES,
  };
}
