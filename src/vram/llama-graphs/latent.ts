/** Graphs with multi-head latent attention: DeepSeek V2, V3, Kimi K2, Mistral Large 3; with an indexer: DeepSeek V3.2, GLM-5. */
import { hasExperts, type IndexerShape, type LatentShape, type LayerKind, layerKinds } from '../architecture.ts';
import type { GraphTensor } from '../ggml/tensor.ts';
import { contextCells } from '../kv-cache.ts';
import type { AttentionInput, HeadWidths, ModelGraph, Routing } from './builder.ts';

function latentOf(g: ModelGraph): { shape: LatentShape; heads: number; indexer: IndexerShape | undefined } {
  const { attention } = g.architecture;
  if (attention.kind === 'latent') return { shape: attention, heads: attention.heads, indexer: attention.indexer };
  if (attention.kind === 'linear-hybrid' && 'kvLoraRank' in attention.full) return { shape: attention.full, heads: attention.heads, indexer: attention.indexer };
  throw new RangeError(`${g.architecture.className} has no latent attention`);
}

/** Widths as the cache sees them: one key head, values a part of the key row. */
function rowWidths(shape: LatentShape, heads: number): HeadWidths {
  return { heads, kvHeads: 1, keyDim: shape.kvLoraRank + shape.ropeHeadDim, valueDim: shape.kvLoraRank };
}

export function latentInput(g: ModelGraph): AttentionInput {
  return g.attentionInput({ withValues: false });
}

interface IndexerInputs {
  readonly keyRows: GraphTensor;
  readonly mask: GraphTensor;
  readonly rotation: GraphTensor;
}

/** One MLA layer. */
export function latentAttention(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  cache: AttentionInput,
  options: { rotates?: boolean; positions?: GraphTensor; temperature?: GraphTensor | undefined; choose?: (query: GraphTensor) => GraphTensor } = {},
): GraphTensor {
  const { graph, tokens } = g;
  const { shape, heads } = latentOf(g);
  const { kvLoraRank, nopeHeadDim, ropeHeadDim } = shape;
  const headDim = nopeHeadDim + ropeHeadDim;
  let q: GraphTensor;
  let chosen: GraphTensor | undefined;
  if (g.has(layer, 'attn_q_a')) {
    const low = g.norm(graph.mulMat(g.weight(layer, 'attn_q_a'), input), g.weight(layer, 'attn_q_a_norm'));
    chosen = options.choose?.(low);
    q = graph.mulMat(g.weight(layer, 'attn_q_b'), low);
  } else {
    q = graph.mulMat(g.weight(layer, 'attn_q'), input);
  }
  const queryStrides = [4 * headDim, 4 * headDim * heads];
  let plain = graph.window(q, [nopeHeadDim, heads, tokens], queryStrides);
  let turning = graph.window(q, [ropeHeadDim, heads, tokens], queryStrides);
  const row = graph.mulMat(g.weight(layer, 'attn_kv_a_mqa'), input);
  const rowBytes = 4 * (kvLoraRank + ropeHeadDim);
  let latent = graph.window(row, [kvLoraRank, tokens], [rowBytes]);
  let keyTurning = graph.window(row, [ropeHeadDim, 1, tokens], [rowBytes, rowBytes]);
  if (options.rotates !== false && options.positions) {
    turning = graph.rope(turning, options.positions);
    keyTurning = graph.rope(keyTurning, options.positions);
  }
  latent = g.norm(latent, g.weight(layer, 'attn_kv_a_norm'));
  plain = graph.permute(plain, 0, 2, 1, 3);
  const absorbed = graph.permute(graph.mulMat(g.weight(layer, 'attn_k_b'), plain), 0, 2, 1, 3);
  let query = graph.compute([kvLoraRank + ropeHeadDim, heads, tokens, 1], [absorbed, turning]);
  const values = graph.reshape(latent, kvLoraRank, 1, tokens);
  const keys = graph.compute([kvLoraRank + ropeHeadDim, 1, tokens, 1], [values, keyTurning]);
  if (options.temperature) query = graph.overwriting([query, options.temperature]);
  const widths = rowWidths(shape, heads);
  const decompress = g.weight(layer, 'attn_v_b');
  if (chosen) return sparseAttention(g, layer, cache, query, keys, values, widths, decompress, chosen);
  return g.attention(layer, cache, query, keys, values, widths, { decompress });
}

