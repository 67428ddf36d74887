/**
 * What the blocks of each class hold beside what {@link Architecture} says: one recipe per Hugging Face class, read
 * from the tensor lists of llama.cpp's loaders (`src/models/*.cpp`) and its converter (`conversion/*.py`).
 */
import { EstimateError } from './allocation.ts';
import { type Architecture, attentionShapeOf, type IndexerShape, type LayerKind } from './architecture.ts';
import type { FileBuilder } from './tensors.ts';

/** Adds the tensors of a block that no field of {@link Recipe} describes. */
export type BlockExtras = (file: FileBuilder, architecture: Architecture, layer: number, kind: LayerKind) => void;

export interface Recipe {
  /** Vectors as wide as the model in each block. */
  readonly norms: readonly string[];
  /** `head`: one norm over a head's width; `row`: one over all heads; `matrix`: one per head. */
  readonly queryKeyNorm?: 'head' | 'row' | 'matrix';
  /** {@link Architecture.queryKeyNorm} must ask for it (GLM-4.5, Command R+). */
  readonly queryKeyNormOnRequest?: true;
  readonly attentionBias?: true;
  /** The output projection has a bias where the others do. */
  readonly outputBias?: true;
  /** Queries, keys and values in one matrix. */
  readonly fusedQkv?: true;
  /** Queries come with a gate as wide as they are, in the same matrix. */
  readonly gatedQueries?: true;
  /** A matrix that gates the attention output: one value per query head, or one per element. */
  readonly attentionGate?: 'head' | 'element';
  /** An attention sink per head: in every layer, or in sliding layers only. */
  readonly sinks?: 'all' | 'sliding';
  /** Gate and up in one matrix (`ffn_up` of twice the width), or no gate at all. */
  readonly feedForward?: 'fused' | 'ungated';
  /** The router has a selection bias (`exp_probs_b`). */
  readonly selectionBias?: true;
  /** The shared expert has a gate. */
  readonly sharedGate?: true;
  /** Router and experts have biases. */
  readonly expertBias?: true;
  /** Experts' gate and up in one tensor. */
  readonly fusedExperts?: true;
  /** Experts have no gate. */
  readonly ungatedExperts?: true;
  /** Shared experts stay apart, as a stack with logits of their own in the router (Inkling). */
  readonly stackedShared?: true;
  /** A dense block beside the experts in every layer, in the place of a shared expert. */
  readonly denseBesideExperts?: true;
  /** Names of the projections into and out of the experts' own width; absent = `ffn_latent_*`. */
  readonly latentPrefix?: 'ffn_routed';
  /** Beta and alpha of Gated DeltaNet in one matrix. */
  readonly fusedBetaAlpha?: true;
  /** The output gate of Kimi Delta Attention is one full matrix, not a factored pair. */
  readonly fullRankGate?: true;
  /** Name of the final norm; absent = `output_norm`, null = there is none. */
  readonly outputNorm?: string | null;
  /** Kind of the multi-token-prediction blocks; absent = `F`. */
  readonly nextTokenKind?: LayerKind;
  /** Those blocks are dense in a model with experts. */
  readonly denseNextToken?: true;
  /** Converted files always carry those blocks. */
  readonly keepsNextToken?: true;
  /** Parts of names in those blocks that the loader does not skip. */
  readonly residentNames?: readonly string[];
  readonly extras?: (file: FileBuilder, architecture: Architecture) => void;
  readonly blockExtras?: BlockExtras;
}

const PRE_NORMS = ['attn_norm', 'ffn_norm'] as const;
const SANDWICH_NORMS = ['attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm'] as const;
const POST_ATTENTION_NORMS = ['attn_norm', 'post_attention_norm'] as const;
const POST_NORMS = ['post_attention_norm', 'post_ffw_norm'] as const;

