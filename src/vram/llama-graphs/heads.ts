/** Attention with keys and values of ordinary heads: its widths and its inputs. */
import { type Architecture, isLatent, type LayerKind } from '../architecture.ts';
import type { AttentionInput, HeadWidths, ModelGraph } from './builder.ts';
import { widthsOf } from './parts.ts';

/** Widths of the layers of each kind. */
export function layerWidths(architecture: Architecture, kind: LayerKind): HeadWidths {
  const { attention } = architecture;
  switch (attention.kind) {
    case 'full':
      return widthsOf(attention, attention.heads);
    case 'sliding-window':
      return widthsOf(kind === 'S' ? attention.sliding : attention.full, attention.heads);
    case 'linear-hybrid':
      if (!isLatent(attention.full)) return widthsOf(attention.full, attention.heads);
  }
  throw new RangeError(`${architecture.className} has no ordinary attention`);
}

/** Inputs of the caches: one for full layers, one for windows. */
export function attentionInputs(g: ModelGraph): { full: AttentionInput; sliding: AttentionInput | undefined } {
  const { attention } = g.architecture;
  const inputOf = (kind: LayerKind, window?: { readonly sliding: number }): AttentionInput => {
    const { keyDim, valueDim } = layerWidths(g.architecture, kind);
    return g.attentionInput({ ...window, keyDim, valueDim, withValues: true });
  };
  return {
    full: inputOf('F'),
    sliding: attention.kind === 'sliding-window' ? inputOf('S', { sliding: attention.window }) : undefined,
  };
}
