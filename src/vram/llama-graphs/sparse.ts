/** Graph of MiniMax M3: grouped attention in which an index head per group chooses blocks of keys (MSA, `src/models/minimax-m3.cpp`). */
import { type LayerKind, layerKinds } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import { CELL_PADDING, isQuantizedKvType } from '../kv-cache.ts';
import type { AttentionInput, HeadWidths, ModelGraph } from './builder.ts';
import { layerWidths } from './heads.ts';
import { closeLayer, queryKeyValue, routingOf, SIGMOID } from './parts.ts';

/** Tokens of a block, and blocks that a query reads at most. */
const BLOCK_TOKENS = 128;
const CHOSEN_BLOCKS = 16;

/** The builder takes a view of each for every layer; here all layers read the same one, as one copy serves a device. */
interface BlockInputs {
  readonly indexRows: GraphTensor;
  readonly bias: GraphTensor;
  readonly positionMask: GraphTensor;
  readonly slotOfPosition: GraphTensor;
  readonly blockOfCell: GraphTensor;
  readonly wideMask: GraphTensor;
}

export function buildMiniMaxM3(g: ModelGraph): void {
  const { graph, architecture, tokens } = g;
  const kinds = layerKinds(architecture);
  const { attention } = architecture;
  const indexer = attention.kind === 'full' ? attention.indexer : undefined;
  const widths = layerWidths(architecture, 'F');
  const routing = routingOf(architecture, SIGMOID);
  let current = g.embedding();
  const positions = g.positions();
  const cache = g.attentionInput({ keyDim: widths.keyDim, valueDim: widths.valueDim, withValues: true });
  // Without FlashAttention, and where sequences share the cells, the attention stays dense.
  const sparse = indexer !== undefined && g.settings.flashAttention && g.sequences === 1;
  // The positions that a cache holds count, not its cells: none when buffers are reserved, so the least of them.
  const blocks = CELL_PADDING / BLOCK_TOKENS;
  const inputs: BlockInputs | undefined = sparse
    ? {
        indexRows: graph.input(8, tokens),
        bias: graph.input(4, blocks, 1, tokens),
        positionMask: graph.input(4, blocks * BLOCK_TOKENS, 1, tokens),
        slotOfPosition: graph.input(4, blocks * BLOCK_TOKENS),
        blockOfCell: graph.input(4, cache.cells),
        wideMask: graph.cast(cache.mask, 4),
      }
    : undefined;
  const ids = g.outputIds();
  for (const layer of g.layers()) {
    const input = g.norm(current, g.weight(layer, 'attn_norm'));
    let [q, k, v] = queryKeyValue(g, layer, input, widths);
    q = graph.rope(g.norm(q, g.weight(layer, 'attn_q_norm')), positions);
    k = graph.rope(g.norm(k, g.weight(layer, 'attn_k_norm')), positions);
    let attended: GraphTensor;
    if (inputs && g.has(layer, 'indexer.q_proj')) {
      attended = sparseAttention(g, layer, input, { q, k, v }, positions, cache, inputs, widths);
    } else {
      attended = g.attention(layer, cache, q, k, v, widths);
    }
    current = closeLayer(g, layer, kinds[layer] as LayerKind, attended, current, ids, routing);
  }
  g.finish(current);
}

