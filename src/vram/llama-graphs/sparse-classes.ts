/** Classes whose grouped attention chooses its rows by an indexer. */
import type { ClassGraph } from './classes.ts';
import { buildMiniMaxM3 } from './sparse.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  MiniMaxM3ForCausalLM: { build: buildMiniMaxM3 },
  MiniMaxM3SparseForCausalLM: { build: buildMiniMaxM3 },
  MiniMaxM3SparseForConditionalGeneration: { build: buildMiniMaxM3 },
};
