/** Graphs of the multi-token-prediction blocks of classes: apart from the others, because few estimates load the blocks. */
import type { ModelGraph } from './builder.ts';
import { gatedAttention, mixture } from './delta-net.ts';
import { groupedInput } from './state-layers.ts';

/** Qwen3.5's multi-token-prediction block: a layer with attention over the last hidden states beside the tokens. */
function buildGatedDeltaNetDraft(g: ModelGraph, layer: number): void {
  const { graph, hiddenSize } = g;
  const tokens = graph.getRows(g.inputTable('token_embd'), graph.input(4, g.tokens));
  const hidden = graph.input(4, hiddenSize, g.tokens);
  const positions = g.positions(4);
  const ids = g.outputIds();
  const cache = groupedInput(g);
  const last = g.norm(hidden, g.weight(layer, 'nextn.hnorm'));
  const next = g.norm(tokens, g.weight(layer, 'nextn.enorm'));
  const both = graph.compute([2 * hiddenSize, g.tokens, 1, 1], [next, last]);
  const current = graph.mulMat(g.weight(layer, 'nextn.eh_proj'), both);
  const input = g.norm(current, g.weight(layer, 'attn_norm'));
  const joined = graph.overwriting([gatedAttention(g, layer, input, cache, positions, false), current]);
  const normed = g.norm(joined, g.weight(layer, 'post_attention_norm'));
  const fed = g.has(layer, 'ffn_gate_inp') ? mixture(g, layer, normed) : g.feedForward(layer, normed);
  const result = g.norm(graph.overwriting([fed, joined]), g.weight(layer, 'nextn.shared_head_norm'));
  result.isOutput = true;
  g.head(g.pick(result, ids), 0);
}

/** The graph of the first such block of a class, which is number `layer`; absent = not known here. */
export const DRAFTS: Readonly<Partial<Record<string, (g: ModelGraph, layer: number) => void>>> = {
  Qwen3_5ForCausalLM: buildGatedDeltaNetDraft,
  Qwen3_5ForConditionalGeneration: buildGatedDeltaNetDraft,
  Qwen3_5MoeForCausalLM: buildGatedDeltaNetDraft,
  Qwen3_5MoeForConditionalGeneration: buildGatedDeltaNetDraft,
};