function sparseAttention(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  parts: { q: GraphTensor; k: GraphTensor; v: GraphTensor },
  positions: GraphTensor,
  cache: AttentionInput,
  inputs: BlockInputs,
  widths: HeadWidths,
): GraphTensor {
  const { graph, tokens, settings } = g;
  const { heads, kvHeads, keyDim, valueDim } = widths;
  const { cells } = cache;
  const [positionCells] = inputs.positionMask.shape;
  const [blocks] = inputs.bias.shape;
  const [indexDim] = g.weight(layer, 'indexer.q_norm').shape;
  const indexHeads = g.weight(layer, 'indexer.q_proj').shape[1] / indexDim;
  let indexQuery = graph.reshape(graph.mulMat(g.weight(layer, 'indexer.q_proj'), input), indexDim, indexHeads, tokens);
  let indexKey = graph.reshape(graph.mulMat(g.weight(layer, 'indexer.k_proj'), input), indexDim, 1, tokens);
  indexQuery = graph.rope(g.norm(indexQuery, g.weight(layer, 'indexer.q_norm')), positions);
  indexKey = graph.rope(g.norm(indexKey, g.weight(layer, 'indexer.k_norm')), positions);
  const indexKeys = g.storeIndex(layer, indexKey, inputs.indexRows, cells);
  const cached = g.storeAndRead(layer, cache, parts.q, parts.k, parts.v, widths, { keysLast: false });

  const keysByPosition = graph.getRows(
    graph.window(indexKeys, [indexDim, cells], [stridesOf(indexKeys)[2]]),
    inputs.slotOfPosition,
  );
  let scores = graph.mulMat(
    keysByPosition,
    graph.reshape(
      graph.window(indexQuery, indexQuery.shape, stridesOf(indexQuery).slice(1)),
      indexDim,
      indexHeads * tokens,
    ),
  );
  scores = graph.reshape(scores, positionCells, indexHeads, tokens);
  scores = graph.into(scores, [scores, inputs.positionMask]);
  const pooled = graph.compute([blocks, indexHeads, tokens, 1], [scores]);
  const { bias } = inputs;
  const biased = graph.overwriting([pooled, bias]);
  const count = Math.min(CHOSEN_BLOCKS, blocks);
  const chosen = graph.compute([count, indexHeads, tokens, 1], [biased]);
  const closedRow = graph.cast(graph.overwriting([bias]), 2);
  const closed = graph.compute([blocks, indexHeads, tokens, 1], [closedRow], 2);
  const zeros = graph.overwriting([graph.cast(chosen, 4)]);
  const byBlock = graph.reshape(closed, 1, blocks, indexHeads * tokens);
  let open = graph.into(byBlock, [
    graph.reshape(zeros, 1, count, indexHeads * tokens),
    graph.reshape(chosen, count, indexHeads * tokens),
    byBlock,
  ]);
  open = graph.reshape(open, blocks, indexHeads, tokens);
  open = graph.cont(graph.permute(open, 0, 2, 1, 3));
  const byColumn = graph.cont(graph.transpose(graph.reshape(open, blocks, tokens * indexHeads)));
  const spread = graph.cont(graph.transpose(graph.getRows(byColumn, inputs.blockOfCell)));
  const wide = graph.reshape(spread, cells, tokens, indexHeads);
  const summed = graph.into(wide, [
    wide,
    graph.window(inputs.wideMask, [cells, tokens, 1], stridesOf(inputs.wideMask).slice(1, 3)),
  ]);
  const mask = graph.cast(graph.reshape(summed, cells, tokens, 1, indexHeads), 2);

  const perGroup = heads / kvHeads;
  const query = graph.permute(
    graph.reshape(
      graph.window(cached.query, [keyDim, heads, tokens], stridesOf(cached.query).slice(1, 3)),
      keyDim,
      perGroup,
      kvHeads,
      tokens,
    ),
    0,
    2,
    3,
    1,
  );
  const keys = graph.permute(cached.keys, 0, 3, 1, 2);
  const values = graph.permute(cached.values, 0, 3, 1, 2);
  const extra =
    (isQuantizedKvType(settings.kType) ? 2 * cells * kvHeads * keyDim : 0) +
    (isQuantizedKvType(settings.vType) ? 2 * cells * kvHeads * valueDim : 0);
  let result = graph.permute(graph.flashAttention(query, keys, values, mask, undefined, extra, false), 0, 1, 3, 2);
  result = graph.reshape(graph.cont(result), valueDim * heads, tokens);
  if (cache.valueRotation) result = g.rotate(result, cache.valueRotation);
  return g.project(layer, 'attn_output', result);
}
