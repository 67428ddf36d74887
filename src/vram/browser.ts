/**
 * The estimator's face for scripts in a browser: the same functions as `index.ts`, but tensors are told with each
 * architecture ({@link tellTensors}) and graphs are loaded for the model at hand ({@link loadGraph}). What was not told or
 * loaded is an error, never another figure.
 */
import type { Architecture } from './architecture.ts';
import { addGraphs, type ClassGraph, hasGraph } from './llama-graphs/classes.ts';

export * from './allocation.ts';
export type { Architecture } from './architecture.ts';
export { type Device, overheadOf } from './device.ts';
export type { RuleOfThumbInputs } from './engines/rule-of-thumb.ts';
export { KV_TYPES } from './kv-cache.ts';
export * from './placement.ts';
export type { QuantizationScheme } from './quantization/schemes.ts';
export { type PackedTensors, tellTensors } from './tensor-lists.ts';
export * from './units.ts';

type Loader = () => Promise<{ readonly GRAPHS: Readonly<Record<string, ClassGraph>> }>;

const decoders: Loader = () => import('./llama-graphs/decoder-classes.ts');

/** Where the graph of an architecture is. */
function loaderOf({ attention, className, residualStreams }: Architecture): Loader {
  const onStreams = residualStreams !== undefined;
  switch (attention.kind) {
    case 'full':
      return attention.indexer ? () => import('./llama-graphs/sparse-classes.ts') : decoders;
    case 'sliding-window':
      return /^Gemma(3n|4)/.test(className) ? () => import('./llama-graphs/gemma-classes.ts') : decoders;
    case 'latent':
      return onStreams
        ? () => import('./llama-graphs/hy4-classes.ts')
        : () => import('./llama-graphs/latent-classes.ts');
    case 'compressed':
      return () => import('./llama-graphs/compressed-classes.ts');
    case 'linear-hybrid':
      switch (attention.linear.type) {
        case 'gated-deltanet':
          return onStreams
            ? () => import('./llama-graphs/qwen4-classes.ts')
            : () => import('./llama-graphs/delta-net-classes.ts');
        case 'kimi-delta':
          if (onStreams) return () => import('./llama-graphs/glm5-next-classes.ts');
          return className.startsWith('KimiK3')
            ? () => import('./llama-graphs/kimi-k3-classes.ts')
            : () => import('./llama-graphs/kimi-delta-classes.ts');
        case 'lightning':
          return () => import('./llama-graphs/lightning-classes.ts');
        default:
          return () => import('./llama-graphs/hybrid-classes.ts');
      }
  }
}

/** Loads the code that estimates of a model need; resolves at once where it is there. */
export async function loadGraph(architecture: Architecture): Promise<void> {
  if (!hasGraph(architecture)) addGraphs((await loaderOf(architecture)()).GRAPHS);
}
