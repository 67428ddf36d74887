/**
 * Compute buffers of llama.cpp: what ggml's graph allocator needs for one micro-batch of a model, found by walking the
 * model's graph as the allocator does.
 */
import { type Architecture, indexerShapeOf, layerKinds, topKOf } from './architecture.ts';
import { type AllocationPlan, runAllocations } from './ggml/allocator.ts';
import { planGraph } from './ggml/scheduler.ts';
import { type Graph, type GraphTensor, sameLayout } from './ggml/tensor.ts';
import { CELL_PADDING, cacheLayoutOf, compressedCells, contextCells } from './kv-cache.ts';
import { type LayerPlacement, placingOf } from './layer-split.ts';
import {
  EXPERT_WEIGHT,
  type GraphSettings,
  ModelGraph,
  type Weight,
  type WeightTable,
} from './llama-graphs/builder.ts';
import { buildModel, variantOf } from './llama-graphs/classes.ts';
import { representativeLayers } from './llama-graphs/representative-layers.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import type { RepeatedLayers, repeatedLayers, repeatedPlan } from './repeated-layers.ts';
import { padTo } from './units.ts';
import { tensorDeviceBytes, tensorsInFile, type WeighOptions } from './weights.ts';

/** Buffers for one micro-batch, in bytes. */
export interface ComputeBuffers {
  /** One per device. */
  readonly devices: readonly number[];
  readonly host: number;
}

/** A file's weights as the graph needs them, whatever their quantization. */
export interface GraphWeights extends WeightTable {
  /** Tells layers apart: names and extents of their weights, in few letters. */
  readonly shapes: readonly number[];
  /** Layer and name of each weight of the file, by its number; no layer for those beside the layers. */
  readonly layerOf: readonly (number | undefined)[];
  readonly nameOf: readonly string[];
}

function graphWeightsOf(architecture: Architecture, options: WeighOptions): GraphWeights {
  const blocks = architecture.layers + (architecture.nextTokenLayers ?? 0);
  const layers = Array.from({ length: blocks }, () => new Map<string, Weight>());
  const others = new Map<string, Weight>();
  const layerOf: (number | undefined)[] = [];
  const nameOf: string[] = [];
  tensorsInFile(architecture, options).forEach(({ name, shape }, index) => {
    const [, block, rest = name] = /^blk\.(\d+)\.(.*)/.exec(name) ?? [];
    const layer = block === undefined ? undefined : Number(block);
    const own = rest.replace(/\.weight$/, '');
    (layer === undefined ? others : layers[layer])?.set(own, { shape, index });
    layerOf.push(layer);
    nameOf.push(own);
  });
  const known = new Map<string, number>();
  const shapes = layers.map((weights) => {
    const signature = Array.from(weights, ([name, { shape }]) => `${name} ${shape.join(' ')}`).join(';');
    const number = known.get(signature) ?? known.size;
    known.set(signature, number);
    return number;
  });
  return { layers, others, shapes, layerOf, nameOf };
}

/** How the tensors of a graph grow with the context, wherever they are placed: sizes are linear in {@link measuresOf} it. */
interface Growth {
  /** The first context that was asked for in the range. */
  readonly base: number;
  /** The graph at the base; let go when others were used since. */
  graph: Graph | undefined;
  /** Learned with the second context; `false` where graphs of the range differ in more than sizes. */
  slopes: Slopes | false | undefined;
}

/** What one more of each measure adds, in bytes by tensor id. */
interface Slopes {
  readonly perCell: Float64Array;
  readonly perRow: Float64Array;
}

/** What is known of one model with equal settings but for the context, in one placement. */
interface Series {
  /** By range of contexts and the base in it. */
  readonly plans: Map<string, AllocationPlan>;
  /** By context, and by quantization where it counts. */
  readonly results: Map<string | number, readonly number[]>;
}

/** The layers to walk. */
interface Walk {
  /** In order. */
  readonly layers: readonly number[];
  /** How the plan of all is told from theirs; absent where it is theirs. */
  readonly repeated?: RepeatedLayers | undefined;
  /** Tells walks of a model apart. */
  readonly key: string;
}

