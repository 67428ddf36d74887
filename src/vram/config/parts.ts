/** Pieces of a config that many classes share: layers, attention shapes, experts. */
import {
  type Architecture,
  type Attention,
  type AttentionShape,
  type Experts,
  type FeedForward,
  type LatentShape,
  type LayerKind,
  MOST_LAYERS,
} from '../architecture.ts';
import type { ConfigFields } from './fields.ts';

/**
 * What a family's reader adds to the fields that every config has. `nextTokenLayers` absent = what the config counts,
 * 0 = converters leave those blocks out.
 */
export type Body = Omit<Architecture, 'className' | 'layers' | 'hiddenSize' | 'vocabularySize' | 'tiedEmbeddings'>;
export type BodyReader = (config: ConfigFields) => Body;

export function layersOf(config: ConfigFields): number {
  const layers =
    config.countOr(undefined, 'num_hidden_layers', 'n_layers', 'num_layers') ??
    config.texts('layers_block_type')?.length ??
    config.count('num_hidden_layers');
  return layers <= MOST_LAYERS ? layers : config.fail('num_hidden_layers', `at most ${MOST_LAYERS}`);
}

export const headsOf = (config: ConfigFields): number => config.count('num_attention_heads');

export function shapeOf(config: ConfigFields): AttentionShape {
  const heads = headsOf(config);
  const headDim = config.countOr(undefined, 'head_dim', 'attention_head_dim') ?? config.count('hidden_size') / heads;
  if (!Number.isInteger(headDim)) config.fail('head_dim', 'a whole number, hidden_size being no multiple of the heads');
  return { kvHeads: config.countOr(heads, 'num_key_value_heads', 'num_attention_groups'), headDim };
}

export function fullAttention(config: ConfigFields): Attention {
  const { kvHeads, headDim } = shapeOf(config);
  return { kind: 'full', heads: headsOf(config), kvHeads, headDim };
}

export function latentShape(config: ConfigFields): LatentShape {
  const qLoraRank = config.countOr(undefined, 'q_lora_rank');
  return {
    ...(qLoraRank === undefined ? {} : { qLoraRank }),
    kvLoraRank: config.count('kv_lora_rank'),
    nopeHeadDim: config.count('qk_nope_head_dim'),
    ropeHeadDim: config.whole('qk_rope_head_dim'),
    valueHeadDim: config.count('v_head_dim'),
  };
}

/** Dense blocks of one width, or of one width per layer. */
export function dense(config: ConfigFields): { feedForward: FeedForward } {
  const widths = config.counts('intermediate_size');
  const isVaried = widths !== undefined && new Set(widths).size > 1;
  return { feedForward: { intermediateSize: isVaried ? widths : config.count('intermediate_size') } };
}

export const EXPERT_COUNTS = ['num_experts', 'n_routed_experts', 'num_local_experts', 'moe_num_experts'];

/** Experts in the field names of every family; `changes` where a family means something else by one of them. */
export function mixture(config: ConfigFields, changes: Partial<Experts> = {}): { feedForward: FeedForward } {
  const layers = layersOf(config);
  const intermediateSize = changes.intermediateSize ?? config.count('moe_intermediate_size', 'intermediate_size');
  const sharedWidth = config.countOr(
    undefined,
    'shared_expert_intermediate_size',
    'moe_shared_expert_intermediate_size',
    'shared_intermediate_size',
    'share_expert_dim',
  );
  const named = config.whole('n_shared_experts', 'num_shared_experts', 'num_shared_expert', 'moe_num_shared_experts');
  const shared = changes.shared ?? (named === 0 && sharedWidth !== undefined ? 1 : named);
  const every = config.countOr(
    1,
    'decoder_sparse_step',
    'moe_layer_interval',
    'interleave_moe_layer_step',
    'moe_every_n_layer',
  );
  const experts: Experts = {
    count: config.count(...EXPERT_COUNTS),
    used: config.count(
      'num_experts_per_tok',
      'num_experts_per_token',
      'moe_top_k',
      'moe_topk',
      'moe_k',
      'top_k_experts',
    ),
    intermediateSize,
    shared,
    ...(sharedWidth !== undefined && sharedWidth !== shared * intermediateSize
      ? { sharedIntermediateSize: sharedWidth }
      : {}),
    leadingDenseLayers: Math.min(leadingDenseLayers(config), layers),
    ...(every > 1 ? { every } : {}),
    ...changes,
  };
  const hasDense = experts.leadingDenseLayers > 0 || (experts.every ?? 1) > 1;
  return { feedForward: { ...(hasDense ? { intermediateSize: denseWidth(config) } : {}), experts } };
}

