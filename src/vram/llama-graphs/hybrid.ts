/** Graphs of models whose layers keep a state: Mamba, short convolutions. */
import { hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { AttentionInput, ModelGraph, Routing, StateInput } from './builder.ts';
import { queryKeyValue, routingOf, SIGMOID } from './parts.ts';
import { groupedInput, groupedWidths, linearOf } from './state-layers.ts';

/** Joins the kept end of the last micro-batch with this one along the tokens and saves the new end. */
function convolve(
  g: ModelGraph,
  states: GraphTensor,
  old: GraphTensor,
  channelsFirst: GraphTensor,
  kernel: GraphTensor,
  taps: number,
): GraphTensor {
  const { graph } = g;
  const input = graph.transpose(channelsFirst);
  const joined = graph.compute([taps - 1 + input.shape[0], input.shape[1], input.shape[2], 1], [old, input]);
  const end = graph.window(joined, [taps - 1, joined.shape[1], joined.shape[2]], stridesOf(joined).slice(1, 3));
  g.saveState(states, end);
  return graph.compute([joined.shape[1], input.shape[0], joined.shape[2], 1], [joined, kernel]);
}

/** A Mamba-2 mixer. */
function mamba2(g: ModelGraph, layer: number, input: GraphTensor, states: StateInput): GraphTensor {
  const { graph, sequences } = g;
  const { heads, headDim, stateSize, groups, convKernel } = linearOf(g, 'mamba2');
  const inner = heads * headDim;
  const channels = inner + 2 * groups * stateSize;
  const perSequence = g.tokens / sequences;
  const convAll = g.state('convolution', layer, (convKernel - 1) * channels);
  const stateAll = g.state('recurrence', layer, stateSize * inner);
  const convOld = graph.reshape(
    g.loadState(convAll, (convKernel - 1) * channels, states),
    convKernel - 1,
    channels,
    sequences,
  );
  const projected = g.project(layer, 'ssm_in', graph.reshape(input, g.hiddenSize, perSequence, sequences));
  const z = graph.window(
    projected,
    [headDim, heads, perSequence, sequences],
    [4 * headDim, stridesOf(projected)[1], stridesOf(projected)[2]],
  );
  const mixed = graph.window(projected, [channels, perSequence, sequences], stridesOf(projected).slice(1, 3));
  let step = graph.window(projected, [heads, perSequence, sequences], stridesOf(projected).slice(1, 3));
  let convolved = convolve(g, convAll, convOld, mixed, g.weight(layer, 'ssm_conv1d'), convKernel);
  const convBias = g.optional(layer, 'ssm_conv1d.bias');
  if (convBias) convolved = graph.overwriting([convolved, convBias]);
  convolved = graph.overwriting([convolved]);
  const x = graph.window(
    convolved,
    [headDim, heads, perSequence, sequences],
    [4 * headDim, stridesOf(convolved)[1], stridesOf(convolved)[2]],
  );
  const b = graph.window(
    convolved,
    [stateSize, groups, perSequence, sequences],
    [4 * stateSize, stridesOf(convolved)[1], stridesOf(convolved)[2]],
  );
  const c = graph.window(
    convolved,
    [stateSize, groups, perSequence, sequences],
    [4 * stateSize, stridesOf(convolved)[1], stridesOf(convolved)[2]],
  );
  step = graph.overwriting([graph.cont(step), g.weight(layer, 'ssm_dt.bias')]);
  const elements = inner * g.tokens;
  const scanned = g.loadState(stateAll, stateSize * inner, states, (all, ids) => {
    const byHead = graph.reshape(all, stateSize, headDim, heads, sequences);
    return graph.compute(
      [elements + stateSize * inner * sequences, 1, 1, 1],
      [byHead, x, step, g.weight(layer, 'ssm_a'), b, c, ids],
    );
  });
  const target = graph.window(stateAll, [stateSize * inner * sequences]);
  graph.expand(graph.into(target, [graph.window(scanned, [stateSize * inner * sequences]), target]));
  const y = graph.window(
    scanned,
    [headDim, heads, perSequence, sequences],
    [4 * headDim, 4 * inner, 4 * inner * perSequence],
  );
  const skip = graph.overwriting([x, g.weight(layer, 'ssm_d')]);
  let mixedOut = graph.overwriting([y, skip]);
  mixedOut = graph.like([graph.cont(z), mixedOut]);
  const norm = g.optional(layer, 'ssm_norm');
  if (norm) mixedOut = g.norm(graph.reshape(mixedOut, inner / groups, groups, perSequence, sequences), norm);
  return g.project(layer, 'ssm_out', graph.reshape(mixedOut, inner, g.tokens));
}

/** A Mamba-1 mixer, with norms on its step, B and C where the model has them (Jamba). */
function mamba1(g: ModelGraph, layer: number, input: GraphTensor, states: StateInput): GraphTensor {
  const { graph, sequences } = g;
  const { innerSize, stateSize, convKernel, timeStepRank } = linearOf(g, 'mamba1');
  const perSequence = g.tokens / sequences;
  const convAll = g.state('convolution', layer, (convKernel - 1) * innerSize);
  const stateAll = g.state('recurrence', layer, stateSize * innerSize);
  const convOld = graph.reshape(
    g.loadState(convAll, (convKernel - 1) * innerSize, states),
    convKernel - 1,
    innerSize,
    sequences,
  );
  const projected = g.project(layer, 'ssm_in', graph.reshape(input, g.hiddenSize, perSequence, sequences));
  const half = [innerSize, perSequence, sequences];
  const mixed = graph.window(projected, half, stridesOf(projected).slice(1, 3));
  const z = graph.window(projected, half, stridesOf(projected).slice(1, 3));
  let x = convolve(g, convAll, convOld, mixed, g.weight(layer, 'ssm_conv1d'), convKernel);
  const convBias = g.optional(layer, 'ssm_conv1d.bias');
  if (convBias) x = graph.overwriting([x, convBias]);
  x = graph.overwriting([x]);
  const all = graph.mulMat(g.weight(layer, 'ssm_x'), x);
  let step = graph.window(all, [timeStepRank, perSequence, sequences], stridesOf(all).slice(1, 3));
  let b = graph.window(
    all,
    [stateSize, 1, perSequence, sequences],
    [4 * stateSize, stridesOf(all)[1], stridesOf(all)[2]],
  );
  let c = graph.window(
    all,
    [stateSize, 1, perSequence, sequences],
    [4 * stateSize, stridesOf(all)[1], stridesOf(all)[2]],
  );
  if (g.has(layer, 'ssm_dt_norm')) {
    step = g.norm(step, g.weight(layer, 'ssm_dt_norm'));
    b = g.norm(b, g.weight(layer, 'ssm_b_norm'));
    c = g.norm(c, g.weight(layer, 'ssm_c_norm'));
  }
  const dt = graph.overwriting([graph.mulMat(g.weight(layer, 'ssm_dt'), step), g.weight(layer, 'ssm_dt.bias')]);
  const skipFrom = x;
  const byHead = graph.reshape(x, 1, innerSize, perSequence, sequences);
  const scanned = g.loadState(stateAll, stateSize * innerSize, states, (allStates, ids) => {
    const shaped = graph.reshape(allStates, stateSize, 1, innerSize, sequences);
    const runs = stateSize === 16 && innerSize % 128 === 0;
    return graph.compute(
      [innerSize * g.tokens + stateSize * innerSize * sequences, 1, 1, 1],
      [shaped, byHead, dt, g.weight(layer, 'ssm_a'), b, c, ids],
      4,
      !runs,
    );
  });
  const target = graph.window(stateAll, [stateSize * innerSize * sequences]);
  graph.expand(graph.into(target, [graph.window(scanned, [stateSize * innerSize * sequences]), target]));
  let y = graph.window(scanned, half);
  y = graph.overwriting([y, graph.overwriting([skipFrom, g.weight(layer, 'ssm_d')])]);
  y = graph.like([graph.cont(z), y]);
  return graph.reshape(g.project(layer, 'ssm_out', y), g.hiddenSize, g.tokens);
}

/** Ordinary attention of a hybrid; `rotates` as the class does. */
function plainAttention(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  cache: AttentionInput,
  positions: GraphTensor | undefined,
): GraphTensor {
  const { graph } = g;
  const widths = groupedWidths(g);
  let [q, k, v] = queryKeyValue(g, layer, input, widths);
  if (positions) {
    const factors = g.ropeFactors(layer);
    q = graph.rope(q, positions, factors);
    k = graph.rope(k, positions, factors);
  }
  return g.attention(layer, cache, q, k, v, widths);
}

/** Granite 4 H: Mamba-2 or attention, then a feed-forward block or a mixture. */
export function buildGraniteHybrid(g: ModelGraph): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { gate: 'softmax', normalized: true, scaled: false });
  // The plans copy the states' ids to the device before the embedding: its scale is no work of the device.
  let current = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    let residual = current;
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let mixed =
      kinds[layer] === 'L' ? mamba2(g, layer, input, states) : plainAttention(g, layer, input, cache, undefined);
    if (g.isLast(layer)) {
      mixed = g.pick(mixed, ids);
      residual = g.pick(residual, ids);
    }
    const joined = graph.overwriting([graph.overwriting([mixed]), residual]);
    const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? g.mixture(layer, normed, routing)
      : g.feedForward(layer, normed);
    current = graph.overwriting([graph.overwriting([fed]), joined]);
  }
  g.finish(current, { inPlaceSteps: 1 });
}

