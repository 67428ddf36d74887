/** Graphs with Kimi Delta Attention: Kimi Linear. */
import { type LayerKind, layerKinds } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { ModelGraph, Routing, StateInput } from './builder.ts';
import { latentAttention, latentInput } from './latent.ts';
import { closeLayer } from './parts.ts';
import { deltaRule, linearOf } from './state-layers.ts';

/** Kimi Linear: delta layers with a decay per channel, and MLA without rotation. */
export function buildKimiLinear(g: ModelGraph, routing: Routing): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  let current = g.embedding();
  const states = g.stateInput();
  const cache = latentInput(g);
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    graph.expand(input);
    const attended =
      kinds[layer] === 'L'
        ? kimiDelta(g, layer, input, states)
        : latentAttention(g, layer, input, cache, { rotates: false });
    current = closeLayer(g, layer, kinds[layer] as LayerKind, attended, current, ids, routing);
  }
  g.finish(current);
}

/** One delta layer; the output gate is one matrix or two (`ssm_g_a`, `ssm_g_b`). */
export function kimiDelta(g: ModelGraph, layer: number, input: GraphTensor, states: StateInput): GraphTensor {
  const { graph, sequences, tokens } = g;
  const { heads, headDim, convKernel } = linearOf(g, 'kimi-delta');
  const inner = heads * headDim;
  const perSequence = tokens / sequences;
  const convWidth = 3 * (convKernel - 1) * inner;
  const convAll = g.state('convolution', layer, convWidth);
  const convOld = g.loadState(convAll, convWidth, states);
  const convolved = (projection: string, kernel: string): GraphTensor => {
    const old = graph.window(convOld, [convKernel - 1, inner, sequences], [4 * (convKernel - 1), 4 * convWidth]);
    const projected = graph.reshape(graph.mulMat(g.weight(layer, projection), input), inner, perSequence, sequences);
    const turned = graph.transpose(projected);
    const joined = graph.compute([convKernel - 1 + perSequence, inner, sequences, 1], [old, turned]);
    const end = graph.window(joined, [convKernel - 1, inner, sequences], stridesOf(joined).slice(1, 3));
    const target = graph.window(convAll, [convKernel - 1, inner, sequences], [4 * (convKernel - 1), 4 * convWidth]);
    graph.expand(graph.into(target, [end, target]));
    const weight = graph.reshape(g.weight(layer, kernel), convKernel, inner);
    const result = graph.overwriting([
      graph.reshape(graph.compute([inner, perSequence, sequences, 1], [joined, weight]), inner, tokens),
    ]);
    return graph.reshape(result, headDim, heads, perSequence, sequences);
  };
  let q = convolved('attn_q', 'ssm_conv1d_q');
  let k = convolved('attn_k', 'ssm_conv1d_k');
  const v = convolved('attn_v', 'ssm_conv1d_v');
  let decay = graph.mulMat(g.weight(layer, 'ssm_f_b'), graph.mulMat(g.weight(layer, 'ssm_f_a'), input));
  decay = graph.overwriting([decay, g.weight(layer, 'ssm_dt.bias')]);
  decay = graph.reshape(graph.overwriting([decay]), headDim, heads, tokens);
  decay = graph.overwriting([decay, graph.reshape(g.weight(layer, 'ssm_a'), 1, heads, 1)]);
  decay = graph.reshape(decay, headDim, heads, perSequence, sequences);
  let beta = graph.mulMat(g.weight(layer, 'ssm_beta'), input);
  beta = graph.overwriting([graph.reshape(beta, 1, heads, perSequence, sequences)]);
  const byToken = graph.reshape(input, g.hiddenSize, perSequence, sequences);
  const stateAll = g.state('recurrence', layer, inner * headDim);
  const state = graph.reshape(g.loadState(stateAll, inner * headDim, states), headDim, headDim, heads, sequences);
  q = graph.like([q]);
  k = graph.like([k]);
  const rule = deltaRule(g, { q, k, v, gate: decay, beta, state });
  const output = graph.cont(rule.output);
  const flatState = graph.window(stateAll, [inner * headDim * sequences]);
  graph.expand(graph.into(flatState, [rule.state, flatState]));
  const flatInput = graph.reshape(byToken, g.hiddenSize, tokens);
  const gateLogits = g.has(layer, 'ssm_g')
    ? graph.mulMat(g.weight(layer, 'ssm_g'), flatInput)
    : graph.mulMat(g.weight(layer, 'ssm_g_b'), graph.mulMat(g.weight(layer, 'ssm_g_a'), flatInput));
  const gate3 = graph.reshape(gateLogits, headDim, heads, tokens);
  const normed = g.norm(graph.reshape(output, headDim, heads, tokens), g.weight(layer, 'ssm_norm'));
  const gated = graph.overwriting([normed, graph.overwriting([gate3])]);
  return graph.mulMat(g.weight(layer, 'attn_output'), graph.cont(gated, inner, tokens));
}
