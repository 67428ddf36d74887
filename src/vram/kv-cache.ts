/**
 * The KV cache and the recurrent state of llama.cpp: which tensors a layer keeps, how many cells they have and how many
 * bytes that is. Exact to the byte for version v0.5.0 (src/llama-kv-cache*.cpp, src/llama-memory-*.cpp of ggml-org/llama.cpp).
 */
import { KV_TYPES, type KvType, type Settings } from './allocation.ts';
import {
  type Architecture,
  type Attention,
  type AttentionShape,
  type IndexerShape,
  indexedLayers,
  isLatent,
  type LatentShape,
  type LayerKind,
  type LinearShape,
  layerKinds,
  layersWithCache,
} from './architecture.ts';
import { memoized } from './memoized.ts';
import { cudaBytes, GGML_TYPES, type GgmlType } from './quantization/ggml-types.ts';
import { padTo } from './units.ts';

/** ggml's type of each cache type: its name in capitals. */
const GGML_TYPE_OF = Object.fromEntries(KV_TYPES.map((type) => [type, type.toUpperCase()])) as Readonly<
  Record<KvType, GgmlType>
>;

/** Elements of a block of a cache type; 1 where it stores single numbers. */
export function blockElementsOf(type: KvType): number {
  return GGML_TYPES[GGML_TYPE_OF[type]].blockElements;
}

/** Whether a cache type stores blocks with a scale instead of single numbers. */
export function isQuantizedKvType(type: KvType): boolean {
  return blockElementsOf(type) > 1;
}

/** Bytes that an element of a cache type takes, its share of the block's scale included. */
export function elementBytesOf(type: KvType): number {
  return GGML_TYPES[GGML_TYPE_OF[type]].blockBytes / blockElementsOf(type);
}

/** llama.cpp pads the context, a window and compressed rows to this many cells (`llama-context.cpp`, `llama-kv-cache*.cpp`). */
export const CELL_PADDING = 256;

/** What decides how many cells a cache tensor has. */
type Span =
  /** Every token of the context. */
  | { readonly over: 'context' }
  /** The last tokens of each sequence, and the micro-batch being computed. */
  | { readonly over: 'window'; readonly tokens: number }
  /** One cell per `ratio` tokens of context. */
  | { readonly over: 'compressed'; readonly ratio: number };

/** One tensor of a layer's cache. `perSequence`: every sequence has cells of its own even in the unified cache. */
interface CacheTensor {
  /** `unread-values` are allocated beside index keys of grouped attention, and nothing reads them. */
  readonly holds: 'keys' | 'values' | 'unread-values';
  readonly width: number;
  readonly span: Span;
  readonly perSequence: boolean;
}

/** What one layer keeps between micro-batches. */
export interface LayerCache {
  readonly tensors: readonly CacheTensor[];
  /** Elements per sequence of each recurrent tensor, stored as F32 and listed as state. */
  readonly states: readonly number[];
  /** Elements per sequence of each F32 buffer that llama.cpp lists under the KV cache (unfinished blocks of CSA and HCA). */
  readonly unfinished: readonly number[];
}

/** The caches of a model: distinct kinds of layers, and which kind each layer is. */
export interface CacheLayout {
  readonly kinds: readonly LayerCache[];
  /** Index into `kinds`, one per layer of the stack. */
  readonly kindOfLayer: readonly number[];
  /** Layers of each kind. */
  readonly counts: readonly number[];
  /** Widest row of values of any layer: without FlashAttention every V tensor is that wide. */
  readonly widestValues: number;
}

const CONTEXT: Span = { over: 'context' };
const NOTHING: LayerCache = { tensors: [], states: [], unfinished: [] };

function keyValue(shape: AttentionShape, span: Span): CacheTensor[] {
  return [
    { holds: 'keys', width: shape.kvHeads * shape.headDim, span, perSequence: false },
    { holds: 'values', width: shape.kvHeads * (shape.valueHeadDim ?? shape.headDim), span, perSequence: false },
  ];
}