/** Results and weights of one architecture. */
interface Known {
  readonly series: Map<string, Series>;
  /** By settings and range of contexts. */
  readonly growths: Map<string, Growth>;
  readonly weights: Map<boolean | undefined, GraphWeights>;
  /** By placement, and by quantization where it counts. */
  readonly walks: Map<string, Walk>;
}

/** How a long stack is told from a short one. */
interface Repeating {
  readonly repeatedLayers: typeof repeatedLayers;
  readonly repeatedPlan: typeof repeatedPlan;
}

let repeating: Repeating | undefined;

/** Has few layers walked where each leaves something behind; without it all of them are, to the same bytes. */
export function repeatWith(own: Repeating): void {
  repeating = own;
}

const known = new WeakMap<Architecture, Known>();

/** Plans over several devices that were made last: older ones are let go, because they are large and pages come model by model. */
const recent: Series[] = [];
const MOST_RECENT = 48;

/** Those whose graphs were used last, in that order. */
const recentGraphs = new Set<Growth>();
const MOST_RECENT_GRAPHS = 6;

/** Most series kept per architecture; a page varies few settings. */
const MOST_SERIES = 256;
/** Most results kept per series. */
const MOST_RESULTS = 1024;

/** Tokens that one row of the coarsest compressed cache stands for: such caches are padded, and grow in steps of their own. */
function coarsestRatio(architecture: Architecture): number {
  const { attention } = architecture;
  return attention.kind === 'compressed' ? attention.hcaRatio : (indexerShapeOf(architecture)?.pooledTokens ?? 1);
}

/** What sizes are linear in: cells of the context, and rows of its coarsest compression. */
type Measures = readonly [cells: number, rows: number];

function measuresOf(architecture: Architecture, context: number): Measures {
  const ratio = coarsestRatio(architecture);
  return [context, ratio === 1 ? 0 : compressedCells(context, ratio)];
}

/** Contexts at which windows and selections of the best keys are full and stop growing, ascending. */
function limitsOf(architecture: Architecture, { microBatch, sequences }: GraphSettings): readonly number[] {
  const { attention } = architecture;
  const full = (limit: number): number => padTo(limit, 4 * CELL_PADDING);
  switch (attention.kind) {
    case 'sliding-window':
      return [padTo(attention.window * sequences + microBatch, CELL_PADDING)];
    case 'compressed':
      return [full(attention.window + microBatch), full(topKOf(architecture) * attention.csaRatio)].sort(
        (a, b) => a - b,
      );
    default:
      // A selection may be larger by less than a block of cells.
      return attention.indexer
        ? [full(topKOf(architecture) * (attention.indexer.pooledTokens ?? 1) + CELL_PADDING)]
        : [];
  }
}

/** Walks that tell how sizes grow start at so many micro-batches: below, tensors of other kinds may happen to be as large. */
const FIRST_MICRO_BATCHES = 4;
/** They end here; longer contexts end at the next power of two. */
const LAST_CONTEXT = 2 ** 20;

/** Contexts between which sizes grow alike. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** The range around the context of the settings; `undefined` where there is none. */
function rangeOf(architecture: Architecture, settings: GraphSettings): Range | undefined {
  const { context, microBatch } = settings;
  const limits = limitsOf(architecture, settings);
  const from = Math.max(
    padTo(FIRST_MICRO_BATCHES * microBatch, 4 * CELL_PADDING),
    ...limits.filter((limit) => limit <= context),
  );
  const end = limits.find((limit) => limit > context);
  const to = end === undefined ? Math.max(LAST_CONTEXT, 2 ** Math.ceil(Math.log2(context))) : end - 4 * CELL_PADDING;
  return context < from || context > to || from === to ? undefined : { from, to };
}

/** The context that has the same cells everywhere. */
export function roundContext(architecture: Architecture, settings: GraphSettings): number {
  if (settings.context < settings.microBatch) return settings.context;
  return architecture.attention.kind === 'compressed'
    ? padTo(settings.context, 4 * CELL_PADDING)
    : contextCells(settings.context);
}

/**
 * Compute buffers of every device and of the host, in bytes. Memoised per architecture object.
 *
 * @param settings of the cache, with rows of logits; `flashAttention` is what the engine resolved
 * @param placement the device of each layer
 * @param options what the file carries beside the model's blocks
 */
