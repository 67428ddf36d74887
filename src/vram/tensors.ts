/**
 * Every tensor of a model file, as llama.cpp's converter writes it: name, shape, role, block.
 *
 * Names and shapes follow the tensor lists of llama.cpp's loaders (`src/models/*.cpp`) and what the converter
 * (`conversion/*.py`) drops, splits or adds. Shapes are in ggml's order: the row length first.
 */
import {
  type Architecture,
  attentionShapeOf,
  hasExperts,
  type IndexerShape,
  indexedLayers,
  indexerOf,
  type LatentShape,
  type LayerKind,
  type LinearShape,
  latentShapeOf,
  layerKinds,
} from './architecture.ts';
import { type Recipe, recipeOf } from './tensor-recipes.ts';

export { SUPPORTED_CLASSES } from './tensor-recipes.ts';

/** What a tensor does; formats other than GGUF decide by it which tensors they quantize. */
export type TensorRole =
  | 'embedding'
  | 'output'
  | 'norm'
  | 'attention'
  | 'linear-attention'
  | 'indexer'
  | 'feed-forward'
  | 'shared-expert'
  | 'expert'
  | 'router'
  | 'other';

/** Which part of the model a tensor is allocated with. */
export type TensorPlace =
  /** Input tables, in host memory. */
  | 'input'
  /** With the block `layer`. */
  | 'block'
  /** With the output layer. */
  | 'output'
  /** A copy on every device that holds a block. */
  | 'every-device';

export interface Tensor {
  readonly name: string;
  /** Extents in ggml's order, row length first. */
  readonly shape: readonly number[];
  readonly role: TensorRole;
  readonly place: TensorPlace;
  /** Block it belongs to; multi-token-prediction blocks follow the stack. */
  readonly layer?: number;
  /** Type in the unquantized file where it is not the rule's (matrices in 16 bits, vectors and norms in F32). */
  readonly source?: 'F32' | 'I32' | 'MXFP4';
  /** A tensor of a multi-token-prediction block that llama.cpp allocates even when it does not use the block. */
  readonly resident?: true;
}

/** llama.cpp's converter always writes the multi-token-prediction blocks of this class. */
export function converterKeepsNextToken(architecture: Architecture): boolean {
  return recipeOf(architecture).keepsNextToken === true;
}

/**
 * The tensors of a model's file. With `nextToken`, the multi-token-prediction blocks too.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function tensorsOf(
  architecture: Architecture,
  options: { readonly nextToken?: boolean } = {},
): readonly Tensor[] {
  const recipe = recipeOf(architecture);
  const file = new FileBuilder(recipe.residentNames ?? []);
  const { hiddenSize, vocabularySize, layers } = architecture;
  file.add('token_embd.weight', [hiddenSize, vocabularySize], 'embedding', 'input');
  const { outputNorm = 'output_norm' } = recipe;
  if (outputNorm !== null) file.add(`${outputNorm}.weight`, [hiddenSize], 'norm', 'output');
  if (!architecture.tiedEmbeddings) file.add('output.weight', [hiddenSize, vocabularySize], 'output', 'output');
  addRopeFactors(file, architecture);
  recipe.extras?.(file, architecture);
  layerKinds(architecture).forEach((kind, layer) => {
    file.startBlock(layer, false);
    addBlock(file, architecture, recipe, layer, kind);
  });
  if (options.nextToken === true) {
    for (let index = 0; index < (architecture.nextTokenLayers ?? 0); index++) {
      file.startBlock(layers + index, true);
      addBlock(file, architecture, recipe, layers + index, recipe.nextTokenKind ?? 'F');
      addNextToken(file, architecture);
    }
  }
  return file.tensors;
}

/** Collects the tensors of a file; block tensors get the current block's prefix. */
export class FileBuilder {
  readonly tensors: Tensor[] = [];
  readonly #residentNames: readonly string[];
  #layer = 0;
  #isNextToken = false;

  constructor(residentNames: readonly string[]) {
    this.#residentNames = residentNames;
  }

  startBlock(layer: number, isNextToken: boolean): void {
    this.#layer = layer;
    this.#isNextToken = isNextToken;
  }

  /** A tensor outside the blocks; `layer` where llama.cpp places it with a block all the same. */
  add(name: string, shape: readonly number[], role: TensorRole, place: TensorPlace, layer?: number): void {
    this.tensors.push(layer === undefined ? { name, shape, role, place } : { name, shape, role, place, layer });
  }

