/** Classes with linear attention, state-space or convolution layers. */
import type { Architecture, AttentionShape, IndexerShape, LatentShape, LinearShape } from '../architecture.ts';
import { padTo } from '../units.ts';
import type { ConfigFields } from './fields.ts';
import { indexerOf } from './latent.ts';
import {
  type Body,
  dense,
  EXPERT_COUNTS,
  fullAttention,
  headsOf,
  kindsWhere,
  latentShape,
  layersOf,
  listedKinds,
  markedKinds,
  mixture,
  repeated,
  shapeOf,
  shortest,
} from './parts.ts';

function linearAttention(
  config: ConfigFields,
  linear: LinearShape,
  full: AttentionShape | LatentShape,
  kinds: string,
): Body {
  return {
    attention: { kind: 'linear-hybrid', heads: headsOf(config), linear, full },
    ...shortest(kinds),
    feedForward: {},
  };
}

export function readQwenNext(config: ConfigFields): Body {
  const linear: LinearShape = {
    type: 'gated-deltanet',
    keyHeads: config.count('linear_num_key_heads'),
    valueHeads: config.count('linear_num_value_heads'),
    keyHeadDim: config.count('linear_key_head_dim'),
    valueHeadDim: config.count('linear_value_head_dim'),
    convKernel: config.count('linear_conv_kernel_dim'),
  };
  const interval = config.countOr(4, 'full_attention_interval');
  const kinds = listedKinds(config, 'layer_types') ?? repeated(`${'L'.repeat(interval - 1)}F`, layersOf(config));
  const hasExperts = EXPERT_COUNTS.some((name) => config.countOr(undefined, name) !== undefined);
  return {
    ...linearAttention(config, linear, shapeOf(config), kinds),
    ...(hasExperts ? mixture(config) : dense(config)),
  };
}

export function readQwen4(config: ConfigFields): Body {
  const { attention, ...body } = readQwenNext(config);
  const heads = config.countOr(undefined, 'indexer_n_heads');
  const kinds = listedKinds(config, 'layer_types') ?? repeated('LLLF', layersOf(config));
  const indexer: IndexerShape | undefined =
    heads === undefined
      ? undefined
      : {
          layers: [...kinds].filter((kind) => kind === 'F').length,
          heads,
          headDim: config.count('indexer_head_dim'),
          topK: config.count('indexer_budget'),
        };
  const layer = config.counts('ple_layer_ids')?.[0];
  return {
    ...body,
    attention: attention.kind === 'linear-hybrid' && indexer !== undefined ? { ...attention, indexer } : attention,
    nextTokenLayers: config.countOr(1, 'mtp_num_hidden_layers'),
    residualStreams: config.count('hc_count'),
    residualRank: config.count('hc_lowrank'),
    ...(layer === undefined ? {} : { ngramTable: ngramTable(config, layer - 1) }),
  };
}

/** Each head of the n-gram table has as many rows as the next prime; all of them together are padded. */
function ngramTable(config: ConfigFields, layer: number): NonNullable<Architecture['ngramTable']> {
  const heads = (config.count('ngram_size') - 1) * config.count('heads_per_ngram');
  const multiple = config.count('make_ngram_vocab_size_divisible_by');
  let rows = 0;
  let candidate = config.count('ngram_vocab_size_base');
  for (let found = 0; found < heads; candidate++) {
    if (!isPrime(candidate)) continue;
    rows += candidate;
    found++;
  }
  return {
    rows: padTo(rows, multiple),
    rowWidth: config.count('ple_embed_dim', 'hidden_size') / heads,
    layer,
    convKernel: config.count('ple_conv_kernel_size'),
  };
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false;
  return candidate > 1;
}

