/** Graph of DeepSeek V4: residual streams, compressed rows with unfinished blocks, an indexer over them. */
import { type LayerKind, layerKinds, topKOf } from '../architecture.ts';
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import { compressedCells, isQuantizedKvType, windowCells } from '../kv-cache.ts';
import type { HeadWidths, ModelGraph } from './builder.ts';
import { routingOf } from './parts.ts';
import { enterBlock, headMix, leaveBlock, pickStreams, startStreams, weighStreams } from './residual-streams.ts';

function shapeOf(g: ModelGraph) {
  const { attention } = g.architecture;
  if (attention.kind !== 'compressed') throw new RangeError(`${g.architecture.className} has no compressed attention`);
  return attention;
}

/** Inputs that say where the rows of one compression go. */
interface CompressionInputs {
  readonly ratio: number;
  readonly blocks: number;
  readonly cells: number;
  readonly position: GraphTensor;
  readonly persistSource: GraphTensor;
  readonly persistTarget: GraphTensor;
  readonly read: GraphTensor;
  readonly write: GraphTensor;
  readonly writePosition: GraphTensor;
  readonly mask: GraphTensor;
  readonly rotation: GraphTensor | undefined;
}

function compressionInputs(
  g: ModelGraph,
  ratio: number,
  stateRows: number,
  overlap: boolean,
  rotationSide: number | undefined,
): CompressionInputs {
  const { graph, sequences } = g;
  // However the tokens fall on the sequences, no more blocks than this are finished.
  const blocks = Math.floor(g.tokens / ratio) + sequences;
  const persisted = Math.min(g.tokens, stateRows * sequences);
  const cells = compressedCells(g.settings.context, ratio);
  return {
    ratio,
    blocks,
    cells,
    position: graph.input(4, g.tokens),
    persistSource: graph.input(4, persisted),
    persistTarget: graph.input(4, persisted),
    read: graph.input(4, (overlap ? 2 : 1) * ratio * blocks),
    write: graph.input(8, blocks),
    writePosition: graph.input(4, blocks),
    mask: graph.input(
      g.settings.flashAttention || rotationSide === INDEX_SIDE ? 2 : 4,
      cells,
      g.tokens / sequences,
      1,
      sequences,
    ),
    rotation: rotationSide === undefined ? undefined : graph.input(4, rotationSide, rotationSide),
  };
}

const INDEX_SIDE = 128;

/** Inputs of the raw window: every sequence has cells of its own. */
function rawInput(
  { graph, settings, sequences, tokens }: ModelGraph,
  window: number,
  rotationSide: number | undefined,
): { cells: number; mask: GraphTensor; keyRows: GraphTensor; rotation: GraphTensor | undefined } {
  const cells = windowCells(window, { ...settings, sequences: 1 });
  return {
    cells,
    keyRows: graph.input(8, tokens),
    mask: graph.input(settings.flashAttention ? 2 : 4, cells, tokens / sequences, 1, sequences),
    rotation: rotationSide === undefined ? undefined : graph.input(4, rotationSide, rotationSide),
  };
}

/** Cached rows of one head, of all sequences. */
function cachedRows(g: ModelGraph, layer: number, name: string, width: number, cells: number): GraphTensor {
  const cache = g.cache(name, layer, g.settings.kType, width, cells * g.sequences);
  const row = cache.elementBytes * width;
  return g.graph.window(cache, [width, 1, cells, g.sequences], [row, row, row * cells]);
}

/** Stores rows of one head and returns the cached ones. */
function storeRow(
  g: ModelGraph,
  layer: number,
  name: string,
  rows: GraphTensor,
  ids: GraphTensor,
  cells: number,
): GraphTensor {
  const [width, , count] = rows.shape;
  const cache = g.cache(name, layer, g.settings.kType, width, cells * g.sequences);
  g.store(cache, g.graph.window(rows, [width, count], [stridesOf(rows)[2]]), ids);
  return cachedRows(g, layer, name, width, cells);
}

/** A buffer for an unfinished block: `rows` rows per sequence. */
function unfinished(g: ModelGraph, layer: number, name: string, width: number, rows: number): GraphTensor {
  return g.cache(name, layer, 'f32', width, rows * g.sequences);
}

