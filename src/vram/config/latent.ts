/** Classes with latent, compressed or indexed attention. */
import type { IndexerShape, LayerKind } from '../architecture.ts';
import type { ConfigFields } from './fields.ts';
import {
  type Body,
  dense,
  EXPERT_COUNTS,
  headsOf,
  latentShape,
  layersOf,
  mixture,
  shapeOf,
  shortest,
} from './parts.ts';

/** Multi-head latent attention, sparse where the config has an indexer; experts where it has them. */
export function readLatent(config: ConfigFields): Body {
  const indexer = indexerOf(config);
  const hasExperts = EXPERT_COUNTS.some((name) => config.has(name));
  return {
    attention: {
      kind: 'latent',
      heads: headsOf(config),
      ...(indexer === undefined ? {} : { indexer }),
      ...latentShape(config),
    },
    ...(hasExperts ? mixture(config) : dense(config)),
  };
}

/** The indexer of sparse latent attention; layers of type `shared` use the selection of an earlier one. */
export function indexerOf(config: ConfigFields): IndexerShape | undefined {
  const heads = config.countOr(undefined, 'index_n_heads');
  if (heads === undefined) return undefined;
  const types = config.texts('indexer_types')?.slice(0, layersOf(config));
  const owners = types?.flatMap((type, layer) => (type === 'full' ? [layer] : []));
  const topK = config.countOr(undefined, 'index_topk');
  return {
    layers: owners === undefined || owners.length === types?.length ? layersOf(config) : owners,
    heads,
    headDim: config.count('index_head_dim'),
    ...(topK === undefined ? {} : { topK }),
  };
}

export function readDeepseekV4(config: ConfigFields): Body {
  const layers = layersOf(config);
  const ratios =
    config.counts('compress_ratios')?.slice(0, layers) ?? config.fail('compress_ratios', 'a list of whole numbers');
  const [csaRatio = 4, hcaRatio = 128] = [...new Set(ratios)].filter((ratio) => ratio > 0).sort((a, b) => a - b);
  const kinds = ratios.map((ratio): LayerKind => (ratio === 0 ? 'R' : ratio === csaRatio ? 'C' : 'H')).join('');
  const indexer = indexerOf(config) ?? config.fail('index_n_heads', 'a whole number above 0');
  return {
    attention: {
      kind: 'compressed',
      heads: headsOf(config),
      rowWidth: config.count('head_dim'),
      ropeHeadDim: config.count('qk_rope_head_dim'),
      window: config.count('sliding_window'),
      csaRatio,
      hcaRatio,
      indexer: { ...indexer, layers: [...kinds].filter((kind) => kind === 'C').length },
      qLoraRank: config.count('q_lora_rank'),
      oLoraRank: config.count('o_lora_rank'),
      oGroups: config.count('o_groups'),
      hashRoutedLayers: config.whole('num_hash_layers'),
    },
    ...shortest(kinds),
    ...mixture(config),
    residualStreams: config.count('hc_mult'),
  };
}

export function readMiniMaxM3(config: ConfigFields): Body {
  const sparse = config.child('sparse_attention_config');
  const frequency = sparse?.counts('sparse_attention_freq');
  const { kvHeads, headDim } = shapeOf(config);
  const indexer: IndexerShape | undefined = sparse && {
    layers: frequency?.filter((mark) => mark !== 0).length ?? layersOf(config),
    heads: sparse.count('sparse_num_index_heads'),
    headDim: sparse.count('sparse_index_dim'),
  };
  return {
    attention: {
      kind: 'full',
      heads: headsOf(config),
      ...(indexer === undefined ? {} : { indexer }),
      kvHeads,
      headDim,
    },
    ...mixture(config),
    nextTokenLayers: 0,
  };
}