  /** A tensor of the current block; `name` without the `blk.N.` prefix. */
  block(name: string, shape: readonly number[], role: TensorRole, source?: NonNullable<Tensor['source']>): void {
    this.tensors.push({
      name: `blk.${this.#layer}.${name}`,
      shape,
      role,
      place: 'block',
      layer: this.#layer,
      ...(source === undefined ? {} : { source }),
      ...(this.#isNextToken && this.#residentNames.some((part) => name.includes(part))
        ? { resident: true as const }
        : {}),
    });
  }

  matrix(name: string, columns: number, rows: number, role: TensorRole): void {
    this.block(`${name}.weight`, [columns, rows], role);
  }

  norm(name: string, width: number): void {
    this.block(`${name}.weight`, [width], 'norm');
  }

  bias(name: string, width: number, role: TensorRole): void {
    this.block(`${name}.bias`, [width], role);
  }
}

function addRopeFactors(file: FileBuilder, architecture: Architecture): void {
  const width = attentionShapeOf(architecture, 'F').headDim / 2;
  if (architecture.ropeFactors === 'llama3') file.add('rope_freqs.weight', [width], 'other', 'every-device');
  if (architecture.ropeFactors === 'longrope') {
    file.add('rope_factors_long.weight', [width], 'other', 'every-device');
    file.add('rope_factors_short.weight', [width], 'other', 'every-device');
  }
}

function addBlock(file: FileBuilder, architecture: Architecture, recipe: Recipe, layer: number, kind: LayerKind): void {
  addNorms(file, architecture, recipe, layer, kind);
  addMixer(file, architecture, recipe, layer, kind);
  addFeedForward(file, architecture, recipe, layer, kind);
  recipe.blockExtras?.(file, architecture, layer, kind);
}

/** A pruned block without a mixer or without a feed-forward part (DeciLM) lacks that part's norm as well. */
function addNorms(file: FileBuilder, architecture: Architecture, recipe: Recipe, layer: number, kind: LayerKind): void {
  for (const name of recipe.norms) {
    if (kind === 'N' && name === 'attn_norm') continue;
    if (name === 'ffn_norm' && denseWidth(architecture, layer) === 0 && !hasExperts(architecture, layer, kind))
      continue;
    file.norm(name, architecture.hiddenSize);
  }
}

function addMixer(file: FileBuilder, architecture: Architecture, recipe: Recipe, layer: number, kind: LayerKind): void {
  const { attention } = architecture;
  if (kind === '-' || kind === 'E' || kind === 'N' || attention.kind === 'compressed') return;
  if ((kind === 'L' || kind === 'P') && attention.kind === 'linear-hybrid') {
    addLinearMixer(file, architecture, recipe, attention.linear);
  }
  if (kind === 'L') return;
  const latent = latentShapeOf(architecture);
  if (latent === undefined) {
    addAttention(file, architecture, recipe, kind);
  } else {
    addLatentAttention(file, architecture.hiddenSize, attention.heads, latent);
    addSinks(file, recipe, attention.heads, kind);
    addAttentionGate(file, recipe, architecture.hiddenSize, attention.heads, latent.valueHeadDim);
  }
  const sparse = indexerOf(architecture);
  // Of the blocks behind the stack, each has one.
  if (sparse && (layer >= architecture.layers || indexedLayers(architecture).has(layer))) {
    addIndexer(file, architecture.hiddenSize, sparse.indexer, latent);
  }
}

/** Layers that share the cache of an earlier layer keep key and value projections in the file (Gemma 3n, Gemma 4 E). */
function addAttention(file: FileBuilder, architecture: Architecture, recipe: Recipe, kind: LayerKind): void {
  const { hiddenSize, attention } = architecture;
  const { heads, kvHeads, headDim, valueHeadDim } = attentionShapeOf(architecture, kind);
  const widths = {
    q: heads * headDim * (recipe.gatedQueries === true ? 2 : 1),
    k: kvHeads * headDim,
    v: kvHeads * valueHeadDim,
  };
  const hasBias = architecture.attentionBias ?? recipe.attentionBias === true;
  const keysAreValues = attention.kind === 'sliding-window' && attention.fullKeyIsValue === true && kind === 'F';
  if (recipe.fusedQkv === true) {
    const width = widths.q + widths.k + widths.v;
    file.matrix('attn_qkv', hiddenSize, width, 'attention');
    if (hasBias) file.bias('attn_qkv', width, 'attention');
  } else {
    for (const part of ['q', 'k', 'v'] as const) {
      if (part === 'v' && keysAreValues) continue;
      file.matrix(`attn_${part}`, hiddenSize, widths[part], 'attention');
      if (hasBias) file.bias(`attn_${part}`, widths[part], 'attention');
    }
  }
  file.matrix('attn_output', heads * valueHeadDim, hiddenSize, 'attention');
  if (hasBias && recipe.outputBias === true) file.bias('attn_output', hiddenSize, 'attention');
  const wantsNorm = architecture.queryKeyNorm ?? recipe.queryKeyNormOnRequest !== true;
  if (recipe.queryKeyNorm !== undefined && wantsNorm) {
    addQueryKeyNorm(file, recipe.queryKeyNorm, headDim, heads, kvHeads);
  }
  addSinks(file, recipe, heads, kind);
  addAttentionGate(file, recipe, hiddenSize, heads, headDim);
}

