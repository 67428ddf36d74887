/** Classes whose graphs have Gated DeltaNet layers. */
import type { ClassGraph } from './classes.ts';
import { gatedDeltaNetDraft } from './delta-net-draft.ts';
import { buildGatedDeltaNet } from './gated-delta-net.ts';

const graph: ClassGraph = { build: buildGatedDeltaNet };
const drafting: ClassGraph = { ...graph, draft: gatedDeltaNetDraft };

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Qwen3NextForCausalLM: graph,
  Qwen3_5ForCausalLM: drafting,
  Qwen3_5ForConditionalGeneration: drafting,
  Qwen3_5MoeForCausalLM: drafting,
  Qwen3_5MoeForConditionalGeneration: drafting,
};
