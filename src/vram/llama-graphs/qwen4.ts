/** Graphs of Qwen3.8 Flash Next (`src/models/qwen4exp.cpp`): Gated DeltaNet and sparse attention on residual streams, n-grams in one layer. */
import { type IndexerShape, layerKinds, topKOf } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import { contextCells } from '../kv-cache.ts';
import type { ModelGraph } from './builder.ts';
import { deltaLayer, gatedAttention } from './delta-net.ts';
import { openMask, routingOf, withGatedShared } from './parts.ts';
import { pickStreams, startStreams, streamsOf } from './residual-streams.ts';
import { groupedInput } from './state-layers.ts';

/**
 * Tokens whose index keys are pooled into one: `indexer_compress_ratio` in the config of Qwen3.8 Flash Next, `r` of
 * `build_qsa_top_k` in `src/models/qwen4exp.cpp`.
 */
const POOLED_TOKENS = 4;

/** Inputs of an indexer over pooled blocks. */
interface BlockInputs {
  readonly blocks: number;
  readonly keyRows: GraphTensor;
  readonly cellBlock: GraphTensor;
  readonly blockCells: GraphTensor;
  readonly blockPosition: GraphTensor;
  readonly bias: GraphTensor;
}

/** Qwen3.8 Flash Next: Qwen3.5's layers on streams; its attention reads the rows that an indexer chose. */
export function buildQwen4(g: ModelGraph): void {
  const { graph, architecture, hiddenSize, tokens } = g;
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { gate: 'softmax', normalized: true, scaled: false });
  const streams = streamsOf(g);
  const embedding = g.embedding();
  const states = g.stateInput();
  const cache = groupedInput(g);
  const positions = g.positions(4);
  const ids = g.outputIds();
  const cells = contextCells(g.settings.context);
  const blocks = Math.ceil(cells / POOLED_TOKENS);
  const inputs: BlockInputs = {
    blocks,
    keyRows: graph.input(8, tokens),
    cellBlock: graph.input(4, cells),
    blockCells: graph.input(4, POOLED_TOKENS * blocks),
    blockPosition: graph.input(4, 4 * blocks),
    bias: graph.input(4, blocks, tokens),
  };
  const ngrams = ngramRows(g);
  const enter = (
    x: GraphTensor,
    weights: { norm: GraphTensor; down: GraphTensor; up: GraphTensor },
    fused: boolean,
  ): { input: GraphTensor; normed: GraphTensor } => {
    const rows = x.shape[2];
    const normed = graph.overwriting([graph.reshape(graph.overwriting([x]), streams * hiddenSize, rows), weights.norm]);
    const low = graph.overwriting([graph.overwriting([graph.mulMat(weights.down, normed)])]);
    const gate = graph.mulMat(weights.up, low);
    if (fused) {
      const byStream = (tensor: GraphTensor): GraphTensor => graph.reshape(tensor, hiddenSize, streams, rows);
      return { input: graph.compute([hiddenSize, rows, 1, 1], [byStream(normed), byStream(gate)]), normed };
    }
    const gated = graph.reshape(graph.overwriting([normed, graph.overwriting([gate])]), hiddenSize, streams, rows);
    const stream = (): GraphTensor => graph.window(gated, [hiddenSize, rows], [stridesOf(gated)[2]]);
    let mixed = graph.cont(stream());
    for (let index = 1; index < streams; index++) mixed = graph.overwriting([mixed, stream()]);
    return { input: graph.overwriting([mixed]), normed };
  };
  const ofLayer = (
    layer: number,
    part: 'attn' | 'ffn',
    x: GraphTensor,
  ): { input: GraphTensor; inject: GraphTensor } => {
    const weight = (name: string): GraphTensor => g.weight(layer, `hc_${part}_${name}`);
    const { input, normed } = enter(x, { norm: weight('norm'), down: weight('down'), up: weight('up') }, true);
    return { input, inject: graph.mulMat(weight('inject'), normed) };
  };
  const leave = (residual: GraphTensor, result: GraphTensor, inject: GraphTensor): GraphTensor => {
    const weights = graph.overwriting([graph.overwriting([graph.overwriting([inject])])]);
    return graph.compute([hiddenSize, streams, residual.shape[2], 1], [result, residual, weights]);
  };
  let current = startStreams(g, embedding);
  for (const layer of g.layers()) {
    if (ngrams && g.has(layer, 'ple_key')) current = addNgrams(g, layer, ngrams, current);
    let mix = ofLayer(layer, 'attn', current);
    graph.expand(mix.input);
    const { input } = mix;
    let attended: GraphTensor;
    if (kinds[layer] === 'L') {
      attended = deltaLayer(g, layer, input, states, false);
    } else {
      const chosen = chooseBlocks(g, layer, input, positions, cache.mask, inputs);
      attended = gatedAttention(g, layer, input, cache, positions, false, () => openMask(g, cache, chosen));
    }
    let { inject } = mix;
    if (g.isLast(layer)) {
      attended = g.pick(attended, ids);
      inject = g.pick(inject, ids);
      current = pickStreams(g, current, ids);
    }
    current = leave(current, attended, inject);
    mix = ofLayer(layer, 'ffn', current);
    const fed = withGatedShared(g, layer, mix.input, g.experts(layer, mix.input, routing), 'sigmoid');
    current = leave(current, fed, mix.inject);
  }
  const head = (name: string): GraphTensor => g.outputWeight(`output_hc_${name}`) as GraphTensor;
  const hidden = enter(current, { norm: head('norm'), down: head('down'), up: head('up') }, false).input;
  hidden.isOutput = true;
  g.head(hidden, 0);
}

