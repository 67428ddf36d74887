/** Classes of Kimi K3. */
import type { ClassGraph } from './classes.ts';
import { buildKimiK3 } from './kimi-k3.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  KimiK3ForConditionalGeneration: { build: buildKimiK3 },
};
