/** Graphs of Gemma 4 and Gemma 3n: widths per layer, shared caches, per-layer embeddings, alternating updates. */
import { hasExperts, type LayerKind, layerKinds, layersWithCache } from '../architecture.ts';
import type { GraphTensor } from '../ggml/tensor.ts';
import type { AttentionInput, ModelGraph } from './builder.ts';
import { attentionInputs, layerWidths } from './heads.ts';
import { queryKeyValue, routingOf } from './parts.ts';

/** The layer whose cache a layer reads: its own, or the last of its kind before the shared ones. */
function cacheLayerOf(g: ModelGraph, layer: number, kind: LayerKind): number {
  const own = layersWithCache(g.architecture);
  return layer < own ? layer : own - (kind === 'S' ? 2 : 1);
}

/** Rows of the per-layer table for every token, projected from the embedding and added up: one slice per layer. */
function perLayerInputs(g: ModelGraph, embedding: GraphTensor): GraphTensor | undefined {
  const { graph, architecture, tokens } = g;
  const size = architecture.perLayerEmbeddingSize;
  if (size === undefined) return undefined;
  const { layers } = architecture;
  const ids = graph.input(4, tokens);
  const rows = graph.reshape(graph.getRows(g.inputTable('per_layer_token_embd'), ids), size, layers, tokens);
  const scaled = graph.overwriting([rows]);
  graph.expand(scaled);
  let projected = graph.overwriting([graph.mulMat(g.firstBlockWeight('per_layer_model_proj'), embedding)]);
  projected = g.norm(graph.reshape(projected, size, layers, tokens), g.firstBlockWeight('per_layer_proj_norm'));
  const joined = graph.overwriting([graph.overwriting([projected, scaled])]);
  return graph.cont(graph.permute(joined, 0, 2, 1, 3));
}

/** The slice of a stack of matrices that belongs to one layer. */
function slice(g: ModelGraph, stack: GraphTensor): GraphTensor {
  return g.graph.window(stack, [stack.shape[0], stack.shape[1]]);
}

export function buildGemma4(g: ModelGraph): void {
  const { graph, architecture, tokens } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { gate: 'softmax', normalized: true, scaled: false });
  let current = graph.overwriting([g.embedding()]);
  const positions = g.positions();
  const inputs = attentionInputs(g);
  const ids = g.outputIds();
  const perLayer = perLayerInputs(g, current);
  for (const layer of g.layers()) {
    const kind = kinds[layer] as LayerKind;
    const widths = layerWidths(architecture, kind);
    const { heads, kvHeads, keyDim } = widths;
    const cache = kind === 'S' ? (inputs.sliding as AttentionInput) : inputs.full;
    const factors = kind === 'S' ? undefined : g.ropeFactors(layer);
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let q = graph.reshape(g.project(layer, 'attn_q', input), keyDim, heads, tokens);
    q = graph.rope(g.norm(q, g.weight(layer, 'attn_q_norm')), positions, factors);
    let k: GraphTensor | undefined;
    let v: GraphTensor | undefined;
    const cacheLayer = cacheLayerOf(g, layer, kind);
    if (cacheLayer === layer) {
      const keys = g.project(layer, 'attn_k', input);
      const values = g.has(layer, 'attn_v') ? g.project(layer, 'attn_v', input) : keys;
      k = graph.reshape(keys, keyDim, kvHeads, tokens);
      v = graph.reshape(values, keyDim, kvHeads, tokens);
      k = g.norm(k, g.weight(layer, 'attn_k_norm'));
      v = graph.overwriting([v]);
      k = graph.rope(k, positions, factors);
    }
    let attended = g.attention(layer, cache, q, k, v, widths, { cacheLayer });
    attended = g.norm(attended, g.weight(layer, 'post_attention_norm'));
    const joined = graph.overwriting([attended, current]);
    let fed: GraphTensor;
    if (hasExperts(architecture, layer, kind)) {
      let dense = g.feedForward(layer, g.norm(joined, g.weight(layer, 'ffn_norm')));
      dense = g.norm(dense, g.weight(layer, 'post_ffw_norm_1'));
      const forExperts = g.norm(joined, g.weight(layer, 'pre_ffw_norm_2'));
      let router = graph.overwriting([graph.overwriting([joined])]);
      router = graph.overwriting([router, g.weight(layer, 'ffn_gate_inp.scale')]);
      const logits = graph.mulMat(g.weight(layer, 'ffn_gate_inp'), router);
      let routed = g.experts(layer, forExperts, routing, 'gated', { logits });
      routed = g.norm(routed, g.weight(layer, 'post_ffw_norm_2'));
      fed = graph.overwriting([dense, routed]);
    } else {
      fed = g.feedForward(layer, g.norm(joined, g.weight(layer, 'ffn_norm')));
    }
    fed = g.norm(fed, g.weight(layer, 'post_ffw_norm'));
    current = graph.overwriting([fed, joined]);
    if (perLayer) {
      let extra = graph.overwriting([graph.mulMat(g.weight(layer, 'inp_gate'), current)]);
      extra = graph.overwriting([extra, slice(g, perLayer)]);
      extra = g.norm(graph.mulMat(g.weight(layer, 'proj'), extra), g.weight(layer, 'post_norm'));
      current = graph.overwriting([current, extra]);
    }
    const scale = g.optional(layer, 'layer_output_scale');
    if (scale) current = graph.overwriting([current, scale]);
  }
  g.finish(current, { ids, keepsHidden: true, inPlaceSteps: 3 });
}

