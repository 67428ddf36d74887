/** Graphs with Gated DeltaNet: Qwen3-Next, Qwen3.5 and their kin. */
import { hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import type { ModelGraph } from './builder.ts';
import { deltaLayer, gatedAttention, mixture } from './delta-net.ts';
import { groupedInput } from './state-layers.ts';

/** Qwen3-Next, Qwen3.5 and their kin. */
export function buildGatedDeltaNet(g: ModelGraph): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const isNext = architecture.className === 'Qwen3NextForCausalLM';
  let current = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const positions = g.positions(isNext ? 1 : 4);
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    const residual = current;
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    graph.expand(input);
    const attended =
      kinds[layer] === 'L'
        ? deltaLayer(g, layer, input, states, isNext)
        : gatedAttention(g, layer, input, cache, positions, isNext);
    const joined = graph.overwriting([attended, residual]);
    const normed = g.norm(joined, g.weight(layer, 'post_attention_norm'));
    const fed = hasExperts(architecture, layer, kinds[layer] as LayerKind)
      ? mixture(g, layer, normed)
      : g.feedForward(layer, normed);
    current = graph.overwriting([fed, joined]);
  }
  g.finish(current, { ids, keepsHidden: true });
}