/** MLA caches one row per token, the latent and its rotary part; values are a view of it. */
function latentRow(shape: LatentShape): CacheTensor[] {
  return [{ holds: 'keys', width: shape.kvLoraRank + shape.ropeHeadDim, span: CONTEXT, perSequence: false }];
}

function fullAttention(shape: AttentionShape | LatentShape): CacheTensor[] {
  return isLatent(shape) ? latentRow(shape) : keyValue(shape, CONTEXT);
}

function indexerRow(indexer: IndexerShape): CacheTensor {
  const ratio = indexer.pooledTokens ?? 1;
  return {
    holds: 'keys',
    width: indexer.headDim,
    span: ratio === 1 ? CONTEXT : { over: 'compressed', ratio },
    perSequence: false,
  };
}

/** State elements of a linear layer for one sequence, one entry per tensor: convolution, then recurrence. */
export function statesOf(linear: LinearShape, hiddenSize: number): number[] {
  switch (linear.type) {
    case 'gated-deltanet': {
      const values = linear.valueHeads * linear.valueHeadDim;
      return [(linear.convKernel - 1) * (values + 2 * linear.keyHeads * linear.keyHeadDim), values * linear.keyHeadDim];
    }
    case 'kimi-delta': {
      const inner = linear.heads * linear.headDim;
      return [3 * (linear.convKernel - 1) * inner, inner * linear.headDim];
    }
    case 'lightning':
      return [linear.heads * linear.headDim * linear.headDim];
    case 'mamba2': {
      const inner = linear.heads * linear.headDim;
      return [(linear.convKernel - 1) * (inner + 2 * linear.groups * linear.stateSize), inner * linear.stateSize];
    }
    case 'mamba1':
      return [(linear.convKernel - 1) * linear.innerSize, linear.innerSize * linear.stateSize];
    case 'short-convolution':
      return [(linear.convKernel - 1) * hiddenSize];
  }
}

/** Tokens of the longest n-gram that Qwen3.8 Flash Next looks up: its convolution steps over so many tokens at a time. */
const NGRAM_TOKENS = 3;

function layerCacheOf(
  architecture: Architecture,
  kind: LayerKind,
  layer: number,
  indexed: ReadonlySet<number>,
): LayerCache {
  const attention: Attention = architecture.attention;
  if (kind === '-' || kind === 'E') return NOTHING;
  // A pruned block keeps no rows, but takes part where every layer's values are as wide as the widest.
  if (kind === 'N') return { ...NOTHING, tensors: [{ holds: 'values', width: 0, span: CONTEXT, perSequence: false }] };
  switch (attention.kind) {
    case 'full':
    case 'latent': {
      const tensors = fullAttention(attention);
      if (attention.indexer && indexed.has(layer)) {
        const row = indexerRow(attention.indexer);
        tensors.push(row);
        if (attention.kind === 'full') {
          tensors.push({ ...row, holds: 'unread-values', width: attention.valueHeadDim ?? attention.headDim });
        }
      }
      return { ...NOTHING, tensors };
    }
    case 'sliding-window': {
      // Layers that share the cache of an earlier layer own none.
      if (layer >= layersWithCache(architecture)) return NOTHING;
      return kind === 'S'
        ? { ...NOTHING, tensors: keyValue(attention.sliding, { over: 'window', tokens: attention.window }) }
        : { ...NOTHING, tensors: keyValue(attention.full, CONTEXT) };
    }
    case 'linear-hybrid': {
      const states = kind === 'L' || kind === 'P' ? statesOf(attention.linear, architecture.hiddenSize) : [];
      const { ngramTable, hiddenSize, residualStreams = 1 } = architecture;
      if (ngramTable?.layer === layer) {
        states.push((ngramTable.convKernel - 1) * NGRAM_TOKENS * residualStreams * hiddenSize);
      }
      const tensors = kind === 'L' ? [] : fullAttention(attention.full);
      if (attention.indexer && indexed.has(layer)) tensors.push(indexerRow(attention.indexer));
      return { ...NOTHING, tensors, states };
    }
    case 'compressed': {
      const { rowWidth, csaRatio, hcaRatio, indexer } = attention;
      const row = (width: number, span: Span): CacheTensor => ({ holds: 'keys', width, span, perSequence: true });
      const tensors = [row(rowWidth, { over: 'window', tokens: attention.window })];
      const unfinished: number[] = [];
      if (kind === 'C') {
        // Rows overlap: a CSA block pools twice its ratio, from two projections; each state holds values and scores.
        const span: Span = { over: 'compressed', ratio: csaRatio };
        tensors.push(row(rowWidth, span), row(indexer.headDim, span));
        for (const width of [rowWidth, indexer.headDim])
          unfinished.push(2 * csaRatio * 2 * width, 2 * csaRatio * 2 * width);
      } else if (kind === 'H') {
        tensors.push(row(rowWidth, { over: 'compressed', ratio: hcaRatio }));
        unfinished.push(hcaRatio * rowWidth, hcaRatio * rowWidth);
      }
      return { ...NOTHING, tensors, unfinished };
    }
  }
}