/** Attention over the rows an indexer chose: a mask is filled and opened at those rows. */
function sparseAttention(
  g: ModelGraph,
  layer: number,
  cache: AttentionInput,
  query: GraphTensor,
  keys: GraphTensor,
  values: GraphTensor,
  widths: HeadWidths,
  decompress: GraphTensor,
  chosen: GraphTensor,
): GraphTensor {
  const { graph, tokens } = g;
  return g.attention(layer, cache, query, keys, values, widths, {
    decompress,
    openMask: () => {
      const closed = graph.overwriting([cache.mask]);
      const byRow = graph.window(closed, [1, cache.cells, tokens, 1], [closed.strides[0], closed.strides[1], closed.strides[2]]);
      const rows = graph.window(chosen, [chosen.shape[0], tokens, 1, 1], chosen.strides.slice(1));
      const zeros = graph.overwriting([graph.blank(4, 1, chosen.shape[0], tokens, 1)]);
      const opened = graph.into(byRow, [zeros, rows, byRow]);
      const mask = graph.window(opened, [cache.cells, tokens, 1, 1], [opened.strides[2], opened.strides[3], opened.strides[3]]);
      return graph.overwriting([mask, cache.mask]);
    },
  });
}

/** Chooses rows for a layer: scores every cached index key against the queries and sorts. */
function choose(g: ModelGraph, layer: number, input: GraphTensor, query: GraphTensor, positions: GraphTensor, inputs: IndexerInputs): GraphTensor {
  const { graph, tokens } = g;
  const { shape, indexer } = latentOf(g);
  if (!indexer) throw new RangeError('no indexer');
  const { heads, headDim } = indexer;
  const cells = contextCells(g.settings.context);
  const rope = shape.ropeHeadDim;
  let q = graph.mulMat(g.weight(layer, 'indexer.attn_q_b'), query);
  const qStrides = [4 * headDim, 4 * headDim * heads];
  const qTurning = graph.rope(graph.window(q, [rope, heads, tokens], qStrides), positions);
  const qPlain = graph.window(q, [headDim - rope, heads, tokens], qStrides);
  q = graph.compute([headDim, heads, tokens, 1], [qTurning, qPlain]);
  let k = graph.mulMat(g.weight(layer, 'indexer.attn_k'), input);
  k = g.layerNorm(k, g.weight(layer, 'indexer.k_norm'), g.optional(layer, 'indexer.k_norm.bias'));
  const kStrides = [4 * headDim, 4 * headDim];
  const kTurning = graph.rope(graph.window(k, [rope, 1, tokens], kStrides), positions);
  const kPlain = graph.window(k, [headDim - rope, 1, tokens], kStrides);
  k = graph.compute([headDim, 1, tokens, 1], [kTurning, kPlain]);
  q = graph.mulMat(inputs.rotation, q);
  k = graph.mulMat(inputs.rotation, k);
  const cached = g.storeIndex(layer, k, inputs.keyRows, cells);
  let weights = graph.mulMat(g.weight(layer, 'indexer.proj'), input);
  const byHead = graph.window(q, q.shape, q.strides.slice(1));
  weights = graph.overwriting([graph.window(weights, weights.shape, weights.strides.slice(1))]);
  const scores = graph.compute([cells, tokens, 1, 1], [byHead, cached, weights, inputs.mask]);
  const count = Math.min(cells, indexer.topK ?? 2048);
  return graph.cont(graph.compute([count, tokens, 1, 1], [scores]));
}

/** Decoders with MLA. */
export function buildLatent(g: ModelGraph, routing: Routing, options: { temperature?: boolean } = {}): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const { indexer } = latentOf(g);
  const temperature = options.temperature ? g.attentionScale() : undefined;
  const positions = g.positions();
  const cache = latentInput(g);
  const indexing: IndexerInputs | undefined = indexer && {
    keyRows: graph.input(8, g.tokens),
    mask: graph.input(2, cache.cells, g.tokens),
    rotation: graph.input(4, indexer.headDim, indexer.headDim),
  };
  const ids = g.outputIds();
  let current = g.embedding();
  let lastChosen: GraphTensor | undefined;
  for (const layer of g.layers) {
    let residual = current;
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let attended = latentAttention(g, layer, input, cache, {
      positions,
      temperature,
      ...(indexing && {
        choose: (query) => {
          if (g.has(layer, 'indexer.attn_k') || !lastChosen) lastChosen = choose(g, layer, input, query, positions, indexing);
          return lastChosen;
        },
      }),
    });
    if (g.isLast(layer)) {
      attended = g.pick(attended, ids);
      residual = g.pick(residual, ids);
    }
    const joined = graph.overwriting([attended, residual]);
    const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind) ? g.mixture(layer, normed, routing) : g.feedForward(layer, normed);
    current = graph.overwriting([fed, joined]);
  }
  g.finish(current);
}
