/**
 * The estimator's face for scripts in a browser: the same functions as `index.ts`, but tensors are told with each
 * architecture ({@link tellTensors}) and graphs are loaded for the model at hand ({@link loadGraph}). What was not told or
 * loaded is an error, never another figure.
 */
import type { Architecture } from './architecture.ts';
import { layersAddUp, repeatWith } from './compute-buffer.ts';
import { explainWith } from './engines/llama-cpp.ts';
import { addGraphs, type ClassGraph, hasGraph } from './llama-graphs/classes.ts';
import type { GraphFamily } from './llama-graphs/families.ts';

export * from './allocation.ts';
export type { Architecture } from './architecture.ts';
export { type Device, overheadOf, roomOn } from './device.ts';
export { sharesRows } from './engines/llama-cpp.ts';
export type { RuleOfThumbInputs } from './engines/rule-of-thumb.ts';
export type { GraphFamily } from './llama-graphs/families.ts';
export * from './placement.ts';
export type { QuantizationScheme } from './quantization/schemes.ts';
export { type PackedTensors, tellTensors } from './tensor-lists.ts';
export * from './units.ts';

type Loader = () => Promise<{ readonly GRAPHS: Readonly<Record<string, ClassGraph>> }>;

/** Where the graphs of a family are. */
const LOADERS: Readonly<Record<GraphFamily, Loader>> = {
  compressed: () => import('./llama-graphs/compressed-classes.ts'),
  decoder: () => import('./llama-graphs/decoder-classes.ts'),
  'delta-net': () => import('./llama-graphs/delta-net-classes.ts'),
  gemma: () => import('./llama-graphs/gemma-classes.ts'),
  'glm5-next': () => import('./llama-graphs/glm5-next-classes.ts'),
  hy4: () => import('./llama-graphs/hy4-classes.ts'),
  hybrid: () => import('./llama-graphs/hybrid-classes.ts'),
  'kimi-delta': () => import('./llama-graphs/kimi-delta-classes.ts'),
  'kimi-k3': () => import('./llama-graphs/kimi-k3-classes.ts'),
  latent: () => import('./llama-graphs/latent-classes.ts'),
  lightning: () => import('./llama-graphs/lightning-classes.ts'),
  qwen4: () => import('./llama-graphs/qwen4-classes.ts'),
  sparse: () => import('./llama-graphs/sparse-classes.ts'),
};

/** What is asked of a model beyond one figure. */
export interface Questions {
  /** Many settings, one after the other: each is to be fast. */
  readonly manySettings?: boolean;
}

/**
 * Loads the code that estimates of a model need; resolves at once where it is there.
 *
 * @param family what `graphFamilyOf` says of the architecture
 */
export async function loadGraph(
  architecture: Architecture,
  family: GraphFamily,
  { manySettings }: Questions = {},
): Promise<void> {
  if (!hasGraph(architecture)) addGraphs((await LOADERS[family]()).GRAPHS);
  // Answers are the same without it.
  if (manySettings && layersAddUp(architecture)) await import('./repeated-layers.ts').then(repeatWith, () => {});
}

/** Has estimates say what follows from unusual settings. Figures are the same without it. */
export const loadNotes = (): Promise<void> =>
  import('./engines/llama-cpp-notes.ts').then(
    ({ llamaCppNotes }) => explainWith(llamaCppNotes),
    () => {},
  );
