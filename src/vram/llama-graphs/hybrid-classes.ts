/** Classes whose graphs have layers with a state. */
import type { ClassGraph } from './classes.ts';
import { buildFalconH1, buildGraniteHybrid, buildJamba, buildLfm2, buildNemotronH } from './hybrid.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  GraniteMoeHybridForCausalLM: { build: buildGraniteHybrid },
  FalconH1ForCausalLM: { build: buildFalconH1 },
  NemotronHForCausalLM: { build: buildNemotronH },
  JambaForCausalLM: { build: buildJamba },
  Lfm2ForCausalLM: { build: buildLfm2 },
  Lfm2MoeForCausalLM: { build: buildLfm2 },
};