/** Layers of Gemma 3n whose gate keeps only its largest values. */
const SPARSE_LAYERS = 10;

export function buildGemma3n(g: ModelGraph): void {
  const { graph, architecture, tokens, hiddenSize } = g;
  const kinds = layerKinds(architecture);
  const inputs4 = 4;
  const embedding = graph.overwriting([g.embedding()]);
  const positions = g.positions();
  const inputs = attentionInputs(g);
  const perLayer = perLayerInputs(g, embedding) as GraphTensor;
  const magnitude = (tensor: GraphTensor): GraphTensor =>
    graph.overwriting([graph.compute([1, tensor.shape[1], tensor.shape[2], 1], [graph.overwriting([tensor])])]);
  const rescale = (tensor: GraphTensor, target: GraphTensor): GraphTensor => {
    const size = magnitude(tensor);
    return graph.overwriting([graph.overwriting([tensor, target]), size]);
  };
  const target = magnitude(embedding);
  const repeated = graph.compute([hiddenSize, tokens, inputs4 - 1, 1], [embedding]);
  const added = rescale(graph.mulMat(g.outputWeight('altup_proj') as GraphTensor, repeated), target);
  let current = graph.compute([hiddenSize, tokens, inputs4, 1], [embedding, added]);
  const modalities = (layer: number, tensor: GraphTensor): GraphTensor => {
    const router = graph.overwriting([g.norm(tensor, g.weight(layer, 'altup_router_norm'))]);
    return graph.overwriting([graph.mulMat(g.weight(layer, 'altup_router'), router)]);
  };
  for (const layer of g.layers()) {
    const kind = kinds[layer] as LayerKind;
    const widths = layerWidths(architecture, kind);
    const { heads, kvHeads, keyDim } = widths;
    const cache = kind === 'S' ? (inputs.sliding as AttentionInput) : inputs.full;
    // Predict all streams from the active one.
    const coefficients = graph.reshape(
      graph.mulMat(g.weight(layer, 'altup_predict_coef'), modalities(layer, slice(g, current))),
      inputs4,
      inputs4,
      tokens,
    );
    const turned = graph.cont(graph.permute(current, 1, 2, 0, 3));
    let predictions = graph.mulMat(turned, coefficients);
    predictions = graph.cont(graph.permute(predictions, 0, 2, 1, 3));
    predictions = graph.overwriting([predictions, current]);
    const active = slice(g, predictions);
    const input = g.norm(active, g.weight(layer, 'attn_norm'));
    let laurel = graph.mulMat(g.weight(layer, 'laurel_r'), graph.mulMat(g.weight(layer, 'laurel_l'), input));
    laurel = graph.overwriting([g.norm(laurel, g.weight(layer, 'laurel_post_norm')), input]);
    const cacheLayer = cacheLayerOf(g, layer, kind);
    let attended: GraphTensor;
    if (cacheLayer === layer) {
      let [q, k, v] = queryKeyValue(g, layer, input, widths);
      q = g.norm(q, g.weight(layer, 'attn_q_norm'));
      k = g.norm(k, g.weight(layer, 'attn_k_norm'));
      v = graph.overwriting([v]);
      attended = g.attention(layer, cache, graph.rope(q, positions), graph.rope(k, positions), v, widths);
    } else {
      const q = g.norm(
        graph.reshape(g.project(layer, 'attn_q', input), keyDim, heads, tokens),
        g.weight(layer, 'attn_q_norm'),
      );
      attended = g.attention(
        layer,
        cache,
        graph.rope(q, positions),
        undefined,
        undefined,
        { ...widths, kvHeads },
        { cacheLayer },
      );
    }
    attended = g.norm(attended, g.weight(layer, 'post_attention_norm'));
    attended = graph.overwriting([attended, active]);
    const joined = graph.overwriting([graph.overwriting([attended, laurel])]);
    const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
    const up = g.project(layer, 'ffn_up', normed);
    let gate = g.project(layer, 'ffn_gate', normed);
    if (layer < SPARSE_LAYERS) {
      const mean = graph.compute([1, gate.shape[1], 1, 1], [gate]);
      const deviation = graph.overwriting([
        graph.overwriting([
          graph.compute([1, gate.shape[1], 1, 1], [graph.overwriting([graph.overwriting([gate, mean])])]),
        ]),
      ]);
      const cutoff = graph.overwriting([mean, graph.overwriting([deviation])]);
      gate = graph.overwriting([graph.overwriting([gate, cutoff])]);
    }
    gate = graph.overwriting([gate]);
    let fed = g.project(layer, 'ffn_down', graph.overwriting([up, gate]));
    fed = g.norm(fed, g.weight(layer, 'post_ffw_norm'));
    const activated = graph.overwriting([fed, joined]);
    // Correct all streams by what the active one turned out to be.
    const correcting = modalities(layer, activated);
    let innovation = graph.overwriting([activated, slice(g, predictions)]);
    let weights = graph.overwriting([graph.mulMat(g.weight(layer, 'altup_correct_coef'), correcting)]);
    weights = graph.cont(graph.transpose(weights), 1, tokens, inputs4);
    innovation = graph.compute([hiddenSize, tokens, inputs4, 1], [innovation]);
    const corrected = graph.overwriting([graph.overwriting([innovation, weights]), predictions]);
    let first = graph.overwriting([slice(g, corrected), g.weight(layer, 'altup_correct_scale')]);
    first = graph.overwriting([graph.mulMat(g.weight(layer, 'inp_gate'), first)]);
    first = graph.overwriting([first, slice(g, perLayer)]);
    first = g.norm(graph.mulMat(g.weight(layer, 'proj'), first), g.weight(layer, 'post_norm'));
    const rest = graph.window(corrected, [hiddenSize, tokens, inputs4 - 1]);
    const changed = graph.overwriting([rest, first]);
    current = graph.compute([hiddenSize, tokens, inputs4, 1], [slice(g, corrected), changed]);
  }
  const finalTarget = magnitude(slice(g, current));
  const others = rescale(
    graph.mulMat(
      g.outputWeight('altup_unembd_proj') as GraphTensor,
      graph.window(current, [hiddenSize, tokens, inputs4 - 1]),
    ),
    finalTarget,
  );
  let merged = slice(g, current);
  for (let stream = 1; stream < inputs4; stream++) merged = graph.overwriting([merged, slice(g, others)]);
  merged = graph.overwriting([merged]);
  g.finish(g.pick(merged, g.outputIds()), { inPlaceSteps: 3 });
}