const PLAIN: Recipe = { norms: PRE_NORMS };
const LLAMA: Recipe = { norms: PRE_NORMS, outputBias: true };
const QWEN3: Recipe = { norms: PRE_NORMS, queryKeyNorm: 'head' };
const QWEN3_MOE_BIASED: Recipe = { ...QWEN3, selectionBias: true };
const QWEN_NEXT: Recipe = { norms: POST_ATTENTION_NORMS, queryKeyNorm: 'head', gatedQueries: true, sharedGate: true };
const QWEN4: Recipe = { ...QWEN_NEXT, norms: [], outputNorm: null, extras: addQwen4, blockExtras: addQwen4Block };
const DEEPSEEK: Recipe = { norms: PRE_NORMS, selectionBias: true };
const DEEPSEEK_SPARSE: Recipe = { ...DEEPSEEK, residentNames: ['exp_probs_b'] };
const MISTRAL4: Recipe = { norms: PRE_NORMS, fusedExperts: true };
const GEMMA3: Recipe = { norms: SANDWICH_NORMS, queryKeyNorm: 'head' };
const GEMMA3N: Recipe = { ...GEMMA3, extras: addGemma3n, blockExtras: addGemma3nBlock };
const GEMMA4: Recipe = {
  ...GEMMA3,
  fusedExperts: true,
  denseBesideExperts: true,
  extras: addGemma4,
  blockExtras: addGemma4Block,
};
const OLMO2: Recipe = { norms: POST_NORMS, queryKeyNorm: 'row' };
const GLM4_MOE: Recipe = {
  norms: POST_ATTENTION_NORMS,
  queryKeyNorm: 'head',
  queryKeyNormOnRequest: true,
  selectionBias: true,
  keepsNextToken: true,
};
const GLM5_NEXT: Recipe = { ...DEEPSEEK, blockExtras: addGlm5NextBlock };
const KIMI_K3: Recipe = {
  ...DEEPSEEK,
  attentionGate: 'element',
  fullRankGate: true,
  latentPrefix: 'ffn_routed',
  extras: addKimiK3,
  blockExtras: addKimiK3Block,
};
const MINIMAX_M3: Recipe = QWEN3_MOE_BIASED;
const MIMO2: Recipe = {
  norms: PRE_NORMS,
  sinks: 'sliding',
  selectionBias: true,
  nextTokenKind: 'S',
  denseNextToken: true,
  keepsNextToken: true,
};
const STEP: Recipe = {
  ...QWEN3_MOE_BIASED,
  attentionGate: 'head',
  nextTokenKind: 'S',
  denseNextToken: true,
  residentNames: ['attn_q_norm', 'attn_k_norm', 'attn_gate', 'ffn_gate', 'ffn_up', 'ffn_down', 'shared_head'],
};
const LFM2: Recipe = { ...QWEN3_MOE_BIASED, outputNorm: 'token_embd_norm' };
const ERNIE: Recipe = { norms: PRE_NORMS, outputBias: true, selectionBias: true };
const EXAONE_MOE: Recipe = { ...QWEN3_MOE_BIASED, denseNextToken: true, keepsNextToken: true };
const HY4: Recipe = { ...DEEPSEEK, sinks: 'all', attentionGate: 'element', extras: addHy4, blockExtras: addHy4Block };
const INKLING: Recipe = {
  ...QWEN3_MOE_BIASED,
  stackedShared: true,
  extras: addInkling,
  blockExtras: addInklingBlock,
};

