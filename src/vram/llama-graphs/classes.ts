/** Which graph llama.cpp builds for a class. */
import type { Architecture } from '../architecture.ts';
import type { ModelGraph, Routing } from './builder.ts';
import { buildDecoder, type DecoderRecipe, routingOf } from './decoder.ts';
import { buildFalconH1, buildGatedDeltaNet, buildGraniteHybrid, buildJamba, buildKimiLinear, buildLfm2, buildNemotronH } from './hybrid.ts';
import { buildLatent } from './latent.ts';
import { buildDeepseekV4 } from './compressed.ts';
import { buildGemma3n, buildGemma4 } from './gemma.ts';

type Rest = Omit<Routing, 'count' | 'used'>;

const SIGMOID: Rest = { gate: 'sigmoid', normalized: true, scaled: true };
const always = (rest: Rest) => (): Rest => rest;

const LLAMA: DecoderRecipe = {};
const QWEN3: DecoderRecipe = { queryKeyNorm: 'before-rope' };
const GEMMA2: DecoderRecipe = {
  scaledEmbedding: true,
  scaledQueries: true,
  postAttentionNorm: 'post_attention_norm',
  postFeedForwardNorm: 'post_ffw_norm',
};
const GLM4_MOE: DecoderRecipe = { queryKeyNorm: 'before-rope', feedForwardNorm: 'post_attention_norm', routing: (architecture) => ({ ...SIGMOID, scaled: architecture.hiddenSize !== 4096 }) };
const OLMO2: DecoderRecipe = {
  preNorm: false,
  queryKeyNorm: 'row',
  postAttentionNorm: 'post_attention_norm',
  feedForwardNorm: null,
  postFeedForwardNorm: 'post_ffw_norm',
};
const GRANITE: DecoderRecipe = { scaledBranches: true, scaledEmbedding: true, logitSteps: 1 };
const COHERE: DecoderRecipe = { layerNorm: true, parallel: true, queryKeyNorm: 'before-rope', logitSteps: 1 };
const MIMO2: DecoderRecipe = { sinks: true, routing: always({ ...SIGMOID, scaled: false }) };
const STEP: DecoderRecipe = { queryKeyNorm: 'before-rope', outputGate: 'after-attention', routing: always(SIGMOID), picksLate: 'before-norm' };
const GATED_LLAMA4: Rest = { gate: 'sigmoid', normalized: false, scaled: false, weightsFirst: true, selectsByLogits: true };
const LLAMA4: DecoderRecipe = {
  rotates: (kind) => kind === 'S',
  temperature: 'unrotated',
  plainQueryKeyNorm: true,
  routing: always(GATED_LLAMA4),
};
const EXAONE_MOE: DecoderRecipe = { queryKeyNorm: 'before-rope', rotates: (kind) => kind === 'S', routing: always(SIGMOID) };

const DECODERS: Readonly<Record<string, DecoderRecipe>> = {
  LlamaForCausalLM: LLAMA,
  MistralForCausalLM: LLAMA,
  MixtralForCausalLM: LLAMA,
  Mistral3ForConditionalGeneration: LLAMA,
  Qwen2ForCausalLM: LLAMA,
  Qwen2MoeForCausalLM: { sharedGate: 'divided', routing: always({ gate: 'softmax', normalized: false, scaled: false }) },
  Qwen3ForCausalLM: QWEN3,
  Qwen3MoeForCausalLM: QWEN3,
  Gemma2ForCausalLM: { ...GEMMA2, softCap: true, logitSteps: 3 },
  Gemma3ForCausalLM: { ...GEMMA2, queryKeyNorm: 'before-rope' },
  Gemma3ForConditionalGeneration: { ...GEMMA2, queryKeyNorm: 'before-rope' },
  Phi3ForCausalLM: { scaledQueries: true, activation: 'fused', residualFirst: true },
  GptOssForCausalLM: {
    feedForwardNorm: 'post_attention_norm',
    sinks: true,
    picksLate: 'before-norm',
    routing: always({ gate: 'softmax-of-chosen', normalized: false, scaled: false }),
  },
  Llama4ForCausalLM: LLAMA4,
  Llama4ForConditionalGeneration: LLAMA4,
  Glm4ForCausalLM: { activation: 'fused', postAttentionNorm: 'post_attention_norm', postFeedForwardNorm: 'post_ffw_norm' },
  Glm4MoeForCausalLM: GLM4_MOE,
  MiniMaxM2ForCausalLM: { queryKeyNorm: 'row', routing: always({ ...SIGMOID, scaled: false }) },
  GraniteForCausalLM: GRANITE,
  GraniteMoeForCausalLM: GRANITE,
  SmolLM3ForCausalLM: { rotates: (_kind, layer) => (layer + 1) % 4 !== 0 },
  Olmo2ForCausalLM: OLMO2,
  Olmo3ForCausalLM: OLMO2,
  OlmoeForCausalLM: { queryKeyNorm: 'row', routing: always({ gate: 'softmax', normalized: false, scaled: false }) },
  CohereForCausalLM: COHERE,
  Cohere2ForCausalLM: { ...COHERE, rotates: (kind) => kind === 'S' },
  HunYuanDenseV1ForCausalLM: { queryKeyNorm: 'after-rope' },
  HunYuanMoEV1ForCausalLM: { queryKeyNorm: 'after-rope', denseBesideExperts: true },
  HYV3ForCausalLM: { queryKeyNorm: 'before-rope', routing: always(SIGMOID), picksLate: 'after-norm' },
  Ernie4_5ForCausalLM: LLAMA,
  Ernie4_5_ForCausalLM: LLAMA,
  Ernie4_5_MoeForCausalLM: LLAMA,
  SeedOssForCausalLM: { feedForwardNorm: 'post_attention_norm' },
  Step3p5ForCausalLM: STEP,
  Step3p7ForConditionalGeneration: STEP,
  MiMoV2FlashForCausalLM: MIMO2,
  MiMoV2ForCausalLM: MIMO2,
  BailingMoeForCausalLM: LLAMA,
  BailingMoeV2ForCausalLM: { queryKeyNorm: 'before-rope', routing: always({ ...SIGMOID, groups: 8, groupsUsed: 4 }) },
  Exaone4ForCausalLM: { ...OLMO2, queryKeyNorm: 'before-rope', rotates: (kind) => kind === 'S' },
  ExaoneMoEForCausalLM: EXAONE_MOE,
  ExaoneMoeForCausalLM: EXAONE_MOE,
  LagunaForCausalLM: { queryKeyNorm: 'before-rope', outputGate: 'before-rope', routing: always(SIGMOID) },
  Dots1ForCausalLM: { queryKeyNorm: 'before-rope', routing: always(SIGMOID) },
  ArceeForCausalLM: { activation: 'relu-squared' },
  ApertusForCausalLM: { queryKeyNorm: 'before-rope', activation: 'plain' },
  DeciLMForCausalLM: LLAMA,
  GemmaForCausalLM: { scaledEmbedding: true, scaledQueries: true },
};