const denseWidth = (config: ConfigFields): number =>
  config.count('dense_intermediate_size', 'intermediate_size_mlp', 'intermediate_size');

function leadingDenseLayers(config: ConfigFields): number {
  const types = config.texts('mlp_layer_types');
  if (types !== undefined) return types.includes('sparse') ? types.indexOf('sparse') : types.length;
  const frequency = config.counts('moe_layer_freq');
  if (frequency !== undefined) return frequency.includes(1) ? frequency.indexOf(1) : frequency.length;
  const enumerated = config.text('moe_layers_enum');
  if (enumerated !== undefined) return Math.min(...enumerated.split(',').map(Number));
  return config.whole(
    'first_k_dense_replace',
    'first_last_k_dense_replace',
    'num_dense_layers',
    'moe_layer_start_index',
    'dense_mlp_idx',
  );
}

const KINDS: Readonly<Record<string, LayerKind>> = {
  full_attention: 'F',
  attention: 'F',
  hybrid: 'F',
  deepseek_sparse_attention: 'F',
  indexed_attention: 'F',
  hybrid_indexed: 'F',
  sliding_attention: 'S',
  chunked_attention: 'S',
  hybrid_sliding: 'S',
  linear_attention: 'L',
  mamba: 'L',
  mamba2: 'L',
  conv: 'L',
  mlp: '-',
  moe: 'E',
};

/** The kinds that a list of layer types names. */
export function listedKinds(config: ConfigFields, ...names: readonly string[]): string | undefined {
  const name = names.find((candidate) => config.has(candidate));
  if (name === undefined) return undefined;
  const types = config.texts(name) ?? [];
  const layers = layersOf(config);
  if (types.length < layers) config.fail(name, `a type for each of ${layers} layers`);
  return types
    .slice(0, layers)
    .map((type) => KINDS[type] ?? config.fail(name, `a list of ${Object.keys(KINDS).join(', ')}`))
    .join('');
}

/** One letter per layer, from a list of 0 and 1. */
export function markedKinds(
  config: ConfigFields,
  name: string,
  letters: readonly [LayerKind, LayerKind],
): string | undefined {
  const marks = config.counts(name);
  return marks
    ?.slice(0, layersOf(config))
    .map((mark) => letters[mark === 0 ? 0 : 1])
    .join('');
}

/** The shortest pattern that gives the same layers, where it is repeated at least once. */
export function shortest(kinds: string): { layerPattern?: string } {
  const layers = kinds.length;
  const periods = Array.from({ length: Math.floor(layers / 2) }, (_, index) => index + 1);
  const period = periods.find((length) => repeated(kinds.slice(0, length), layers) === kinds) ?? layers;
  const layerPattern = kinds.slice(0, period);
  return layerPattern === 'F' ? {} : { layerPattern };
}

export const repeated = (pattern: string, layers: number): string =>
  pattern.repeat(Math.ceil(layers / pattern.length)).slice(0, layers);

/** Full attention on the layers that `isFull` names (counted from 0), the other kind on the rest. */
export function kindsWhere(config: ConfigFields, isFull: (layer: number) => boolean, other: LayerKind): string {
  return Array.from({ length: layersOf(config) }, (_, layer) => (isFull(layer) ? 'F' : other)).join('');
}

/** Layers with a window among others without: by `layer_types`, by `sliding_window_pattern`, or the class's pattern. */
export function windowedKinds(config: ConfigFields, pattern: string): string {
  const layers = layersOf(config);
  const listed = listedKinds(config, 'layer_types');
  if (listed !== undefined) return listed;
  const letters = config.text('sliding_window_pattern')?.replaceAll('L', 'S').replaceAll('G', 'F');
  if (letters !== undefined) return repeated(letters, layers);
  const every = config.countOr(undefined, 'sliding_window_pattern', '_sliding_window_pattern');
  return repeated(every === undefined ? pattern : `${'S'.repeat(every - 1)}F`, layers);
}
