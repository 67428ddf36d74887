/** Several residual streams and the mixers around attention and feed-forward (DeepSeek V4, GLM-5.3 Flash, Hy4, Qwen3.8 Flash Next). */
import { type GraphTensor, stridesOf } from '../ggml/tensor.ts';
import type { ModelGraph } from './builder.ts';

/** Copies of the embedding: the streams that layers start from. */
export function startStreams(g: ModelGraph, embedding: GraphTensor): GraphTensor {
  const { graph, hiddenSize, tokens } = g;
  return graph.compute([hiddenSize, streamsOf(g), tokens, 1], [graph.reshape(embedding, hiddenSize, 1, tokens)]);
}

export function streamsOf(g: ModelGraph): number {
  return g.architecture.residualStreams ?? 4;
}

/** Rows of all streams whose logits are wanted. */
export function pickStreams(g: ModelGraph, current: GraphTensor, ids: GraphTensor): GraphTensor {
  const { graph, hiddenSize, tokens } = g;
  const streams = streamsOf(g);
  return graph.reshape(
    g.pick(graph.reshape(current, streams * hiddenSize, tokens), ids),
    hiddenSize,
    streams,
    g.outputs,
  );
}

/** What a block reads, and what merges its result back. */
export interface MixedStreams {
  readonly input: GraphTensor;
  readonly post: GraphTensor;
  readonly comb: GraphTensor;
}

/** A part of the mixing coefficients, scaled and shifted. */
export function coefficients(g: ModelGraph, mixes: GraphTensor, scale: GraphTensor, base: GraphTensor): GraphTensor {
  const { graph } = g;
  const streams = streamsOf(g);
  const part = graph.window(mixes, [streams, mixes.shape[1]], [stridesOf(mixes)[1]]);
  const scaled = graph.overwriting([part, graph.window(scale, [1])]);
  return graph.overwriting([scaled, graph.window(base, [streams])]);
}

export function mixesOf(g: ModelGraph, fn: GraphTensor, x: GraphTensor): GraphTensor {
  const { graph, hiddenSize } = g;
  return graph.mulMat(fn, graph.overwriting([graph.reshape(x, streamsOf(g) * hiddenSize, x.shape[2])]));
}

/** Hyper-connections with one kernel for each step (DeepSeek V4, GLM-5.3 Flash): mixes the streams into a block's input. */
export function enterBlock(g: ModelGraph, layer: number, part: 'attn' | 'ffn', x: GraphTensor): MixedStreams {
  const { graph, hiddenSize, tokens } = g;
  const streams = streamsOf(g);
  const scale = g.weight(layer, `hc_${part}_scale`);
  const base = g.weight(layer, `hc_${part}_base`);
  const mixes = mixesOf(g, g.weight(layer, `hc_${part}_fn`), x);
  const gate = (): GraphTensor => graph.overwriting([graph.overwriting([coefficients(g, mixes, scale, base)])]);
  const pre = gate();
  const post = gate();
  const comb = graph.compute([streams, streams, tokens, 1], [mixes, scale, base]);
  const input = graph.compute([hiddenSize, tokens, 1, 1], [x, pre]);
  return { input, post, comb };
}

/** Distributes a block's result over the streams. */
export function leaveBlock(
  g: ModelGraph,
  result: GraphTensor,
  residual: GraphTensor,
  { post, comb }: MixedStreams,
): GraphTensor {
  return g.graph.compute([g.hiddenSize, streamsOf(g), g.tokens, 1], [result, residual, post, comb]);
}

/** Sum of the streams of `x`, each times its column of `weights`. */
export function weighStreams(g: ModelGraph, x: GraphTensor, weights: GraphTensor): GraphTensor {
  const { graph, hiddenSize } = g;
  const rows = x.shape[2];
  let merged: GraphTensor | undefined;
  for (let stream = 0; stream < streamsOf(g); stream++) {
    const own = graph.overwriting([
      graph.window(x, [hiddenSize, rows], [stridesOf(x)[2]]),
      graph.window(weights, [1, rows], [stridesOf(weights)[1]]),
    ]);
    merged = merged ? graph.overwriting([merged, own]) : own;
  }
  return merged ?? x;
}

/** The learned mixer behind the last layer (DeepSeek V4, Hy4). */
export function headMix(g: ModelGraph, x: GraphTensor): GraphTensor {
  const { graph } = g;
  const weight = (name: string): GraphTensor => g.found(g.outputWeight(name), name);
  const mixes = mixesOf(g, weight('output_hc_fn'), x);
  const shifted = graph.overwriting([graph.overwriting([mixes, weight('output_hc_scale')]), weight('output_hc_base')]);
  return graph.overwriting([graph.overwriting([shifted])]);
}