export function computeBuffers(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: GraphSettings,
  placement: LayerPlacement,
  options: WeighOptions = {},
): ComputeBuffers {
  const bytes = bytesOf(architecture, scheme, settings, placement, options);
  return { devices: bytes.slice(0, placement.devices), host: bytes[placement.devices] ?? 0 };
}

function knownOf(architecture: Architecture): Known {
  let own = known.get(architecture);
  if (!own) {
    own = { series: new Map(), growths: new Map(), weights: new Map(), walks: new Map() };
    known.set(architecture, own);
  }
  return own;
}

/** Weights of the file as graphs read them. Memoised per architecture object. */
export function weightTableOf(architecture: Architecture, options: WeighOptions): GraphWeights {
  const { weights } = knownOf(architecture);
  let table = weights.get(options.mtpInFile);
  if (!table) {
    table = graphWeightsOf(architecture, options);
    weights.set(options.mtpInFile, table);
  }
  return table;
}

/** Graphs of one model with equal settings but for the context, and how they are planned. */
interface Question {
  readonly architecture: Architecture;
  readonly own: Known;
  /** The context is a whole number of cells. */
  readonly settings: GraphSettings;
  readonly placement: LayerPlacement;
  readonly table: GraphWeights;
  /** The layers whose graph is built. */
  readonly walk: Walk;
  /** How the plan of the placement's layers is told from theirs. */
  readonly repeated: RepeatedLayers | undefined;
  /** Tells settings apart that change a graph, but for the context and the layers. */
  readonly graphKey: string;
}

function graphAt(
  { architecture, settings, table, walk }: Question,
  context: number,
  layers: readonly number[] = walk.layers,
): Graph {
  const model = new ModelGraph(
    architecture,
    { ...settings, context },
    table,
    cacheLayoutOf(architecture).widestValues,
    layers,
  );
  buildModel(model);
  return model.graph;
}

/** `undefined` where the walked layers do not tell the plan of all. */
function planOf(question: Question, graph: Graph, context: number): AllocationPlan | undefined {
  const { walk, repeated, table, graphKey, placement } = question;
  if (!repeated || !walk.repeated || !repeating) return planGraph(graph, placingOf(placement));
  return repeating.repeatedPlan(graph, walk.repeated, repeated, table, graphKey, context, (at, layers) =>
    graphAt(question, at, layers),
  );
}

/** A plan that was made at another context, and what its tensors grow by from there. */
interface GrownPlan {
  readonly plan: AllocationPlan;
  /** Absent where the plan was made at the context itself. */
  readonly slopes: Slopes | undefined;
  readonly beyond: Measures;
}

/** The plan of the range around the context; `undefined` where there is none. */
function grownPlanOf(question: Question, settingsKey: string, series: Series): GrownPlan | undefined {
  const { architecture, own, settings, placement } = question;
  const range = rangeOf(architecture, settings);
  if (!range) return undefined;
  const { context } = settings;
  const growthKey = `${settingsKey}/${range.from}-${range.to}`;
  let growth = own.growths.get(growthKey);
  if (!growth) {
    growth = { base: context, graph: undefined, slopes: undefined };
    if (own.growths.size >= MOST_SERIES) own.growths.clear();
    own.growths.set(growthKey, growth);
  }
  const { base } = growth;
  if (context !== base) growth.slopes ??= slopesOf(question, range, base, graphOf(growth, question));
  const { slopes } = growth;
  if (context !== base && !slopes) return undefined;
  const planKey = `${range.from}/${base}`;
  let plan = series.plans.get(planKey);
  if (!plan) {
    plan = planOf(question, graphOf(growth, question), base);
    if (!plan) return undefined;
    series.plans.set(planKey, plan);
    if (placement.devices > 1 && recent.push(series) > MOST_RECENT) recent.shift()?.plans.clear();
  }
  const [baseCells, baseRows] = measuresOf(architecture, base);
  const [cells, rows] = measuresOf(architecture, context);
  return { plan, slopes: slopes || undefined, beyond: [cells - baseCells, rows - baseRows] };
}

