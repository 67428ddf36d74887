/** Graph of DeepSeek V4: residual streams, compressed rows with unfinished blocks, an indexer over them. */
import { type LayerKind, layerKinds } from '../architecture.ts';
import type { GraphTensor } from '../ggml/tensor.ts';
import { CELL_PADDING, contextCells, isQuantizedKvType, padTo } from '../kv-cache.ts';
import type { HeadWidths, ModelGraph } from './builder.ts';
import { routingOf } from './decoder.ts';

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

function compressionInputs(g: ModelGraph, ratio: number, stateRows: number, overlap: boolean, rotationSide: number | undefined): CompressionInputs {
  const { graph, sequences } = g;
  // However the tokens fall on the sequences, no more blocks than this are finished.
  const blocks = Math.floor(g.tokens / ratio) + sequences;
  const persisted = Math.min(g.tokens, stateRows * sequences);
  const cells = padTo(Math.ceil(contextCells(g.settings.context) / ratio), CELL_PADDING);
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
    mask: graph.input(g.settings.flashAttention || rotationSide === INDEX_SIDE ? 2 : 4, cells, g.tokens / sequences, 1, sequences),
    rotation: rotationSide === undefined ? undefined : graph.input(4, rotationSide, rotationSide),
  };
}

const INDEX_SIDE = 128;