/** Falcon-H1: attention and Mamba-2 side by side in every layer. */
export function buildFalconH1(g: ModelGraph): void {
  const { graph } = g;
  let current = g.embedding();
  const positions = g.positions();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    const attended = plainAttention(g, layer, g.norm(current, g.weight(layer, 'attn_norm')), cache, positions);
    const scanned = mamba2(g, layer, g.norm(current, g.weight(layer, 'attn_norm')), states);
    const mixed = graph.overwriting([attended, scanned]);
    let joined = graph.overwriting([mixed, current]);
    if (g.isLast(layer)) joined = g.pick(joined, ids);
    const fed = g.feedForward(layer, g.norm(joined, g.weight(layer, 'ffn_norm')));
    current = graph.overwriting([fed, joined]);
  }
  g.finish(current);
}

/** Nemotron-H: every layer is a Mamba-2 mixer, an attention or a feed-forward block of its own. */
export function buildNemotronH(g: ModelGraph): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, SIGMOID);
  let current = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let result: GraphTensor;
    if (kinds[layer] === 'L') result = mamba2(g, layer, input, states);
    else if (kinds[layer] === 'F') result = plainAttention(g, layer, input, cache, undefined);
    else if (kinds[layer] === 'E') result = nemotronExperts(g, layer, input, routing);
    else result = g.feedForward(layer, input, 'relu-squared');
    current = graph.overwriting([result, current]);
  }
  g.finish(current, { ids, keepsHidden: true });
}

