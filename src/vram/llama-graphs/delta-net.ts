import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { AttentionInput, ModelGraph, StateInput } from './builder.ts';
import { routingOf, withGatedShared } from './parts.ts';
import { deltaRule, groupedWidths, linearOf } from './state-layers.ts';

/** Routed experts and the shared one, which has a gate of its own. */
export function mixture(g: ModelGraph, layer: number, input: GraphTensor): GraphTensor {
  const routing = routingOf(g.architecture, { gate: 'softmax', normalized: true, scaled: false });
  return withGatedShared(g, layer, input, g.experts(layer, input, routing), 'sigmoid');
}

/**
 * Attention whose result is gated by half of a double query projection.
 *
 * @param openMask replaces the mask where an indexer chose the rows
 */
export function gatedAttention(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  cache: AttentionInput,
  positions: GraphTensor,
  isNext: boolean,
  openMask?: () => GraphTensor,
): GraphTensor {
  const { graph, tokens } = g;
  const widths = groupedWidths(g);
  const { heads, kvHeads, keyDim } = widths;
  const both = g.project(layer, 'attn_q', input);
  const strides = [4 * keyDim * 2, 4 * keyDim * 2 * heads];
  const source = isNext ? graph.reshape(both, keyDim * 2, heads, tokens) : both;
  let q = graph.window(source, [keyDim, heads, tokens], strides);
  let gate: GraphTensor;
  let k: GraphTensor;
  let v: GraphTensor;
  if (isNext) {
    gate = graph.window(source, [keyDim, heads, tokens], strides);
    k = g.project(layer, 'attn_k', input);
    v = g.project(layer, 'attn_v', input);
    k = graph.reshape(k, keyDim, kvHeads, tokens);
    v = graph.reshape(v, keyDim, kvHeads, tokens);
    q = g.norm(q, g.weight(layer, 'attn_q_norm'));
    k = g.norm(k, g.weight(layer, 'attn_k_norm'));
  } else {
    q = g.norm(q, g.weight(layer, 'attn_q_norm'));
    k = g.project(layer, 'attn_k', input);
    v = g.project(layer, 'attn_v', input);
    k = g.norm(graph.reshape(k, keyDim, kvHeads, tokens), g.weight(layer, 'attn_k_norm'));
    gate = graph.cont(graph.window(both, [keyDim, heads, tokens], strides), keyDim * heads, tokens);
    v = graph.reshape(v, keyDim, kvHeads, tokens);
  }
  q = graph.rope(q, positions);
  k = graph.rope(k, positions);
  const attended = g.attention(layer, cache, q, k, v, widths, { project: false, ...(openMask && { openMask }) });
  if (isNext) gate = graph.cont(gate, keyDim * heads, tokens);
  const gated = graph.overwriting([attended, graph.overwriting([gate])]);
  return g.project(layer, 'attn_output', gated);
}

export function deltaLayer(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  states: StateInput,
  isNext: boolean,
): GraphTensor {
  const { graph, sequences } = g;
  const { keyHeads, valueHeads, keyHeadDim, valueHeadDim, convKernel } = linearOf(g, 'gated-deltanet');
  const perSequence = g.tokens / sequences;
  const keys = keyHeads * keyHeadDim;
  const values = valueHeads * valueHeadDim;
  const channels = 2 * keys + values;
  let mixed = g.project(layer, 'attn_qkv', input);
  mixed = graph.reshape(mixed, channels, perSequence, sequences);
  const z = g.project(layer, 'attn_gate', input);
  let beta: GraphTensor;
  let alpha: GraphTensor;
  if (g.has(layer, 'ssm_ba')) {
    const both = g.project(layer, 'ssm_ba', input);
    const perKeyHead = valueHeads / keyHeads;
    const grouped = graph.reshape(both, 2 * perKeyHead, keyHeads, perSequence, sequences);
    const b = graph.window(grouped, [perKeyHead, keyHeads, perSequence, sequences], stridesOf(grouped).slice(1));
    const a = graph.window(grouped, [perKeyHead, keyHeads, perSequence, sequences], stridesOf(grouped).slice(1));
    beta = graph.overwriting([graph.cont(b)]);
    alpha = graph.cont(a, valueHeads, perSequence, sequences);
  } else {
    beta = graph.overwriting([
      graph.reshape(g.project(layer, 'ssm_beta', input), 1, valueHeads, perSequence, sequences),
    ]);
    alpha = graph.reshape(g.project(layer, 'ssm_alpha', input), valueHeads, perSequence, sequences);
  }
  let gate = graph.overwriting([alpha, g.weight(layer, 'ssm_dt.bias')]);
  gate = graph.overwriting([gate]);
  gate = graph.overwriting([gate, g.weight(layer, 'ssm_a')]);
  if (g.has(layer, 'ssm_ba')) beta = graph.reshape(beta, 1, valueHeads, perSequence, sequences);
  gate = graph.reshape(gate, 1, valueHeads, perSequence, sequences);

  const convAll = g.state('convolution', layer, (convKernel - 1) * channels);
  const stateAll = g.state('recurrence', layer, values * keyHeadDim);
  const convOld = graph.reshape(
    g.loadState(convAll, (convKernel - 1) * channels, states),
    convKernel - 1,
    channels,
    sequences,
  );
  const turned = graph.transpose(mixed);
  const joined = graph.compute([convKernel - 1 + perSequence, channels, sequences, 1], [convOld, turned]);
  g.saveState(convAll, graph.window(joined, [convKernel - 1, channels, sequences], stridesOf(joined).slice(1, 3)));
  const state = graph.reshape(
    g.loadState(stateAll, values * keyHeadDim, states),
    valueHeadDim,
    valueHeadDim,
    valueHeads,
    sequences,
  );
  const convolved = graph.overwriting([
    graph.compute([channels, perSequence, sequences, 1], [joined, g.weight(layer, 'ssm_conv1d')]),
  ]);

  const part = (dim: number, heads: number): GraphTensor =>
    graph.window(convolved, [dim, heads, perSequence, sequences], [4 * dim, 4 * channels, 4 * channels * perSequence]);
  let q = part(keyHeadDim, keyHeads);
  let k = part(keyHeadDim, keyHeads);
  const v = part(valueHeadDim, valueHeads);
  q = graph.like([q]);
  k = graph.like([k]);
  if (isNext && keyHeads !== valueHeads) {
    const repeat = (tensor: GraphTensor): GraphTensor => {
      const spread = graph.reshape(tensor, keyHeadDim, 1, keyHeads, perSequence * sequences);
      const repeated = graph.compute([keyHeadDim, valueHeads / keyHeads, keyHeads, perSequence * sequences], [spread]);
      return graph.reshape(repeated, keyHeadDim, valueHeads, perSequence, sequences);
    };
    q = repeat(q);
    k = repeat(k);
  }
  const rule = deltaRule(g, { q, k, v, gate, beta, state });
  g.saveState(stateAll, rule.state);
  const normed = g.norm(rule.output, g.weight(layer, 'ssm_norm'));
  const silu = graph.overwriting([graph.reshape(z, valueHeadDim, valueHeads, perSequence, sequences)]);
  const gated = graph.overwriting([normed, silu]);
  const flat = graph.reshape(gated, values, perSequence, sequences);
  const result = g.project(layer, 'ssm_out', flat);
  return graph.reshape(result, g.hiddenSize, g.tokens);
}
