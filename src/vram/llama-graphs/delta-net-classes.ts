/** Classes whose graphs have Gated DeltaNet layers. */
import type { ClassGraph } from './classes.ts';
import { buildGatedDeltaNet, buildGatedDeltaNetDraft } from './delta-net.ts';

const graph: ClassGraph = { build: buildGatedDeltaNet };
const drafting: ClassGraph = { ...graph, buildDraft: buildGatedDeltaNetDraft };

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Qwen3NextForCausalLM: graph,
  Qwen3_5ForCausalLM: drafting,
  Qwen3_5ForConditionalGeneration: drafting,
  Qwen3_5MoeForCausalLM: drafting,
  Qwen3_5MoeForConditionalGeneration: drafting,
};