/** Ungated experts, in a space of their own where the model has one, beside a shared expert. */
function nemotronExperts(g: ModelGraph, layer: number, input: GraphTensor, routing: Routing): GraphTensor {
  const { graph } = g;
  const latent = g.has(layer, 'ffn_latent_down') ? graph.mulMat(g.weight(layer, 'ffn_latent_down'), input) : input;
  const logits = graph.mulMat(g.weight(layer, 'ffn_gate_inp'), input);
  let routed = g.experts(layer, latent, routing, 'relu-squared', { logits });
  if (g.has(layer, 'ffn_latent_up')) routed = graph.mulMat(g.weight(layer, 'ffn_latent_up'), routed);
  const shared = g.feedForward(layer, input, 'relu-squared', '_shexp');
  return graph.overwriting([routed, shared]);
}

/** Jamba: Mamba-1 or attention, then a feed-forward block or a mixture. */
export function buildJamba(g: ModelGraph): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { gate: 'softmax', normalized: false, scaled: false });
  let current = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let mixed =
      kinds[layer] === 'L' ? mamba1(g, layer, input, states) : plainAttention(g, layer, input, cache, undefined);
    let residual = current;
    if (g.isLast(layer)) {
      mixed = g.pick(mixed, ids);
      residual = g.pick(residual, ids);
    }
    const joined = graph.overwriting([residual, mixed]);
    const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? g.experts(layer, normed, routing)
      : g.feedForward(layer, normed);
    current = graph.overwriting([joined, fed]);
  }
  g.finish(current);
}

