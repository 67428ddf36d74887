/** What layers with a state share: the shapes of a hybrid model, and one step of the delta rule. */
import { type AttentionShape, isLatent, type LatentShape, type LinearShape } from '../architecture.ts';
import type { GraphTensor } from '../ggml/tensor.ts';
import type { AttentionInput, HeadWidths, ModelGraph } from './builder.ts';
import { widthsOf } from './parts.ts';

type Linear<Type extends LinearShape['type']> = Extract<LinearShape, { type: Type }>;

function hybridOf(g: ModelGraph): { linear: LinearShape; full: AttentionShape | LatentShape; heads: number } {
  const { attention } = g.architecture;
  if (attention.kind !== 'linear-hybrid') throw new RangeError(`${g.architecture.className} has no linear layers`);
  return attention;
}

export function linearOf<Type extends LinearShape['type']>(g: ModelGraph, type: Type): Linear<Type> {
  const { linear } = hybridOf(g);
  if (linear.type !== type) throw new RangeError(`${g.architecture.className} has no ${type} layers`);
  return linear as Linear<Type>;
}

export function groupedWidths(g: ModelGraph): HeadWidths {
  const { full, heads } = hybridOf(g);
  if (isLatent(full)) throw new RangeError(`${g.architecture.className} has latent attention`);
  return widthsOf(full, heads);
}

export function groupedInput(g: ModelGraph): AttentionInput {
  const { keyDim, valueDim } = groupedWidths(g);
  return g.attentionInput({ keyDim, valueDim, withValues: true });
}

/** One fused step of the delta rule: the result holds the tokens' outputs, then the new state. */
export function deltaRule(
  g: ModelGraph,
  parts: { q: GraphTensor; k: GraphTensor; v: GraphTensor; gate: GraphTensor; beta: GraphTensor; state: GraphTensor },
): { output: GraphTensor; state: GraphTensor } {
  const { graph } = g;
  const { v } = parts;
  const [dim, heads, tokens, sequences] = v.shape;
  const result = graph.compute(
    [dim * heads, tokens * sequences + dim * sequences, 1, 1],
    [parts.q, parts.k, v, parts.gate, parts.beta, parts.state],
  );
  const output = graph.window(result, [dim, heads, tokens, sequences]);
  const state = graph.window(result, [dim, dim, heads, sequences]);
  return { output, state };
}
