/** Graphs of decoders with ordinary attention: GQA with or without windows, dense or with experts (`src/models/*.cpp`). */
import { type Architecture, hasExperts, type LayerKind, layerKinds } from '../architecture.ts';
import type { GraphTensor } from '../ggml/tensor.ts';
import type { Activation, AttentionInput, HeadWidths, ModelGraph, Routing } from './builder.ts';
import { attentionInputs, layerWidths } from './heads.ts';
import { queryKeyValue, routingOf, withGatedShared } from './parts.ts';

/** How the layers of a class differ from Llama's. */
export interface DecoderRecipe {
  /** Embeddings are multiplied by a constant. */
  readonly scaledEmbedding?: true;
  /** A norm before the attention; false for OLMo 2 and EXAONE 4. */
  readonly preNorm?: false;
  /** Norms are layer norms (Cohere). */
  readonly layerNorm?: true;
  /** Norm between attention and residual. */
  readonly postAttentionNorm?: string;
  /** Norm before the feed-forward block; null where there is none. */
  readonly feedForwardNorm?: string | null;
  /** Norm between feed-forward block and residual. */
  readonly postFeedForwardNorm?: string;
  /** Norms of queries and keys: over a head before or after the rotation, or over all heads. */
  readonly queryKeyNorm?: 'before-rope' | 'after-rope' | 'row';
  /** Queries and keys are normalized without a weight behind the rotation (Llama 4). */
  readonly plainQueryKeyNorm?: true;
  /** Which layers rotate queries and keys; absent = all. */
  readonly rotates?: (kind: LayerKind, layer: number) => boolean;
  /** Queries are multiplied by a constant behind the rotation. */
  readonly scaledQueries?: boolean;
  /** Queries of layers without rotation are multiplied by an input that depends on the position (Llama 4). */
  readonly temperature?: true;
  /** Scores are capped by a tanh (Gemma 2). */
  readonly softCap?: true;
  /**
   * A gate per head or per element on the attention's result: sigmoid or softplus of a projection. The value says where the
   * graph has the projection.
   */
  readonly outputGate?: 'after-attention' | 'before-rope';
  /** Both branches are multiplied by a constant before they join the residual (Granite). */
  readonly scaledBranches?: true;
  /** Attention and feed-forward block read the same norm (Cohere). */
  readonly parallel?: true;
  readonly activation?: Activation;
  /** How the router weighs the experts; absent = by a softmax, normalized. */
  readonly routing?: (architecture: Architecture) => Omit<Routing, 'count' | 'used'>;
  /** The shared expert has a gate, computed as a quotient (Qwen 2). */
  readonly sharedGate?: 'divided';
  /** A dense block of the plain names stands beside the experts (Hunyuan). */
  readonly denseBesideExperts?: true;
  /** Rows for the logits are picked behind the last layer, not inside it. */
  readonly picksLate?: 'before-norm' | 'after-norm';
  /** The second residual joins in front: it is overwritten rather than the branch (Phi 3). */
  readonly residualFirst?: true;
  /** Steps on the logits that overwrite them: scale, soft cap. */
  readonly logitSteps?: number;
}

const SOFTMAX: Omit<Routing, 'count' | 'used'> = { gate: 'softmax', normalized: true, scaled: false };

/** Adds a decoder of ordinary layers. */
export function buildDecoder(g: ModelGraph, recipe: DecoderRecipe): void {
  const { graph, architecture } = g;
  const kinds = layerKinds(architecture);
  const positions = g.positions();
  const inputs = attentionInputs(g);
  const ids = g.outputIds();
  const temperature = recipe.temperature ? g.attentionScale() : undefined;
  const norm = (input: GraphTensor, weight: GraphTensor | undefined, bias?: GraphTensor): GraphTensor =>
    recipe.layerNorm ? g.layerNorm(input, weight, bias) : g.norm(input, weight, bias);
  const normed = (layer: number, name: string, input: GraphTensor): GraphTensor =>
    norm(input, g.optional(layer, name), g.optional(layer, `${name}.bias`));

  let current = g.embedding();
  if (recipe.scaledEmbedding) current = graph.overwriting([current]);
  for (const layer of g.layers()) {
    const kind = kinds[layer] as LayerKind;
    const widths = layerWidths(architecture, kind);
    const last = g.isLast(layer) && !recipe.picksLate;
    let residual = current;
    const input = recipe.preNorm === false ? current : normed(layer, 'attn_norm', current);
    let attended: GraphTensor;
    if (kind === 'N') {
      attended = g.has(layer, 'attn_output') ? g.project(layer, 'attn_output', input) : current;
    } else {
      attended = attend(
        g,
        recipe,
        layer,
        kind,
        input,
        widths,
        kind === 'S' ? (inputs.sliding as AttentionInput) : inputs.full,
        positions,
        temperature,
      );
    }
    let feedIn = input;
    if (last) {
      attended = g.pick(attended, ids);
      residual = g.pick(residual, ids);
      if (recipe.parallel) feedIn = g.pick(feedIn, ids);
    }
    if (recipe.parallel) {
      const fed = g.feedForward(layer, feedIn, recipe.activation);
      current = graph.overwriting([graph.overwriting([fed, residual]), attended]);
      continue;
    }
    if (recipe.postAttentionNorm) attended = normed(layer, recipe.postAttentionNorm, attended);
    if (recipe.scaledBranches) attended = graph.overwriting([attended]);
    // A pruned block without a feed-forward part is passed over (DeciLM).
    if (!g.has(layer, 'ffn_up') && !hasExperts(architecture, layer, kind)) continue;
    const joined = kind === 'N' && attended === current ? current : graph.overwriting([attended, residual]);
    const feedNorm = recipe.feedForwardNorm === undefined ? 'ffn_norm' : recipe.feedForwardNorm;
    let fed = feedNorm === null ? joined : normed(layer, feedNorm, joined);
    fed = feed(g, recipe, layer, kind, fed);
    if (recipe.postFeedForwardNorm) fed = normed(layer, recipe.postFeedForwardNorm, fed);
    if (recipe.scaledBranches) fed = graph.overwriting([fed]);
    current = graph.overwriting(recipe.residualFirst ? [joined, fed] : [fed, joined]);
  }
  if (recipe.picksLate === 'before-norm') {
    current.isOutput = true;
    current = g.pick(current, ids);
  }
  g.finish(current, {
    ...(recipe.layerNorm ? { layerNorm: true } : {}),
    inPlaceSteps: recipe.logitSteps ?? 0,
    ...(recipe.picksLate === 'after-norm' ? { ids, keepsHidden: true } : {}),
  });
}