/** Rows of the n-gram table for every token, looked up on the host: one for each hash. */
function ngramRows(g: ModelGraph): GraphTensor | undefined {
  const { graph, tokens, hiddenSize } = g;
  const table = g.architecture.ngramTable;
  if (!table) return undefined;
  const hashes = hiddenSize / table.rowWidth;
  const rows = graph.getRows(g.inputTable('per_layer_token_embd'), graph.input(4, hashes * tokens));
  const byToken = graph.reshape(rows, hiddenSize, tokens);
  graph.expand(byToken);
  return byToken;
}

/**
 * Adds to the streams what the n-grams that end at each token say. Its norms, gate and convolution are left out: they take
 * less than a layer does, and what stays in memory is the same.
 */
function addNgrams(g: ModelGraph, layer: number, rows: GraphTensor, hidden: GraphTensor): GraphTensor {
  const { graph } = g;
  const key = graph.mulMat(g.weight(layer, 'ple_key'), rows);
  const value = graph.mulMat(g.weight(layer, 'ple_value'), rows);
  const gated = graph.overwriting([graph.reshape(key, ...hidden.shape), value]);
  return graph.overwriting([hidden, gated]);
}

/** Scores pooled index keys, spreads the scores over the cells of each block and takes the best cells. */
function chooseBlocks(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  positions: GraphTensor,
  mask: GraphTensor,
  inputs: BlockInputs,
): GraphTensor {
  const { graph, tokens } = g;
  const indexer = (g.architecture.attention as { indexer: IndexerShape }).indexer;
  const { heads, headDim } = indexer;
  const { blocks } = inputs;
  const cells = contextCells(g.settings.context);
  const fresh = graph.reshape(graph.mulMat(g.weight(layer, 'indexer.k_proj'), input), headDim, 1, tokens);
  const cached = g.storeIndex(layer, fresh, inputs.keyRows, cells);
  const members = graph.reshape(
    graph.getRows(graph.window(cached, [headDim, cells], [stridesOf(cached)[2]]), inputs.blockCells),
    headDim,
    POOLED_TOKENS,
    blocks,
  );
  const member = (): GraphTensor => graph.cont(graph.window(members, [headDim, blocks], [stridesOf(members)[2]]));
  let pooled = member();
  for (let index = 1; index < POOLED_TOKENS; index++) pooled = graph.overwriting([pooled, member()]);
  pooled = g.norm(graph.overwriting([pooled]), g.weight(layer, 'indexer.k_norm'));
  pooled = graph.reshape(graph.rope(graph.reshape(pooled, headDim, 1, blocks), inputs.blockPosition), headDim, blocks);
  let q = graph.reshape(graph.mulMat(g.weight(layer, 'indexer.q_proj'), input), headDim, heads, tokens);
  q = graph.rope(g.norm(q, g.weight(layer, 'indexer.q_norm')), positions);
  let scores = graph.mulMat(pooled, graph.reshape(q, headDim, heads * tokens));
  scores = graph.overwriting([graph.reshape(scores, blocks, heads, tokens)]);
  const ofHead = (): GraphTensor => graph.window(scores, [blocks, tokens], [stridesOf(scores)[2]]);
  let sum = graph.cont(ofHead());
  for (let head = 1; head < heads; head++) sum = graph.overwriting([sum, ofHead()]);
  sum = graph.overwriting([sum, inputs.bias]);
  let spread = graph.getRows(graph.cont(graph.permute(sum, 1, 0, 2, 3)), inputs.cellBlock);
  spread = graph.cont(graph.permute(spread, 1, 0, 2, 3));
  const wideMask = g.settings.flashAttention ? graph.cast(mask, 4) : mask;
  spread = graph.overwriting([spread, graph.reshape(wideMask, cells, tokens)]);
  const count = Math.min(cells, topKOf(g.architecture) + POOLED_TOKENS - 1);
  return graph.cont(graph.compute([count, tokens, 1, 1], [spread]));
}