/** Which caches the layers of an architecture keep. Memoised per architecture object. */
export const cacheLayoutOf = memoized((architecture: Architecture): CacheLayout => {
  const kindsOfLayers = layerKinds(architecture);
  const indexed = indexedLayers(architecture);
  const kinds: LayerCache[] = [];
  const counts: number[] = [];
  const positions = new Map<string, number>();
  const kindOfLayer = kindsOfLayers.map((kind, layer) => {
    const cache = layerCacheOf(architecture, kind, layer, indexed);
    const signature = JSON.stringify(cache);
    let position = positions.get(signature);
    if (position === undefined) {
      position = kinds.length;
      positions.set(signature, position);
      kinds.push(cache);
      counts.push(0);
    }
    counts[position] = (counts[position] ?? 0) + 1;
    return position;
  });
  const widestValues = Math.max(
    0,
    ...kinds.flatMap((cache) => cache.tensors.map((tensor) => (tensor.holds === 'values' ? tensor.width : 0))),
  );
  return { kinds, kindOfLayer, counts, widestValues };
});

/** The settings that decide the size of a cache. */
export type CacheSettings = Pick<Settings, 'context' | 'kType' | 'vType' | 'microBatch' | 'sequences'> & {
  /**
   * Values are stored transposed, every layer's as wide as the widest: without FlashAttention, unless the engine turned it
   * off only after it had made the cache.
   */
  readonly transposedValues: boolean;
};

/** Cells that one attention layer with the whole context has. */
export function contextCells(context: number): number {
  return padTo(context, CELL_PADDING);
}

/** Cells of a cache with one row per `ratio` tokens. */
export function compressedCells(context: number, ratio: number): number {
  return padTo(Math.ceil(contextCells(context) / ratio), CELL_PADDING);
}

/** Cells of a layer with a window, of all sequences of the unified cache: their windows, and a micro-batch. */
export function windowCells(
  window: number,
  { context, microBatch, sequences }: Pick<CacheSettings, 'context' | 'microBatch' | 'sequences'>,
): number {
  return padTo(Math.min(contextCells(context), window * sequences + Math.min(microBatch, context)), CELL_PADDING);
}

/** Cells of one cache tensor, of all sequences together. */
function cellsOf({ span, perSequence }: CacheTensor, settings: CacheSettings): number {
  const { context, microBatch, sequences } = settings;
  const caches = perSequence ? sequences : 1;
  switch (span.over) {
    case 'context':
      return contextCells(context) * caches;
    case 'window':
      return windowCells(span.tokens, { context, microBatch, sequences: sequences / caches }) * caches;
    case 'compressed':
      return compressedCells(context, span.ratio) * caches;
  }
}

