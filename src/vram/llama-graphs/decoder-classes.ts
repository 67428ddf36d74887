/** Classes whose graph is a plain decoder's, each with its recipe. */
import type { Routing } from './builder.ts';
import type { ClassGraph } from './classes.ts';
import { buildDecoder, type DecoderRecipe } from './decoder.ts';
import { SIGMOID } from './parts.ts';

type Rest = Omit<Routing, 'count' | 'used'>;

const always = (rest: Rest) => (): Rest => rest;

const LLAMA: DecoderRecipe = {};
const QWEN3: DecoderRecipe = { queryKeyNorm: 'before-rope' };
const GEMMA2: DecoderRecipe = {
  scaledEmbedding: true,
  scaledQueries: true,
  postAttentionNorm: 'post_attention_norm',
  postFeedForwardNorm: 'post_ffw_norm',
};
const GLM4_MOE: DecoderRecipe = {
  queryKeyNorm: 'before-rope',
  feedForwardNorm: 'post_attention_norm',
  // routed_scaling_factor is 1 in GLM-4.5 Air, the one that is 4,096 wide, and 2.5 in the others.
  routing: (architecture) => ({ ...SIGMOID, scaled: architecture.hiddenSize !== 4096 }),
};
const OLMO2: DecoderRecipe = {
  preNorm: false,
  queryKeyNorm: 'row',
  postAttentionNorm: 'post_attention_norm',
  feedForwardNorm: null,
  postFeedForwardNorm: 'post_ffw_norm',
};
const GRANITE: DecoderRecipe = { scaledBranches: true, scaledEmbedding: true, logitSteps: 1 };
const COHERE: DecoderRecipe = { layerNorm: true, parallel: true, queryKeyNorm: 'before-rope', logitSteps: 1 };
const MIMO2: DecoderRecipe = { routing: always({ ...SIGMOID, scaled: false }) };
const STEP: DecoderRecipe = {
  queryKeyNorm: 'before-rope',
  outputGate: 'after-attention',
  routing: always(SIGMOID),
  picksLate: 'before-norm',
};
const GATED_LLAMA4: Rest = {
  gate: 'sigmoid',
  normalized: false,
  scaled: false,
  weightsFirst: true,
  selectsByLogits: true,
};
const LLAMA4: DecoderRecipe = {
  rotates: (kind) => kind === 'S',
  temperature: true,
  plainQueryKeyNorm: true,
  routing: always(GATED_LLAMA4),
};
const EXAONE_MOE: DecoderRecipe = {
  queryKeyNorm: 'before-rope',
  rotates: (kind) => kind === 'S',
  routing: always(SIGMOID),
};

/** Without its short convolutions, relative positions and shared experts, which llama.cpp runs beside the routed ones. */
const INKLING: DecoderRecipe = { queryKeyNorm: 'before-rope', rotates: () => false, routing: always(SIGMOID) };

const DECODERS: Readonly<Record<string, DecoderRecipe>> = {
  LlamaForCausalLM: LLAMA,
  MistralForCausalLM: LLAMA,
  MixtralForCausalLM: LLAMA,
  Mistral3ForConditionalGeneration: LLAMA,
  Ministral3ForCausalLM: LLAMA,
  ExaoneForCausalLM: LLAMA,
  Qwen2ForCausalLM: LLAMA,
  Qwen2MoeForCausalLM: {
    sharedGate: 'divided',
    routing: always({ gate: 'softmax', normalized: false, scaled: false }),
  },
  Qwen3ForCausalLM: QWEN3,
  Qwen3MoeForCausalLM: QWEN3,
  Gemma2ForCausalLM: { ...GEMMA2, softCap: true, logitSteps: 3 },
  Gemma3ForCausalLM: { ...GEMMA2, queryKeyNorm: 'before-rope' },
  Gemma3ForConditionalGeneration: { ...GEMMA2, queryKeyNorm: 'before-rope' },
  MuseGlimmerForConditionalGeneration: {
    ...GEMMA2,
    scaledQueries: false,
    queryKeyNorm: 'before-rope',
    outputGate: 'before-rope',
    rotates: (kind) => kind === 'S',
    logitSteps: 4,
  },
  InklingForConditionalGeneration: INKLING,
  Phi3ForCausalLM: { scaledQueries: true, activation: 'fused', residualFirst: true },
  GptOssForCausalLM: {
    feedForwardNorm: 'post_attention_norm',
    picksLate: 'before-norm',
    routing: always({ gate: 'softmax-of-chosen', normalized: false, scaled: false }),
  },
  Llama4ForCausalLM: LLAMA4,
  Llama4ForConditionalGeneration: LLAMA4,
  Glm4ForCausalLM: {
    activation: 'fused',
    postAttentionNorm: 'post_attention_norm',
    postFeedForwardNorm: 'post_ffw_norm',
  },
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

export const GRAPHS: Readonly<Record<string, ClassGraph>> = Object.fromEntries(
  Object.entries(DECODERS).map(([className, recipe]) => [
    className,
    {
      build: (g) => buildDecoder(g, recipe),
      ...(recipe.rotates && { variantOf: recipe.rotates }),
    } satisfies ClassGraph,
  ]),
);
