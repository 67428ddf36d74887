/**
 * The hyperparameters of a language model that decide its memory.
 *
 * A value of {@link Architecture} is what a model record carries and what `from-config.ts` reads out of a
 * Hugging Face `config.json`. Everything the estimator computes (tensors, KV cells, recurrent state, compute
 * buffer) follows from it. Dimensions are element counts, contexts are tokens.
 */
import { memoized } from './memoized.ts';

/** Blocks that llama.cpp has room for (LLAMA_MAX_LAYERS). */
export const MOST_LAYERS = 512;

/**
 * One letter per layer of the stack, in order:
 *
 * - `F` attention whose cache grows with the whole context (GQA, MHA or MLA)
 * - `S` attention over a sliding window or a chunk
 * - `L` linear attention or a state-space layer with a state of constant size
 * - `P` attention and a state-space mixer side by side in one layer (Falcon-H1)
 * - `C` compressed sparse attention, `H` heavily compressed attention, `R` raw window only (DeepSeek V4)
 * - `-` a feed-forward layer of its own, `E` a mixture-of-experts layer of its own (Nemotron-H)
 * - `N` no token mixer at all (pruned blocks of Nemotron Super)
 */
export type LayerKind = 'F' | 'S' | 'L' | 'P' | 'C' | 'H' | 'R' | '-' | 'E' | 'N';

/** Width of one attention layer. `valueHeadDim` is absent where it equals `headDim`, `heads` where it equals the model's. */
export interface AttentionShape {
  readonly heads?: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly valueHeadDim?: number;
}

/** Multi-head latent attention: one latent row per token and layer instead of keys and values per head. */
export interface LatentShape {
  /** Rank of the query projection; absent where queries are projected directly. */
  readonly qLoraRank?: number;
  readonly kvLoraRank: number;
  readonly nopeHeadDim: number;
  readonly ropeHeadDim: number;
  readonly valueHeadDim: number;
}

/** A small extra attention that chooses which rows the main attention reads; its keys are cached too. */
export interface IndexerShape {
  /** How many layers own an indexer, the last so many that attend (leading dense layers have none), or their 0-based numbers. */
  readonly layers: number | readonly number[];
  readonly heads: number;
  readonly headDim: number;
  /** Rows that the main attention reads per token; {@link topKOf} says how many where it is absent. */
  readonly topK?: number;
  /** Tokens pooled into one cached key; absent = 1. */
  readonly pooledTokens?: number;
}

/** A layer kind `L` or the mixer half of `P`: what it keeps per sequence, whatever the context. */
export type LinearShape =
  | {
      readonly type: 'gated-deltanet';
      readonly keyHeads: number;
      readonly valueHeads: number;
      readonly keyHeadDim: number;
      readonly valueHeadDim: number;
      readonly convKernel: number;
    }
  | { readonly type: 'kimi-delta'; readonly heads: number; readonly headDim: number; readonly convKernel: number }
  | { readonly type: 'lightning'; readonly heads: number; readonly headDim: number }
  | {
      readonly type: 'mamba2';
      readonly heads: number;
      readonly headDim: number;
      readonly stateSize: number;
      readonly groups: number;
      readonly convKernel: number;
      /** A gated norm behind the mixer; absent = true. */
      readonly gatedNorm?: boolean;
    }
  | {
      readonly type: 'mamba1';
      readonly innerSize: number;
      readonly stateSize: number;
      readonly convKernel: number;
      readonly timeStepRank: number;
    }
  | { readonly type: 'short-convolution'; readonly convKernel: number };

/** How a model attends: one member per kind of cache. `heads` is the number of query heads. */
export type Attention =
  /** MHA, GQA and MQA: every layer caches K and V of every token. An indexer makes it sparse (MiniMax M3). */
  | ({ readonly kind: 'full'; readonly heads: number; readonly indexer?: IndexerShape } & Omit<AttentionShape, 'heads'>)
  /** MLA, with an indexer where the attention is sparse (DSA). */
  | ({ readonly kind: 'latent'; readonly heads: number; readonly indexer?: IndexerShape } & LatentShape)
  /** Layers `S` keep a window (or a chunk) of tokens, layers `F` keep all of them. */
  | {
      readonly kind: 'sliding-window';
      readonly heads: number;
      /** Tokens a layer `S` attends to. */
      readonly window: number;
      /** `chunked`: a token sees its own chunk (Llama 4), not the last `window` tokens. */
      readonly local: 'window' | 'chunked';
      readonly full: AttentionShape;
      readonly sliding: AttentionShape;
      /** Layers at the end of the stack that read the cache of an earlier layer (Gemma 3n, Gemma 4 E). */
      readonly sharedKvLayers?: number;
      /** K and V of the full layers come from one projection (Gemma 4). */
      readonly fullKeyIsValue?: boolean;
    }
  /** Layers `L` (or the mixer of `P`) keep a state; layers `F` (or `P`) attend in full, by GQA or by MLA. */
  | {
      readonly kind: 'linear-hybrid';
      readonly heads: number;
      readonly linear: LinearShape;
      readonly full: AttentionShape | LatentShape;
      readonly indexer?: IndexerShape;
    }
  /** CSA and HCA of DeepSeek V4: `C` keeps one row per 4 tokens, `H` one per 128, every layer the last `window` rows. */
  | {
      readonly kind: 'compressed';
      readonly heads: number;
      readonly rowWidth: number;
      readonly ropeHeadDim: number;
      readonly window: number;
      readonly csaRatio: number;
      readonly hcaRatio: number;
      readonly indexer: IndexerShape;
      readonly qLoraRank: number;
      readonly oLoraRank: number;
      readonly oGroups: number;
      /** Layers at the start that route by a table of token ids; absent = 3. */
      readonly hashRoutedLayers?: number;
    };

