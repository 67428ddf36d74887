/**
 * The rule of thumb that people plan with: parameters x bytes, a 16-bit cache, ten percent on top.
 * It knows no engine; the exact figures are in `llama-cpp.ts`.
 */
import type { Settings } from '../allocation.ts';
import {
  type Architecture,
  type AttentionShape,
  cachedElementsOf,
  isLatent,
  type LatentShape,
  layerKinds,
  layersWithCache,
} from '../architecture.ts';
import { elementBytesOf } from '../kv-cache.ts';
import { GGML_TYPES } from '../quantization/ggml-types.ts';
import { type QuantizationScheme, SCHEMES } from '../quantization/schemes.ts';

/** KV inputs that people use for a model where they differ from its architecture. */
export interface RuleOfThumbInputs {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Share of the tokens that is cached. */
  readonly sequenceCompression: number;
}

/** The parts of the rule; all but the first two in bytes. */
export interface RuleOfThumb {
  /** Parameters that are counted: published ones without embeddings that stay in host memory. */
  readonly parameters: number;
  /** Bytes that one parameter counts, in two decimals: nominal ones, or fewer where the experts keep a smaller format. */
  readonly bytesPerParameter: number;
  readonly weights: number;
  readonly kvCache: number;
  /** Ten percent of weights and cache. */
  readonly overhead: number;
  readonly total: number;
}

/** Share of the tokens that CSA and HCA layers are counted with, as the makers of DeepSeek V4 calculators do. */
const COMPRESSED_SHARE = 0.25;
const OVERHEAD_SHARE = 0.1;
/** What `Plan for` adds to an engine's own figure. */
const HEADROOM_SHARE = 0.05;

/** Nominal bytes per parameter: bits of the scheme's base type / 8, two decimals (Q4_K_M 0.56, Q8_0 1.06, F16 2). */
export function bytesPerParameterOf(scheme: QuantizationScheme): number {
  const type = GGML_TYPES[SCHEMES[scheme].base];
  return Math.round((type.blockBytes / type.blockElements) * 100) / 100;
}

/** The same for a model whose experts keep the format that they are published in: no parameter counts more than that. */
function bytesPerParameterIn({ nativeExpertFormat }: Architecture, scheme: QuantizationScheme): number {
  const nominal = bytesPerParameterOf(scheme);
  return nativeExpertFormat === 'mxfp4' ? Math.min(nominal, bytesPerParameterOf('MXFP4_MOE')) : nominal;
}

/** Embeddings of every layer, which stay in host memory: makers leave them out of what they call effective parameters. */
function parametersOnHost({ layers, perLayerEmbeddingSize = 0, perLayerVocabularySize = 0 }: Architecture): number {
  return layers * perLayerEmbeddingSize * perLayerVocabularySize;
}

function bytesPerToken(shape: AttentionShape | LatentShape, settings: Settings): number {
  const { kType, vType } = settings;
  if (isLatent(shape)) return cachedElementsOf(shape) * elementBytesOf(kType);
  const { kvHeads, headDim, valueHeadDim = headDim } = shape;
  return kvHeads * (headDim * elementBytesOf(kType) + valueHeadDim * elementBytesOf(vType));
}

function cacheOf(architecture: Architecture, settings: Settings): number {
  const { attention } = architecture;
  const { context, kType } = settings;
  const owners = layersWithCache(architecture);
  // Layers that cache every token, and layers that cache a window of them.
  let whole = 0;
  let window = 0;
  layerKinds(architecture).forEach((kind, layer) => {
    if (kind === 'L' || kind === '-' || kind === 'E' || kind === 'N' || layer >= owners) return;
    if (kind === 'S') window += 1;
    else whole += 1;
  });
  switch (attention.kind) {
    case 'full':
    case 'latent':
      return whole * context * bytesPerToken(attention, settings);
    case 'linear-hybrid':
      return whole * context * bytesPerToken(attention.full, settings);
    case 'sliding-window':
      return (
        whole * context * bytesPerToken(attention.full, settings) +
        window * Math.min(context, attention.window) * bytesPerToken(attention.sliding, settings)
      );
    case 'compressed':
      return whole * context * COMPRESSED_SHARE * (attention.rowWidth + attention.ropeHeadDim) * elementBytesOf(kType);
  }
}

/**
 * The rule of thumb's weights, cache, overhead and total, in bytes.
 *
 * @param publishedParameters parameters as the maker states them
 * @param inputs KV inputs that people use for this model instead of its own
 */
export function estimateRuleOfThumb(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: Settings,
  publishedParameters: number,
  inputs?: RuleOfThumbInputs,
): RuleOfThumb {
  const bytesPerParameter = bytesPerParameterIn(architecture, scheme);
  const parameters = publishedParameters - parametersOnHost(architecture);
  const weights = Math.round(parameters * bytesPerParameter);
  const kvCache = Math.round(
    inputs
      ? settings.context *
          inputs.sequenceCompression *
          inputs.layers *
          inputs.kvHeads *
          inputs.headDim *
          (elementBytesOf(settings.kType) + elementBytesOf(settings.vType))
      : cacheOf(architecture, settings),
  );
  const overhead = Math.round((weights + kvCache) * OVERHEAD_SHARE);
  return { parameters, bytesPerParameter, weights, kvCache, overhead, total: weights + kvCache + overhead };
}

/**
 * Bytes to plan for: the larger of the rule of thumb's total and the engine's own figure with five percent on top.
 *
 * @param needsBytes what the engine allocates on the devices
 * @param ruleOfThumbBytes total of {@link estimateRuleOfThumb}; absent for a model whose parameters nobody has published
 */
export function planForBytes(needsBytes: number, ruleOfThumbBytes = 0): number {
  return Math.max(Math.ceil(needsBytes * (1 + HEADROOM_SHARE)), ruleOfThumbBytes);
}
