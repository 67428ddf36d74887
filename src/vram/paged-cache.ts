/**
 * vLLM's paged KV cache: bytes of a token in each layer, the groups that layers of different kinds form, and the blocks
 * that one request holds (vllm/v1/kv_cache_interface.py and vllm/v1/core/kv_cache_utils.py).
 */
import { EstimateError } from './allocation.ts';
import {
  type Architecture,
  type AttentionShape,
  fullShapeOf,
  type IndexerShape,
  indexerOf,
  isLatent,
  type LatentShape,
  type LinearShape,
  layerKinds,
  layersWithCache,
} from './architecture.ts';
import { padTo } from './units.ts';

/** `--kv-cache-dtype`. */
export const PAGED_KV_TYPES = [
  'auto',
  'bfloat16',
  'float16',
  'fp8',
  'fp8_e4m3',
  'fp8_e5m2',
  'fp8_ds_mla',
  'fp8_per_token_head',
  'int8_per_token_head',
  'int4_per_token_head',
  'nvfp4',
] as const;

/** One of {@link PAGED_KV_TYPES}. */
export type PagedKvType = (typeof PAGED_KV_TYPES)[number];

/** The settings that decide pages and blocks. */
export interface PagedSettings {
  readonly kvType: PagedKvType;
  readonly tensorParallel: number;
  /** Tokens of one step of the scheduler (`--max-num-batched-tokens`). */
  readonly maxBatchedTokens: number;
  /** Tokens that a drafter proposes; its layers have caches of their own. */
  readonly draftTokens: number;
  /** With prefix caching a request holds a second page of every state. */
  readonly prefixCaching: boolean;
}

/** What a layer's pages hold. */
type Span = 'full' | 'window' | 'state';

/** One cache of one layer, before pages are made equal. */
interface LayerCache {
  readonly span: Span;
  /** Bytes per token; of the whole state where it is one. */
  readonly bytes: number;
  readonly window: number;
  readonly isLatent: boolean;
}

/** Layers of one kind; each group has its own block table in one pool. */
export interface CacheGroup {
  readonly span: Span;
  /** Tokens of a block; 0 for a state. */
  readonly blockTokens: number;
  readonly window: number;
  /** How many groups of this kind there are. */
  readonly count: number;
  /** Blocks of the pool that one block of the group takes: 1, but for DeepSeek V4's packed pages. */
  readonly poolBlocks: number;
}

/** How the pool of one GPU is divided. */
export interface PagedCache {
  readonly groups: readonly CacheGroup[];
  /** Bytes of one block of the pool: a page of every layer of a group. */
  readonly poolBlockBytes: number;
  /** Tokens of a block of the layers that see the whole context. */
  readonly blockTokens: number;
}

const BLOCK_TOKENS = 16;
/** Kernels for latent rows take pages of 64 tokens. */
const LATENT_BLOCK_TOKENS = 64;
/** A 16-bit row of DeepSeek's sparse attention becomes 512 FP8 values, their scales and 64 16-bit rotary values. */
const SPARSE_LATENT_ROW_BYTES = 656;
/** 128 FP8 values of an indexer key and a 32-bit scale. */
const INDEXER_SCALE_BYTES = 4;

/** Bytes of `values` of one head, scales included. */
function headBytes(type: PagedKvType, values: number): number {
  switch (type) {
    case 'fp8':
    case 'fp8_e4m3':
    case 'fp8_e5m2':
      return values;
    case 'fp8_per_token_head':
    case 'int8_per_token_head':
      return values + 4;
    case 'int4_per_token_head':
      return values / 2 + 4;
    case 'nvfp4':
      return values / 2 + values / 16;
    case 'fp8_ds_mla':
      throw refusedType(type, 'only sparse latent attention has it');
    default:
      return 2 * values;
  }
}

function refusedType(type: PagedKvType, reason: string): EstimateError {
  return new EstimateError('refused-by-engine', `vLLM refuses a KV cache of type ${type} for this model: ${reason}.`);
}

function headsBytes({ kvHeads, headDim, valueHeadDim = headDim }: AttentionShape, settings: PagedSettings): number {
  const heads = Math.max(1, Math.ceil(kvHeads / settings.tensorParallel));
  return heads * (headBytes(settings.kvType, headDim) + headBytes(settings.kvType, valueHeadDim));
}

/** One row for all heads, which every GPU of the group keeps whole. */
function latentBytes(shape: LatentShape, type: PagedKvType, isSparse: boolean): number {
  const width = shape.kvLoraRank + shape.ropeHeadDim;
  if (type === 'bfloat16' || type === 'float16') return 2 * width;
  // `auto` stores rows of sparse attention in the mixed layout that its kernels read.
  if (isSparse && ['auto', 'fp8', 'fp8_e4m3', 'fp8_ds_mla'].includes(type)) return SPARSE_LATENT_ROW_BYTES;
  if (type === 'auto') return 2 * width;
  if (type === 'fp8' || type === 'fp8_e4m3') return width;
  throw refusedType(type, 'latent rows have no such type');
}

