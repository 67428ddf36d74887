/** Graphs with multi-head latent attention: DeepSeek V2, V3, Kimi K2, Mistral Large 3; with an indexer: DeepSeek V3.2, GLM-5. */
import {
  type IndexerShape,
  indexerOf,
  type LatentShape,
  type LayerKind,
  latentShapeOf,
  layerKinds,
  topKOf,
} from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import { contextCells } from '../kv-cache.ts';
import type { AttentionInput, HeadWidths, ModelGraph, Routing } from './builder.ts';
import { closeLayer, openMask } from './parts.ts';

function latentOf({ architecture }: ModelGraph): {
  shape: LatentShape;
  heads: number;
  indexer: IndexerShape | undefined;
} {
  const shape = latentShapeOf(architecture);
  if (!shape) throw new RangeError(`${architecture.className} has no latent attention`);
  return { shape, heads: architecture.attention.heads, indexer: indexerOf(architecture)?.indexer };
}

/** Widths as the cache sees them: one key head, values a part of the key row. */
function rowWidths(shape: LatentShape, heads: number): HeadWidths {
  return { heads, kvHeads: 1, keyDim: shape.kvLoraRank + shape.ropeHeadDim, valueDim: shape.kvLoraRank };
}

export function latentInput(g: ModelGraph): AttentionInput {
  return g.attentionInput({ withValues: false });
}

/** Inputs of a cache of index keys. */
export interface IndexerInputs {
  readonly keyRows: GraphTensor;
  readonly mask: GraphTensor;
  /** Spreads outliers of queries and keys (DeepSeek V3.2, GLM-5). */
  readonly rotation: GraphTensor | undefined;
}

/** One MLA layer, with sinks and a gate on its result where it has their weights. */
export function latentAttention(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  cache: AttentionInput,
  options: {
    rotates?: boolean;
    positions?: GraphTensor;
    temperature?: GraphTensor | undefined;
    choose?: (query: GraphTensor) => GraphTensor;
  } = {},
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
  const values = graph.reshape(latent, kvLoraRank, 1, tokens);
  let query: GraphTensor;
  let keys: GraphTensor;
  if (ropeHeadDim === 0) {
    query = graph.cont(absorbed);
    keys = values;
  } else {
    query = graph.compute([kvLoraRank + ropeHeadDim, heads, tokens, 1], [absorbed, turning]);
    keys = graph.compute([kvLoraRank + ropeHeadDim, 1, tokens, 1], [values, keyTurning]);
  }
  if (options.temperature) query = graph.overwriting([query, options.temperature]);
  const widths = rowWidths(shape, heads);
  const gate = g.optional(layer, 'attn_gate');
  const attended = g.attention(layer, cache, query, keys, values, widths, {
    decompress: g.weight(layer, 'attn_v_b'),
    sinks: g.optional(layer, 'attn_sinks'),
    project: gate === undefined,
    ...(chosen && { openMask: () => openMask(g, cache, chosen) }),
  });
  if (!gate) return attended;
  const gated = graph.overwriting([attended, graph.overwriting([graph.mulMat(gate, input)])]);
  return g.project(layer, 'attn_output', gated);
}

export function indexerInputs(g: ModelGraph, cells: number, rotates: boolean): IndexerInputs {
  const { graph } = g;
  const { indexer } = latentOf(g);
  const side = indexer?.headDim ?? 0;
  return {
    keyRows: graph.input(8, g.tokens),
    mask: graph.input(2, cells, g.tokens),
    rotation: rotates ? graph.input(4, side, side) : undefined,
  };
}

/** Chooses rows for a layer: scores every cached index key against the queries and sorts. */
export function chooseRows(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  query: GraphTensor,
  positions: GraphTensor,
  inputs: IndexerInputs,
): GraphTensor {
  const { graph, tokens } = g;
  const { indexer } = latentOf(g);
  if (!indexer) throw new RangeError('no indexer');
  const { heads, headDim } = indexer;
  const cells = contextCells(g.settings.context);
  let q = graph.mulMat(g.weight(layer, 'indexer.attn_q_b'), query);
  q = graph.rope(graph.reshape(q, headDim, heads, tokens), positions);
  let k = graph.mulMat(g.weight(layer, 'indexer.attn_k'), input);
  k = g.layerNorm(k, g.weight(layer, 'indexer.k_norm'), g.optional(layer, 'indexer.k_norm.bias'));
  k = graph.rope(graph.reshape(k, headDim, 1, tokens), positions);
  if (inputs.rotation) {
    q = graph.mulMat(inputs.rotation, q);
    k = graph.mulMat(inputs.rotation, k);
  }
  const cached = g.storeIndex(layer, k, inputs.keyRows, cells);
  let weights = graph.mulMat(g.weight(layer, 'indexer.proj'), input);
  const byHead = graph.window(q, q.shape, stridesOf(q).slice(1));
  weights = graph.overwriting([graph.window(weights, weights.shape, stridesOf(weights).slice(1))]);
  const scores = graph.compute([cells, tokens, 1, 1], [byHead, cached, weights, inputs.mask]);
  const count = Math.min(cells, topKOf(g.architecture));
  return graph.cont(graph.compute([count, tokens, 1, 1], [scores]));
}

/** Decoders with MLA. */
export function buildLatent(g: ModelGraph, routing: Routing, options: { temperature?: boolean } = {}): void {
  const { architecture } = g;
  const kinds = layerKinds(architecture);
  const { indexer } = latentOf(g);
  const temperature = options.temperature ? g.attentionScale() : undefined;
  const positions = g.positions();
  const cache = latentInput(g);
  const indexing = indexer && indexerInputs(g, cache.cells, true);
  const ids = g.outputIds();
  let current = g.embedding();
  let lastChosen: GraphTensor | undefined;
  for (const layer of g.layers()) {
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    const attended = latentAttention(g, layer, input, cache, {
      positions,
      temperature,
      ...(indexing && {
        choose: (query) => {
          if (g.has(layer, 'indexer.attn_k') || !lastChosen)
            lastChosen = chooseRows(g, layer, input, query, positions, indexing);
          return lastChosen;
        },
      }),
    });
    current = closeLayer(g, layer, kinds[layer] as LayerKind, attended, current, ids, routing);
  }
  g.finish(current);
}
