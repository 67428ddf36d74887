/**
 * What a model record carries under `architecture`: exactly the type `Architecture` of the estimator.
 * The check at the end does not compile when the two differ.
 */
import { z } from 'astro/zod';
import { type Architecture, MOST_LAYERS } from '../vram/index.ts';
import { count, sentence } from './fields.ts';

const layerCount = count.max(MOST_LAYERS, `a whole number from 1 to ${MOST_LAYERS}`);
const countOrNone = z.int('a whole number').nonnegative('a whole number, 0 or more');

const attentionShape = z.strictObject({
  heads: count.exactOptional().describe('Query heads of these layers, where not the number of the model.'),
  kvHeads: count.describe('Key/value heads of these layers.'),
  headDim: count.describe('Elements of one key head.'),
  valueHeadDim: count.exactOptional().describe('Elements of one value head, where not `headDim`.'),
});

const latentShape = z.strictObject({
  qLoraRank: count
    .exactOptional()
    .describe('Rank of the query projection (q_lora_rank); absent where queries are projected directly.'),
  kvLoraRank: count.describe('Elements of the cached latent without its RoPE part (kv_lora_rank). Example: 512.'),
  nopeHeadDim: count.describe('Elements of a query head without RoPE (qk_nope_head_dim). Example: 128.'),
  ropeHeadDim: countOrNone.describe(
    'Elements of the shared RoPE key (qk_rope_head_dim); 0 where there is none. Example: 64.',
  ),
  valueHeadDim: count.describe('Elements of one value head (v_head_dim). Example: 128.'),
});

const indexer = z
  .strictObject({
    layers: z
      .union([count, z.array(countOrNone).readonly()])
      .describe('How many layers own an indexer, or their numbers counted from 0.'),
    heads: count.describe('Query heads of the indexer.'),
    headDim: count.describe('Elements of one cached indexer key.'),
    topK: count.exactOptional().describe('Rows that the main attention reads per token.'),
    pooledTokens: count.exactOptional().describe('Tokens pooled into one cached key; absent = 1.'),
  })
  .describe('A small extra attention that chooses the rows the main attention reads. Its keys are cached too.');

const convKernel = count.describe('Width of the short convolution (conv_kernel). Example: 4.');

const linear = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('gated-deltanet').describe('Gated DeltaNet (Qwen3-Next, Qwen3.5 and later).'),
      keyHeads: count.describe('linear_num_key_heads.'),
      valueHeads: count.describe('linear_num_value_heads.'),
      keyHeadDim: count.describe('linear_key_head_dim.'),
      valueHeadDim: count.describe('linear_value_head_dim.'),
      convKernel,
    }),
    z.strictObject({
      type: z.literal('kimi-delta').describe('Kimi Delta Attention (Kimi Linear, Kimi K3).'),
      heads: count.describe('Heads of the linear layers.'),
      headDim: count.describe('Elements of one head.'),
      convKernel,
    }),
    z.strictObject({
      type: z.literal('lightning').describe('Lightning attention (MiniMax M1).'),
      heads: count.describe('Heads of the linear layers.'),
      headDim: count.describe('Elements of one head.'),
    }),
    z.strictObject({
      type: z.literal('mamba2').describe('Mamba-2 (Nemotron-H, Granite 4, Falcon-H1).'),
      heads: count.describe('State-space heads.'),
      headDim: count.describe('Elements of one head.'),
      stateSize: count.describe('Elements of the state per channel.'),
      groups: count.describe('Groups that share B and C.'),
      convKernel,
      gatedNorm: z.boolean().exactOptional().describe('A gated norm stands behind the mixer; absent = true.'),
    }),
    z.strictObject({
      type: z.literal('mamba1').describe('Mamba-1 (Jamba).'),
      innerSize: count.describe('Channels of the mixer.'),
      stateSize: count.describe('Elements of the state per channel.'),
      convKernel,
      timeStepRank: count.describe('Rank of the time-step projection.'),
    }),
    z.strictObject({
      type: z.literal('short-convolution').describe('A gated short convolution alone (LFM2).'),
      convKernel,
    }),
  ])
  .describe('What a layer `L`, or the mixer half of a layer `P`, keeps for each sequence.');