function bytesOf(
  architecture: Architecture,
  scheme: QuantizationScheme,
  asked: GraphSettings,
  placement: LayerPlacement,
  options: WeighOptions,
): readonly number[] {
  const own = knownOf(architecture);
  const settings = { ...asked, context: roundContext(architecture, asked) };
  const { context, kType, vType, microBatch, sequences, flashAttention, transposedValues, outputs } = settings;
  const { mtpInFile } = options;
  const table = weightTableOf(architecture, options);
  const bytesByWeight = placement.weightsOnHost ? tensorDeviceBytes(architecture, scheme, options) : undefined;
  const walkOn = (on: LayerPlacement): Walk => {
    const placeKey = `${on.key}/${mtpInFile}/${bytesByWeight ? scheme : ''}/${repeating !== undefined}`;
    let walk = own.walks.get(placeKey);
    if (!walk) {
      walk = walkOf(architecture, table, on, bytesByWeight);
      if (own.walks.size >= MOST_SERIES) own.walks.clear();
      own.walks.set(placeKey, walk);
    }
    return walk;
  };
  const whole = walkOn(placement);
  const { repeated } = whole;
  // Layers on one device tell sizes for any number of them.
  const onOne = repeated && placement.onOne && walkOn(placement.onOne);
  const walk = onOne?.repeated ? onOne : whole;
  const graphKey = `${microBatch}/${outputs}/${sequences}/${kType}/${vType}/${flashAttention}/${transposedValues}/${mtpInFile}`;
  const settingsKey = `${graphKey}/${walk.key}`;
  const key = `${placement.key}/${settingsKey}`;
  let series = own.series.get(key);
  if (!series) {
    if (own.series.size >= MOST_SERIES) own.series.clear();
    series = { plans: new Map(), results: new Map() };
    own.series.set(key, series);
  }
  const resultKey = bytesByWeight ? `${context}/${scheme}` : context;
  const result = series.results.get(resultKey);
  if (result) return result;
  const question = { architecture, own, settings, placement, table, walk, repeated, graphKey };
  const grown = grownPlanOf(question, settingsKey, series);
  const plan = grown?.plan ?? planOf(question, graphAt(question, context), context);
  if (!plan) {
    Object.assign(whole, wholeWalk(architecture));
    return bytesOf(architecture, scheme, asked, placement, options);
  }
  const highest = runAllocations(plan, bytesAt(plan, grown, bytesByWeight));
  if (series.results.size >= MOST_RESULTS) series.results.clear();
  series.results.set(resultKey, highest);
  return highest;
}

/** The graph at the base of a range. Notes that it was used, and lets the one go that was not for longest. */
function graphOf(growth: Growth, question: Question): Graph {
  growth.graph ??= graphAt(question, growth.base);
  recentGraphs.delete(growth);
  recentGraphs.add(growth);
  const [oldest] = recentGraphs;
  if (oldest && recentGraphs.size > MOST_RECENT_GRAPHS) {
    oldest.graph = undefined;
    recentGraphs.delete(oldest);
  }
  return growth.graph;
}

/** Whether two graphs differ in nothing else: the same operations on the same tensors, and the same of them overwritten. */
export function differInSizes(a: Graph, b: Graph): boolean {
  if (a.bytes.length !== b.bytes.length || a.leafs.length !== b.leafs.length || a.nodes.length !== b.nodes.length)
    return false;
  for (let position = 0; position < a.nodes.length; position++) {
    const node = a.nodes[position] as GraphTensor;
    const other = b.nodes[position] as GraphTensor;
    const { sources } = node;
    if (node.id !== other.id || node.operation !== other.operation || sources.length !== other.sources.length)
      return false;
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index] as GraphTensor;
      const twin = other.sources[index] as GraphTensor;
      if (source.id !== twin.id || source.weight !== twin.weight) return false;
      if (
        node.inPlace &&
        (sameLayout(node, source) !== sameLayout(other, twin) ||
          (node.bytes === source.bytes) !== (other.bytes === twin.bytes))
      )
        return false;
    }
  }
  return true;
}