/** DeepSeek's own router: 256 experts compete in groups of 32, four groups of which count. */
function deepseekRouting(architecture: Architecture): Routing {
  const grouped = architecture.feedForward.experts?.count === 256;
  return routingOf(architecture, { ...SIGMOID, ...(grouped ? { groups: 8, groupsUsed: 4 } : {}) });
}

const ungrouped = (architecture: Architecture): Routing => routingOf(architecture, SIGMOID);

const BUILDERS: Readonly<Record<string, (g: ModelGraph) => void>> = {
  Qwen3NextForCausalLM: buildGatedDeltaNet,
  Qwen3_5ForCausalLM: buildGatedDeltaNet,
  Qwen3_5ForConditionalGeneration: buildGatedDeltaNet,
  Qwen3_5MoeForCausalLM: buildGatedDeltaNet,
  Qwen3_5MoeForConditionalGeneration: buildGatedDeltaNet,
  GraniteMoeHybridForCausalLM: buildGraniteHybrid,
  FalconH1ForCausalLM: buildFalconH1,
  NemotronHForCausalLM: buildNemotronH,
  JambaForCausalLM: buildJamba,
  Lfm2ForCausalLM: buildLfm2,
  Lfm2MoeForCausalLM: buildLfm2,
  Gemma4ForCausalLM: buildGemma4,
  Gemma4ForConditionalGeneration: buildGemma4,
  Gemma4UnifiedForConditionalGeneration: buildGemma4,
  Gemma3nForCausalLM: buildGemma3n,
  Gemma3nForConditionalGeneration: buildGemma3n,
  DeepseekV4ForCausalLM: buildDeepseekV4,
  KimiLinearForCausalLM: (g) => buildKimiLinear(g, ungrouped(g.architecture)),
  DeepseekV3ForCausalLM: (g) => buildLatent(g, deepseekRouting(g.architecture)),
  DeepseekV32ForCausalLM: (g) => buildLatent(g, deepseekRouting(g.architecture)),
  KimiK25ForConditionalGeneration: (g) => buildLatent(g, ungrouped(g.architecture)),
  GlmMoeDsaForCausalLM: (g) => buildLatent(g, ungrouped(g.architecture)),
  Glm4MoeLiteForCausalLM: (g) => buildLatent(g, ungrouped(g.architecture)),
  DeepseekV2ForCausalLM: (g) => buildLatent(g, routingOf(g.architecture, { gate: 'softmax', normalized: false, scaled: true })),
  // Mistral Small 4 has latent attention under the class name of its predecessors.
  Mistral3ForConditionalGeneration: (g) =>
    g.architecture.attention.kind === 'latent' ? buildLatent(g, routingOf(g.architecture, { gate: 'softmax', normalized: true, scaled: true }), { temperature: true }) : buildDecoder(g, LLAMA),
  MistralLarge3ForCausalLM: (g) => buildLatent(g, routingOf(g.architecture, { gate: 'softmax', normalized: true, scaled: true }), { temperature: true }),
};

export function hasGraph({ className }: Architecture): boolean {
  return Object.hasOwn(BUILDERS, className) || Object.hasOwn(DECODERS, className);
}

/** Adds the graph of an architecture; false where the class has none here. */
export function buildModel(g: ModelGraph): boolean {
  const { className }: Architecture = g.architecture;
  const build = BUILDERS[className];
  if (build) {
    build(g);
    return true;
  }
  const recipe = DECODERS[className];
  if (!recipe) return false;
  buildDecoder(g, recipe);
  return true;
}
