/**
 * What all of llama.cpp's graph builders share (`src/llama-graph.cpp`): inputs, norms, projections, attention over the
 * cache, feed-forward blocks, mixtures of experts, recurrent states. Each method adds what its C++ twin adds, in its order.
 */
import type { KvType } from '../allocation.ts';
import type { Architecture } from '../architecture.ts';
import { cudaFlashAttention } from '../ggml/cuda-attention.ts';
import { Graph, type GraphTensor, HOST, isContiguous, OUTPUT_LAYER, stridesOf } from '../ggml/tensor.ts';
import { type CacheSettings, contextCells, elementBytesOf, isQuantizedKvType, windowCells } from '../kv-cache.ts';
import { padTo } from '../units.ts';

/** A weight as the file holds it. */
export interface Weight {
  /** Extents, row length first. */
  readonly shape: readonly number[];
  /** Number of the weight in the file. */
  readonly index: number;
}

/** The weights of a file by name, without `.weight` and the number of the block. */
export interface WeightTable {
  /** One per layer of the stack. */
  readonly layers: readonly ReadonlyMap<string, Weight>[];
  /** Those beside the layers. */
  readonly others: ReadonlyMap<string, Weight>;
}

/** Routed experts' weights, which `--cpu-moe` keeps in host memory. */
export const EXPERT_WEIGHT = /^ffn_(up|down|gate|gate_up)_exps/;

export interface GraphSettings extends CacheSettings {
  /** What the engine resolved. */
  readonly flashAttention: boolean;
  /** Rows of logits kept per micro-batch. */
  readonly outputs: number;
}

/** How an activation combines with its gate. */
export type Activation = 'gated' | 'clamped' | 'plain' | 'fused' | 'relu-squared' | 'situ';

/** How a router's logits become weights. */
export interface Routing {
  readonly count: number;
  readonly used: number;
  readonly gate: 'softmax' | 'sigmoid' | 'softmax-of-chosen' | 'sqrt-softplus';
  /** Weights of the chosen experts are divided by their sum. */
  readonly normalized: boolean;
  /** Weights are multiplied by a constant other than 1. */
  readonly scaled: boolean;
  /** Only the best so many groups of experts compete (DeepSeek V3); `groups` > 1. */
  readonly groups?: number;
  readonly groupsUsed?: number;
  /** Weights are applied before the experts instead of after (Llama 4). */
  readonly weightsFirst?: boolean;
  /** Selection uses the logits, not the weights (Llama 4). */
  readonly selectsByLogits?: boolean;
}

/** Widths of one attention layer. */
export interface HeadWidths {
  readonly heads: number;
  readonly kvHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
}

/** One cache of keys and values with the inputs that address it. */
export interface AttentionInput {
  readonly cells: number;
  readonly mask: GraphTensor;
  readonly keyRows: GraphTensor;
  readonly valueRows: GraphTensor | undefined;
  /** Rotations that spread outliers before a quantized cache. */
  readonly keyRotation: GraphTensor | undefined;
  readonly valueRotation: GraphTensor | undefined;
  /** The layers of this cache are windows. */
  readonly sliding: boolean;
}

/** Recurrent states: the input that says which to load. */
export interface StateInput {
  readonly main: GraphTensor;
  readonly extra: GraphTensor;
}

/** Whether CUDA has one kernel for the whole selection: no groups, and a count of experts it was compiled for. */
function fusesSelection(routing: Routing): boolean {
  const { count } = routing;
  const compiled = (count <= 512 && (count & (count - 1)) === 0) || count === 288 || count === 576;
  return compiled && (routing.groups ?? 1) <= 1 && !routing.selectsByLogits;
}

/** The operation behind a chain of views. */
function lastComputed(tensor: GraphTensor): GraphTensor {
  let current = tensor;
  while (current.operation === 'view' && current.sources[0]) current = current.sources[0];
  return current;
}

export class ModelGraph {
  readonly graph = new Graph();
  readonly architecture: Architecture;
  readonly settings: GraphSettings;
  /** Tokens of the micro-batch, as many of each sequence (`llama_context::graph_reserve`). */
  readonly tokens: number;
  readonly sequences: number;
  readonly outputs: number;
  readonly #walked: readonly number[];
  readonly #weights: WeightTable;
  /** Weights and caches that the graph has, by layer and name. */
  readonly #residents = new Map<number, Map<string, GraphTensor>>();
  readonly #widestValues: number;