export function buildDeepseekV4(g: ModelGraph): void {
  const { graph, architecture, tokens, hiddenSize } = g;
  const attention = shapeOf(g);
  const kinds = layerKinds(architecture);
  const streams = architecture.residualStreams ?? 4;
  const routing = routingOf(architecture, { gate: 'sqrt-softplus', normalized: true, scaled: true });
  const quantized = isQuantizedKvType(g.settings.kType);
  const rotationSide = quantized ? attention.rowWidth : undefined;
  const embedding = g.embedding();
  const positions = g.positions();
  const ids = g.outputIds();
  const raw = g.rawInput(attention.window, rotationSide);
  const csa = compressionInputs(g, attention.csaRatio, 2 * attention.csaRatio, true, rotationSide);
  const hca = compressionInputs(g, attention.hcaRatio, attention.hcaRatio, false, rotationSide);
  const index = compressionInputs(g, attention.csaRatio, 2 * attention.csaRatio, true, INDEX_SIDE);
  graph.expand(raw.mask);
  let current = graph.compute([hiddenSize, streams, tokens, 1], [graph.reshape(embedding, hiddenSize, 1, tokens)]);

  /** Mixes the streams into the input of a block; returns what merges its result back. */
  const enter = (layer: number, part: 'attn' | 'ffn', x: GraphTensor): { input: GraphTensor; post: GraphTensor; comb: GraphTensor } => {
    const fn = g.weight(layer, `hc_${part}_fn`);
    const scale = g.weight(layer, `hc_${part}_scale`);
    const base = g.weight(layer, `hc_${part}_base`);
    const flat = graph.overwriting([graph.reshape(x, streams * hiddenSize, tokens)]);
    const mixes = graph.mulMat(fn, flat);
    const affine = (): GraphTensor => {
      const view = graph.window(mixes, [streams, tokens], [mixes.strides[1]]);
      const scaled = graph.overwriting([view, graph.window(scale, [1])]);
      return graph.overwriting([scaled, graph.window(base, [streams])]);
    };
    const pre = graph.overwriting([graph.overwriting([affine()])]);
    const post = graph.overwriting([graph.overwriting([affine()])]);
    const U = process.env.UN ?? '';
    let comb: GraphTensor;
    if (U.includes('c')) {
      const v = graph.window(mixes, [streams * streams, tokens], [mixes.strides[1]]);
      const af = graph.overwriting([graph.overwriting([v, graph.window(scale, [1])]), graph.window(base, [streams * streams])]);
      comb = graph.overwriting([graph.reshape(af, streams, streams, tokens)]);
      const eps = graph.overwriting([graph.blank(4, 1)]);
      comb = graph.overwriting([comb, eps]);
      const cols = (): void => {
        const sd = graph.cont(graph.permute(comb, 1, 0, 2, 3));
        let sum = graph.compute([1, streams, tokens, 1], [sd]);
        sum = graph.overwriting([sum, eps]);
        comb = graph.overwriting([comb, graph.permute(sum, 1, 0, 2, 3)]);
      };
      cols();
      for (let i = 1; i < 20; i++) {
        let sum = graph.compute([1, streams, tokens, 1], [comb]);
        sum = graph.overwriting([sum, eps]);
        comb = graph.overwriting([comb, sum]);
        cols();
      }
    } else comb = graph.compute([streams, streams, tokens, 1], [mixes, scale, base]);
    let input: GraphTensor;
    if (U.includes('e')) {
      input = undefined as any;
      for (let i = 0; i < streams; i++) {
        const xh = graph.window(x, [hiddenSize, tokens], [x.strides[2]]);
        const wh = graph.window(pre, [1, tokens], [pre.strides[1]]);
        const c = graph.overwriting([xh, wh]);
        input = input ? graph.overwriting([input, c]) : c;
      }
    } else input = graph.compute([hiddenSize, tokens, 1, 1], [x, pre]);
    return { input, post, comb };
  };
  const leave = (result: GraphTensor, residual: GraphTensor, post: GraphTensor, comb: GraphTensor): GraphTensor => {
    if (!(process.env.UN ?? '').includes('o')) return graph.compute([hiddenSize, streams, tokens, 1], [result, residual, post, comb]);
    let out: GraphTensor | undefined;
    for (let d = 0; d < streams; d++) {
      let cur = graph.overwriting([result, graph.window(post, [1, tokens], [post.strides[1]])]);
      for (let i = 0; i < streams; i++) {
        const r = graph.window(residual, [hiddenSize, tokens], [residual.strides[2]]);
        const c = graph.window(comb, [1, tokens], [comb.strides[2]]);
        cur = graph.overwriting([cur, graph.overwriting([r, c])]);
      }
      cur = graph.reshape(cur, hiddenSize, 1, tokens);
      out = out ? graph.compute([hiddenSize, out.shape[1] + 1, tokens, 1], [out, cur]) : cur;
    }
    return out as GraphTensor;
  };

  for (const layer of g.layers) {
    const kind = kinds[layer] as LayerKind;
    let residual = current;
    let mix = enter(layer, 'attn', current);
    let input = g.norm(mix.input, g.weight(layer, 'attn_norm'));
    const attended = attend(g, layer, kind, input, positions, { raw, csa, hca, index });
    current = leave(attended, residual, mix.post, mix.comb);
    residual = current;
    mix = enter(layer, 'ffn', current);
    if (process.env.EX !== '0') graph.expand(residual);
    if (process.env.EX !== '0') graph.expand(mix.post);
    if (process.env.EX !== '0') graph.expand(mix.comb);
    input = g.norm(mix.input, g.weight(layer, 'ffn_norm'));
    const chosen = g.has(layer, 'ffn_gate_tid2eid') ? graph.getRows(g.weight(layer, 'ffn_gate_tid2eid'), g.tokenIds as GraphTensor) : undefined;
    const routed = g.experts(layer, input, routing, 'clamped', { chosen });
    const shared = g.feedForward(layer, input, 'clamped', '_shexp');
    current = leave(graph.overwriting([routed, shared]), residual, mix.post, mix.comb);
  }
  const flat = graph.reshape(current, streams * hiddenSize, tokens);
  const picked = graph.reshape(g.pick(flat, ids), hiddenSize, streams, g.outputs);
  const normed = graph.overwriting([graph.reshape(picked, streams * hiddenSize, g.outputs)]);
  const mixes = graph.mulMat(g.outputWeight('output_hc_fn') as GraphTensor, normed);
  let pre = graph.overwriting([mixes, g.outputWeight('output_hc_scale') as GraphTensor]);
  pre = graph.overwriting([pre, g.outputWeight('output_hc_base') as GraphTensor]);
  pre = graph.overwriting([graph.overwriting([pre])]);
  const parts = Array.from({ length: streams }, () => {
    const stream = graph.window(picked, [hiddenSize, g.outputs], [picked.strides[2]]);
    return graph.overwriting([stream, graph.window(pre, [1, g.outputs], [pre.strides[1]])]);
  });
  let merged = parts[0] as GraphTensor;
  for (const part of parts.slice(1)) merged = graph.overwriting([merged, part]);
  g.finish(merged);
}

