/** Classes whose graphs have Kimi Delta Attention. */
import type { ClassGraph } from './classes.ts';
import { buildKimiLinear } from './kimi-delta.ts';
import { routingOf, SIGMOID } from './parts.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  KimiLinearForCausalLM: { build: (g) => buildKimiLinear(g, routingOf(g.architecture, SIGMOID)) },
};
