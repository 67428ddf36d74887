/** Graph of MiniMax Text 01 and M1: lightning attention. */
import { layerKinds } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { ModelGraph, StateInput } from './builder.ts';
import { queryKeyValue, routingOf } from './parts.ts';
import { groupedInput, groupedWidths, linearOf } from './state-layers.ts';

/** What lightning layers read beside their input: decay exponents by head, by token and by pair of tokens. */
interface DecayInputs {
  readonly slopes: GraphTensor;
  readonly ofQueries: GraphTensor;
  readonly ofKeys: GraphTensor;
  readonly ofPairs: GraphTensor;
  readonly sequenceIds: GraphTensor | undefined;
}

/** MiniMax Text 01 and M1 (`src/models/minimax-01.cpp`): lightning attention or softmax attention; residuals are the normed inputs, scaled. */
export function buildLightning(g: ModelGraph): void {
  const { graph, architecture, sequences } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { gate: 'softmax', normalized: true, scaled: false });
  const { heads } = linearOf(g, 'lightning');
  let current = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const widths = groupedWidths(g);
  const positions = g.positions();
  const ids = g.outputIds();
  const perSequence = g.tokens / sequences;
  const decays: DecayInputs = {
    slopes: graph.input(4, heads),
    ofQueries: graph.input(4, 1, heads, perSequence),
    ofKeys: graph.input(4, 1, heads, perSequence),
    ofPairs: graph.input(4, heads, perSequence, perSequence),
    sequenceIds: sequences > 1 ? graph.input(4, sequences) : undefined,
  };
  const unusedTokens = graph.input(4, architecture.vocabularySize);
  for (const layer of g.layers()) {
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let mixed: GraphTensor;
    if (kinds[layer] === 'L') mixed = lightning(g, layer, input, states, decays);
    else {
      const [q, k, v] = queryKeyValue(g, layer, input, widths);
      mixed = g.attention(layer, cache, graph.rope(q, positions), graph.rope(k, positions), v, widths);
    }
    let residual = input;
    if (g.isLast(layer)) {
      mixed = g.pick(mixed, ids);
      residual = g.pick(residual, ids);
    }
    const joined = graph.overwriting([mixed, graph.overwriting([residual])]);
    const normed = g.norm(joined, g.weight(layer, 'ffn_norm'));
    const fed = g.experts(layer, normed, routing);
    current = graph.overwriting([fed, graph.overwriting([normed])]);
  }
  const hidden = g.norm(current, g.outputWeight('output_norm'));
  hidden.isOutput = true;
  const logits = graph.mulMat(g.outputWeight('output') as GraphTensor, hidden);
  const masked = graph.overwriting([logits, unusedTokens]);
  masked.isOutput = true;
  graph.expand(masked);
}

function lightning(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  states: StateInput,
  decays: DecayInputs,
): GraphTensor {
  const { graph, tokens, sequences } = g;
  const { heads, headDim } = linearOf(g, 'lightning');
  const width = heads * headDim;
  const perSequence = tokens / sequences;
  // The recurrent memory has a convolution part, which is empty.
  g.loadState(g.state('convolution', layer, 0), 0, states);
  const slopes = graph.overwriting([decays.slopes]);
  const bySequence = graph.reshape(input, g.hiddenSize, perSequence, sequences);
  const fused = graph.overwriting([graph.mulMat(g.weight(layer, 'attn_qkv'), bySequence)]);
  const all = graph.window(
    fused,
    [3 * headDim, heads, perSequence, sequences],
    [4 * 3 * headDim, 4 * 3 * width, 4 * 3 * width * perSequence],
  );
  const part = (): GraphTensor =>
    graph.cont(graph.window(all, [headDim, heads, perSequence, sequences], stridesOf(all).slice(1)));
  const q = part();
  const k = part();
  const v = part();
  const stateAll = g.state('recurrence', layer, width * headDim);
  let old = graph.window(stateAll, [width * headDim, sequences]);
  if (decays.sequenceIds) old = graph.getRows(old, decays.sequenceIds);
  old = graph.window(old, [headDim, headDim, heads, sequences]);

  const exponential = (exponents: GraphTensor): GraphTensor => graph.overwriting([graph.overwriting([exponents])]);
  const queryDecay = exponential(decays.ofQueries);
  const keyDecay = exponential(decays.ofKeys);
  const pairDecay = exponential(decays.ofPairs);
  const swapped = (tensor: GraphTensor): GraphTensor => graph.cont(graph.permute(tensor, 0, 2, 1, 3));
  const tokensFirst = (tensor: GraphTensor): GraphTensor => graph.cont(graph.permute(tensor, 1, 2, 0, 3));
  const decayedQueries = swapped(graph.overwriting([q, queryDecay]));
  const fromState = graph.mulMat(graph.cont(graph.transpose(old)), decayedQueries);
  const scores = graph.mulMat(swapped(k), swapped(q));
  const decayedScores = graph.overwriting([scores, graph.cont(graph.permute(pairDecay, 2, 0, 1, 3))]);
  const values = tokensFirst(v);
  const attended = graph.overwriting([fromState, graph.mulMat(values, decayedScores)]);
  graph.expand(attended);

  const blockDecay = graph.window(exponential(slopes), [1, 1, heads], [4, 4]);
  const oldDecayed = graph.overwriting([old, blockDecay]);
  const keysAfter = tokensFirst(graph.overwriting([k, keyDecay]));
  const next = graph.overwriting([oldDecayed, graph.mulMat(values, keysAfter)]);
  for (let sequence = 0; sequence < sequences; sequence++) {
    const target = graph.window(stateAll, [headDim, headDim, heads]);
    graph.expand(graph.into(target, [graph.window(next, [headDim, headDim, heads]), target]));
  }

  const merged = swapped(attended);
  const flat = graph.window(merged, [width, perSequence, sequences]);
  const normed = g.norm(flat, g.weight(layer, 'attn_norm_2'));
  const gate = graph.overwriting([graph.mulMat(g.weight(layer, 'attn_gate'), bySequence)]);
  const result = graph.mulMat(g.weight(layer, 'attn_output'), graph.overwriting([gate, normed]));
  return graph.reshape(result, g.hiddenSize, tokens);
}