/** Kimi Delta Attention, with latent attention on the layers that `full_attn_layers` counts from 1. */
export function readKimi(config: ConfigFields): Body {
  const own = config.needChild('linear_attn_config');
  const full = own.counts('full_attn_layers') ?? own.fail('full_attn_layers', 'a list of whole numbers');
  const kinds = kindsWhere(config, (layer) => full.includes(layer + 1), 'L');
  const latentSize = config.countOr(undefined, 'routed_expert_hidden_size');
  return {
    ...linearAttention(config, kimiDelta(own), latentShape(config), kinds),
    ...mixture(config, latentSize === undefined ? {} : { latentSize }),
  };
}

const kimiDelta = (own: ConfigFields): LinearShape => ({
  type: 'kimi-delta',
  heads: own.count('num_heads', 'linear_num_heads'),
  headDim: own.count('head_dim', 'linear_head_dim'),
  convKernel: own.count('short_conv_kernel_size', 'linear_conv_kernel_dim'),
});

export function readGlm5Next(config: ConfigFields): Body {
  const layers = layersOf(config);
  const kinds = listedKinds(config, 'layer_types') ?? repeated('LLLF', layers);
  const own = config.child('linear_attn_config');
  const linear: LinearShape = own === undefined ? glm5Linear(config) : kimiDelta(own);
  const body = linearAttention(config, linear, latentShape(config), kinds);
  const indexer = indexerOf(config);
  const pooledTokens = config.countOr(undefined, 'index_kpool');
  const owners = [...kinds].filter((kind) => kind === 'F').length;
  return {
    ...body,
    ...(body.attention.kind === 'linear-hybrid' && indexer !== undefined
      ? {
          attention: {
            ...body.attention,
            indexer: { ...indexer, layers: owners, ...(pooledTokens === undefined ? {} : { pooledTokens }) },
          },
        }
      : {}),
    ...mixture(config),
    residualStreams: config.count('hc_mult'),
  };
}

const glm5Linear = (config: ConfigFields): LinearShape => ({
  type: 'kimi-delta',
  heads: config.count('linear_num_heads'),
  headDim: config.count('linear_head_dim'),
  convKernel: config.count('linear_conv_kernel_dim'),
});

export function readLightning(config: ConfigFields): Body {
  const full = shapeOf(config);
  const kinds =
    listedKinds(config, 'layer_types') ??
    markedKinds(config, 'attn_type_list', ['L', 'F']) ??
    config.fail('attn_type_list', 'a list of 0 and 1');
  const linear: LinearShape = { type: 'lightning', heads: headsOf(config), headDim: full.headDim };
  return { ...linearAttention(config, linear, full, kinds), ...mixture(config) };
}

/** `M` mixer, `*` attention, `-` feed-forward, `E` experts: a layer each. */
export function readNemotronH(config: ConfigFields): Body {
  const letters = config.text('hybrid_override_pattern', 'layers_block_type');
  const kinds = letters?.replaceAll('M', 'L').replaceAll('*', 'F') ?? listedKinds(config, 'layers_block_type');
  if (kinds === undefined || !/^[LFE-]+$/.test(kinds))
    return config.fail('hybrid_override_pattern', 'the letters M, *, - and E');
  const linear: LinearShape = {
    type: 'mamba2',
    heads: config.count('mamba_num_heads'),
    headDim: config.count('mamba_head_dim'),
    stateSize: config.count('ssm_state_size'),
    groups: config.count('n_groups'),
    convKernel: config.count('conv_kernel'),
  };
  const latentSize = config.countOr(undefined, 'moe_latent_size');
  const experts = kinds.includes('E')
    ? mixture(config, { leadingDenseLayers: 0, ...(latentSize === undefined ? {} : { latentSize }) }).feedForward
    : {};
  return {
    ...linearAttention(config, linear, shapeOf(config), kinds),
    feedForward: { ...(kinds.includes('-') ? dense(config).feedForward : {}), ...experts },
    nextTokenLayers: 0,
  };
}