/** How tensors grow in a range, from the graph at its base; `false` where graphs differ in more than sizes. */
function slopesOf(question: Question, { from, to }: Range, base: number, first: Graph): Slopes | false {
  const { architecture } = question;
  const end = base < to ? to : from;
  const last = graphAt(question, end);
  if (!differInSizes(first, last)) return false;
  const [firstCells, firstRows] = measuresOf(architecture, base);
  const [lastCells, lastRows] = measuresOf(architecture, end);
  const cells = lastCells - firstCells;
  const rows = lastRows - firstRows;
  // With rows of a compressed cache it takes a third graph, with as many rows as the first, to tell the two measures apart.
  const block = 4 * CELL_PADDING;
  const step =
    rows === 0 ? cells : measuresOf(architecture, base + block)[1] === firstRows && base < to ? block : -block;
  const next = rows === 0 ? last : graphAt(question, base + step);
  const tensors = first.bytes.length;
  const perCell = new Float64Array(tensors);
  const perRow = new Float64Array(tensors);
  for (let id = 0; id < tensors; id++) {
    const own = first.bytes[id] as number;
    perCell[id] = ((next.bytes[id] as number) - own) / step;
    if (rows !== 0) perRow[id] = ((last.bytes[id] as number) - own - (perCell[id] as number) * cells) / rows;
  }
  return { perCell, perRow };
}

/** What {@link bytesAt} answers with: the next answer writes over the last one. */
let slotBytes = new Float64Array(0);

/**
 * Bytes of every slot of a plan, and what else the array has room for. Read them before asking again.
 *
 * @param grown the plan where it was made at another context
 * @param bytesByWeight of weights that the slots may hold copies of
 */
function bytesAt(
  { bytesOf, tensorOf, weightOf }: AllocationPlan,
  grown: GrownPlan | undefined,
  bytesByWeight: Float64Array | undefined,
): Float64Array {
  const slopes = grown?.slopes;
  const [cells, rows] = grown?.beyond ?? [0, 0];
  const slots = bytesOf.length;
  if (slotBytes.length < slots) slotBytes = new Float64Array(2 * slots);
  for (let slot = 0; slot < slots; slot++) {
    const id = tensorOf[slot] as number;
    const weight = weightOf[slot] as number;
    let bytes = bytesOf[slot] as number;
    if (slopes && id >= 0)
      bytes = Math.round(bytes + (slopes.perCell[id] as number) * cells + (slopes.perRow[id] as number) * rows);
    slotBytes[slot] = bytesByWeight && weight >= 0 ? (bytesByWeight[weight] as number) : bytes;
  }
  return slotBytes;
}

/** Whether every layer leaves something behind: then the walked ones do not stand for all. */
export function layersAddUp(architecture: Architecture): boolean {
  return architecture.className === 'KimiK3ForConditionalGeneration' || indexerShapeOf(architecture) !== undefined;
}

function wholeWalk({ layers }: Architecture): Walk {
  return { layers: Array.from({ length: layers }, (_, layer) => layer), repeated: undefined, key: '' };
}

/** Layers that stand for all. */
function walkOf(
  architecture: Architecture,
  table: GraphWeights,
  placement: LayerPlacement,
  bytesByWeight: Float64Array | undefined,
): Walk {
  const whole = wholeWalk(architecture);
  // Where layers have embeddings of their own, each reads another part of them.
  if (architecture.perLayerEmbeddingSize !== undefined) return whole;
  const addUp = layersAddUp(architecture);
  const repeated = addUp && repeating?.repeatedLayers(architecture, table, placement);
  if (repeated) return { layers: repeated.layers, repeated, key: repeated.layers.join() };
  // Over several devices few layers are alike; all of them give every number of devices the same graph.
  if (addUp || placement.devices > 1) return whole;
  const layerKindOf = layerKinds(architecture);
  const layers = representativeLayers(
    cacheLayoutOf(architecture).kindOfLayer.map((kind, layer) => {
      const device = placement.deviceOfLayer[layer] ?? -1;
      const expertsOnHost = layer < placement.expertLayersOnHost;
      const variant = variantOf(architecture, layerKindOf[layer] ?? 'F', layer);
      let signature = `${device}/${expertsOnHost}/${kind}/${variant}/${table.shapes[layer]}`;
      if (!bytesByWeight || (device >= 0 && !expertsOnHost)) return signature;
      // The quantization decides the size of a copy of a weight that is in host memory.
      for (const [name, { index }] of table.layers[layer] ?? [])
        if (device < 0 || EXPERT_WEIGHT.test(name)) signature += `/${bytesByWeight[index]}`;
      return signature;
    }),
  );
  return { layers, key: layers.join() };
}