const RECIPES: Readonly<Record<string, Recipe>> = {
  LlamaForCausalLM: LLAMA,
  MistralForCausalLM: LLAMA,
  MixtralForCausalLM: LLAMA,
  Mistral3ForConditionalGeneration: LLAMA,
  Ministral3ForCausalLM: LLAMA,
  MistralLarge3ForCausalLM: PLAIN,
  Qwen2ForCausalLM: { norms: PRE_NORMS, attentionBias: true },
  Qwen2MoeForCausalLM: { norms: PRE_NORMS, attentionBias: true, sharedGate: true },
  Qwen3ForCausalLM: QWEN3,
  Qwen3MoeForCausalLM: QWEN3,
  Qwen3NextForCausalLM: { ...QWEN_NEXT, fusedBetaAlpha: true },
  Qwen3_5ForCausalLM: QWEN_NEXT,
  Qwen3_5ForConditionalGeneration: QWEN_NEXT,
  Qwen3_5MoeForCausalLM: QWEN_NEXT,
  Qwen3_5MoeForConditionalGeneration: QWEN_NEXT,
  Qwen4ExpForCausalLM: QWEN4,
  Qwen4ExpForConditionalGeneration: QWEN4,
  GemmaForCausalLM: PLAIN,
  Gemma2ForCausalLM: { norms: SANDWICH_NORMS },
  Gemma3ForCausalLM: GEMMA3,
  Gemma3ForConditionalGeneration: GEMMA3,
  Gemma3nForCausalLM: GEMMA3N,
  Gemma3nForConditionalGeneration: GEMMA3N,
  Gemma4ForCausalLM: GEMMA4,
  Gemma4ForConditionalGeneration: GEMMA4,
  Gemma4UnifiedForConditionalGeneration: GEMMA4,
  MuseGlimmerForConditionalGeneration: { ...GEMMA3, attentionGate: 'element' },
  Phi3ForCausalLM: { norms: PRE_NORMS, fusedQkv: true, feedForward: 'fused' },
  GptOssForCausalLM: {
    norms: POST_ATTENTION_NORMS,
    attentionBias: true,
    outputBias: true,
    sinks: 'all',
    expertBias: true,
  },
  Llama4ForCausalLM: LLAMA,
  Llama4ForConditionalGeneration: LLAMA,
  Glm4ForCausalLM: { norms: SANDWICH_NORMS, feedForward: 'fused' },
  Glm4MoeForCausalLM: GLM4_MOE,
  Glm4MoeLiteForCausalLM: DEEPSEEK,
  GlmMoeDsaForCausalLM: DEEPSEEK_SPARSE,
  Glm5NextForCausalLM: GLM5_NEXT,
  Glm5NextForConditionalGeneration: GLM5_NEXT,
  DeepseekV2ForCausalLM: PLAIN,
  DeepseekV3ForCausalLM: DEEPSEEK,
  DeepseekV32ForCausalLM: DEEPSEEK_SPARSE,
  DeepseekV4ForCausalLM: {
    norms: PRE_NORMS,
    nextTokenKind: 'R',
    extras: addDeepseekV4,
    blockExtras: addDeepseekV4Block,
  },
  KimiK25ForConditionalGeneration: DEEPSEEK,
  KimiLinearForCausalLM: DEEPSEEK,
  KimiK3ForConditionalGeneration: KIMI_K3,
  MiniMaxM1ForCausalLM: PLAIN,
  MiniMaxText01ForCausalLM: PLAIN,
  MiniMaxM2ForCausalLM: { norms: PRE_NORMS, queryKeyNorm: 'row', selectionBias: true },
  MiniMaxM3ForCausalLM: MINIMAX_M3,
  MiniMaxM3SparseForCausalLM: MINIMAX_M3,
  MiniMaxM3SparseForConditionalGeneration: MINIMAX_M3,
  NemotronHForCausalLM: {
    norms: ['attn_norm'],
    feedForward: 'ungated',
    ungatedExperts: true,
    selectionBias: true,
  },
  DeciLMForCausalLM: LLAMA,
  GraniteForCausalLM: LLAMA,
  GraniteMoeForCausalLM: LLAMA,
  GraniteMoeHybridForCausalLM: PLAIN,
  FalconH1ForCausalLM: PLAIN,
  JambaForCausalLM: PLAIN,
  SmolLM3ForCausalLM: PLAIN,
  Olmo2ForCausalLM: OLMO2,
  Olmo3ForCausalLM: OLMO2,
  OlmoeForCausalLM: { norms: PRE_NORMS, queryKeyNorm: 'row' },
  CohereForCausalLM: { norms: ['attn_norm'], queryKeyNorm: 'matrix', queryKeyNormOnRequest: true },
  Cohere2ForCausalLM: { norms: ['attn_norm'] },
  HunYuanDenseV1ForCausalLM: QWEN3,
  HunYuanMoEV1ForCausalLM: QWEN3,
  HYV3ForCausalLM: {
    ...QWEN3_MOE_BIASED,
    residentNames: ['ffn_gate', 'ffn_up', 'ffn_down', 'exp_probs_b', 'shared_head'],
  },
  HYV4ForCausalLM: HY4,
  Ernie4_5ForCausalLM: ERNIE,
  Ernie4_5_ForCausalLM: ERNIE,
  Ernie4_5_MoeForCausalLM: ERNIE,
  SeedOssForCausalLM: { norms: POST_ATTENTION_NORMS, attentionBias: true },
  Lfm2ForCausalLM: LFM2,
  Lfm2MoeForCausalLM: LFM2,
  Step3p5ForCausalLM: STEP,
  Step3p7ForConditionalGeneration: STEP,
  MiMoV2FlashForCausalLM: MIMO2,
  MiMoV2ForCausalLM: MIMO2,
  BailingMoeForCausalLM: PLAIN,
  BailingMoeV2ForCausalLM: { ...QWEN3_MOE_BIASED, fusedQkv: true, keepsNextToken: true },
  ExaoneForCausalLM: PLAIN,
  Exaone4ForCausalLM: { norms: POST_NORMS, queryKeyNorm: 'head' },
  ExaoneMoEForCausalLM: EXAONE_MOE,
  ExaoneMoeForCausalLM: EXAONE_MOE,
  InklingForConditionalGeneration: INKLING,
  LagunaForCausalLM: { ...QWEN3_MOE_BIASED, attentionGate: 'head' },
  Dots1ForCausalLM: QWEN3_MOE_BIASED,
  ArceeForCausalLM: { norms: PRE_NORMS, feedForward: 'ungated' },
  ApertusForCausalLM: { ...QWEN3, feedForward: 'ungated' },
};