export function buildDeepseekV4(g: ModelGraph): void {
  const { graph, architecture } = g;
  const attention = shapeOf(g);
  const kinds = layerKinds(architecture);
  const routing = routingOf(architecture, { gate: 'sqrt-softplus', normalized: true, scaled: true });
  const quantized = isQuantizedKvType(g.settings.kType);
  const rotationSide = quantized ? attention.rowWidth : undefined;
  const embedding = g.embedding();
  const positions = g.positions();
  const ids = g.outputIds();
  const raw = rawInput(g, attention.window, rotationSide);
  const csa = compressionInputs(g, attention.csaRatio, 2 * attention.csaRatio, true, rotationSide);
  const hca = compressionInputs(g, attention.hcaRatio, attention.hcaRatio, false, rotationSide);
  const index = compressionInputs(g, attention.csaRatio, 2 * attention.csaRatio, true, INDEX_SIDE);
  graph.expand(raw.mask);
  let current = startStreams(g, embedding);

  for (const layer of g.layers()) {
    const kind = kinds[layer] as LayerKind;
    let residual = current;
    let mix = enterBlock(g, layer, 'attn', current);
    let input = g.norm(mix.input, g.weight(layer, 'attn_norm'));
    const attended = attend(g, layer, kind, input, positions, { raw, csa, hca, index });
    current = leaveBlock(g, attended, residual, mix);
    residual = current;
    mix = enterBlock(g, layer, 'ffn', current);
    for (const kept of [residual, mix.post, mix.comb]) graph.expand(kept);
    input = g.norm(mix.input, g.weight(layer, 'ffn_norm'));
    const chosen = g.has(layer, 'ffn_gate_tid2eid')
      ? graph.getRows(g.weight(layer, 'ffn_gate_tid2eid'), g.tokenIds as GraphTensor)
      : undefined;
    const routed = g.experts(layer, input, routing, 'clamped', { chosen });
    const shared = g.feedForward(layer, input, 'clamped', '_shexp');
    current = leaveBlock(g, graph.overwriting([routed, shared]), residual, mix);
  }
  const picked = pickStreams(g, current, ids);
  g.finish(weighStreams(g, picked, headMix(g, picked)));
}

interface Inputs {
  readonly raw: { cells: number; mask: GraphTensor; keyRows: GraphTensor; rotation: GraphTensor | undefined };
  readonly csa: CompressionInputs;
  readonly hca: CompressionInputs;
  readonly index: CompressionInputs;
}