interface Inputs {
  readonly raw: { cells: number; mask: GraphTensor; keyRows: GraphTensor; rotation: GraphTensor | undefined };
  readonly csa: CompressionInputs;
  readonly hca: CompressionInputs;
  readonly index: CompressionInputs;
}

/** Splits off the rotary part, turns it and joins both again. */
function turn(g: ModelGraph, tensor: GraphTensor, width: number, rope: number, positions: GraphTensor): GraphTensor {
  const { graph } = g;
  const [, heads, count] = tensor.shape;
  const strides = [4 * width, 4 * width * heads];
  const plain = graph.window(tensor, [width - rope, heads, count], strides);
  const turning = graph.rope(graph.window(tensor, [rope, heads, count], strides), positions);
  return graph.compute([width, heads, count, 1], [plain, turning]);
}

function attend(g: ModelGraph, layer: number, kind: LayerKind, input: GraphTensor, positions: GraphTensor, inputs: Inputs): GraphTensor {
  const { graph, tokens, sequences } = g;
  const { heads, rowWidth, ropeHeadDim, oGroups, oLoraRank } = shapeOf(g);
  const low = g.norm(graph.mulMat(g.weight(layer, 'attn_q_a'), input), g.weight(layer, 'attn_q_a_norm'));
  let q = graph.overwriting([graph.reshape(graph.mulMat(g.weight(layer, 'attn_q_b'), low), rowWidth, heads, tokens)]);
  q = turn(g, q, rowWidth, ropeHeadDim, positions);
  let row = g.norm(graph.mulMat(g.weight(layer, 'attn_kv'), input), g.weight(layer, 'attn_kv_a_norm'));
  row = turn(g, graph.reshape(row, rowWidth, 1, tokens), rowWidth, ropeHeadDim, positions);
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
  const rawKeys = g.storeRow(layer, 'raw', row, raw.keyRows, raw.cells);
  let keys = rawKeys;
  let mask = raw.mask;
  const compression = kind === 'C' ? inputs.csa : kind === 'H' ? inputs.hca : undefined;
  if (compression) {
    const rows = g.cachedRows(layer, kind === 'C' ? 'csa' : 'hca', rowWidth, compression.cells);
    const cells = raw.cells + compression.cells;
    keys = graph.compute([rowWidth, 1, cells, sequences], [rawKeys, rows], rawKeys.elementBytes);
    const own = chosen ? openMask(g, compression, chosen) : compression.mask;
    mask = graph.compute([cells, tokens / sequences, 1, sequences], [raw.mask, own], raw.mask.elementBytes);
  }
  const widths: HeadWidths = { heads, kvHeads: 1, keyDim: rowWidth, valueDim: rowWidth };
  let out = g.attend(q, keys, keys, mask, widths, { sinks: g.optional(layer, 'attn_sinks') });
  if (raw.rotation) out = g.rotate(out, raw.rotation);
  out = graph.reshape(out, rowWidth, heads, tokens);
  out = turn(g, out, rowWidth, ropeHeadDim, positions);
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
  const byRow = graph.window(closed, [1, inputs.cells, tokens, sequences], closed.strides.slice(0, 3));
  const rows = graph.window(chosen, [chosen.shape[0], tokens, sequences, 1], chosen.strides.slice(1));
  const zeros = graph.overwriting([graph.blank(g.settings.flashAttention ? 2 : 4, 1, chosen.shape[0], tokens, sequences)]);
  const opened = graph.into(byRow, [zeros, rows, byRow]);
  const mask = graph.window(opened, [inputs.cells, tokens, 1, sequences], [opened.strides[2], opened.strides[3], opened.strides[3]]);
  return graph.overwriting([mask, inputs.mask]);
}