/** The experts of a mixture-of-experts model. */
export interface Experts {
  readonly count: number;
  /** Experts that one token uses. */
  readonly used: number;
  readonly intermediateSize: number;
  /** Experts every token uses, beside the routed ones. */
  readonly shared: number;
  /** Width of all shared experts together; absent = shared x intermediateSize. */
  readonly sharedIntermediateSize?: number;
  /** Layers at the start of the stack with an ordinary feed-forward block. */
  readonly leadingDenseLayers: number;
  /** Every n-th layer has experts, the others are dense; absent = 1. */
  readonly every?: number;
  /** Width the routed experts work in where it is not the model's. */
  readonly latentSize?: number;
}

/** The feed-forward blocks: dense, with experts, or both. Widths are elements. */
export interface FeedForward {
  /** Width of a dense block, or one width per layer; absent where every layer has experts only. */
  readonly intermediateSize?: number | readonly number[];
  readonly experts?: Experts;
}

/** Everything about a model that decides its memory. */
export interface Architecture {
  /** Hugging Face class name: it decides which tensors exist and which graph llama.cpp builds. */
  readonly className: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** The output head is the embedding table. */
  readonly tiedEmbeddings: boolean;
  readonly attention: Attention;
  /** Kinds of the layers, repeated until `layers` are named; absent = all `F`. */
  readonly layerPattern?: string;
  readonly feedForward: FeedForward;
  /** Multi-token-prediction blocks behind the stack. */
  readonly nextTokenLayers?: number;
  /** Those blocks have an embedding table and a head of their own (GLM-4.5, DeepSeek V3); absent = they share the model's. */
  readonly nextTokenOwnEmbeddings?: boolean;
  /** Query, key and value projections add a bias; absent = as the class does. */
  readonly attentionBias?: boolean;
  /** Feed-forward projections add a bias; absent = no. */
  readonly feedForwardBias?: boolean;
  /** Queries and keys are normalized per head; absent = as the class does. */
  readonly queryKeyNorm?: boolean;
  /** RoPE scaling that converters store as a table of factors: Llama 3's, or LongRoPE's pair (Phi 3.5). */
  readonly ropeFactors?: 'llama3' | 'longrope';
  /** Width of the per-layer embedding rows (Gemma 3n, Gemma 4 E). */
  readonly perLayerEmbeddingSize?: number;
  readonly perLayerVocabularySize?: number;
  /** Residual streams that hyper-connections mix (DeepSeek V4, GLM-5.3 Flash, Hy4, Qwen3.8 Flash Next); absent = 1. */
  readonly residualStreams?: number;
  /** Rank of those mixers where they are factored (Qwen3.8 Flash Next). */
  readonly residualRank?: number;
  /** A table of n-gram embeddings read by one layer (Qwen3.8 Flash Next): rows of `rowWidth` elements. */
  readonly ngramTable?: {
    readonly rows: number;
    readonly rowWidth: number;
    readonly layer: number;
    readonly convKernel: number;
  };
  /** Learned relative positions and short convolutions on keys, values, attention and feed-forward output (Inkling). */
  readonly relativePositions?: { readonly rank: number; readonly extent: number; readonly convKernel: number };
  /** A format that the checkpoint's expert weights are published in and converters keep (`mxfp4`, gpt-oss). */
  readonly nativeExpertFormat?: 'mxfp4';
}

/**
 * The kind of every layer of the stack, in order; `layerPattern` is repeated until `layers` are named, and a model
 * without one attends in full in every layer.
 */
export const layerKinds = memoized(({ layers, layerPattern: pattern = 'F' }: Architecture): readonly LayerKind[] =>
  Array.from({ length: layers }, (_, layer) => pattern[layer % pattern.length] as LayerKind),
);

/** Layer `layer` (0-based) has routed experts; the kinds `E` and `-` of Nemotron-H say so themselves. */
export function hasExperts(architecture: Architecture, layer: number, kind: LayerKind): boolean {
  const experts = architecture.feedForward.experts;
  if (experts === undefined || kind === '-') return false;
  return kind === 'E' || (layer >= experts.leadingDenseLayers && (layer + 1) % (experts.every ?? 1) === 0);
}

