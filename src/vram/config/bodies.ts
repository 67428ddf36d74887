/** Which reader each class has. */
import type { LayerKind } from '../architecture.ts';
import { padTo } from '../units.ts';
import type { ConfigFields } from './fields.ts';
import { readDeepseekV4, readLatent, readMiniMaxM3 } from './latent.ts';
import {
  readFalconH1,
  readGlm5Next,
  readGraniteHybrid,
  readJamba,
  readKimi,
  readLfm2,
  readLightning,
  readNemotronH,
  readQwen4,
  readQwenNext,
} from './linear.ts';
import { type Body, type BodyReader, dense, fullAttention, headsOf, mixture, shortest } from './parts.ts';
import {
  readGemma3n,
  readGemma4,
  readGptOss,
  readInkling,
  readLaguna,
  readLlama4,
  readMiMo,
  readStep,
  readWindowed,
} from './windowed.ts';

const GQA_WITH_EXPERTS: BodyReader = (config) => ({ attention: fullAttention(config), ...mixture(config) });
export const DENSE: BodyReader = (config) => ({ attention: fullAttention(config), ...dense(config) });
const QWEN_NEXT: BodyReader = (config) => readQwenNext(config);

/** How the body of each class is read; the classes not named are dense with grouped-query attention. */
export const READERS: Readonly<Record<string, BodyReader>> = {
  MixtralForCausalLM: GQA_WITH_EXPERTS,
  Qwen2MoeForCausalLM: GQA_WITH_EXPERTS,
  Qwen3MoeForCausalLM: GQA_WITH_EXPERTS,
  MiniMaxM2ForCausalLM: GQA_WITH_EXPERTS,
  OlmoeForCausalLM: GQA_WITH_EXPERTS,
  GraniteMoeForCausalLM: GQA_WITH_EXPERTS,
  Dots1ForCausalLM: GQA_WITH_EXPERTS,
  BailingMoeForCausalLM: GQA_WITH_EXPERTS,
  BailingMoeV2ForCausalLM: GQA_WITH_EXPERTS,
  HunYuanMoEV1ForCausalLM: GQA_WITH_EXPERTS,
  HYV3ForCausalLM: GQA_WITH_EXPERTS,
  Ernie4_5_MoeForCausalLM: GQA_WITH_EXPERTS,
  Glm4MoeForCausalLM: (config) => ({ ...GQA_WITH_EXPERTS(config), nextTokenOwnEmbeddings: true }),
  Mistral3ForConditionalGeneration: (config) => (config.has('kv_lora_rank') ? readLatent(config) : DENSE(config)),
  MistralLarge3ForCausalLM: readLatent,
  DeepseekV2ForCausalLM: readLatent,
  DeepseekV3ForCausalLM: (config) => ({ ...readLatent(config), nextTokenOwnEmbeddings: true }),
  DeepseekV32ForCausalLM: (config) => ({ ...readLatent(config), nextTokenOwnEmbeddings: true }),
  KimiK25ForConditionalGeneration: readLatent,
  Glm4MoeLiteForCausalLM: readLatent,
  GlmMoeDsaForCausalLM: readLatent,
  HYV4ForCausalLM: (config) => ({ ...readLatent(config), residualStreams: config.count('hc_mult') }),
  DeepseekV4ForCausalLM: readDeepseekV4,
  Gemma2ForCausalLM: (config) => readWindowed(config, 'SF'),
  Gemma3ForCausalLM: (config) => readWindowed(config, 'SSSSSF'),
  Gemma3ForConditionalGeneration: (config) => readWindowed(config, 'SSSSSF'),
  Gemma3nForCausalLM: readGemma3n,
  Gemma3nForConditionalGeneration: readGemma3n,
  Gemma4ForCausalLM: readGemma4,
  Gemma4ForConditionalGeneration: readGemma4,
  Gemma4UnifiedForConditionalGeneration: readGemma4,
  MuseGlimmerForConditionalGeneration: (config) => readWindowed(config, 'SSSF'),
  GptOssForCausalLM: readGptOss,
  Llama4ForCausalLM: readLlama4,
  Llama4ForConditionalGeneration: readLlama4,
  Cohere2ForCausalLM: (config) => readWindowed(config, 'SSSF'),
  Olmo3ForCausalLM: (config) => readWindowed(config, 'SSSF'),
  Exaone4ForCausalLM: (config) => readWindowed(config, 'SSSF'),
  ExaoneMoEForCausalLM: (config) => ({ ...readWindowed(config, 'SSSF'), ...mixture(config) }),
  ExaoneMoeForCausalLM: (config) => ({ ...readWindowed(config, 'SSSF'), ...mixture(config) }),
  Step3p5ForCausalLM: readStep,
  Step3p7ForConditionalGeneration: readStep,
  MiMoV2FlashForCausalLM: readMiMo,
  MiMoV2ForCausalLM: readMiMo,
  LagunaForCausalLM: readLaguna,
  InklingForConditionalGeneration: readInkling,
  MiniMaxM3ForCausalLM: readMiniMaxM3,
  MiniMaxM3SparseForCausalLM: readMiniMaxM3,
  MiniMaxM3SparseForConditionalGeneration: readMiniMaxM3,
  Qwen3NextForCausalLM: (config) => ({ ...readQwenNext(config), nextTokenLayers: 1 }),
  Qwen3_5ForCausalLM: QWEN_NEXT,
  Qwen3_5ForConditionalGeneration: QWEN_NEXT,
  Qwen3_5MoeForCausalLM: QWEN_NEXT,
  Qwen3_5MoeForConditionalGeneration: QWEN_NEXT,
  Qwen4ExpForCausalLM: readQwen4,
  Qwen4ExpForConditionalGeneration: readQwen4,
  KimiLinearForCausalLM: readKimi,
  KimiK3ForConditionalGeneration: readKimi,
  Glm5NextForCausalLM: readGlm5Next,
  Glm5NextForConditionalGeneration: readGlm5Next,
  MiniMaxM1ForCausalLM: readLightning,
  MiniMaxText01ForCausalLM: readLightning,
  NemotronHForCausalLM: readNemotronH,
  GraniteMoeHybridForCausalLM: readGraniteHybrid,
  FalconH1ForCausalLM: readFalconH1,
  JambaForCausalLM: readJamba,
  Lfm2ForCausalLM: readLfm2,
  Lfm2MoeForCausalLM: readLfm2,
  DeciLMForCausalLM: readDeciLM,
};

/** Pruned blocks: without attention, or with a feed-forward block of its own width. */
function readDeciLM(config: ConfigFields): Body {
  const blocks = config.children('block_configs') ?? config.fail('block_configs', 'a list with one entry per layer');
  const heads = headsOf(config);
  const hiddenSize = config.count('hidden_size');
  const groups = blocks.map((block) => block.needChild('attention').countOr(undefined, 'n_heads_in_group'));
  const headsPerKvHead = groups.find((group) => group !== undefined) ?? 1;
  const widths = blocks.map((block) => {
    const width = Math.floor((2 * block.needChild('ffn').numberOr(0, 'ffn_mult') * hiddenSize) / 3);
    return padTo(width, 256);
  });
  return {
    attention: {
      kind: 'full',
      heads,
      kvHeads: heads / headsPerKvHead,
      headDim: config.countOr(hiddenSize / heads, 'head_dim'),
    },
    ...shortest(groups.map((group): LayerKind => (group === undefined ? 'N' : 'F')).join('')),
    feedForward: { intermediateSize: new Set(widths).size === 1 ? (widths[0] ?? 0) : widths },
  };
}
