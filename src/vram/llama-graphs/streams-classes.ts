/** Classes whose graphs mix several residual streams. */
import type { ClassGraph } from './classes.ts';
import { buildGlm5Next, buildHy4, buildKimiK3 } from './streams.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Glm5NextForCausalLM: { build: buildGlm5Next, isSimplified: true },
  Glm5NextForConditionalGeneration: { build: buildGlm5Next, isSimplified: true },
  HYV4ForCausalLM: { build: buildHy4 },
  KimiK3ForConditionalGeneration: { build: buildKimiK3, isSimplified: true },
};
