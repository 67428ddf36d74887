/** Classes of Hy4. */
import type { ClassGraph } from './classes.ts';
import { buildHy4 } from './hy4.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  HYV4ForCausalLM: { build: buildHy4 },
};