const heads = count.describe('Query heads (num_attention_heads).');

const attention = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('full').describe('MHA, GQA or MQA: every layer caches keys and values of every token.'),
      heads,
      indexer: indexer.exactOptional(),
      kvHeads: count.describe('Key/value heads (num_key_value_heads). Example: 8.'),
      headDim: count.describe('Elements of one key head (head_dim). Example: 128.'),
      valueHeadDim: count.exactOptional().describe('Elements of one value head, where not `headDim`.'),
    }),
    z.strictObject({
      kind: z.literal('latent').describe('Multi-head latent attention: one latent row per token and layer.'),
      heads,
      indexer: indexer.exactOptional(),
      ...latentShape.shape,
    }),
    z.strictObject({
      kind: z
        .literal('sliding-window')
        .describe('Layers `S` keep a window or chunk of tokens, layers `F` all of them.'),
      heads,
      window: count.describe('Tokens a layer `S` attends to (sliding_window). Example: 1024.'),
      local: z
        .enum(['window', 'chunked'])
        .describe('`window`: the last `window` tokens. `chunked`: the tokens of the own chunk (Llama 4).'),
      full: attentionShape.describe('Shape of the layers `F`.'),
      sliding: attentionShape.describe('Shape of the layers `S`.'),
      sharedKvLayers: count
        .exactOptional()
        .describe('Layers at the end of the stack that read the cache of an earlier layer (num_kv_shared_layers).'),
      fullKeyIsValue: z
        .boolean()
        .exactOptional()
        .describe('Keys and values of the layers `F` come from one projection (Gemma 4).'),
    }),
    z.strictObject({
      kind: z
        .literal('linear-hybrid')
        .describe('Layers `L` keep a state of constant size, layers `F` a growing cache.'),
      heads,
      linear,
      full: z.union([attentionShape, latentShape]).describe('Shape of the layers `F`: GQA or MLA.'),
      indexer: indexer.exactOptional(),
    }),
    z.strictObject({
      kind: z.literal('compressed').describe('CSA and HCA of DeepSeek V4.'),
      heads,
      rowWidth: count.describe('Elements of one cached row. Example: 512.'),
      ropeHeadDim: count.describe('Elements of the row that carry RoPE. Example: 64.'),
      window: count.describe('Raw rows that every layer keeps. Example: 128.'),
      csaRatio: count.describe('Tokens per row of a layer `C`. Example: 4.'),
      hcaRatio: count.describe('Tokens per row of a layer `H`. Example: 128.'),
      indexer,
      qLoraRank: count.describe('Rank of the query projection.'),
      oLoraRank: count.describe('Rank of the output projection.'),
      oGroups: count.describe('Groups of the output projection.'),
      hashRoutedLayers: countOrNone
        .exactOptional()
        .describe('Layers at the start that route by a table of token ids; absent = 3.'),
    }),
  ])
  .describe('How the model attends: `kind` says which cache it keeps.');

const experts = z
  .strictObject({
    count: count.describe('Routed experts in a layer. Example: 384.'),
    used: count.describe('Routed experts that one token uses. Example: 6.'),
    intermediateSize: count.describe('Width of one expert (moe_intermediate_size). Example: 3072.'),
    shared: countOrNone.describe('Experts that every token uses beside the routed ones; 0 where there is none.'),
    sharedIntermediateSize: count
      .exactOptional()
      .describe('Width of all shared experts together, where not `shared` times `intermediateSize`.'),
    leadingDenseLayers: countOrNone.describe(
      'Layers at the start of the stack without experts (first_k_dense_replace).',
    ),
    every: count.exactOptional().describe('Every n-th layer has experts, the others are dense; absent = 1.'),
    latentSize: count.exactOptional().describe('Width that the routed experts work in, where not `hiddenSize`.'),
  })
  .describe('The experts of a mixture-of-experts model.');