/** Mamba-2 in the field names of Granite 4 and Falcon-H1. */
function mamba2Of(config: ConfigFields): Extract<LinearShape, { type: 'mamba2' }> {
  const heads = config.count('mamba_n_heads');
  const inner =
    config.countOr(undefined, 'mamba_d_ssm') ?? config.countOr(2, 'mamba_expand') * config.count('hidden_size');
  return {
    type: 'mamba2',
    heads,
    headDim: config.text('mamba_d_head') === undefined ? config.countOr(inner / heads, 'mamba_d_head') : inner / heads,
    stateSize: config.count('mamba_d_state'),
    groups: config.countOr(1, 'mamba_n_groups'),
    convKernel: config.countOr(4, 'mamba_d_conv'),
  };
}

/** The width of a model without experts is that of its shared block. */
export function readGraniteHybrid(config: ConfigFields): Body {
  const kinds =
    listedKinds(config, 'layer_types', 'layers_block_type') ??
    config.fail('layer_types', 'a list of "mamba" and "attention"');
  const hasExperts = config.countOr(undefined, ...EXPERT_COUNTS) !== undefined;
  const feedForward = hasExperts
    ? mixture(config).feedForward
    : { intermediateSize: config.count('shared_intermediate_size', 'intermediate_size') };
  if (!kinds.includes('L')) return { attention: fullAttention(config), feedForward };
  return { ...linearAttention(config, mamba2Of(config), shapeOf(config), kinds), feedForward };
}

export function readFalconH1(config: ConfigFields): Body {
  const linear = { ...mamba2Of(config), gatedNorm: config.flag('mamba_rms_norm') === true };
  return { ...linearAttention(config, linear, shapeOf(config), 'P'), ...dense(config) };
}

export function readJamba(config: ConfigFields): Body {
  const hiddenSize = config.count('hidden_size');
  const period = config.count('attn_layer_period');
  const offset = config.whole('attn_layer_offset');
  const kinds = kindsWhere(config, (layer) => layer % period === offset, 'L');
  const autoRank = Math.ceil(hiddenSize / 16);
  const linear: LinearShape = {
    type: 'mamba1',
    innerSize: config.count('mamba_expand') * hiddenSize,
    stateSize: config.count('mamba_d_state'),
    convKernel: config.count('mamba_d_conv'),
    timeStepRank: config.text('mamba_dt_rank') === undefined ? config.countOr(autoRank, 'mamba_dt_rank') : autoRank,
  };
  const body = linearAttention(config, linear, shapeOf(config), kinds);
  if (config.countOr(1, 'num_experts') === 1) return { ...body, ...dense(config) };
  const every = config.countOr(1, 'expert_layer_period');
  return { ...body, ...mixture(config, every > 1 ? { every } : {}) };
}

/** Short convolutions; a dense block may be narrower than its config says (`block_auto_adjust_ff_dim`). */
export function readLfm2(config: ConfigFields): Body {
  const full = config.counts('full_attn_idxs');
  const kinds =
    listedKinds(config, 'layer_types') ??
    (full === undefined
      ? config.fail('layer_types', 'a list of "conv" and "full_attention"')
      : kindsWhere(config, (layer) => full.includes(layer), 'L'));
  const linear: LinearShape = { type: 'short-convolution', convKernel: config.count('conv_L_cache') };
  const body = linearAttention(config, linear, shapeOf(config), kinds);
  if (config.has('num_experts')) return { ...body, ...mixture(config) };
  const width = config.count('block_ff_dim', 'intermediate_size');
  if (config.flag('block_auto_adjust_ff_dim') !== true) return { ...body, feedForward: { intermediateSize: width } };
  const multiple = config.countOr(256, 'block_multiple_of');
  const adjusted = Math.floor(config.numberOr(1, 'block_ffn_dim_multiplier') * Math.floor((2 * width) / 3));
  return { ...body, feedForward: { intermediateSize: padTo(adjusted, multiple) } };
}
