/** The context in which Qwen3.5 and its kin draft tokens with their own multi-token-prediction block (`graph_mtp` in `src/models/qwen35.cpp`). */
import type { Architecture } from '../architecture.ts';
import { type ComputeBuffers, roundContext, weightTableOf } from '../compute-buffer.ts';
import { runAllocations } from '../ggml/allocator.ts';
import { planGraph } from '../ggml/scheduler.ts';
import { cacheLayoutOf } from '../kv-cache.ts';
import { type LayerPlacement, placingOf } from '../layer-split.ts';
import type { QuantizationScheme } from '../quantization/schemes.ts';
import { tensorDeviceBytes, type WeighOptions } from '../weights.ts';
import { type GraphSettings, ModelGraph } from './builder.ts';
import { gatedAttention, mixture } from './delta-net.ts';
import { groupedInput } from './state-layers.ts';

/**
 * Compute buffers of the context in which the multi-token-prediction block drafts: a graph of its own over a micro-batch
 * as large as the model's, with a cache of F16 rows. Not memoised: it is one layer.
 */
export function gatedDeltaNetDraft(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: GraphSettings,
  placement: LayerPlacement,
): ComputeBuffers {
  const options: WeighOptions = { mtpInFile: true };
  const model = new ModelGraph(
    architecture,
    { ...settings, kType: 'f16', vType: 'f16', context: roundContext(architecture, settings) },
    weightTableOf(architecture, options),
    cacheLayoutOf(architecture).widestValues,
    [architecture.layers],
  );
  buildGatedDeltaNetDraft(model, architecture.layers);
  const deviceOfLayer = [...placement.deviceOfLayer, ...placement.deviceOfNextToken];
  const plan = planGraph(model.graph, placingOf({ ...placement, deviceOfLayer }));
  const bytes = Float64Array.from(plan.bytesOf);
  if (placement.weightsOnHost) {
    const bytesByWeight = tensorDeviceBytes(architecture, scheme, options);
    plan.weightOf.forEach((weight, slot) => {
      if (weight >= 0) bytes[slot] = bytesByWeight[weight] as number;
    });
  }
  const highest = runAllocations(plan, bytes);
  return { devices: highest.slice(0, placement.devices), host: highest[placement.devices] ?? 0 };
}

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
