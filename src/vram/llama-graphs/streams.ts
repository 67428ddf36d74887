/** Graphs with several residual streams, or a residual that layers look back at: GLM-5.3 Flash, Hy4, Kimi K3. */
import { hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import type { GraphTensor } from '../ggml/tensor.ts';
import type { ModelGraph, Routing } from './builder.ts';
import { kimiDelta } from './kimi-delta.ts';
import { chooseRows, indexerInputs, latentAttention, latentInput } from './latent.ts';
import { routingOf } from './parts.ts';
import {
  coefficients,
  enterBlock,
  headMix,
  leaveBlock,
  mixesOf,
  pickStreams,
  startStreams,
  streamsOf,
  weighStreams,
} from './residual-streams.ts';

const SIGMOID: Omit<Routing, 'count' | 'used'> = { gate: 'sigmoid', normalized: true, scaled: true };

/** GLM-5.3 Flash: delta layers and MLA without rotation over pooled index keys, on streams. */
export function buildGlm5Next(g: ModelGraph): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, SIGMOID);
  const embedding = g.embedding();
  const ids = g.outputIds();
  const states = g.stateInput();
  const cache = latentInput(g);
  const indexing = indexerInputs(g, cache.cells, false);
  const positions = g.positions();
  let current = startStreams(g, embedding);
  for (const layer of g.layers) {
    let residual = current;
    let mix = enterBlock(g, layer, 'attn', current);
    let input = g.norm(mix.input, g.weight(layer, 'attn_norm'));
    const attended =
      kinds[layer] === 'L'
        ? kimiDelta(g, layer, input, states)
        : latentAttention(g, layer, input, cache, {
            rotates: false,
            choose: (query) => chooseRows(g, layer, input, query, positions, indexing),
          });
    current = leaveBlock(g, attended, residual, mix);
    residual = current;
    mix = enterBlock(g, layer, 'ffn', current);
    for (const kept of [residual, mix.post, mix.comb]) graph.expand(kept);
    input = g.norm(mix.input, g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? g.mixture(layer, input, routing)
      : g.feedForward(layer, input);
    current = leaveBlock(g, fed, residual, mix);
  }
  const picked = pickStreams(g, current, ids);
  let mean = graph.window(picked, [g.hiddenSize, g.outputs], [picked.strides[2]]);
  for (let stream = 1; stream < streamsOf(g); stream++) {
    mean = graph.overwriting([mean, graph.window(picked, [g.hiddenSize, g.outputs], [picked.strides[2]])]);
  }
  g.finish(graph.overwriting([mean]));
}

/** Hy4: MLA with an indexer that later layers share, on streams mixed step by step. */
export function buildHy4(g: ModelGraph): void {
  const { graph, architecture, hiddenSize, tokens } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, SIGMOID);
  const streams = streamsOf(g);
  const embedding = g.embedding();
  const positions = g.positions();
  const cache = latentInput(g);
  const indexing = indexerInputs(g, cache.cells, false);
  const ids = g.outputIds();
  let lastChosen: GraphTensor | undefined;
  const reduce = (x: GraphTensor, weights: GraphTensor): GraphTensor =>
    graph.cast(weighStreams(g, graph.cast(x, 4), weights), 4);
  const enter = (layer: number, part: 'attn' | 'ffn', x: GraphTensor): { input: GraphTensor; post: GraphTensor } => {
    const mixes = mixesOf(g, g.weight(layer, `hc_${part}_fn`), x);
    const gate = (): GraphTensor =>
      coefficients(g, mixes, g.weight(layer, `hc_${part}_scale`), g.weight(layer, `hc_${part}_base`));
    const pre = graph.overwriting([graph.overwriting([gate()])]);
    const post = graph.overwriting([graph.overwriting([graph.overwriting([gate()])])]);
    return { input: reduce(x, pre), post };
  };
  const leave = (result: GraphTensor, residual: GraphTensor, post: GraphTensor): GraphTensor => {
    const wide = graph.cast(result, 4);
    const weights = graph.cast(post, 4);
    const old = graph.cast(residual, 4);
    let out: GraphTensor | undefined;
    for (let stream = 0; stream < streams; stream++) {
      const share = graph.overwriting([wide, graph.window(weights, [1, tokens], [weights.strides[1]])]);
      const own = graph.overwriting([graph.window(old, [hiddenSize, tokens], [old.strides[2]]), share]);
      const row = graph.reshape(own, hiddenSize, 1, tokens);
      out = out ? graph.compute([hiddenSize, stream + 1, tokens, 1], [out, row]) : row;
    }
    return graph.cast(out ?? residual, 4);
  };
  let current = startStreams(g, embedding);
  for (const layer of g.layers) {
    let residual = current;
    let mix = enter(layer, 'attn', current);
    let input = g.norm(mix.input, g.weight(layer, 'attn_norm'));
    const attended = latentAttention(g, layer, input, cache, {
      positions,
      choose: (query) => {
        if (g.has(layer, 'indexer.attn_k') || !lastChosen)
          lastChosen = chooseRows(g, layer, input, query, positions, indexing);
        return lastChosen;
      },
    });
    current = leave(attended, residual, mix.post);
    residual = current;
    mix = enter(layer, 'ffn', current);
    input = g.norm(mix.input, g.weight(layer, 'ffn_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? g.mixture(layer, input, routing)
      : g.feedForward(layer, input);
    current = leave(fed, residual, mix.post);
  }
  const picked = pickStreams(g, current, ids);
  g.finish(reduce(picked, headMix(g, picked)));
}

/** Layers between two checkpoints that later layers look back at (Kimi K3): eight of them over the stack. */
const RESIDUAL_BLOCKS = 8;

/** Kimi K3: Kimi Linear's layers, each reading a mix of the current residual and of checkpoints; experts in a space of their own. */
export function buildKimiK3(g: ModelGraph): void {
  const { graph, architecture, hiddenSize, tokens } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, SIGMOID);
  const blockSize = Math.ceil(architecture.layers / RESIDUAL_BLOCKS);
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
    const ofCheckpoints = graph.cont(graph.window(shares, [count, tokens], [shares.strides[1]]));
    const ofResidual = graph.cont(graph.window(shares, [1, tokens], [shares.strides[1]]));
    const sum = graph.compute([hiddenSize, tokens, 1, 1], [checkpoints, ofCheckpoints]);
    return graph.overwriting([sum, graph.overwriting([residual, ofResidual])]);
  };
  for (const layer of g.layers) {
    let residual = current;
    const mixed = mix(residual, g.weight(layer, 'attn_res_score'));
    const isCheckpoint = layer % blockSize === 0;
    if (isCheckpoint) {
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
    residual = isCheckpoint ? attended : graph.overwriting([residual, attended]);
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