function addSinks(file: FileBuilder, recipe: Recipe, heads: number, kind: LayerKind): void {
  if (recipe.sinks === 'all' || (recipe.sinks === 'sliding' && kind === 'S')) {
    file.block('attn_sinks.weight', [heads], 'attention');
  }
}

function addAttentionGate(file: FileBuilder, recipe: Recipe, hiddenSize: number, heads: number, width: number): void {
  if (recipe.attentionGate === undefined) return;
  file.matrix('attn_gate', hiddenSize, recipe.attentionGate === 'head' ? heads : heads * width, 'attention');
}

function addQueryKeyNorm(
  file: FileBuilder,
  type: 'head' | 'row' | 'matrix',
  headDim: number,
  heads: number,
  kvHeads: number,
): void {
  const shapeFor = (count: number): readonly number[] =>
    type === 'head' ? [headDim] : type === 'row' ? [headDim * count] : [headDim, count];
  file.block('attn_q_norm.weight', shapeFor(heads), 'norm');
  file.block('attn_k_norm.weight', shapeFor(kvHeads), 'norm');
}

function addLatentAttention(file: FileBuilder, hiddenSize: number, heads: number, shape: LatentShape): void {
  const { qLoraRank, kvLoraRank, nopeHeadDim, ropeHeadDim, valueHeadDim } = shape;
  const queryWidth = heads * (nopeHeadDim + ropeHeadDim);
  if (qLoraRank === undefined) {
    file.matrix('attn_q', hiddenSize, queryWidth, 'attention');
  } else {
    file.matrix('attn_q_a', hiddenSize, qLoraRank, 'attention');
    file.matrix('attn_q_b', qLoraRank, queryWidth, 'attention');
    file.norm('attn_q_a_norm', qLoraRank);
  }
  file.norm('attn_kv_a_norm', kvLoraRank);
  file.matrix('attn_kv_a_mqa', hiddenSize, kvLoraRank + ropeHeadDim, 'attention');
  file.block('attn_k_b.weight', [nopeHeadDim, kvLoraRank, heads], 'attention');
  file.block('attn_v_b.weight', [kvLoraRank, valueHeadDim, heads], 'attention');
  file.matrix('attn_output', heads * valueHeadDim, hiddenSize, 'attention');
}

function addIndexer(
  file: FileBuilder,
  hiddenSize: number,
  indexer: IndexerShape,
  latent: LatentShape | undefined,
): void {
  const { heads, headDim } = indexer;
  if (latent?.qLoraRank === undefined) {
    file.block('indexer.q_proj.weight', [hiddenSize, heads * headDim], 'indexer', 'F32');
    file.block('indexer.k_proj.weight', [hiddenSize, headDim], 'indexer', 'F32');
    file.norm('indexer.q_norm', headDim);
    file.norm('indexer.k_norm', headDim);
    return;
  }
  file.norm('indexer.k_norm', headDim);
  file.bias('indexer.k_norm', headDim, 'norm');
  file.block('indexer.proj.weight', [hiddenSize, heads], 'indexer', 'F32');
  file.matrix('indexer.attn_k', hiddenSize, headDim, 'indexer');
  file.matrix('indexer.attn_q_b', latent.qLoraRank, heads * headDim, 'indexer');
}

