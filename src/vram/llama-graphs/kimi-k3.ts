/** The graph of Kimi K3: Kimi Linear's layers, a residual that layers look back at, experts in a space of their own. */
import { type Architecture, hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { ModelGraph, Routing } from './builder.ts';
import { kimiDelta } from './kimi-delta.ts';
import { latentAttention, latentInput } from './latent.ts';
import { routingOf, SIGMOID } from './parts.ts';

/** Layers between two checkpoints that later layers look back at (Kimi K3): eight of them over the stack. */
const RESIDUAL_BLOCKS = 8;

/** Whether a layer adds its input to the checkpoints. */
export function isCheckpoint({ layers }: Architecture, layer: number): boolean {
  return layer % Math.ceil(layers / RESIDUAL_BLOCKS) === 0;
}

/** Kimi K3: Kimi Linear's layers, each reading a mix of the current residual and of checkpoints; experts in a space of their own. */
export function buildKimiK3(g: ModelGraph): void {
  const { graph, architecture, hiddenSize, tokens } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, SIGMOID);
  let current = g.embedding();
  const states = g.stateInput();
  const cache = latentInput(g);
  const ids = g.outputIds();
  let checkpoints: GraphTensor | undefined;
  const scoreOf = (tensor: GraphTensor, weight: GraphTensor, rows: number): GraphTensor => {
    const weighed = graph.overwriting([graph.overwriting([tensor]), weight]);
    return graph.reshape(graph.compute([1, rows, tokens, 1], [weighed]), rows, tokens);
  };
  const mix = (residual: GraphTensor, weight: GraphTensor): GraphTensor => {
    if (!checkpoints) return residual;
    const count = checkpoints.shape[1];
    const scores = graph.compute(
      [count + 1, tokens, 1, 1],
      [scoreOf(checkpoints, weight, count), scoreOf(residual, weight, 1)],
    );
    const shares = graph.overwriting([scores]);
    const ofCheckpoints = graph.cont(graph.window(shares, [count, tokens], [stridesOf(shares)[1]]));
    const ofResidual = graph.cont(graph.window(shares, [1, tokens], [stridesOf(shares)[1]]));
    const sum = graph.compute([hiddenSize, tokens, 1, 1], [checkpoints, ofCheckpoints]);
    return graph.overwriting([sum, graph.overwriting([residual, ofResidual])]);
  };
  for (const layer of g.layers()) {
    let residual = current;
    const mixed = mix(residual, g.weight(layer, 'attn_res_score'));
    if (isCheckpoint(architecture, layer)) {
      const row = graph.reshape(residual, hiddenSize, 1, tokens);
      checkpoints = checkpoints
        ? graph.compute([hiddenSize, checkpoints.shape[1] + 1, tokens, 1], [checkpoints, row])
        : row;
    }
    const input = g.norm(mixed, g.weight(layer, 'attn_norm'));
    graph.expand(input);
    const attended =
      kinds[layer] === 'L'
        ? kimiDelta(g, layer, input, states)
        : latentAttention(g, layer, input, cache, { rotates: false });
    residual = isCheckpoint(architecture, layer) ? attended : graph.overwriting([residual, attended]);
    const normed = g.norm(mix(residual, g.weight(layer, 'ffn_res_score')), g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? latentExperts(g, layer, normed, routing)
      : g.feedForward(layer, normed, 'situ');
    current = graph.overwriting([residual, fed]);
  }
  const score = g.outputWeight('output_res_score');
  g.finish(g.pick(score ? mix(current, score) : current, ids));
}

function latentExperts(g: ModelGraph, layer: number, input: GraphTensor, routing: Routing): GraphTensor {
  const { graph } = g;
  const low = graph.mulMat(g.weight(layer, 'ffn_routed_down'), input);
  const logits = graph.mulMat(g.weight(layer, 'ffn_gate_inp'), input);
  const routed = g.norm(g.experts(layer, low, routing, 'situ', { logits }), g.weight(layer, 'ffn_routed_norm'));
  const wide = graph.mulMat(g.weight(layer, 'ffn_routed_up'), routed);
  return graph.overwriting([wide, g.feedForward(layer, input, 'situ', '_shexp')]);
}