/** Hugging Face class names that the estimator knows. */
export const SUPPORTED_CLASSES: readonly string[] = Object.keys(RECIPES);

export function recipeOfClass(className: string): Recipe | undefined {
  return Object.hasOwn(RECIPES, className) ? RECIPES[className] : undefined;
}

/** @throws {EstimateError} `unknown-architecture`, for a class without a recipe. */
export function recipeOf(architecture: Architecture): Recipe {
  const { className, feedForward } = architecture;
  if (className === 'Mistral3ForConditionalGeneration' && feedForward.experts !== undefined) return MISTRAL4;
  const recipe = recipeOfClass(className);
  if (recipe !== undefined) return recipe;
  throw new EstimateError(
    'unknown-architecture',
    `Found architecture "${className}"; llama.cpp's tensors for it are not known here. Known: ${SUPPORTED_CLASSES.join(', ')}.`,
  );
}

/** Per-layer embeddings of Gemma 3n and the E models of Gemma 4; the projections are placed with block 0. */
function addPerLayerInputs(file: FileBuilder, architecture: Architecture): void {
  const size = architecture.perLayerEmbeddingSize;
  if (size === undefined) return;
  const { hiddenSize, layers, vocabularySize } = architecture;
  file.add('per_layer_token_embd.weight', [size * layers, vocabularySize], 'embedding', 'input');
  file.add('per_layer_model_proj.weight', [hiddenSize, size * layers], 'other', 'block', 0);
  file.add('per_layer_proj_norm.weight', [size], 'norm', 'block', 0);
}

function addPerLayerInputBlock(file: FileBuilder, architecture: Architecture): void {
  const size = architecture.perLayerEmbeddingSize;
  if (size === undefined) return;
  file.matrix('inp_gate', architecture.hiddenSize, size, 'other');
  file.matrix('proj', size, architecture.hiddenSize, 'other');
  file.norm('post_norm', architecture.hiddenSize);
}

const ALTUP_INPUTS = 4;
const LAUREL_RANK = 64;

function addGemma3n(file: FileBuilder, architecture: Architecture): void {
  const { hiddenSize } = architecture;
  addPerLayerInputs(file, architecture);
  for (const name of ['altup_proj', 'altup_unembd_proj']) {
    file.add(`${name}.weight`, [hiddenSize, hiddenSize, ALTUP_INPUTS - 1], 'other', 'output');
  }
}

function addGemma3nBlock(file: FileBuilder, architecture: Architecture): void {
  const { hiddenSize } = architecture;
  addPerLayerInputBlock(file, architecture);
  file.matrix('altup_correct_coef', ALTUP_INPUTS, ALTUP_INPUTS, 'other');
  file.norm('altup_correct_scale', hiddenSize);
  file.matrix('altup_predict_coef', ALTUP_INPUTS, ALTUP_INPUTS * ALTUP_INPUTS, 'other');
  file.matrix('altup_router', hiddenSize, ALTUP_INPUTS, 'other');
  file.norm('altup_router_norm', hiddenSize);
  file.matrix('laurel_l', hiddenSize, LAUREL_RANK, 'other');
  file.matrix('laurel_r', LAUREL_RANK, hiddenSize, 'other');
  file.norm('laurel_post_norm', hiddenSize);
}

function addGemma4(file: FileBuilder, architecture: Architecture): void {
  addPerLayerInputs(file, architecture);
  file.add('rope_freqs.weight', [attentionShapeOf(architecture, 'F').headDim / 2], 'other', 'every-device');
}

function addGemma4Block(file: FileBuilder, architecture: Architecture): void {
  const { hiddenSize, feedForward } = architecture;
  file.norm('layer_output_scale', 1);
  addPerLayerInputBlock(file, architecture);
  if (feedForward.experts === undefined) return;
  file.block('ffn_gate_inp.scale', [hiddenSize], 'router');
  file.norm('pre_ffw_norm_2', hiddenSize);
  file.norm('post_ffw_norm_1', hiddenSize);
  file.norm('post_ffw_norm_2', hiddenSize);
  file.block('ffn_down_exps.scale', [feedForward.experts.count], 'expert');
}