function addLinearMixer(file: FileBuilder, architecture: Architecture, recipe: Recipe, linear: LinearShape): void {
  const { hiddenSize } = architecture;
  const role = 'linear-attention';
  switch (linear.type) {
    case 'gated-deltanet': {
      const keys = linear.keyHeads * linear.keyHeadDim;
      const values = linear.valueHeads * linear.valueHeadDim;
      file.matrix('attn_qkv', hiddenSize, 2 * keys + values, role);
      file.matrix('attn_gate', hiddenSize, values, role);
      file.block('ssm_conv1d.weight', [linear.convKernel, 2 * keys + values], role);
      file.bias('ssm_dt', linear.valueHeads, role);
      file.block('ssm_a', [linear.valueHeads], role);
      if (recipe.fusedBetaAlpha === true) {
        file.matrix('ssm_ba', hiddenSize, 2 * linear.valueHeads, role);
      } else {
        file.matrix('ssm_beta', hiddenSize, linear.valueHeads, role);
        file.matrix('ssm_alpha', hiddenSize, linear.valueHeads, role);
      }
      file.norm('ssm_norm', linear.valueHeadDim);
      file.matrix('ssm_out', values, hiddenSize, role);
      return;
    }
    case 'kimi-delta': {
      const width = linear.heads * linear.headDim;
      for (const part of ['q', 'k', 'v']) {
        file.block(`ssm_conv1d_${part}.weight`, [linear.convKernel, 1, width, 1], role);
        file.matrix(`attn_${part}`, hiddenSize, width, role);
      }
      for (const part of recipe.fullRankGate === true ? ['f'] : ['f', 'g']) {
        file.matrix(`ssm_${part}_a`, hiddenSize, linear.headDim, role);
        file.matrix(`ssm_${part}_b`, linear.headDim, width, role);
      }
      if (recipe.fullRankGate === true) file.matrix('ssm_g', hiddenSize, width, role);
      file.matrix('ssm_beta', hiddenSize, linear.heads, role);
      file.block('ssm_a', [1, linear.heads], role);
      file.bias('ssm_dt', width, role);
      file.norm('ssm_norm', linear.headDim);
      file.matrix('attn_output', width, hiddenSize, role);
      return;
    }
    case 'mamba2': {
      const inner = linear.heads * linear.headDim;
      const mixed = inner + 2 * linear.groups * linear.stateSize;
      file.matrix('ssm_in', hiddenSize, inner + mixed + linear.heads, role);
      file.block('ssm_conv1d.weight', [linear.convKernel, mixed], role);
      file.bias('ssm_conv1d', mixed, role);
      file.bias('ssm_dt', linear.heads, role);
      file.block('ssm_a', [1, linear.heads], role);
      file.block('ssm_d', [1, linear.heads], role);
      if (linear.gatedNorm !== false) file.block('ssm_norm.weight', [inner / linear.groups, linear.groups], 'norm');
      file.matrix('ssm_out', inner, hiddenSize, role);
      return;
    }
    case 'mamba1': {
      const { innerSize, stateSize, convKernel, timeStepRank } = linear;
      file.matrix('ssm_in', hiddenSize, 2 * innerSize, role);
      file.block('ssm_conv1d.weight', [convKernel, innerSize], role);
      file.bias('ssm_conv1d', innerSize, role);
      file.matrix('ssm_x', innerSize, timeStepRank + 2 * stateSize, role);
      file.norm('ssm_dt_norm', timeStepRank);
      file.matrix('ssm_dt', timeStepRank, innerSize, role);
      file.bias('ssm_dt', innerSize, role);
      file.norm('ssm_b_norm', stateSize);
      file.norm('ssm_c_norm', stateSize);
      file.block('ssm_a', [stateSize, innerSize], role);
      file.block('ssm_d', [innerSize], role);
      file.matrix('ssm_out', innerSize, hiddenSize, role);
      return;
    }
    case 'short-convolution':
      file.block('shortconv.conv.weight', [linear.convKernel, hiddenSize], role);
      file.matrix('shortconv.in_proj', hiddenSize, 3 * hiddenSize, role);
      file.matrix('shortconv.out_proj', hiddenSize, hiddenSize, role);
      return;
    case 'lightning': {
      const width = linear.heads * linear.headDim;
      file.norm('attn_norm_2', width);
      file.matrix('attn_qkv', hiddenSize, 3 * width, role);
      file.matrix('attn_gate', hiddenSize, width, role);
      file.matrix('attn_output', width, hiddenSize, role);
      return;
    }
  }
}

/** Width of the dense block of a layer; 0 where it has none. */
function denseWidth(architecture: Architecture, layer: number): number {
  const { intermediateSize } = architecture.feedForward;
  if (intermediateSize === undefined) return 0;
  if (typeof intermediateSize === 'number') return intermediateSize;
  return intermediateSize[Math.min(layer, intermediateSize.length - 1)] ?? 0;
}