// Rotations turn the last part of each row and write over it (ggml_rope_set_offset, ggml-org/llama.cpp pull request 27382).
function attend(
  g: ModelGraph,
  layer: number,
  kind: LayerKind,
  input: GraphTensor,
  positions: GraphTensor,
  inputs: Inputs,
): GraphTensor {
  const { graph, tokens, sequences } = g;
  const { heads, rowWidth, oGroups, oLoraRank } = shapeOf(g);
  const low = g.norm(graph.mulMat(g.weight(layer, 'attn_q_a'), input), g.weight(layer, 'attn_q_a_norm'));
  let q = graph.overwriting([graph.reshape(graph.mulMat(g.weight(layer, 'attn_q_b'), low), rowWidth, heads, tokens)]);
  q = graph.rope(q, positions);
  let row = g.norm(graph.mulMat(g.weight(layer, 'attn_kv'), input), g.weight(layer, 'attn_kv_a_norm'));
  row = graph.rope(graph.reshape(row, rowWidth, 1, tokens), positions);
  if (kind === 'C') {
    compress(g, layer, input, 'attn_compressor', rowWidth, inputs.csa, 'csa');
    compress(g, layer, input, 'indexer_compressor', shapeOf(g).indexer.headDim, inputs.index, 'index');
  }
  if (kind === 'H') compress(g, layer, input, 'attn_compressor', rowWidth, inputs.hca, 'hca');

  const chosen = kind === 'C' ? choose(g, layer, input, low, positions, inputs.index) : undefined;
  const { raw } = inputs;
  if (raw.rotation) {
    q = g.rotate(q, raw.rotation);
    row = g.rotate(row, raw.rotation);
  }
  graph.expand(q);
  graph.expand(row);
  const rawKeys = storeRow(g, layer, 'raw', row, raw.keyRows, raw.cells);
  let keys = rawKeys;
  let mask = raw.mask;
  const compression = kind === 'C' ? inputs.csa : kind === 'H' ? inputs.hca : undefined;
  if (compression) {
    const rows = cachedRows(g, layer, kind === 'C' ? 'csa' : 'hca', rowWidth, compression.cells);
    const cells = raw.cells + compression.cells;
    keys = graph.compute([rowWidth, 1, cells, sequences], [rawKeys, rows], rawKeys.elementBytes);
    const own = chosen ? openMask(g, compression, chosen) : compression.mask;
    mask = graph.compute([cells, tokens / sequences, 1, sequences], [raw.mask, own], raw.mask.elementBytes);
  }
  const widths: HeadWidths = { heads, kvHeads: 1, keyDim: rowWidth, valueDim: rowWidth };
  let out = g.attend(q, keys, keys, mask, widths, { sinks: g.optional(layer, 'attn_sinks') });
  if (raw.rotation) out = g.rotate(out, raw.rotation);
  out = graph.reshape(out, rowWidth, heads, tokens);
  out = graph.rope(out, positions);
  out = graph.permute(graph.reshape(out, (heads / oGroups) * rowWidth, oGroups, tokens), 0, 2, 1, 3);
  const grouped = graph.reshape(g.weight(layer, 'attn_output_a'), (heads / oGroups) * rowWidth, oLoraRank, oGroups);
  let low2 = graph.mulMat(grouped, out);
  low2 = graph.cont(graph.permute(low2, 0, 2, 1, 3), oLoraRank * oGroups, tokens);
  return graph.mulMat(g.weight(layer, 'attn_output_b'), low2);
}

/** Fills the mask of the compressed rows and opens it at the chosen ones. */
function openMask(g: ModelGraph, inputs: CompressionInputs, chosen: GraphTensor): GraphTensor {
  const { graph, sequences } = g;
  const tokens = g.tokens / sequences;
  const closed = graph.overwriting([inputs.mask]);
  const byRow = graph.window(closed, [1, inputs.cells, tokens, sequences], stridesOf(closed).slice(0, 3));
  const rows = graph.window(chosen, [chosen.shape[0], tokens, sequences, 1], stridesOf(chosen).slice(1));
  const zeros = graph.overwriting([
    graph.blank(g.settings.flashAttention ? 2 : 4, 1, chosen.shape[0], tokens, sequences),
  ]);
  const opened = graph.into(byRow, [zeros, rows, byRow]);
  const mask = graph.window(
    opened,
    [inputs.cells, tokens, 1, sequences],
    [stridesOf(opened)[2], stridesOf(opened)[3], stridesOf(opened)[3]],
  );
  return graph.overwriting([mask, inputs.mask]);
}

function choose(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  low: GraphTensor,
  positions: GraphTensor,
  inputs: CompressionInputs,
): GraphTensor {
  const { graph, tokens, sequences } = g;
  const { indexer } = shapeOf(g);
  let q = graph.reshape(graph.mulMat(g.weight(layer, 'indexer.attn_q_b'), low), indexer.headDim, indexer.heads, tokens);
  q = graph.rope(q, positions);
  q = g.rotate(q, inputs.rotation as GraphTensor);
  let weights = graph.overwriting([graph.mulMat(g.weight(layer, 'indexer.proj'), input)]);
  const keys = cachedRows(g, layer, 'index', indexer.headDim, inputs.cells);
  q = graph.window(q, [indexer.headDim, indexer.heads, tokens / sequences, sequences], stridesOf(q).slice(1, 3));
  weights = graph.window(weights, [indexer.heads, tokens / sequences, 1, sequences], [stridesOf(weights)[1]]);
  const scores = graph.compute([inputs.cells, tokens / sequences, 1, sequences], [q, keys, weights, inputs.mask]);
  return graph.cont(
    graph.compute([Math.min(inputs.cells, topKOf(g.architecture)), tokens / sequences, 1, sequences], [scores]),
  );
}

