/** Attention with keys and values of ordinary heads: its widths and its inputs. */
import type { Architecture, LayerKind } from '../architecture.ts';
import type { AttentionInput, HeadWidths, ModelGraph } from './builder.ts';
import { widthsOf } from './parts.ts';

/** Widths of the layers of each kind. */
export function layerWidths(architecture: Architecture, kind: LayerKind): HeadWidths {
  const { attention } = architecture;
  switch (attention.kind) {
    case 'full':
      return widthsOf(
        {
          kvHeads: attention.kvHeads,
          headDim: attention.headDim,
          ...(attention.valueHeadDim === undefined ? {} : { valueHeadDim: attention.valueHeadDim }),
        },
        attention.heads,
      );
    case 'sliding-window':
      return widthsOf(kind === 'S' ? attention.sliding : attention.full, attention.heads);
    case 'linear-hybrid':
      if (!('kvLoraRank' in attention.full)) return widthsOf(attention.full, attention.heads);
  }
  throw new RangeError(`${architecture.className} has no ordinary attention`);
}

/** Inputs of the caches: one for full layers, one for windows. */
export function attentionInputs(g: ModelGraph): { full: AttentionInput; sliding: AttentionInput | undefined } {
  const { attention } = g.architecture;
  const full = layerWidths(g.architecture, 'F');
  if (attention.kind !== 'sliding-window') {
    return {
      full: g.attentionInput({ keyDim: full.keyDim, valueDim: full.valueDim, withValues: true }),
      sliding: undefined,
    };
  }
  const sliding = layerWidths(g.architecture, 'S');
  return {
    full: g.attentionInput({ keyDim: full.keyDim, valueDim: full.valueDim, withValues: true }),
    sliding: g.attentionInput({
      sliding: attention.window,
      keyDim: sliding.keyDim,
      valueDim: sliding.valueDim,
      withValues: true,
    }),
  };
}
