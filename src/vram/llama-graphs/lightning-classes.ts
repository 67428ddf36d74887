/** Classes with lightning attention. */
import type { ClassGraph } from './classes.ts';
import { buildLightning } from './lightning.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  MiniMaxM1ForCausalLM: { build: buildLightning },
  MiniMaxText01ForCausalLM: { build: buildLightning },
};