function attend(
  g: ModelGraph,
  recipe: DecoderRecipe,
  layer: number,
  kind: LayerKind,
  input: GraphTensor,
  widths: HeadWidths,
  cache: AttentionInput,
  positions: GraphTensor,
  temperature: GraphTensor | undefined,
): GraphTensor {
  const { graph } = g;
  const { heads, kvHeads, keyDim, valueDim } = widths;
  const ofHead = (name: string, tensor: GraphTensor): GraphTensor => {
    const weight = g.optional(layer, name);
    return weight ? (recipe.layerNorm ? g.layerNorm(tensor, weight) : g.norm(tensor, weight)) : tensor;
  };
  let q: GraphTensor;
  let k: GraphTensor;
  let v: GraphTensor;
  if (recipe.queryKeyNorm === 'row') {
    const flat = (['attn_q', 'attn_k', 'attn_v'] as const).map((name) => g.project(layer, name, input));
    q = graph.reshape(ofHead('attn_q_norm', flat[0] as GraphTensor), keyDim, heads, g.tokens);
    k = graph.reshape(ofHead('attn_k_norm', flat[1] as GraphTensor), keyDim, kvHeads, g.tokens);
    v = graph.reshape(flat[2] as GraphTensor, valueDim, kvHeads, g.tokens);
  } else {
    [q, k, v] = queryKeyValue(g, layer, input, widths);
  }
  let gate = recipe.outputGate === 'before-rope' ? g.project(layer, 'attn_gate', input) : undefined;
  if (recipe.queryKeyNorm === 'before-rope') {
    q = ofHead('attn_q_norm', q);
    k = ofHead('attn_k_norm', k);
  }
  const rotates = recipe.rotates?.(kind, layer) ?? true;
  if (rotates) {
    const factors = g.ropeFactors(layer);
    q = graph.rope(q, positions, factors);
    k = graph.rope(k, positions, factors);
  }
  if (temperature && !rotates) q = graph.overwriting([q, temperature]);
  if (recipe.plainQueryKeyNorm && rotates) {
    q = graph.overwriting([q]);
    k = graph.overwriting([k]);
  }
  if (recipe.queryKeyNorm === 'after-rope') {
    q = ofHead('attn_q_norm', q);
    k = ofHead('attn_k_norm', k);
  }
  if (recipe.scaledQueries) q = graph.overwriting([q]);
  let result = g.attention(layer, cache, q, k, v, widths, {
    sinks: g.optional(layer, 'attn_sinks'),
    ...(recipe.softCap ? { softCap: true } : {}),
    ...(recipe.outputGate ? { project: false } : {}),
  });
  if (recipe.outputGate) {
    gate ??= g.project(layer, 'attn_gate', input);
    gate = graph.overwriting([gate]);
    if (gate.shape[0] === heads) {
      const byHead = graph.overwriting([
        graph.reshape(result, valueDim, heads, g.tokens),
        graph.reshape(gate, 1, heads, g.tokens),
      ]);
      result = graph.reshape(byHead, valueDim * heads, g.tokens);
    } else {
      result = graph.overwriting([result, gate]);
    }
    result = g.project(layer, 'attn_output', result);
  }
  return result;
}

function feed(g: ModelGraph, recipe: DecoderRecipe, layer: number, kind: LayerKind, input: GraphTensor): GraphTensor {
  const { graph, architecture } = g;
  if (!hasExperts(architecture, layer, kind)) return g.feedForward(layer, input, recipe.activation);
  const routing = routingOf(architecture, recipe.routing?.(architecture) ?? SOFTMAX);
  if (recipe.denseBesideExperts) {
    const suffix = g.has(layer, 'ffn_up_shexp') ? '_shexp' : '';
    const dense = g.feedForward(layer, input, recipe.activation, suffix);
    return graph.overwriting([g.experts(layer, input, routing, recipe.activation), dense]);
  }
  if (!recipe.sharedGate) return g.mixture(layer, input, routing, recipe.activation);
  return withGatedShared(g, layer, input, g.experts(layer, input, routing, recipe.activation), recipe.sharedGate);
}
