/** Classes of Kimi K3. */
import type { ClassGraph } from './classes.ts';
import { buildKimiK3, isCheckpoint } from './kimi-k3.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  KimiK3ForConditionalGeneration: {
    build: buildKimiK3,
    variantOf: (_kind, layer, architecture) => isCheckpoint(architecture, layer),
  },
};