/** Multi-head latent attention caches one row for all heads. */
export function isLatent(shape: AttentionShape | LatentShape): shape is LatentShape {
  return 'kvLoraRank' in shape;
}

/** What a layer that sees the whole context caches; `undefined` for compressed attention, which has no such layer. */
export function fullShapeOf({ attention }: Architecture): AttentionShape | LatentShape | undefined {
  switch (attention.kind) {
    case 'full':
    case 'latent':
      return attention;
    case 'sliding-window':
    case 'linear-hybrid':
      return attention.full;
    case 'compressed':
      return undefined;
  }
}

/** The latent row of a model with MLA, in every layer or in those that attend; `undefined` for other models. */
export function latentShapeOf(architecture: Architecture): LatentShape | undefined {
  const shape = fullShapeOf(architecture);
  return shape && isLatent(shape) ? shape : undefined;
}

/** Elements that a layer caches per token: keys and values of every head, or one latent row. */
export function cachedElementsOf(shape: AttentionShape | LatentShape): number {
  if (isLatent(shape)) return shape.kvLoraRank + shape.ropeHeadDim;
  const { kvHeads, headDim, valueHeadDim = headDim } = shape;
  return kvHeads * (headDim + valueHeadDim);
}

/** Layers, from the start of the stack, that own their cache; the others read an earlier layer's. */
export function layersWithCache({ attention, layers }: Architecture): number {
  return layers - (attention.kind === 'sliding-window' ? (attention.sharedKvLayers ?? 0) : 0);
}

/** The indexer of sparse or compressed attention; `undefined` where there is none. */
export function indexerShapeOf({ attention }: Architecture): IndexerShape | undefined {
  return 'indexer' in attention ? attention.indexer : undefined;
}

/** The indexer of sparse attention, and how many layers have one. */
export function indexerOf(
  architecture: Architecture,
): { readonly indexer: IndexerShape; readonly layers: number } | undefined {
  const indexer = indexerShapeOf(architecture);
  if (!indexer || architecture.attention.kind === 'compressed') return undefined;
  return { indexer, layers: typeof indexer.layers === 'number' ? indexer.layers : indexer.layers.length };
}

/** Rows that sparse attention reads per token: as its config says, else as DeepSeek V3.2 or, where rows are compressed, V4. */
export function topKOf(architecture: Architecture): number {
  return indexerShapeOf(architecture)?.topK ?? (architecture.attention.kind === 'compressed' ? 512 : 2048);
}

/** Which layers of the stack own an indexer of sparse attention. */
export function indexedLayers(architecture: Architecture): ReadonlySet<number> {
  const layers = indexerOf(architecture)?.indexer.layers ?? 0;
  if (typeof layers !== 'number') return new Set(layers);
  const attending = layerKinds(architecture).flatMap((kind, layer) => (kind === 'F' || kind === 'P' ? [layer] : []));
  return new Set(attending.slice(Math.max(0, attending.length - layers)));
}

function latentAsHeads(shape: LatentShape): AttentionShape {
  return { kvHeads: 1, headDim: shape.nopeHeadDim + shape.ropeHeadDim, valueHeadDim: shape.valueHeadDim };
}

/**
 * Query heads and widths of a layer of the kind, as its projections have them; latent attention counts one key/value
 * head of the decompressed width.
 */
export function attentionShapeOf(architecture: Architecture, kind: LayerKind): Required<AttentionShape> {
  const { attention } = architecture;
  const shape = ((): AttentionShape => {
    switch (attention.kind) {
      case 'full':
        return attention;
      case 'sliding-window':
        return kind === 'S' ? attention.sliding : attention.full;
      case 'linear-hybrid':
        return isLatent(attention.full) ? latentAsHeads(attention.full) : attention.full;
      case 'latent':
        return latentAsHeads(attention);
      case 'compressed':
        return { kvHeads: 1, headDim: attention.rowWidth };
    }
  })();
  const { heads = attention.heads, kvHeads, headDim, valueHeadDim = headDim } = shape;
  return { heads, kvHeads, headDim, valueHeadDim };
}

/**
 * Query heads per key/value head of block 0, as llama.cpp's file states them: 0 where the class lists them per block
 * and block 0 has no attention; latent attention counts one key/value head.
 */
export function headsPerKvHeadOfFirstBlock(architecture: Architecture): number {
  const kind = layerKinds(architecture)[0] ?? 'F';
  const { attention } = architecture;
  if (attention.kind === 'linear-hybrid' && kind === 'L' && attention.linear.type !== 'gated-deltanet') return 0;
  if (kind === '-' || kind === 'E' || kind === 'N') return 0;
  const { heads, kvHeads } = attentionShapeOf(architecture, kind);
  return Math.floor(heads / kvHeads);
}