/** Bytes of the caches of one layer of a kind. */
export interface CacheBytes {
  readonly kvCache: number;
  readonly state: number;
}

/**
 * Bytes that one layer keeps, as CUDA allocates them.
 *
 * @param kept times that states are kept: once for every drafted token on top of their own
 */
function layerCacheBytes(cache: LayerCache, layout: CacheLayout, settings: CacheSettings, kept = 1): CacheBytes {
  const stateBytes = (elements: number): number => cudaBytes('F32', [elements * settings.sequences * kept]);
  let kvCache = 0;
  for (const tensor of cache.tensors) {
    const width = tensor.holds === 'values' && settings.transposedValues ? layout.widestValues : tensor.width;
    const type = tensor.holds === 'keys' ? settings.kType : settings.vType;
    kvCache += cudaBytes(GGML_TYPE_OF[type], [width, cellsOf(tensor, settings)]);
  }
  for (const elements of cache.unfinished) kvCache += stateBytes(elements);
  let state = 0;
  for (const elements of cache.states) state += stateBytes(elements);
  return { kvCache, state };
}

const WINDOW_NEXT_TOKEN: ReadonlySet<string> = new Set([
  'MiMoV2FlashForCausalLM',
  'MiMoV2ForCausalLM',
  'Step3p5ForCausalLM',
  'Step3p7ForConditionalGeneration',
]);

/**
 * Bytes of the cache of one multi-token-prediction block: it drafts in a context of its own with F16 rows, whatever the
 * model's cache type is.
 */
export function nextTokenCacheBytes(architecture: Architecture, settings: CacheSettings): number {
  const kind = WINDOW_NEXT_TOKEN.has(architecture.className)
    ? 'S'
    : architecture.attention.kind === 'compressed'
      ? 'R'
      : 'F';
  const cache = layerCacheOf(architecture, kind, 0, new Set());
  return layerCacheBytes(cache, cacheLayoutOf(architecture), { ...settings, kType: 'f16', vType: 'f16' }).kvCache;
}

/** Tokens that llama.cpp drafts at once by default (`common_params_speculative_draft::n_max` in `common/common.h`). */
const DRAFTED_TOKENS = 3;

/**
 * Classes whose states llama.cpp can take back by so many tokens: it keeps them once more for every drafted token
 * (`llm_arch_supports_rs_rollback` in `src/llama-arch.cpp`, `need_n_rs_seq` in `common/common.h`).
 */
const ROLLBACK_CLASSES: ReadonlySet<string> = new Set([
  'Qwen3_5ForCausalLM',
  'Qwen3_5ForConditionalGeneration',
  'Qwen3_5MoeForCausalLM',
  'Qwen3_5MoeForConditionalGeneration',
  'DeepseekV4ForCausalLM',
]);

/** How many times the states are kept when multi-token prediction drafts. */
export function statesKeptWithDrafts({ className }: Architecture): number {
  return ROLLBACK_CLASSES.has(className) ? 1 + DRAFTED_TOKENS : 1;
}

/** Bytes of every layer kind of a layout, in the order of `layout.kinds`. */
export function cacheBytesByKind(layout: CacheLayout, settings: CacheSettings, kept = 1): CacheBytes[] {
  return layout.kinds.map((kind) => layerCacheBytes(kind, layout, settings, kept));
}

/** KV cache and recurrent state of the whole model, in bytes. */
export function cacheBytes(architecture: Architecture, settings: CacheSettings): CacheBytes {
  const layout = cacheLayoutOf(architecture);
  let kvCache = 0;
  let state = 0;
  cacheBytesByKind(layout, settings).forEach((bytes, kind) => {
    const count = layout.counts[kind] ?? 0;
    kvCache += bytes.kvCache * count;
    state += bytes.state * count;
  });
  return { kvCache, state };
}
