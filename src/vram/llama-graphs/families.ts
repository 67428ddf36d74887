/** Which file holds the graph of an architecture: families whose graphs share most of their code. */
import type { Architecture } from '../architecture.ts';

/** A family: the first part of the name of its `*-classes.ts`. */
export type GraphFamily =
  | 'compressed'
  | 'decoder'
  | 'delta-net'
  | 'gemma'
  | 'glm5-next'
  | 'hy4'
  | 'hybrid'
  | 'kimi-delta'
  | 'kimi-k3'
  | 'latent'
  | 'lightning'
  | 'qwen4'
  | 'sparse';

/** The family whose module has the graph of an architecture, if any has. */
export function graphFamilyOf({ attention, className, residualStreams }: Architecture): GraphFamily {
  const onStreams = residualStreams !== undefined;
  switch (attention.kind) {
    case 'full':
      return attention.indexer ? 'sparse' : 'decoder';
    case 'sliding-window':
      return /^Gemma(3n|4)/.test(className) ? 'gemma' : 'decoder';
    case 'latent':
      return onStreams ? 'hy4' : 'latent';
    case 'compressed':
      return 'compressed';
    case 'linear-hybrid':
      switch (attention.linear.type) {
        case 'gated-deltanet':
          return onStreams ? 'qwen4' : 'delta-net';
        case 'kimi-delta':
          if (onStreams) return 'glm5-next';
          return className.startsWith('KimiK3') ? 'kimi-k3' : 'kimi-delta';
        case 'lightning':
          return 'lightning';
        default:
          return 'hybrid';
      }
  }
}