/** LFM2: short convolutions and attention. */
export function buildLfm2(g: ModelGraph): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { ...SIGMOID, scaled: false });
  const widths = groupedWidths(g);
  let current = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const positions = g.positions();
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    let residual = current;
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let mixed: GraphTensor;
    if (kinds[layer] === 'L') {
      mixed = shortConvolution(g, layer, input, states);
    } else {
      let [q, k, v] = queryKeyValue(g, layer, input, widths);
      q = g.norm(q, g.weight(layer, 'attn_q_norm'));
      k = g.norm(k, g.weight(layer, 'attn_k_norm'));
      q = graph.rope(q, positions);
      k = graph.rope(k, positions);
      mixed = g.attention(layer, cache, q, k, v, widths);
    }
    if (g.isLast(layer)) {
      mixed = g.pick(mixed, ids);
      residual = g.pick(residual, ids);
    }
    const joined = graph.overwriting([residual, mixed]);
    const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? g.experts(layer, normed, routing)
      : g.feedForward(layer, normed);
    current = graph.overwriting([joined, fed]);
  }
  g.finish(current, { norm: 'token_embd_norm' });
}

function shortConvolution(g: ModelGraph, layer: number, input: GraphTensor, states: StateInput): GraphTensor {
  const { graph, sequences, hiddenSize } = g;
  const { convKernel } = linearOf(g, 'short-convolution');
  const perSequence = g.tokens / sequences;
  const projected = graph.mulMat(
    g.weight(layer, 'shortconv.in_proj'),
    graph.reshape(input, hiddenSize, perSequence, sequences),
  );
  const third = (): GraphTensor =>
    graph.window(projected, [hiddenSize, perSequence, sequences], stridesOf(projected).slice(1, 3));
  const b = third();
  const c = third();
  const x = third();
  const product = graph.transpose(graph.overwriting([b, x]));
  const convAll = g.state('convolution', layer, (convKernel - 1) * hiddenSize);
  const old = graph.reshape(
    g.loadState(convAll, (convKernel - 1) * hiddenSize, states),
    convKernel - 1,
    hiddenSize,
    sequences,
  );
  const joined = graph.compute([convKernel - 1 + perSequence, hiddenSize, sequences, 1], [old, product]);
  const end = graph.window(joined, [convKernel - 1, hiddenSize, sequences], stridesOf(joined).slice(1, 3));
  const target = graph.window(convAll, [(convKernel - 1) * hiddenSize * sequences]);
  graph.expand(graph.into(target, [end, target]));
  const convolved = graph.compute([hiddenSize, perSequence, sequences, 1], [joined, g.weight(layer, 'shortconv.conv')]);
  const gated = graph.overwriting([c, convolved]);
  const result = graph.mulMat(g.weight(layer, 'shortconv.out_proj'), gated);
  return graph.reshape(result, hiddenSize, g.tokens);
}
