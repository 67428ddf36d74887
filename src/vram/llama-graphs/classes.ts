/**
 * Which graph llama.cpp builds for a class. The graphs are in modules of their own (`*-classes.ts`); {@link addGraphs} makes
 * them known.
 */
import { EstimateError } from '../allocation.ts';
import type { Architecture, LayerKind } from '../architecture.ts';
import type { ComputeBuffers } from '../compute-buffer.ts';
import type { LayerPlacement } from '../layer-split.ts';
import type { QuantizationScheme } from '../quantization/schemes.ts';
import type { GraphSettings, ModelGraph } from './builder.ts';

/** The graph of a class. */
export interface ClassGraph {
  readonly build: (g: ModelGraph) => void;
  /** Compute buffers of the context in which the model's multi-token-prediction block drafts; absent = not known here. */
  readonly draft?: (
    architecture: Architecture,
    scheme: QuantizationScheme,
    settings: GraphSettings,
    placement: LayerPlacement,
  ) => ComputeBuffers;
  /** Tells layers apart that are built differently with the same weights and cache; absent = there are none. */
  readonly variantOf?: (kind: LayerKind, layer: number, architecture: Architecture) => boolean;
}

const graphs = new Map<string, ClassGraph>();

/** Makes graphs known, by class. `all-models.ts` adds every one, `browser.ts` those of the model at hand. */
export function addGraphs(added: Readonly<Record<string, ClassGraph>>): void {
  for (const [className, graph] of Object.entries(added)) graphs.set(className, graph);
}

function graphOf({ className, attention }: Architecture): ClassGraph | undefined {
  // Mistral Small 4 has latent attention under the class name of its predecessors.
  const name = className === 'Mistral3ForConditionalGeneration' && attention.kind === 'latent' ? 'Mistral4' : className;
  return graphs.get(name);
}

/** Whether the graph of an architecture can be built with what was added so far. */
export function hasGraph(architecture: Architecture): boolean {
  return graphOf(architecture) !== undefined;
}

/** Equal for layers that are built alike where their weights and caches are. */
export function variantOf(architecture: Architecture, kind: LayerKind, layer: number): boolean | undefined {
  return graphOf(architecture)?.variantOf?.(kind, layer, architecture);
}

/** How to count the context in which an architecture's multi-token-prediction block drafts; `undefined` where it is not known. */
export function draftOf(architecture: Architecture): ClassGraph['draft'] {
  return graphOf(architecture)?.draft;
}

/**
 * Adds the graph that llama.cpp builds for an architecture.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function buildModel(g: ModelGraph): void {
  const graph = graphOf(g.architecture);
  if (graph) graph.build(g);
  else
    throw new EstimateError(
      'unknown-architecture',
      `Found architecture "${g.architecture.className}": no graph for it.`,
    );
}