/** Bytes of a state on one GPU: the convolution in 16 bits, with a row more per drafted token, the recurrence in 32. */
function stateBytes(linear: LinearShape, hiddenSize: number, { tensorParallel, draftTokens }: PagedSettings): number {
  const convolution = (kernel: number, width: number): number =>
    (kernel - 1 + draftTokens) * Math.ceil(width / tensorParallel) * 2;
  const own = (heads: number): number => Math.ceil(heads / tensorParallel);
  switch (linear.type) {
    case 'gated-deltanet': {
      const { keyHeads, valueHeads, keyHeadDim, valueHeadDim, convKernel } = linear;
      const width = valueHeads * valueHeadDim + 2 * keyHeads * keyHeadDim;
      return convolution(convKernel, width) + own(valueHeads) * keyHeadDim * valueHeadDim * 4;
    }
    case 'kimi-delta': {
      const { heads, headDim, convKernel } = linear;
      return convolution(convKernel, 3 * heads * headDim) + own(heads) * headDim * headDim * 4;
    }
    case 'lightning':
      return own(linear.heads) * linear.headDim * linear.headDim * 4;
    case 'mamba2': {
      const { heads, headDim, groups, stateSize, convKernel } = linear;
      return convolution(convKernel, heads * headDim + 2 * groups * stateSize) + own(heads) * headDim * stateSize * 4;
    }
    case 'mamba1':
      return (
        convolution(linear.convKernel, linear.innerSize) +
        Math.ceil(linear.innerSize / tensorParallel) * linear.stateSize * 4
      );
    case 'short-convolution':
      return convolution(linear.convKernel, hiddenSize);
  }
}

function indexerRowBytes(indexer: IndexerShape): number {
  return (indexer.headDim + INDEXER_SCALE_BYTES) / (indexer.pooledTokens ?? 1);
}

/** The caches of all layers, the drafter's included. */
function layerCaches(architecture: Architecture, settings: PagedSettings): readonly LayerCache[] {
  const { attention, hiddenSize } = architecture;
  const shape = fullShapeOf(architecture);
  if (!shape) return [];
  const sparse = indexerOf(architecture);
  const full: LayerCache = isLatent(shape)
    ? { span: 'full', bytes: latentBytes(shape, settings.kvType, sparse !== undefined), window: 0, isLatent: true }
    : { span: 'full', bytes: headsBytes(shape, settings), window: 0, isLatent: false };
  const caches: LayerCache[] = [];
  const withCache = layersWithCache(architecture);
  layerKinds(architecture).forEach((kind, layer) => {
    if (layer >= withCache) return;
    if ((kind === 'L' || kind === 'P') && attention.kind === 'linear-hybrid') {
      caches.push({
        span: 'state',
        bytes: stateBytes(attention.linear, hiddenSize, settings),
        window: 0,
        isLatent: false,
      });
    }
    if (kind === 'F' || kind === 'P') caches.push(full);
    if (kind === 'S' && attention.kind === 'sliding-window') {
      const bytes = headsBytes(attention.sliding, settings);
      // Chunked layers are stored like full ones: the hybrid manager is off for them unless it is asked for.
      caches.push(
        attention.local === 'chunked'
          ? { ...full, bytes }
          : { span: 'window', bytes, window: attention.window, isLatent: false },
      );
    }
  });
  for (let index = 0; sparse && index < sparse.layers; index++) {
    caches.push({ ...full, bytes: indexerRowBytes(sparse.indexer) });
  }
  if (settings.draftTokens > 0) {
    for (let index = 0; index < (architecture.nextTokenLayers ?? 0); index++) caches.push(full);
  }
  return caches;
}

/** Distinct caches with the number of layers that have them. */
function kindsOf(caches: readonly LayerCache[]): { readonly cache: LayerCache; readonly layers: number }[] {
  const counts = new Map<string, { cache: LayerCache; layers: number }>();
  for (const cache of caches) {
    const key = `${cache.span} ${cache.bytes} ${cache.window}`;
    const known = counts.get(key);
    if (known) known.layers += 1;
    else counts.set(key, { cache, layers: 1 });
  }
  return [...counts.values()];
}

/** Pages of compressed attention are whole multiples of this many bytes. */
const PACKED_PAGE_BYTES = 576;
/** A row of 512 values: 448 in FP8, 64 rotary ones in 16 bits, 7 scales, one byte of padding. */
const PACKED_ROTARY_VALUES = 64;

/**
 * CSA and HCA of DeepSeek V4: compressed rows of the whole context, raw rows of a window, and the values and scores of
 * unfinished rows in 32 bits, each in pages of its own that share one pool.
 */
