/** Parts that the graphs of most families share: widths of a shape, the second half of a layer, routing, the gated shared expert. */
import { type Architecture, type AttentionShape, hasExperts, type LayerKind } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { AttentionInput, HeadWidths, ModelGraph, Routing } from './builder.ts';

export function widthsOf(shape: AttentionShape, heads: number): HeadWidths {
  return {
    heads: shape.heads ?? heads,
    kvHeads: shape.kvHeads,
    keyDim: shape.headDim,
    valueDim: shape.valueHeadDim ?? shape.headDim,
  };
}

/**
 * The second half of an ordinary layer: what the mixer gave is added to the layer's input, then the feed-forward block or
 * the experts are. In the last layer only the rows that are put out go on.
 */
export function closeLayer(
  g: ModelGraph,
  layer: number,
  kind: LayerKind,
  mixed: GraphTensor,
  input: GraphTensor,
  ids: GraphTensor,
  routing: Routing,
): GraphTensor {
  const last = g.isLast(layer);
  const added = last ? g.pick(mixed, ids) : mixed;
  const joined = g.graph.overwriting([added, last ? g.pick(input, ids) : input]);
  const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
  const fed = hasExperts(g.architecture, layer, kind)
    ? g.mixture(layer, normed, routing)
    : g.feedForward(layer, normed);
  return g.graph.overwriting([fed, joined]);
}

/** Routing of a class with the architecture's own counts. */
export function routingOf(architecture: Architecture, rest: Omit<Routing, 'count' | 'used'>): Routing {
  const { experts } = architecture.feedForward;
  return { ...rest, count: experts?.count ?? 0, used: experts?.used ?? 0 };
}

/** The shared expert of Qwen's mixtures, with a gate of its own. */
export function withGatedShared(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  routed: GraphTensor,
  gate: 'divided' | 'sigmoid',
): GraphTensor {
  const { graph } = g;
  if (!g.has(layer, 'ffn_up_shexp')) return routed;
  if (gate === 'divided') {
    const logits = graph.mulMat(g.weight(layer, 'ffn_gate_inp_shexp'), input);
    const share = graph.overwriting([graph.overwriting([logits]), logits]);
    const shared = graph.overwriting([g.feedForward(layer, input, 'gated', '_shexp'), share]);
    return graph.overwriting([routed, shared]);
  }
  const shared = g.feedForward(layer, input, 'gated', '_shexp');
  const share = graph.overwriting([graph.mulMat(g.weight(layer, 'ffn_gate_inp_shexp'), input)]);
  return graph.overwriting([routed, graph.overwriting([shared, share])]);
}

/** A mask that is closed but for the rows that an indexer chose and the plain mask allows. */
export function openMask(g: ModelGraph, cache: AttentionInput, chosen: GraphTensor): GraphTensor {
  const { graph, tokens } = g;
  const closed = graph.overwriting([cache.mask]);
  const byRow = graph.window(closed, [1, cache.cells, tokens, 1], stridesOf(closed).slice(0, 3));
  const rows = graph.window(chosen, [chosen.shape[0], tokens, 1, 1], stridesOf(chosen).slice(1));
  const zeros = graph.overwriting([graph.blank(4, 1, chosen.shape[0], tokens, 1)]);
  const opened = graph.into(byRow, [zeros, rows, byRow]);
  const mask = graph.window(
    opened,
    [cache.cells, tokens, 1, 1],
    [stridesOf(opened)[2], stridesOf(opened)[3], stridesOf(opened)[3]],
  );
  return graph.overwriting([mask, cache.mask]);
}

/** Routers that weigh experts by sigmoids, normalized and scaled (DeepSeek V3 and its kin). */
export const SIGMOID: Omit<Routing, 'count' | 'used'> = { gate: 'sigmoid', normalized: true, scaled: true };

/** Queries, keys and values by head, from one matrix or from three. */
export function queryKeyValue(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  { heads, kvHeads, keyDim, valueDim }: HeadWidths,
): [GraphTensor, GraphTensor, GraphTensor] {
  const { graph, tokens } = g;
  if (g.has(layer, 'attn_qkv')) {
    const fused = g.project(layer, 'attn_qkv', input);
    const strides = [4 * keyDim, stridesOf(fused)[1]];
    return [
      graph.window(fused, [keyDim, heads, tokens], strides),
      graph.window(fused, [keyDim, kvHeads, tokens], strides),
      graph.window(fused, [keyDim, kvHeads, tokens], strides),
    ];
  }
  const query = g.project(layer, 'attn_q', input);
  const key = g.project(layer, 'attn_k', input);
  const value = g.project(layer, 'attn_v', input);
  return [
    graph.reshape(query, keyDim, heads, tokens),
    graph.reshape(key, keyDim, kvHeads, tokens),
    graph.reshape(value, valueDim, kvHeads, tokens),
  ];
}