  constructor(
    architecture: Architecture,
    settings: GraphSettings,
    weights: WeightTable,
    widestValues: number,
    walked: readonly number[],
  ) {
    this.architecture = architecture;
    this.settings = settings;
    this.#weights = weights;
    this.#widestValues = widestValues;
    this.#walked = walked;
    this.sequences = settings.sequences;
    const tokens = Math.min(settings.microBatch, settings.context);
    this.tokens = padTo(tokens, settings.sequences);
    this.outputs = Math.min(tokens, settings.outputs);
  }

  /** Layers to build, in order: all, or enough of each run of like layers. Notes where each begins. */
  *layers(): Generator<number, void> {
    for (const layer of this.#walked) {
      this.graph.layerStarts.set(layer, this.graph.bytes.length);
      yield layer;
    }
  }

  get hiddenSize(): number {
    return this.architecture.hiddenSize;
  }

  isLast(layer: number): boolean {
    return layer === this.architecture.layers - 1;
  }

  // Weights and caches

  /** What `create` makes, once per name and layer. */
  #once(layer: number, name: string, create: () => GraphTensor | undefined): GraphTensor | undefined {
    let own = this.#residents.get(layer);
    if (!own) {
      own = new Map();
      this.#residents.set(layer, own);
    }
    let tensor = own.get(name);
    if (!tensor) {
      tensor = create();
      if (tensor) own.set(name, tensor);
    }
    return tensor;
  }

  /** A weight of a layer, on the layer's device; `undefined` where the model has none. */
  optional(layer: number, name: string): GraphTensor | undefined {
    const weight = this.#weights.layers[layer]?.get(name);
    if (!weight) return undefined;
    return this.#once(layer, name, () =>
      this.graph.weight(layer, weight.index, weight.shape, EXPERT_WEIGHT.test(name) ? 'experts' : 'weights'),
    );
  }

  weight(layer: number, name: string): GraphTensor {
    return this.found(this.optional(layer, name), `blk.${layer}.${name}`);
  }

  /** A weight that the model must have. */
  found(weight: GraphTensor | undefined, name: string): GraphTensor {
    if (!weight) throw new RangeError(`no weight ${name} in ${this.architecture.className}`);
    return weight;
  }

  has(layer: number, name: string): boolean {
    return this.#weights.layers[layer]?.has(name) === true;
  }

  /** A weight beside the layers that is kept with a layer; -1 is {@link HOST} memory. */
  #beside(name: string, layer: number): GraphTensor | undefined {
    const weight = this.#weights.others.get(name);
    return weight && this.#once(layer, name, () => this.graph.weight(layer, weight.index, weight.shape));
  }

  /** A table that stays in host memory: the token embedding. */
  inputTable(name: string): GraphTensor {
    return this.found(this.#beside(name, HOST), name);
  }

  /** A weight beside the layers that llama.cpp places with block 0. */
  firstBlockWeight(name: string): GraphTensor {
    return this.found(this.#beside(name, 0), name);
  }

  /** A weight beside the layers that is kept with the output layer; `undefined` where the model has none. */
  outputWeight(name: string): GraphTensor | undefined {
    return this.#beside(name, OUTPUT_LAYER);
  }

  /** RoPE factors: every device that holds a layer has its own copy. */
  ropeFactors(layer: number): GraphTensor | undefined {
    return this.#beside(this.#weights.others.has('rope_freqs') ? 'rope_freqs' : 'rope_factors_long', layer);
  }

  /** The cache of a layer that another layer may share. */
  cache(name: string, layer: number, type: KvType, width: number, rows: number): GraphTensor {
    const elementBytes = elementBytesOf(type);
    return this.#once(layer, `cached ${name}`, () =>
      this.graph.cache(layer, elementBytes, elementBytes * width * rows, width, rows),
    ) as GraphTensor;
  }

  /** A recurrent tensor of a layer, one row per sequence. */
  state(name: string, layer: number, width: number): GraphTensor {
    return this.#once(layer, `state ${name}`, () =>
      this.graph.cache(layer, 4, 4 * width * this.sequences, width, this.sequences),
    ) as GraphTensor;
  }

  // Inputs

  /** Token embeddings, looked up on the host. */
  embedding(): GraphTensor {
    const { graph } = this;
    const tokens = graph.input(4, this.tokens);
    const direct = graph.input(4, this.hiddenSize, this.tokens);
    const rows = graph.getRows(this.inputTable('token_embd'), tokens);
    graph.expand(rows);
    // A batch may hold embeddings instead of tokens: the graph has an input for either.
    graph.expand(direct);
    this.tokenIds = tokens;
    return rows;
  }

  /** Ids of the tokens of the micro-batch; set by {@link embedding}. */
  tokenIds: GraphTensor | undefined;

  positions(perToken = 1): GraphTensor {
    return this.graph.input(4, this.tokens * perToken);
  }

  outputIds(): GraphTensor {
    return this.graph.input(4, this.outputs);
  }

  attentionScale(): GraphTensor {
    return this.graph.input(4, 1, 1, this.tokens);
  }

  /**
   * Inputs of one cache.
   *
   * @param options `sliding`: tokens of the window, absent where the cache holds the whole context. `keyDim`, `valueDim`:
   * widths of a head; absent = keys or values are never rotated. `withValues`: false for MLA, whose values are a view of
   * its keys.
   */
  attentionInput(options: {
    sliding?: number;
    keyDim?: number | undefined;
    valueDim?: number | undefined;
    withValues: boolean;
  }): AttentionInput {
    const { graph, settings } = this;
    const cells =
      options.sliding === undefined ? contextCells(settings.context) : windowCells(options.sliding, settings);
    const keyRows = graph.input(8, this.tokens);
    const valueRows = options.withValues
      ? graph.input(8, settings.transposedValues ? this.tokens * this.#widestValues : this.tokens)
      : undefined;
    const mask = graph.input(settings.flashAttention ? 2 : 4, cells, this.tokens);
    const { keyDim, valueDim } = options;
    const rotatesKeys =
      options.withValues && keyDim !== undefined && isQuantizedKvType(settings.kType) && keyDim % 64 === 0;
    const rotatesValues =
      options.withValues && valueDim !== undefined && isQuantizedKvType(settings.vType) && valueDim % 64 === 0;
    let side = 64;
    if (rotatesKeys) while ((keyDim ?? 0) % (side * 2) === 0) side *= 2;
    return {
      cells,
      mask,
      keyRows,
      valueRows,
      keyRotation: rotatesKeys ? graph.input(4, side, side) : undefined,
      valueRotation: rotatesValues ? graph.input(4, 64, 64) : undefined,
      sliding: options.sliding !== undefined,
    };
  }

  stateInput(): StateInput {
    const copy = this.graph.input(4, this.sequences);
    return { main: this.graph.window(copy, [this.sequences]), extra: this.graph.window(copy, [0]) };
  }

  // Blocks

  /** Root mean square norm, times a weight, plus a bias where they exist. */
  norm(input: GraphTensor, weight?: GraphTensor, bias?: GraphTensor): GraphTensor {
    return this.#scaledNorm(this.graph.overwriting([input]), weight, bias);
  }

  /** Layer norm: it needs memory of its own. */
  layerNorm(input: GraphTensor, weight?: GraphTensor, bias?: GraphTensor): GraphTensor {
    return this.#scaledNorm(this.graph.like([input]), weight, bias);
  }

  #scaledNorm(normed: GraphTensor, weight?: GraphTensor, bias?: GraphTensor): GraphTensor {
    let result = normed;
    if (weight) result = this.graph.overwriting([result, weight]);
    if (bias) result = this.graph.overwriting([result, bias]);
    return result;
  }

  /** A projection with a bias where the model has one. */
  project(layer: number, name: string, input: GraphTensor): GraphTensor {
    return this.#biased(layer, name, this.graph.mulMat(this.weight(layer, name), input));
  }

  #biased(layer: number, name: string, result: GraphTensor): GraphTensor {
    const bias = this.optional(layer, `${name}.bias`);
    return bias ? this.graph.overwriting([result, bias]) : result;
  }

  /** Spreads a row by a Hadamard matrix, block by block. */
  rotate(input: GraphTensor, rotation: GraphTensor): GraphTensor {
    const { graph } = this;
    const side = rotation.shape[0];
    const rows = (input.shape[0] * input.shape[1] * input.shape[2] * input.shape[3]) / side;
    const flat = isContiguous(input) ? graph.reshape(input, side, rows) : graph.cont(input, side, rows);
    return graph.reshape(graph.mulMat(rotation, flat), ...input.shape);
  }

  /** Writes rows into a cache; the result is a view of it. */
  store(cache: GraphTensor, rows: GraphTensor, ids: GraphTensor): void {
    this.graph.expand(this.graph.into(cache, [rows, ids, cache]));
  }

  #storeKeys(layer: number, keys: GraphTensor, input: AttentionInput): GraphTensor {
    const { graph } = this;
    const width = keys.shape[0] * keys.shape[1];
    const cache = this.cache('keys', layer, this.settings.kType, width, input.cells);
    this.store(cache, graph.window(keys, [width, this.tokens], [stridesOf(keys)[2]]), input.keyRows);
    return cache;
  }

  /** Stores one index key per token and returns the cached ones, by head. */
  storeIndex(layer: number, keys: GraphTensor, ids: GraphTensor, cells: number): GraphTensor {
    const { graph } = this;
    const [width] = keys.shape;
    const cache = this.cache('index', layer, this.settings.kType, width, cells);
    this.store(cache, graph.window(keys, [width, this.tokens], [stridesOf(keys)[2]]), ids);
    return graph.window(cache, [width, 1, cells], [cache.elementBytes * width, cache.elementBytes * width]);
  }

  #storeValues(layer: number, values: GraphTensor, input: AttentionInput): void {
    const { graph, settings, tokens } = this;
    const width = values.shape[0] * values.shape[1];
    const stored = settings.transposedValues ? this.#widestValues : width;
    const cache = this.cache('values', layer, settings.vType, stored, input.cells);
    const ids = input.valueRows as GraphTensor;
    if (!settings.transposedValues) {
      this.store(cache, graph.window(values, [width, tokens], [stridesOf(values)[2]]), ids);
      return;
    }
    // Transposed, every element is a row of its own.
    let flat =
      width * 4 === stridesOf(values)[2] ? graph.reshape(values, width, tokens) : graph.cont(values, width, tokens);
    if (width < stored) flat = graph.compute([stored, tokens, 1, 1], [flat]);
    this.store(graph.reshape(cache, 1, stored * input.cells), graph.reshape(flat, 1, stored * tokens), ids);
  }

  /** Writes keys and values into the cache of a layer; returns the rotated queries and what the cache holds. */
  storeAndRead(
    layer: number,
    input: AttentionInput,
    query: GraphTensor,
    keys: GraphTensor | undefined,
    values: GraphTensor | undefined,
    widths: HeadWidths,
    options: { cacheLayer?: number; keysLast?: boolean } = {},
  ): { query: GraphTensor; keys: GraphTensor; values: GraphTensor } {
    const { graph, settings } = this;
    const { kvHeads, keyDim, valueDim } = widths;
    const { cells } = input;
    const owner = options.cacheLayer ?? layer;
    let q = query;
    let k = keys;
    let v = values;
    if (input.keyRotation) {
      q = this.rotate(q, input.keyRotation);
      if (k) k = this.rotate(k, input.keyRotation);
    }
    if (input.valueRotation && v) v = this.rotate(v, input.valueRotation);
    graph.expand(q);
    // Models without windows add keys last, so that they are written straight into the cache.
    const order = (options.keysLast ?? !this.hasWindows) ? [v, k] : [k, v];
    for (const operand of order) if (operand) graph.expand(operand);
    if (k) this.#storeKeys(layer, k, input);
    if (v && input.valueRows) this.#storeValues(layer, v, input);
    const keyCache = this.cache('keys', owner, settings.kType, kvHeads * keyDim, cells);
    const element = keyCache.elementBytes;
    const cachedKeys = graph.window(keyCache, [keyDim, kvHeads, cells], [element * keyDim, element * keyDim * kvHeads]);
    if (!input.valueRows) {
      const partOfKeys = graph.window(
        cachedKeys,
        [valueDim, cachedKeys.shape[1], cachedKeys.shape[2]],
        stridesOf(cachedKeys).slice(1),
      );
      return { query: q, keys: cachedKeys, values: partOfKeys };
    }
    const stored = settings.transposedValues ? this.#widestValues : kvHeads * valueDim;
    const valueCache = this.cache('values', owner, settings.vType, stored, cells);
    const bytes = valueCache.elementBytes;
    const cachedValues = settings.transposedValues
      ? graph.window(valueCache, [cells, kvHeads, valueDim], [bytes * cells * valueDim, bytes * cells])
      : graph.window(valueCache, [valueDim, kvHeads, cells], [bytes * valueDim, bytes * valueDim * kvHeads]);
    return { query: q, keys: cachedKeys, values: cachedValues };
  }

  /**
   * Attention of one layer over its cache, with the output projection unless `project` is false.
   *
   * @param keys absent where the layer reads the cache of `cacheLayer`
   * @param decompress MLA's value projection, applied behind the attention
   */
  attention(
    layer: number,
    input: AttentionInput,
    query: GraphTensor,
    keys: GraphTensor | undefined,
    values: GraphTensor | undefined,
    widths: HeadWidths,
    options: {
      cacheLayer?: number;
      sinks?: GraphTensor | undefined;
      softCap?: boolean;
      decompress?: GraphTensor;
      project?: boolean;
      /** Replaces the mask; called when the rows are stored. */
      openMask?: () => GraphTensor;
    } = {},
  ): GraphTensor {
    const cached = this.storeAndRead(layer, input, query, keys, values, widths, options);
    const mask = options.openMask ? options.openMask() : input.mask;
    let result = this.attend(cached.query, cached.keys, cached.values, mask, widths, options);
    if (input.valueRotation) result = this.rotate(result, input.valueRotation);
    if (options.project === false) return result;
    return this.project(layer, 'attn_output', result);
  }

  /** The model has layers with a window: its builders order keys and values differently. */
  get hasWindows(): boolean {
    return this.architecture.attention.kind === 'sliding-window' || this.architecture.attention.kind === 'compressed';
  }

  /** Scores, softmax and weighted sum, by FlashAttention or in steps. */
  attend(
    query: GraphTensor,
    keys: GraphTensor,
    values: GraphTensor,
    mask: GraphTensor,
    widths: HeadWidths,
    options: { sinks?: GraphTensor | undefined; softCap?: boolean; decompress?: GraphTensor },
  ): GraphTensor {
    const { graph, settings } = this;
    const q = graph.permute(graph.window(query, query.shape, stridesOf(query).slice(1)), 0, 2, 1, 3);
    const k = graph.permute(keys, 0, 2, 1, 3);
    const v = graph.permute(values, 0, 2, 1, 3);
    let result: GraphTensor;
    if (settings.flashAttention) {
      const { keyDim, valueDim } = widths;
      const supported = cudaFlashAttention(
        { keyDim, valueDim, headsPerKvHead: widths.heads / widths.kvHeads },
        settings.kType,
        settings.vType,
      );
      const cells = keys.shape[2];
      let extra = 0;
      if (supported && settings.kType !== 'f16') extra += 2 * cells * widths.kvHeads * widths.keyDim;
      if (supported && settings.vType !== 'f16' && values.viewOf !== keys.viewOf)
        extra += 2 * cells * widths.kvHeads * widths.valueDim;
      result = graph.flashAttention(q, k, v, mask, options.sinks, extra, !supported);
      if (options.decompress) {
        result = graph.permute(result, 0, 2, 1, 3);
        result = graph.mulMat(options.decompress, result);
        result = graph.permute(result, 0, 2, 1, 3);
        result = graph.cont(result);
      }
      result = graph.reshape(result, result.shape[0] * result.shape[1], result.shape[2] * result.shape[3]);
    } else {
      let scores = graph.mulMat(k, q);
      if (options.softCap) for (let step = 0; step < 3; step++) scores = graph.overwriting([scores]);
      scores = graph.overwriting(options.sinks ? [scores, mask, options.sinks] : [scores, mask]);
      const transposed = stridesOf(values)[1] > stridesOf(values)[2] ? v : graph.cont(graph.transpose(v));
      result = graph.mulMat(transposed, scores);
      if (options.decompress) result = graph.mulMat(options.decompress, result);
      const merged = graph.permute(result, 0, 2, 1, 3);
      result = graph.cont(merged, merged.shape[0] * merged.shape[1], merged.shape[2] * merged.shape[3]);
    }
    graph.expand(result);
    return result;
  }

  /**
   * A dense feed-forward block.
   *
   * @param suffix part of the weights' names: '' or '_shexp'
   */
  feedForward(layer: number, input: GraphTensor, activation: Activation = 'gated', suffix = ''): GraphTensor {
    const { graph } = this;
    const up = this.project(layer, `ffn_up${suffix}`, input);
    let inner: GraphTensor;
    switch (activation) {
      case 'gated':
        inner = graph.like([this.project(layer, `ffn_gate${suffix}`, input), up]);
        break;
      case 'clamped': {
        const gate = this.project(layer, `ffn_gate${suffix}`, input);
        const limited = graph.overwriting([up]);
        inner = graph.like([graph.overwriting([gate]), limited]);
        break;
      }
      case 'fused':
        inner = graph.compute([up.shape[0] / 2, up.shape[1], up.shape[2], up.shape[3]], [up]);
        break;
      case 'situ':
        inner = this.#situ(this.project(layer, `ffn_gate${suffix}`, input), up);
        break;
      case 'plain':
        inner = graph.overwriting([up]);
        break;
      case 'relu-squared':
        inner = graph.overwriting([graph.overwriting([up])]);
        break;
    }
    return this.project(layer, `ffn_down${suffix}`, inner);
  }

  /** Kimi K3's activation: a scaled tanh times a sigmoid of the gate, times a scaled tanh. */
  #situ(gate: GraphTensor, up: GraphTensor): GraphTensor {
    const { graph } = this;
    const squashed = graph.overwriting([graph.overwriting([graph.overwriting([gate])])]);
    const gated = graph.overwriting([squashed, graph.overwriting([gate])]);
    const linear = graph.overwriting([graph.overwriting([graph.overwriting([up])])]);
    return graph.overwriting([gated, linear]);
  }

  /**
   * The routed experts of a layer (`build_moe_ffn`): the router chooses and weighs them, they run, their results are added
   * up.
   *
   * @param outside the router's logits, or the ids of the chosen experts, where they come from elsewhere
   */
  experts(
    layer: number,
    input: GraphTensor,
    routing: Routing,
    activation: Activation = 'gated',
    outside: { logits?: GraphTensor; chosen?: GraphTensor | undefined } = {},
  ): GraphTensor {
    const { chosen, weights } = this.#route(layer, input, routing, outside);
    return this.#addUp(this.#runExperts(layer, input, routing, activation, chosen, weights), routing, weights);
  }

  /** Ids and weights of the experts of each token. */
  #route(
    layer: number,
    input: GraphTensor,
    routing: Routing,
    outside: { logits?: GraphTensor; chosen?: GraphTensor | undefined },
  ): { chosen: GraphTensor; weights: GraphTensor } {
    const { graph } = this;
    const { count, used } = routing;
    const [, tokens] = input.shape;
    let logits = outside.logits ?? graph.mulMat(this.weight(layer, 'ffn_gate_inp'), input);
    logits = this.#biased(layer, 'ffn_gate_inp', logits);
    let shares = logits;
    if (routing.gate === 'softmax' || routing.gate === 'sigmoid') shares = graph.overwriting([logits]);
    if (routing.gate === 'sqrt-softplus') shares = graph.overwriting([graph.overwriting([logits])]);
    let selection = shares;
    const bias = this.optional(layer, 'exp_probs_b.bias');
    if (bias && !outside.chosen) selection = graph.overwriting([shares, bias]);
    if (routing.selectsByLogits) selection = logits;
    if (routing.groups !== undefined && routing.groups > 1) selection = this.#bestGroups(selection, routing, tokens);
    const chosen = outside.chosen ?? this.#topK(selection, used);
    let weights = graph.getRows(graph.reshape(shares, 1, count, tokens), chosen);
    const intermediate = [logits, shares, selection, weights];
    if (routing.gate === 'softmax-of-chosen') {
      weights = graph.reshape(graph.overwriting([graph.reshape(weights, used, tokens)]), 1, used, tokens);
    }
    if (routing.normalized) {
      const flat = graph.reshape(weights, used, tokens);
      const sum = graph.compute([1, tokens, 1, 1], [flat]);
      intermediate.push(sum);
      weights = graph.reshape(graph.overwriting([flat, graph.overwriting([sum])]), 1, used, tokens);
    }
    if (routing.scaled) weights = graph.overwriting([weights]);
    // CUDA selects experts in one kernel that reads the logits to the end.
    if (fusesSelection(routing) && !outside.chosen) {
      const last = lastComputed(weights);
      last.retained = intermediate.filter((tensor, index) => tensor !== last && intermediate.indexOf(tensor) === index);
    }
    graph.expand(weights);
    return { chosen, weights };
  }

  /** Results of the experts, unweighted unless the weights come first: for every token a row of each that it chose. */
  #runExperts(
    layer: number,
    input: GraphTensor,
    routing: Routing,
    activation: Activation,
    chosen: GraphTensor,
    weights: GraphTensor,
  ): GraphTensor {
    const { graph } = this;
    const [width, tokens] = input.shape;
    let current = graph.reshape(input, width, 1, tokens);
    if (routing.weightsFirst) {
      current = graph.overwriting([graph.compute([width, routing.used, tokens, 1], [current]), weights]);
    }
    let up: GraphTensor;
    let gate: GraphTensor | undefined;
    if (this.has(layer, 'ffn_gate_up_exps')) {
      const both = this.#byExpert(layer, 'ffn_gate_up_exps', current, chosen);
      const half = both.shape[0] / 2;
      gate = graph.window(both, [half, both.shape[1], both.shape[2]], stridesOf(both).slice(1, 3));
      up = graph.window(both, [half, both.shape[1], both.shape[2]], stridesOf(both).slice(1, 3));
    } else {
      up = this.#byExpert(layer, 'ffn_up_exps', current, chosen);
      if (this.has(layer, 'ffn_gate_exps')) gate = this.#byExpert(layer, 'ffn_gate_exps', current, chosen);
    }
    switch (activation) {
      case 'clamped':
        up = graph.overwriting([up]);
        current = graph.like([graph.overwriting([gate as GraphTensor]), up]);
        break;
      case 'relu-squared':
        current = graph.overwriting([graph.overwriting([up])]);
        break;
      case 'situ':
        current = this.#situ(gate as GraphTensor, up);
        break;
      default:
        current = gate ? graph.like([gate, up]) : graph.overwriting([up]);
    }
    return this.#byExpert(layer, 'ffn_down_exps', current, chosen);
  }

  /** The sum of a token's experts, each times its weight where that did not come first. */
  #addUp(down: GraphTensor, { used, weightsFirst }: Routing, weights: GraphTensor): GraphTensor {
    const { graph } = this;
    const [width, , tokens] = down.shape;
    const results = weightsFirst ? down : graph.overwriting([down, weights]);
    graph.expand(results);
    const parts = Array.from({ length: used }, () => {
      const part = graph.window(results, [width, tokens], [stridesOf(results)[2]]);
      graph.expand(part);
      return part;
    });
    let sum = parts[0] as GraphTensor;
    parts.slice(1).forEach((part, index) => {
      sum = graph.overwriting([sum, part]);
      // CUDA weighs and adds up the experts in one kernel that reads both operands to the end.
      if (index === used - 2 && !weightsFirst) sum.retained = [down, weights];
      graph.expand(sum);
    });
    return used === 1 ? graph.cont(sum) : sum;
  }

  #byExpert(layer: number, name: string, input: GraphTensor, chosen: GraphTensor): GraphTensor {
    const result = this.graph.mulMatId(this.weight(layer, name), input, chosen);
    const bias = this.optional(layer, `${name}.bias`);
    if (bias) return this.graph.overwriting([result, bias, chosen]);
    const scale = this.optional(layer, `${name}.scale`);
    if (!scale) return result;
    const count = scale.shape[0];
    const repeated = this.graph.compute([1, count, input.shape[2], 1], [this.graph.reshape(scale, 1, count, 1)]);
    return this.graph.overwriting([result, this.graph.getRows(repeated, chosen)]);
  }

  /** Ids of the `count` largest values of each row: a view of all of them in order. */
  #topK(values: GraphTensor, count: number): GraphTensor {
    const sorted = this.graph.like([values]);
    return this.graph.window(
      sorted,
      [count, sorted.shape[1], sorted.shape[2], sorted.shape[3]],
      stridesOf(sorted).slice(1),
    );
  }

  #bestGroups(selection: GraphTensor, routing: Routing, tokens: number): GraphTensor {
    const { graph } = this;
    const groups = routing.groups ?? 1;
    const perGroup = routing.count / groups;
    const grouped = graph.reshape(selection, perGroup, groups, tokens);
    const best = this.#topK(grouped, 2);
    const scores = graph.getRows(graph.reshape(grouped, 1, perGroup, groups, tokens), best);
    const sums = graph.compute([1, groups, tokens, 1], [graph.reshape(scores, 2, groups, tokens)]);
    const chosen = this.#topK(graph.reshape(sums, groups, tokens), routing.groupsUsed ?? 1);
    const kept = graph.getRows(grouped, chosen);
    const filled = graph.overwriting([grouped]);
    return graph.reshape(graph.into(filled, [kept, chosen, filled]), routing.count, tokens);
  }

  /** Routed experts and, where the model has one, the shared expert, added up. */
  mixture(layer: number, input: GraphTensor, routing: Routing, activation: Activation = 'gated'): GraphTensor {
    const routed = this.experts(layer, input, routing, activation);
    if (!this.has(layer, 'ffn_up_shexp')) return routed;
    const shared = this.feedForward(layer, input, activation, '_shexp');
    return this.graph.overwriting([routed, shared]);
  }

  /** Loads the states of the micro-batch's sequences (build_rs). `load` replaces the plain row lookup. */
  loadState(
    all: GraphTensor,
    width: number,
    input: StateInput,
    load?: (states: GraphTensor, ids: GraphTensor) => GraphTensor,
  ): GraphTensor {
    const { graph } = this;
    const states = graph.reshape(all, width, this.sequences);
    const zero = graph.window(states, [0]);
    graph.expand(graph.into(zero, [zero]));
    const loaded = load ? load(states, input.main) : graph.getRows(states, input.main);
    graph.expand(loaded);
    const extra = graph.getRows(states, input.extra);
    const target = graph.window(all, [width, 0], [stridesOf(all)[1]]);
    graph.expand(graph.into(target, [extra, target]));
    return loaded;
  }

  /** Writes a tensor back into a state. */
  saveState(all: GraphTensor, value: GraphTensor): void {
    const { graph } = this;
    const target = graph.window(all, [all.shape[0], this.sequences], [stridesOf(all)[1]]);
    graph.expand(graph.into(target, [value, target]));
  }

  /** Rows of the tokens whose logits are wanted. */
  pick(tensor: GraphTensor, ids: GraphTensor): GraphTensor {
    return this.graph.getRows(tensor, ids);
  }

  /**
   * Final norm and head.
   *
   * @param options `norm`: name of its weight. `ids`: the rows to pick, where they are picked behind the norm.
   * `keepsHidden`: the program reads the rows before they are picked. `inPlaceSteps`: steps that overwrite the logits
   * (scale, soft cap).
   */
  finish(
    current: GraphTensor,
    options: {
      norm?: string;
      layerNorm?: boolean;
      inPlaceSteps?: number;
      ids?: GraphTensor | undefined;
      keepsHidden?: boolean;
    } = {},
  ): void {
    const weight = this.outputWeight(options.norm ?? 'output_norm');
    const bias = this.outputWeight(`${options.norm ?? 'output_norm'}.bias`);
    let normed = options.layerNorm ? this.layerNorm(current, weight, bias) : this.norm(current, weight, bias);
    if (options.keepsHidden) normed.isOutput = true;
    if (options.ids) normed = this.pick(normed, options.ids);
    normed.isOutput = true;
    this.head(normed, options.inPlaceSteps ?? 0);
  }

  /** Logits of the rows `hidden`, and `inPlaceSteps` steps that overwrite them. */
  head(hidden: GraphTensor, inPlaceSteps: number): void {
    const { graph } = this;
    // Tied embeddings are a second copy with the output layer.
    const table = this.architecture.tiedEmbeddings ? 'token_embd' : 'output';
    let logits = graph.mulMat(this.found(this.outputWeight(table), table), hidden);
    const bias = this.outputWeight('output.bias');
    if (bias) logits = graph.overwriting([logits, bias]);
    for (let step = 0; step < inPlaceSteps; step++) logits = graph.overwriting([logits]);
    logits.isOutput = true;
    graph.expand(logits);
  }
}
