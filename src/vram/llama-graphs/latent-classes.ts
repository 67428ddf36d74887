/** Classes whose graphs have multi-head latent attention in every layer. */
import type { Architecture } from '../architecture.ts';
import type { Routing } from './builder.ts';
import type { ClassGraph } from './classes.ts';
import { buildLatent } from './latent.ts';
import { routingOf, SIGMOID } from './parts.ts';

/** DeepSeek's own router: 256 experts compete in groups of 32, four groups of which count. */
function deepseekRouting(architecture: Architecture): Routing {
  const grouped = architecture.feedForward.experts?.count === 256;
  return routingOf(architecture, { ...SIGMOID, ...(grouped ? { groups: 8, groupsUsed: 4 } : {}) });
}

const deepseek: ClassGraph['build'] = (g) => buildLatent(g, deepseekRouting(g.architecture));
const ungrouped: ClassGraph['build'] = (g) => buildLatent(g, routingOf(g.architecture, SIGMOID));
const softmax =
  (normalized: boolean, scaled: boolean, temperature: boolean): ClassGraph['build'] =>
  (g) =>
    buildLatent(
      g,
      routingOf(g.architecture, { gate: 'softmax', normalized, scaled }),
      temperature ? { temperature } : {},
    );

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  DeepseekV2ForCausalLM: { build: softmax(false, true, false) },
  DeepseekV3ForCausalLM: { build: deepseek },
  DeepseekV32ForCausalLM: { build: deepseek },
  KimiK25ForConditionalGeneration: { build: ungrouped },
  GlmMoeDsaForCausalLM: { build: ungrouped },
  Glm4MoeLiteForCausalLM: { build: ungrouped },
  Mistral4: { build: softmax(true, false, true) },
  MistralLarge3ForCausalLM: { build: softmax(true, true, true) },
};
