/** The graph of Hy4: latent attention over chosen rows, on residual streams. */
import { hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { ModelGraph } from './builder.ts';
import { chooseRows, indexerInputs, latentAttention, latentInput } from './latent.ts';
import { routingOf, SIGMOID } from './parts.ts';
import {
  coefficients,
  headMix,
  mixesOf,
  pickStreams,
  startStreams,
  streamsOf,
  weighStreams,
} from './residual-streams.ts';

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
      const share = graph.overwriting([wide, graph.window(weights, [1, tokens], [stridesOf(weights)[1]])]);
      const own = graph.overwriting([graph.window(old, [hiddenSize, tokens], [stridesOf(old)[2]]), share]);
      const row = graph.reshape(own, hiddenSize, 1, tokens);
      out = out ? graph.compute([hiddenSize, stream + 1, tokens, 1], [out, row]) : row;
    }
    return graph.cast(out ?? residual, 4);
  };
  let current = startStreams(g, embedding);
  for (const layer of g.layers()) {
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
