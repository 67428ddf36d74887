/** Which graph llama.cpp builds for a class. The graphs are in modules of their own (`*-classes.ts`), which add themselves here. */
import { EstimateError } from '../allocation.ts';
import type { Architecture, LayerKind } from '../architecture.ts';
import type { ModelGraph } from './builder.ts';

export interface ClassGraph {
  readonly build: (g: ModelGraph) => void;
  /** The graph of the first multi-token-prediction block, which is number `layer`; absent = not known here. */
  readonly buildDraft?: (g: ModelGraph, layer: number) => void;
  /** Whether a layer turns queries and keys; absent = all do. */
  readonly rotates?: (kind: LayerKind, layer: number) => boolean;
  /**
   * What the graph rests on where it was not compared with plans of llama.cpp: its source, or, where llama.cpp is not known
   * to run the class, what is known of the model.
   */
  readonly standing?: 'unchecked' | 'not-run';
}

const graphs = new Map<string, ClassGraph>();

/** Makes graphs known, by class. `all.ts` adds every one; a browser adds those of the model at hand. */
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

/** Whether a decoder's layer turns queries and keys; true where the class does not say. */
export function rotatesLayer(architecture: Architecture, kind: LayerKind, layer: number): boolean {
  return graphOf(architecture)?.rotates?.(kind, layer) ?? true;
}

/** What the graph of an architecture rests on; `checked` where it was compared with plans of llama.cpp. */
export function graphStanding(architecture: Architecture): 'checked' | 'unchecked' | 'not-run' {
  return graphOf(architecture)?.standing ?? 'checked';
}

/** Adds the graph of an architecture's multi-token-prediction block; false where it is not known. */
export function buildDraft(g: ModelGraph): boolean {
  const build = graphOf(g.architecture)?.buildDraft;
  build?.(g, g.architecture.layers);
  return build !== undefined;
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