/** Mixers of the residual streams around attention and feed-forward: `mixes` coefficients from all streams. */
function addStreamMixers(file: FileBuilder, hiddenSize: number, streams: number, mixes: number, scales: number): void {
  for (const part of ['attn', 'ffn']) {
    file.block(`hc_${part}_fn.weight`, [streams * hiddenSize, mixes], 'other', 'F32');
    file.block(`hc_${part}_base.weight`, [mixes], 'other');
    file.block(`hc_${part}_scale.weight`, [scales], 'other');
  }
}

function addStreamHead(file: FileBuilder, architecture: Architecture): void {
  const streams = streamsOf(architecture);
  file.add('output_hc_fn.weight', [streams * architecture.hiddenSize, streams], 'other', 'output');
  file.add('output_hc_base.weight', [streams], 'other', 'output');
  file.add('output_hc_scale.weight', [1], 'other', 'output');
}

function streamsOf(architecture: Architecture): number {
  return architecture.residualStreams ?? 4;
}

function compressedOf(architecture: Architecture) {
  const { attention, className } = architecture;
  if (attention.kind === 'compressed') return attention;
  throw new EstimateError(
    'unknown-architecture',
    `Found attention "${attention.kind}" in "${className}"; expected "compressed".`,
  );
}

function addDeepseekV4(file: FileBuilder, architecture: Architecture): void {
  addStreamHead(file, architecture);
}

function addDeepseekV4Block(file: FileBuilder, architecture: Architecture, layer: number, kind: LayerKind): void {
  const { hiddenSize, vocabularySize, feedForward } = architecture;
  const attention = compressedOf(architecture);
  const { heads, rowWidth, qLoraRank, oLoraRank, oGroups, indexer } = attention;
  const streams = streamsOf(architecture);
  file.block('attn_sinks.weight', [heads], 'attention');
  file.matrix('attn_q_a', hiddenSize, qLoraRank, 'attention');
  file.norm('attn_q_a_norm', qLoraRank);
  file.matrix('attn_q_b', qLoraRank, heads * rowWidth, 'attention');
  file.matrix('attn_kv', hiddenSize, rowWidth, 'attention');
  file.norm('attn_kv_a_norm', rowWidth);
  file.matrix('attn_output_a', (heads * rowWidth) / oGroups, oLoraRank * oGroups, 'attention');
  file.matrix('attn_output_b', oGroups * oLoraRank, hiddenSize, 'attention');
  addStreamMixers(file, hiddenSize, streams, (2 + streams) * streams, 3);
  if (kind === 'C' || kind === 'H') {
    const overlap = kind === 'C' ? 2 : 1;
    const ratio = kind === 'C' ? attention.csaRatio : attention.hcaRatio;
    addCompressor(file, 'attn_compressor', hiddenSize, overlap * rowWidth, ratio, rowWidth);
    if (kind === 'C') {
      file.block('indexer.proj.weight', [hiddenSize, indexer.heads], 'indexer', 'F32');
      file.matrix('indexer.attn_q_b', qLoraRank, indexer.heads * indexer.headDim, 'indexer');
      addCompressor(file, 'indexer_compressor', hiddenSize, 2 * indexer.headDim, ratio, indexer.headDim);
    }
  }
  if (layer < (attention.hashRoutedLayers ?? 3)) {
    file.block('ffn_gate_tid2eid.weight', [feedForward.experts?.used ?? 0, vocabularySize], 'router', 'I32');
  } else {
    file.bias('exp_probs_b', feedForward.experts?.count ?? 0, 'router');
  }
}

function addCompressor(
  file: FileBuilder,
  name: string,
  hiddenSize: number,
  width: number,
  ratio: number,
  rowWidth: number,
): void {
  file.matrix(`${name}_kv`, hiddenSize, width, 'attention');
  file.matrix(`${name}_gate`, hiddenSize, width, 'attention');
  file.block(`${name}_ape.weight`, [width, ratio], 'attention', 'F32');
  file.norm(`${name}_norm`, rowWidth);
}

