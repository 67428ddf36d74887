/** Classes of Qwen3.8 Flash Next. */
import type { ClassGraph } from './classes.ts';
import { buildQwen4 } from './qwen4.ts';

const graph: ClassGraph = { build: buildQwen4 };

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Qwen4ExpForCausalLM: graph,
  Qwen4ExpForConditionalGeneration: graph,
};
