/** Classes whose graphs have Gated DeltaNet layers. */
import type { ClassGraph } from './classes.ts';
import { buildGatedDeltaNet } from './delta-net.ts';

const graph: ClassGraph = { build: buildGatedDeltaNet };

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Qwen3NextForCausalLM: graph,
  Qwen3_5ForCausalLM: graph,
  Qwen3_5ForConditionalGeneration: graph,
  Qwen3_5MoeForCausalLM: graph,
  Qwen3_5MoeForConditionalGeneration: graph,
};