function addGlm5NextBlock(file: FileBuilder, architecture: Architecture, layer: number, kind: LayerKind): void {
  const { hiddenSize, attention } = architecture;
  const streams = streamsOf(architecture);
  if (layer < architecture.layers) addStreamMixers(file, hiddenSize, streams, (2 + streams) * streams, 3);
  const indexer: IndexerShape | undefined = attention.kind === 'linear-hybrid' ? attention.indexer : undefined;
  if (kind !== 'F' || indexer?.pooledTokens === undefined) return;
  file.matrix('indexer_compressor_gate', hiddenSize, indexer.headDim, 'indexer');
  file.block('indexer_compressor_ape.weight', [indexer.headDim, indexer.pooledTokens], 'indexer', 'F32');
}

function addHy4(file: FileBuilder, architecture: Architecture): void {
  addStreamHead(file, architecture);
}

function addHy4Block(file: FileBuilder, architecture: Architecture): void {
  const streams = streamsOf(architecture);
  addStreamMixers(file, architecture.hiddenSize, streams, 2 * streams, 2);
}

function addKimiK3(file: FileBuilder, architecture: Architecture): void {
  file.add('output_res_score.weight', [architecture.hiddenSize], 'norm', 'output');
}

function addKimiK3Block(file: FileBuilder, architecture: Architecture): void {
  file.norm('attn_res_score', architecture.hiddenSize);
  file.norm('ffn_res_score', architecture.hiddenSize);
}

/** Width of all residual streams together, and the rank of their mixers. */
function factoredStreams(architecture: Architecture): { width: number; rank: number } {
  const { hiddenSize, residualRank, className } = architecture;
  if (residualRank === undefined) {
    throw new EstimateError('unknown-architecture', `"${className}" needs residualRank; found none.`);
  }
  return { width: streamsOf(architecture) * hiddenSize, rank: residualRank };
}

function addQwen4(file: FileBuilder, architecture: Architecture): void {
  const { width, rank } = factoredStreams(architecture);
  file.add('output_hc_norm.weight', [width], 'norm', 'output');
  file.add('output_hc_down.weight', [width, rank], 'other', 'output');
  file.add('output_hc_up.weight', [rank, width], 'other', 'output');
  const table = architecture.ngramTable;
  if (table !== undefined) {
    file.add('per_layer_token_embd.weight', [table.rowWidth, table.rows], 'embedding', 'input');
  }
}

function addQwen4Block(file: FileBuilder, architecture: Architecture, layer: number): void {
  const { hiddenSize, ngramTable } = architecture;
  const { width, rank } = factoredStreams(architecture);
  for (const part of ['attn', 'ffn']) {
    file.norm(`hc_${part}_norm`, width);
    file.matrix(`hc_${part}_down`, width, rank, 'other');
    file.matrix(`hc_${part}_up`, rank, width, 'other');
    file.matrix(`hc_${part}_inject`, width, streamsOf(architecture), 'other');
  }
  if (ngramTable?.layer !== layer) return;
  file.matrix('ple_key', hiddenSize, width, 'other');
  file.matrix('ple_value', hiddenSize, hiddenSize, 'other');
  for (const part of ['key', 'query', 'conv']) file.norm(`ple_norm_${part}`, width);
  file.matrix('ple_conv1d', ngramTable.convKernel, width, 'other');
}

function relativeOf(architecture: Architecture) {
  const { relativePositions, className } = architecture;
  if (relativePositions !== undefined) return relativePositions;
  throw new EstimateError('unknown-architecture', `"${className}" needs relativePositions; found none.`);
}

function addInkling(file: FileBuilder, architecture: Architecture): void {
  file.add('token_embd_norm.weight', [architecture.hiddenSize], 'norm', 'block', 0);
}

function addInklingBlock(file: FileBuilder, architecture: Architecture, _layer: number, kind: LayerKind): void {
  const { hiddenSize, attention } = architecture;
  const { rank, extent, convKernel } = relativeOf(architecture);
  const { heads, kvHeads, headDim, valueHeadDim } = attentionShapeOf(architecture, kind);
  const reach = kind === 'S' && attention.kind === 'sliding-window' ? attention.window : extent;
  file.matrix('attn_r', hiddenSize, heads * rank, 'attention');
  file.block('attn_rel_proj.weight', [reach, rank], 'attention', 'F32');
  for (const [part, width] of [
    ['k', kvHeads * headDim],
    ['v', kvHeads * valueHeadDim],
    ['attn', hiddenSize],
    ['mlp', hiddenSize],
  ] as const) {
    file.block(`shortconv_${part}.weight`, [convKernel, width], 'attention', 'F32');
  }
  file.norm('ffn_gscale', 1);
}
