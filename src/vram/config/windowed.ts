/** Classes whose layers attend to a window or a chunk, among others that attend in full. */
import type { Attention, AttentionShape } from '../architecture.ts';
import type { ConfigFields } from './fields.ts';
import {
  type Body,
  dense,
  fullAttention,
  headsOf,
  kindsWhere,
  layersOf,
  listedKinds,
  markedKinds,
  mixture,
  repeated,
  shapeOf,
  shortest,
  windowedKinds,
} from './parts.ts';

export function readWindowed(config: ConfigFields, pattern: string): Body {
  const shape = shapeOf(config);
  const window = config.countOr(undefined, 'sliding_window');
  const kinds = windowedKinds(config, pattern);
  if (window === undefined || !kinds.includes('S')) return { attention: fullAttention(config), ...dense(config) };
  return {
    attention: { kind: 'sliding-window', heads: headsOf(config), window, local: 'window', full: shape, sliding: shape },
    ...shortest(kinds),
    ...dense(config),
  };
}

export function readGemma3n(config: ConfigFields): Body {
  const body = readWindowed(config, 'SSSSF');
  return withPerLayerInputs(config, { ...body, attention: withSharedLayers(config, body.attention) });
}

function withSharedLayers(config: ConfigFields, attention: Attention): Attention {
  const sharedKvLayers = config.whole('num_kv_shared_layers');
  return attention.kind === 'sliding-window' && sharedKvLayers > 0 ? { ...attention, sharedKvLayers } : attention;
}

function withPerLayerInputs(config: ConfigFields, body: Body): Body {
  const perLayerEmbeddingSize = config.whole('hidden_size_per_layer_input');
  if (perLayerEmbeddingSize === 0) return body;
  return { ...body, perLayerEmbeddingSize, perLayerVocabularySize: config.count('vocab_size_per_layer_input') };
}

export function readGemma4(config: ConfigFields): Body {
  const layers = layersOf(config);
  const sliding = shapeOf(config);
  const fullKeyIsValue = config.flag('attention_k_eq_v') === true;
  const full: AttentionShape = {
    kvHeads: fullKeyIsValue ? config.countOr(sliding.kvHeads, 'num_global_key_value_heads') : sliding.kvHeads,
    headDim: config.count('global_head_dim'),
  };
  const attention = withSharedLayers(config, {
    kind: 'sliding-window',
    heads: headsOf(config),
    window: config.count('sliding_window'),
    local: 'window',
    full,
    sliding,
    ...(fullKeyIsValue ? { fullKeyIsValue } : {}),
  });
  const width = config.count('intermediate_size');
  const shared = config.whole('num_kv_shared_layers');
  const isDoubled = config.flag('use_double_wide_mlp') === true && shared > 0;
  const intermediateSize = isDoubled
    ? Array.from({ length: layers }, (_, layer) => (layer < layers - shared ? width : 2 * width))
    : width;
  const experts =
    config.flag('enable_moe_block') === true ? mixture(config, { shared: 1 }).feedForward.experts : undefined;
  return withPerLayerInputs(config, {
    attention,
    ...shortest(listedKinds(config, 'layer_types') ?? repeated('SSSSSF', layers)),
    feedForward: { intermediateSize, ...(experts === undefined ? {} : { experts }) },
  });
}

export function readGptOss(config: ConfigFields): Body {
  const method = config.child('quantization_config')?.text('quant_method') ?? 'mxfp4';
  return {
    ...readWindowed(config, 'SF'),
    ...mixture(config),
    ...(method === 'mxfp4' ? { nativeExpertFormat: 'mxfp4' as const } : {}),
  };
}

/** Chunked layers are those with RoPE. */
export function readLlama4(config: ConfigFields): Body {
  const shape = shapeOf(config);
  const kinds = listedKinds(config, 'layer_types') ?? markedKinds(config, 'no_rope_layers', ['F', 'S']);
  return {
    attention: {
      kind: 'sliding-window',
      heads: headsOf(config),
      window: config.count('attention_chunk_size'),
      local: 'chunked',
      full: shape,
      sliding: shape,
    },
    ...shortest(kinds === undefined || kinds === '' ? repeated('SSSF', layersOf(config)) : kinds),
    ...mixture(config, { intermediateSize: config.count('intermediate_size'), shared: 1 }),
  };
}