function addFeedForward(
  file: FileBuilder,
  architecture: Architecture,
  recipe: Recipe,
  layer: number,
  kind: LayerKind,
): void {
  const hasOwnLayers = /[-E]/.test(architecture.layerPattern ?? '');
  if (hasOwnLayers && kind !== '-' && kind !== 'E') return;
  const isDenseNextToken = recipe.denseNextToken === true && layer >= architecture.layers;
  const routed = hasExperts(architecture, layer, kind) && !isDenseNextToken;
  const width = denseWidth(architecture, layer);
  if (routed) addExperts(file, architecture, recipe);
  if (width > 0 && (!routed || recipe.denseBesideExperts === true)) addDense(file, architecture, recipe, width);
}

function addDense(file: FileBuilder, architecture: Architecture, recipe: Recipe, width: number): void {
  const { hiddenSize } = architecture;
  const upWidth = recipe.feedForward === 'fused' ? 2 * width : width;
  const parts: [string, number, number][] = [
    ['ffn_up', hiddenSize, upWidth],
    ['ffn_down', width, hiddenSize],
  ];
  if (recipe.feedForward === undefined) parts.unshift(['ffn_gate', hiddenSize, width]);
  for (const [name, columns, rows] of parts) {
    file.matrix(name, columns, rows, 'feed-forward');
    if (architecture.feedForwardBias === true) file.bias(name, rows, 'feed-forward');
  }
}

function addExperts(file: FileBuilder, architecture: Architecture, recipe: Recipe): void {
  const { hiddenSize, feedForward } = architecture;
  const { experts } = feedForward;
  if (experts === undefined) return;
  const { count, intermediateSize, shared, sharedIntermediateSize, latentSize } = experts;
  const width = latentSize ?? hiddenSize;
  const source = architecture.nativeExpertFormat === 'mxfp4' ? 'MXFP4' : undefined;
  const addExpertTensor = (name: string, columns: number, rows: number): void => {
    file.block(`${name}.weight`, [columns, rows, count], 'expert', source);
    if (recipe.expertBias === true) file.block(`${name}.bias`, [rows, count], 'expert');
  };
  file.matrix('ffn_gate_inp', hiddenSize, count + (recipe.stackedShared === true ? shared : 0), 'router');
  if (recipe.expertBias === true) file.bias('ffn_gate_inp', count, 'router');
  if (recipe.selectionBias === true) file.bias('exp_probs_b', count, 'router');
  if (recipe.fusedExperts === true) {
    addExpertTensor('ffn_gate_up_exps', width, 2 * intermediateSize);
  } else {
    if (recipe.ungatedExperts !== true) addExpertTensor('ffn_gate_exps', width, intermediateSize);
    addExpertTensor('ffn_up_exps', width, intermediateSize);
  }
  addExpertTensor('ffn_down_exps', intermediateSize, width);
  if (latentSize !== undefined) {
    const { latentPrefix = 'ffn_latent' } = recipe;
    file.matrix(`${latentPrefix}_down`, hiddenSize, latentSize, 'feed-forward');
    file.matrix(`${latentPrefix}_up`, latentSize, hiddenSize, 'feed-forward');
    if (latentPrefix === 'ffn_routed') file.norm('ffn_routed_norm', latentSize);
  }
  const sharedWidth = sharedIntermediateSize ?? shared * intermediateSize;
  if (recipe.stackedShared === true) {
    for (const part of ['gate', 'up'])
      file.block(`ffn_${part}_shexp.weight`, [hiddenSize, intermediateSize, shared], 'shared-expert');
    file.block('ffn_down_shexp.weight', [intermediateSize, hiddenSize, shared], 'shared-expert');
  } else if (shared > 0 && recipe.denseBesideExperts !== true) {
    if (recipe.sharedGate === true) file.block('ffn_gate_inp_shexp.weight', [hiddenSize], 'router');
    if (recipe.ungatedExperts !== true) file.matrix('ffn_gate_shexp', hiddenSize, sharedWidth, 'shared-expert');
    file.matrix('ffn_up_shexp', hiddenSize, sharedWidth, 'shared-expert');
    file.matrix('ffn_down_shexp', sharedWidth, hiddenSize, 'shared-expert');
  }
}

function addNextToken(file: FileBuilder, architecture: Architecture): void {
  const { hiddenSize, vocabularySize } = architecture;
  file.matrix('nextn.eh_proj', 2 * hiddenSize, hiddenSize, 'other');
  file.norm('nextn.enorm', hiddenSize);
  file.norm('nextn.hnorm', hiddenSize);
  file.norm('nextn.shared_head_norm', hiddenSize);
  if (architecture.nextTokenOwnEmbeddings === true) {
    file.matrix('nextn.embed_tokens', hiddenSize, vocabularySize, 'embedding');
    file.matrix('nextn.shared_head_head', hiddenSize, vocabularySize, 'output');
  }
}
