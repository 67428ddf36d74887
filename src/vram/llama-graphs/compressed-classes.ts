/** Classes whose graphs attend to compressed rows. */
import type { ClassGraph } from './classes.ts';
import { buildDeepseekV4 } from './compressed.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  DeepseekV4ForCausalLM: { build: buildDeepseekV4 },
};