export const architectureSchema = z
  .strictObject({
    className: sentence.describe('First entry of `architectures` in config.json. Example: "Qwen3ForCausalLM".'),
    layers: layerCount.describe('Layers of the stack (num_hidden_layers), without multi-token-prediction blocks.'),
    hiddenSize: count.describe('Width of the residual stream (hidden_size).'),
    vocabularySize: count.describe('Rows of the embedding table (vocab_size).'),
    tiedEmbeddings: z.boolean().describe('The output head is the embedding table (tie_word_embeddings).'),
    attention,
    layerPattern: z
      .string()
      .regex(/^[FSLPCHREN-]+$/, 'letters of the layer kinds F S L P C H R E N and "-"')
      .exactOptional()
      .describe(
        'One letter per layer, repeated until `layers` are named; absent = all F. ' +
          'F full attention, S sliding window, L linear or state-space, P both side by side, C CSA, H HCA, R raw window, ' +
          '- feed-forward alone, E experts alone, N no mixer. Example: "SSSSSF".',
      ),
    feedForward: z
      .strictObject({
        intermediateSize: z
          .union([count, z.array(count).readonly()])
          .exactOptional()
          .describe(
            'Width of a dense block (intermediate_size), or one width per layer; absent where all layers have experts.',
          ),
        experts: experts.exactOptional(),
      })
      .describe('The feed-forward blocks: dense, with experts, or both.'),
    nextTokenLayers: layerCount
      .exactOptional()
      .describe('Multi-token-prediction blocks behind the stack (num_nextn_predict_layers).'),
    nextTokenOwnEmbeddings: z
      .boolean()
      .exactOptional()
      .describe(
        'Those blocks have an embedding table and a head of their own (GLM-4.5, DeepSeek V3); absent = they share.',
      ),
    attentionBias: z
      .boolean()
      .exactOptional()
      .describe('Query, key and value projections add a bias (attention_bias); absent = as the class does.'),
    feedForwardBias: z
      .boolean()
      .exactOptional()
      .describe('Feed-forward projections add a bias (mlp_bias); absent = no.'),
    queryKeyNorm: z
      .boolean()
      .exactOptional()
      .describe('Queries and keys are normalized per head; absent = as the class does.'),
    ropeFactors: z
      .enum(['llama3', 'longrope'])
      .exactOptional()
      .describe("RoPE scaling that converters store as a table: Llama 3's, or LongRoPE's pair (Phi 3.5)."),
    perLayerEmbeddingSize: count
      .exactOptional()
      .describe('Width of the embedding rows of every layer (Gemma 3n, Gemma 4 E: hidden_size_per_layer_input).'),
    perLayerVocabularySize: count.exactOptional().describe('Rows of those tables (vocab_size_per_layer_input).'),
    residualStreams: count
      .exactOptional()
      .describe('Residual streams that hyper-connections mix; absent = 1, of DeepSeek V4 4.'),
    residualRank: count.exactOptional().describe('Rank of those mixers, where they are factored (Qwen3.8 Flash Next).'),
    ngramTable: z
      .strictObject({
        rows: count.describe('Rows of the table.'),
        rowWidth: count.describe('Elements of one row.'),
        layer: countOrNone.describe('Number of the layer that reads it, counted from 0.'),
        convKernel,
      })
      .exactOptional()
      .describe('Table of n-gram embeddings that one layer reads (Qwen3.8 Flash Next).'),
    relativePositions: z
      .strictObject({
        rank: count.describe('Rank of the learned positions.'),
        extent: count.describe('Distances that have a position of their own.'),
        convKernel,
      })
      .exactOptional()
      .describe('Learned relative positions, with short convolutions on keys, values and outputs (Inkling).'),
    nativeExpertFormat: z
      .literal('mxfp4')
      .exactOptional()
      .describe('Format that the checkpoint stores its experts in and converters keep (gpt-oss: mxfp4).'),
  })
  .describe('The dimensions that decide the memory, in elements; names in brackets are those of config.json.');

type Plain<T> = T extends readonly (infer Item)[]
  ? readonly Plain<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Plain<T[Key]> }
    : T;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

true satisfies Same<Plain<z.infer<typeof architectureSchema>>, Plain<Architecture>>;