function packedCacheOf(architecture: Architecture, type: PagedKvType): PagedCache {
  const { attention } = architecture;
  if (attention.kind !== 'compressed') throw new Error('not compressed attention');
  if (!['auto', 'fp8', 'fp8_e4m3', 'fp8_ds_mla'].includes(type)) throw refusedType(type, 'its rows are FP8');
  const { rowWidth, csaRatio, hcaRatio, window, indexer } = attention;
  const plain = rowWidth - PACKED_ROTARY_VALUES;
  const rowBytes = plain + 2 * PACKED_ROTARY_VALUES + plain / PACKED_ROTARY_VALUES + 1;
  const pages = (bytes: number): number => Math.ceil(bytes / PACKED_PAGE_BYTES);
  const kinds = layerKinds(architecture);
  const csa = kinds.filter((kind) => kind === 'C').length;
  const hca = kinds.filter((kind) => kind === 'H').length;
  const blockTokens = 256;
  const rawTokens = 64;
  const rows = (ratio: number, bytes: number): number => pages((blockTokens / ratio) * bytes);
  // Values and scores of each token, of two overlapping windows in CSA.
  const unfinished = (tokens: number, width: number): number => pages(tokens * 2 * width * 4);
  const compressed =
    csa * (rows(csaRatio, rowBytes) + rows(csaRatio, indexerRowBytes(indexer))) + hca * rows(hcaRatio, rowBytes);
  const group = (span: Span, tokens: number, own: number, poolBlocks: number): CacheGroup => ({
    span,
    blockTokens: tokens,
    window: own,
    count: 1,
    poolBlocks,
  });
  return {
    groups: [
      group('full', blockTokens, 0, compressed),
      group('window', rawTokens, window, kinds.length * pages(rawTokens * rowBytes)),
      group('window', csaRatio, 2 * csaRatio, csa * unfinished(csaRatio, 2 * (rowWidth + indexer.headDim))),
      group('window', 8, hcaRatio, hca * unfinished(8, rowWidth)),
    ],
    poolBlockBytes: PACKED_PAGE_BYTES,
    blockTokens,
  };
}

/** Where the commonest kind has fewer than this many times the layers of the rarest, groups are as long as it. */
const PAD_TO_COMMONEST_BELOW = 1.5;

/**
 * Groups and block size of a model's cache on one GPU.
 *
 * @throws {EstimateError} `unknown-architecture` for a cache whose layout is not reproduced, `refused-by-engine` for a
 * type that the attention does not have
 */
export function pagedCacheOf(architecture: Architecture, settings: PagedSettings): PagedCache {
  if (architecture.attention.kind === 'compressed') return packedCacheOf(architecture, settings.kvType);
  const caches = layerCaches(architecture, settings);
  const first = caches[0];
  if (!first) throw new EstimateError('unknown-architecture', `"${architecture.className}" has no layer with a cache.`);
  const base = caches.some((cache) => cache.isLatent) ? LATENT_BLOCK_TOKENS : BLOCK_TOKENS;
  if (caches.every(({ span, window }) => span === first.span && window === first.window) && first.span !== 'state') {
    const poolBlockBytes = caches.reduce((sum, { bytes }) => sum + bytes * base, 0);
    const { span, window } = first;
    return {
      groups: [{ span, blockTokens: base, window, count: 1, poolBlocks: 1 }],
      poolBlockBytes,
      blockTokens: base,
    };
  }
  const kinds = kindsOf(caches);
  const state = Math.max(0, ...caches.map(({ span, bytes }) => (span === 'state' ? bytes : 0)));
  const attention = Math.max(0, ...caches.map(({ span, bytes }) => (span === 'state' ? 0 : bytes)));
  const tokens = attention === 0 ? base : Math.max(base, padTo(Math.ceil(state / attention), base));
  const page = Math.max(state, attention * tokens);
  const blockTokensOf = ({ span, bytes }: LayerCache): number => {
    if (span === 'state') return 0;
    const own = bytes * tokens;
    return page % own === 0 ? tokens * (page / own) : tokens;
  };
  const counts = kinds.map(({ layers }) => layers);
  const rarest = Math.min(...counts);
  const commonest = Math.max(...counts);
  const length = commonest < PAD_TO_COMMONEST_BELOW * rarest ? commonest : rarest;
  const groups = kinds.map(({ cache, layers }) => ({
    span: cache.span,
    blockTokens: blockTokensOf(cache),
    window: cache.window,
    count: Math.ceil(layers / length),
    poolBlocks: 1,
  }));
  const blockTokens = groups.find(({ span }) => span === 'full')?.blockTokens ?? tokens;
  return { groups, poolBlockBytes: length * page, blockTokens };
}

/** Blocks of the pool that one request of `tokens` holds: of attention layers, and of states. */
export function blocksOfRequest(
  cache: PagedCache,
  tokens: number,
  {
    maxBatchedTokens,
    draftTokens,
    prefixCaching,
  }: Pick<PagedSettings, 'maxBatchedTokens' | 'draftTokens' | 'prefixCaching'>,
): { readonly attention: number; readonly state: number } {
  // Two steps are in flight with asynchronous scheduling.
  const inFlight = 2 * maxBatchedTokens;
  let attention = 0;
  let state = 0;
  for (const { span, blockTokens, window, count, poolBlocks } of cache.groups) {
    const perBlock = count * poolBlocks;
    if (span === 'state') state += perBlock * ((prefixCaching ? 2 : 1) + draftTokens);
    else if (span === 'full') attention += perBlock * Math.ceil(tokens / blockTokens);
    else attention += perBlock * (Math.ceil(Math.min(window - 1 + inFlight, tokens) / blockTokens) + 1);
  }
  return { attention, state };
}