/** Pools finished blocks into rows and keeps the unfinished ones. */
function compress(
  g: ModelGraph,
  layer: number,
  input: GraphTensor,
  name: string,
  width: number,
  inputs: CompressionInputs,
  cache: 'csa' | 'hca' | 'index',
): void {
  const { graph, sequences } = g;
  const overlap = cache !== 'hca';
  const { ratio, blocks } = inputs;
  const stateWidth = overlap ? 2 * width : width;
  const stateRows = overlap ? 2 * ratio : ratio;
  const values = graph.mulMat(g.weight(layer, `${name}_kv`), input);
  let scores = graph.mulMat(g.weight(layer, `${name}_gate`), input);
  const offsets = graph.getRows(g.weight(layer, `${name}_ape`), inputs.position);
  scores = graph.overwriting([scores, offsets]);
  const stateOf = (part: string): GraphTensor => unfinished(g, layer, `${cache} ${part}`, stateWidth, stateRows);
  const valueState = stateOf('values');
  const scoreState = stateOf('scores');
  const source = (state: GraphTensor, fresh: GraphTensor): GraphTensor =>
    graph.compute(
      [stateWidth, stateRows * sequences + fresh.shape[1], 1, 1],
      [graph.window(state, [stateWidth, stateRows * sequences], [stridesOf(state)[1]]), fresh],
    );
  let valueSource = source(valueState, values);
  let scoreSource = source(scoreState, scores);
  const turned = (tensor: GraphTensor): GraphTensor => graph.cont(graph.permute(tensor, 1, 0, 2, 3));
  let pooledValues: GraphTensor;
  let pooledScores: GraphTensor;
  if (overlap) {
    const withZero = (tensor: GraphTensor): GraphTensor => {
      const zero = graph.reshape(graph.overwriting([graph.window(tensor, [stateWidth])]), stateWidth, 1);
      return graph.compute([stateWidth, tensor.shape[1] + 1, 1, 1], [tensor, zero]);
    };
    valueSource = withZero(valueSource);
    scoreSource = withZero(scoreSource);
    const reads = ratio * blocks;
    const valueRows = graph.getRows(valueSource, inputs.read);
    const scoreRows = graph.getRows(scoreSource, inputs.read);
    const half = (rows: GraphTensor): GraphTensor =>
      graph.reshape(graph.cont(graph.window(rows, [width, reads], [stridesOf(rows)[1]])), width, ratio, blocks);
    const previousValues = half(valueRows);
    const previousScores = half(scoreRows);
    const currentValues = half(valueRows);
    const currentScores = half(scoreRows);
    const joined = (a: GraphTensor, b: GraphTensor): GraphTensor =>
      graph.compute([width, 2 * ratio, blocks, 1], [a, b]);
    const allValues = joined(previousValues, currentValues);
    const allScores = joined(previousScores, currentScores);
    pooledValues = turned(allValues);
    pooledScores = turned(allScores);
  } else {
    const valueRows = graph.reshape(graph.getRows(valueSource, inputs.read), width, ratio, blocks);
    const scoreRows = graph.reshape(graph.getRows(scoreSource, inputs.read), width, ratio, blocks);
    pooledValues = turned(valueRows);
    pooledScores = turned(scoreRows);
  }
  const weights = graph.overwriting([pooledScores]);
  let row = graph.compute([1, width, blocks, 1], [graph.overwriting([pooledValues, weights])]);
  row = turned(row);
  row = g.norm(row, g.weight(layer, `${name}_norm`));
  row = graph.rope(row, inputs.writePosition);
  if (inputs.rotation) row = g.rotate(row, inputs.rotation);
  storeRow(g, layer, cache, row, inputs.write, inputs.cells);
  const keptValues = graph.getRows(values, inputs.persistSource);
  const keptScores = graph.getRows(scores, inputs.persistSource);
  graph.expand(graph.into(valueState, [keptValues, inputs.persistTarget, valueState]));
  graph.expand(graph.into(scoreState, [keptScores, inputs.persistTarget, scoreState]));
}
