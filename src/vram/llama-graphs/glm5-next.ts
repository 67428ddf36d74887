/** The graph of GLM-5.3 Flash: Kimi delta layers and latent attention over pooled index keys, on residual streams. */
import { hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import { stridesOf } from '../ggml/tensor.ts';
import type { ModelGraph } from './builder.ts';
import { kimiDelta } from './kimi-delta.ts';
import { chooseRows, indexerInputs, latentAttention, latentInput } from './latent.ts';
import { routingOf, SIGMOID } from './parts.ts';
import { enterBlock, leaveBlock, pickStreams, startStreams, streamsOf } from './residual-streams.ts';

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
  for (const layer of g.layers()) {
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
  let mean = graph.window(picked, [g.hiddenSize, g.outputs], [stridesOf(picked)[2]]);
  for (let stream = 1; stream < streamsOf(g); stream++) {
    mean = graph.overwriting([mean, graph.window(picked, [g.hiddenSize, g.outputs], [stridesOf(picked)[2]])]);
  }
  g.finish(graph.overwriting([mean]));
}