export function readStep(config: ConfigFields): Body {
  const heads = headsOf(config);
  const full = shapeOf(config);
  const other = config.child('attention_other_setting');
  const slidingHeads = other?.countOr(heads, 'num_attention_heads') ?? heads;
  const sliding: AttentionShape = {
    ...(slidingHeads === heads ? {} : { heads: slidingHeads }),
    kvHeads: other?.countOr(full.kvHeads, 'num_attention_groups') ?? full.kvHeads,
    headDim: other?.countOr(full.headDim, 'head_dim') ?? full.headDim,
  };
  return {
    attention: {
      kind: 'sliding-window',
      heads,
      window: config.count('sliding_window'),
      local: 'window',
      full,
      sliding,
    },
    ...shortest(listedKinds(config, 'layer_types') ?? repeated('FSSS', layersOf(config))),
    ...mixture(config, { shared: 1 }),
  };
}

/** MiMo V2's checkpoints carry three blocks for multi-token prediction that their configs do not count. */
const MIMO_NEXT_TOKEN_LAYERS = 3;

export function readMiMo(config: ConfigFields): Body {
  const heads = headsOf(config);
  const full = shapeOf(config);
  const valueHeadDim = config.countOr(full.headDim, 'v_head_dim');
  const headDim = config.countOr(full.headDim, 'swa_head_dim');
  return {
    attention: {
      kind: 'sliding-window',
      heads,
      window: config.count('sliding_window', 'sliding_window_size'),
      local: 'window',
      full: withValueHeadDim(full, valueHeadDim),
      sliding: withValueHeadDim(
        { kvHeads: config.countOr(full.kvHeads, 'swa_num_key_value_heads'), headDim },
        config.countOr(valueHeadDim, 'swa_v_head_dim'),
      ),
    },
    ...shortest(
      markedKinds(config, 'hybrid_layer_pattern', ['F', 'S']) ??
        config.fail('hybrid_layer_pattern', 'a list of 0 and 1'),
    ),
    ...mixture(config),
    nextTokenLayers: MIMO_NEXT_TOKEN_LAYERS,
  };
}

const withValueHeadDim = (shape: AttentionShape, valueHeadDim: number): AttentionShape =>
  valueHeadDim === shape.headDim ? shape : { ...shape, valueHeadDim };

export function readLaguna(config: ConfigFields): Body {
  const layers = layersOf(config);
  const perLayer = config.counts('num_attention_heads_per_layer') ?? [];
  const kinds = listedKinds(config, 'layer_types') ?? repeated('F', layers);
  const shape = shapeOf(config);
  const heads = perLayer[kinds.indexOf('F')] ?? headsOf(config);
  const window = config.countOr(undefined, 'sliding_window');
  const experts = mixture(config, { shared: 1 });
  if (window === undefined || !kinds.includes('S')) {
    return { attention: { kind: 'full', heads, kvHeads: shape.kvHeads, headDim: shape.headDim }, ...experts };
  }
  const slidingHeads = perLayer[kinds.indexOf('S')] ?? headsOf(config);
  return {
    attention: {
      kind: 'sliding-window',
      heads,
      window,
      local: 'window',
      full: shape,
      sliding: { ...(slidingHeads === heads ? {} : { heads: slidingHeads }), ...shape },
    },
    ...shortest(kinds),
    ...experts,
  };
}

export function readInkling(config: ConfigFields): Body {
  const full = shapeOf(config);
  const local = config.counts('local_layer_ids');
  const kinds =
    local === undefined
      ? (listedKinds(config, 'layer_types') ?? repeated('SSSSSF', layersOf(config)))
      : kindsWhere(config, (layer) => !local.includes(layer), 'S');
  return {
    attention: {
      kind: 'sliding-window',
      heads: headsOf(config),
      window: config.count('sliding_window_size', 'sliding_window'),
      local: 'window',
      full,
      sliding: {
        kvHeads: config.countOr(full.kvHeads, 'swa_num_key_value_heads'),
        headDim: config.countOr(full.headDim, 'swa_head_dim'),
      },
    },
    ...shortest(kinds),
    ...mixture(config),
    relativePositions: {
      rank: config.count('d_rel'),
      extent: config.count('rel_extent'),
      convKernel: config.count('sconv_kernel_size', 'conv_kernel_size'),
    },
  };
}