function choose(g: ModelGraph, layer: number, input: GraphTensor, low: GraphTensor, positions: GraphTensor, inputs: CompressionInputs): GraphTensor {
  const { graph, tokens, sequences } = g;
  const { indexer, ropeHeadDim } = shapeOf(g);
  let q = graph.reshape(graph.mulMat(g.weight(layer, 'indexer.attn_q_b'), low), indexer.headDim, indexer.heads, tokens);
  q = turn(g, q, indexer.headDim, ropeHeadDim, positions);
  q = g.rotate(q, inputs.rotation as GraphTensor);
  let weights = graph.overwriting([graph.mulMat(g.weight(layer, 'indexer.proj'), input)]);
  const keys = g.cachedRows(layer, 'index', indexer.headDim, inputs.cells);
  q = graph.window(q, [indexer.headDim, indexer.heads, tokens / sequences, sequences], q.strides.slice(1, 3));
  weights = graph.window(weights, [indexer.heads, tokens / sequences, 1, sequences], [weights.strides[1]]);
  let scores: GraphTensor;
  if ((process.env.UN ?? '').includes('l')) {
    let kq = graph.mulMat(graph.permute(keys, 0, 2, 1, 3), graph.permute(q, 0, 2, 1, 3));
    kq = graph.cont(graph.permute(kq, 2, 1, 0, 3));
    let sc = graph.overwriting([kq]); sc = graph.overwriting([sc, weights]);
    sc = graph.compute([1, sc.shape[1], sc.shape[2], sc.shape[3]], [sc]);
    sc = graph.cont(graph.permute(sc, 2, 1, 0, 3));
    scores = graph.overwriting([sc, inputs.mask]);
  } else scores = graph.compute([inputs.cells, tokens / sequences, 1, sequences], [q, keys, weights, inputs.mask]);
  return graph.cont(graph.compute([Math.min(inputs.cells, indexer.topK ?? 512), tokens / sequences, 1, sequences], [scores]));
}

/** Pools finished blocks into rows and keeps the unfinished ones. */
function compress(g: ModelGraph, layer: number, input: GraphTensor, name: string, width: number, inputs: CompressionInputs, cache: 'csa' | 'hca' | 'index'): void {
  const { graph, sequences } = g;
  const overlap = cache !== 'hca';
  const { ratio, blocks } = inputs;
  const stateWidth = overlap ? 2 * width : width;
  const stateRows = overlap ? 2 * ratio : ratio;
  const values = graph.mulMat(g.weight(layer, `${name}_kv`), input);
  let scores = graph.mulMat(g.weight(layer, `${name}_gate`), input);
  const offsets = graph.getRows(g.weight(layer, `${name}_ape`), inputs.position);
  scores = graph.overwriting([scores, offsets]);
  const stateOf = (part: string): GraphTensor => g.unfinished(layer, `${cache} ${part}`, stateWidth, stateRows);
  const valueState = stateOf('values');
  const scoreState = stateOf('scores');
  const source = (state: GraphTensor, fresh: GraphTensor): GraphTensor =>
    graph.compute([stateWidth, stateRows * sequences + fresh.shape[1], 1, 1], [graph.window(state, [stateWidth, stateRows * sequences], [state.strides[1]]), fresh]);
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
    const half = (rows: GraphTensor): GraphTensor => graph.reshape(graph.cont(graph.window(rows, [width, reads], [rows.strides[1]])), width, ratio, blocks);
    const previousValues = half(valueRows);
    const previousScores = half(scoreRows);
    const currentValues = half(valueRows);
    const currentScores = half(scoreRows);
    const joined = (a: GraphTensor, b: GraphTensor): GraphTensor => graph.compute([width, 2 * ratio, blocks, 1], [a, b]);
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
  row = turn(g, row, width, shapeOf(g).ropeHeadDim, inputs.writePosition);
  if (inputs.rotation) row = g.rotate(row, inputs.rotation);
  g.storeRow(layer, cache, row, inputs.write, inputs.cells);
  const keptValues = graph.getRows(values, inputs.persistSource);
  const keptScores = graph.getRows(scores, inputs.persistSource);
  graph.expand(graph.into(valueState, [keptValues, inputs.persistTarget, valueState]));
  graph.expand(graph.into(scoreState, [keptScores, inputs.persistTarget, scoreState]));
}
