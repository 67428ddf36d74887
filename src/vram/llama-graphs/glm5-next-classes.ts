/** Classes of GLM-5.3 Flash. */
import type { ClassGraph } from './classes.ts';
import { buildGlm5Next } from './glm5-next.ts';

const graph: ClassGraph = { build: buildGlm5Next };

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Glm5NextForCausalLM: graph,
  Glm5NextForConditionalGeneration: graph,
};
