/**
 * Compute buffers of llama.cpp: what ggml's graph allocator needs for one micro-batch of a model, found by walking the
 * model's graph as the allocator does.
 */
import { type Architecture, layerKinds } from './architecture.ts';
import { type AllocationPlan, type AllocationRun, runAllocations } from './ggml/allocator.ts';
import { planGraph } from './ggml/scheduler.ts';
import type { Graph } from './ggml/tensor.ts';
import { CELL_PADDING, cacheLayoutOf, contextCells, padTo } from './kv-cache.ts';
import { type LayerPlacement, placingOf } from './layer-split.ts';
import {
  EXPERT_WEIGHT,
  type GraphSettings,
  ModelGraph,
  type Weight,
  type WeightTable,
} from './llama-graphs/builder.ts';
import { buildModel, rotatesLayer } from './llama-graphs/classes.ts';
import { representativeLayers } from './llama-graphs/representative-layers.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { tensorDeviceBytes, tensorsInFile, type WeighOptions } from './weights.ts';

export interface ComputeBuffers {
  /** One buffer per device, in bytes. */
  readonly devices: readonly number[];
  readonly host: number;
}

/** A file's weights as the graph needs them, whatever their quantization. */
interface GraphWeights extends WeightTable {
  /** Tells layers apart: names and extents of their weights, in few letters. */
  readonly shapes: readonly number[];
}

function graphWeightsOf(architecture: Architecture, options: WeighOptions): GraphWeights {
  const blocks = architecture.layers + (architecture.nextTokenLayers ?? 0);
  const layers = Array.from({ length: blocks }, () => new Map<string, Weight>());
  const others = new Map<string, Weight>();
  tensorsInFile(architecture, options).forEach(({ name, shape }, index) => {
    const [, block, own = name] = /^blk\.(\d+)\.(.*)/.exec(name) ?? [];
    const table = block === undefined ? others : layers[Number(block)];
    table?.set(own.replace(/\.weight$/, ''), { shape, index });
  });
  const known = new Map<string, number>();
  const shapes = layers.map((weights) => {
    const signature = Array.from(weights, ([name, { shape }]) => `${name} ${shape.join(' ')}`).join(';');
    const number = known.get(signature) ?? known.size;
    known.set(signature, number);
    return number;
  });
  return { layers, others, shapes };
}

/** How the tensors of a graph grow with the context, wherever they are placed: sizes are linear in {@link measuresOf} it. */
interface Growth {
  /** The graph at the first context of the range; let go when others were used since. */
  graph: Graph | undefined;
  /** What one more of each measure adds, by tensor id. */
  readonly perCell: Float64Array;
  readonly perRow: Float64Array;
}

/** The allocations of a placement at the first context of a range, and which of them grow. */
interface GrowingPlan {
  readonly plan: AllocationPlan;
  readonly growingSlots: readonly number[];
}

/** Results of a plan in a range in which sizes are linear in the context; by context, ascending. */
interface Line {
  readonly points: { readonly context: number; readonly run: AllocationRun }[];
}

/** What is known of one model with equal settings but for the context, in one placement. */
interface Series {
  /** By range of contexts. */
  readonly plans: Map<string, GrowingPlan>;
  /** By range of contexts; none where sizes are not linear in the context. */
  readonly lines: Map<string, Line>;
  /** By context, and by quantization where it counts. */
  readonly results: Map<string | number, readonly number[]>;
}

/** Results and weights of one architecture. */
interface Known {
  readonly series: Map<string, Series>;
  /** By settings and range of contexts; `undefined` where graphs at its ends differ in more than sizes. */
  readonly growths: Map<string, Growth | undefined>;
  readonly weights: Map<boolean | undefined, GraphWeights>;
  /** Settings and ranges of contexts that were asked for. */
  readonly asked: Set<string>;
  /** Layers to walk, by placement, and by quantization where it counts. */
  readonly walked: Map<string, readonly number[]>;
}

const known = new WeakMap<Architecture, Known>();

/** Plans over several devices that were made last: older ones are let go, because they are large and pages come model by model. */
const recent: Series[] = [];
const MOST_RECENT = 48;

/** Graphs that were used last. */
const recentGraphs: Growth[] = [];
const MOST_RECENT_GRAPHS = 6;

/** Most series kept per architecture; a page varies few settings. */
const MOST_SERIES = 256;
/** Most results kept per series. */
const MOST_RESULTS = 1024;

/** Tokens that one row of the coarsest compressed cache stands for: such caches are padded, and grow in steps of their own. */
function coarsestRatio({ attention }: Architecture): number {
  if (attention.kind === 'compressed') return attention.hcaRatio;
  return ('indexer' in attention && attention.indexer?.pooledTokens) || 1;
}

/** What sizes are linear in: cells of the context, and rows of its coarsest compression. */
type Measures = readonly [cells: number, rows: number];

function measuresOf(architecture: Architecture, context: number): Measures {
  const ratio = coarsestRatio(architecture);
  return [context, ratio === 1 ? 0 : padTo(Math.ceil(context / ratio), CELL_PADDING)];
}

/** Contexts at which windows and selections of the best keys are full and stop growing, ascending. */
function limitsOf({ attention }: Architecture, { microBatch, sequences }: GraphSettings): readonly number[] {
  const full = (limit: number): number => padTo(limit, 4 * CELL_PADDING);
  switch (attention.kind) {
    case 'sliding-window':
      return [padTo(attention.window * sequences + microBatch, CELL_PADDING)];
    case 'compressed':
      return [full(attention.window + microBatch), full((attention.indexer.topK ?? 512) * attention.csaRatio)].sort(
        (a, b) => a - b,
      );
    default:
      // A selection may be larger by less than a block of cells.
      return attention.indexer
        ? [full((attention.indexer.topK ?? 2048) * (attention.indexer.pooledTokens ?? 1) + CELL_PADDING)]
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
    own = { series: new Map(), growths: new Map(), asked: new Set(), weights: new Map(), walked: new Map() };
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
  const placeKey = `${placement.key}/${mtpInFile}/${bytesByWeight ? scheme : ''}`;
  let layers = own.walked.get(placeKey);
  if (!layers) {
    layers = walkedLayers(architecture, table, placement, bytesByWeight);
    if (own.walked.size >= MOST_SERIES) own.walked.clear();
    own.walked.set(placeKey, layers);
  }
  const settingsKey = `${microBatch}/${outputs}/${sequences}/${kType}/${vType}/${flashAttention}/${transposedValues}/${mtpInFile}/${layers.length === architecture.layers ? '' : layers}`;
  const key = `${placement.key}/${settingsKey}`;
  let series = own.series.get(key);
  if (!series) {
    if (own.series.size >= MOST_SERIES) own.series.clear();
    series = { plans: new Map(), lines: new Map(), results: new Map() };
    own.series.set(key, series);
  }
  const resultKey = bytesByWeight ? `${context}/${scheme}` : context;
  const result = series.results.get(resultKey);
  if (result) return result;
  const range = rangeOf(architecture, settings);
  const rangeKey = range && `${range.from}-${range.to}`;
  const line = rangeKey && !bytesByWeight ? series.lines.get(rangeKey) : undefined;
  const between = line && interpolate(line, context);
  if (between) return between;

  const graphAt = (at: number): Graph => {
    const model = new ModelGraph(
      architecture,
      { ...settings, context: at },
      table,
      cacheLayoutOf(architecture).widestValues,
      layers,
    );
    buildModel(model);
    return model.graph;
  };
  const placing = placingOf(placement);
  const planOf = (graph: Graph): AllocationPlan => planGraph(graph, placing);
  let plan: AllocationPlan | undefined;
  let bytes: Float64Array | undefined;
  if (range && rangeKey) {
    const grow = (ofFrom: AllocationPlan, growth: Growth): GrowingPlan => {
      const growing = growingPlan(ofFrom, growth);
      series.plans.set(rangeKey, growing);
      if (isLinear(growing, growth)) series.lines.set(rangeKey, { points: [] });
      if (placement.devices > 1 && recent.push(series) > MOST_RECENT) recent.shift()?.plans.clear();
      return growing;
    };
    const growthKey = `${settingsKey}/${rangeKey}`;
    let growth = own.growths.get(growthKey);
    let growing = series.plans.get(rangeKey);
    // It takes two graphs to tell how sizes grow: not worth it for the first context that is ever asked for, nor, where
    // graphs are large, for the first with new settings.
    const first = !own.asked.has(growthKey) && (own.growths.size === 0 || layersAddUp(architecture));
    if (first) {
      if (own.asked.size >= MOST_SERIES) own.asked.clear();
      own.asked.add(growthKey);
    } else if (!growth && !own.growths.has(growthKey)) {
      const learned = growthOf(architecture, range, graphAt, planOf);
      growth = learned?.growth;
      if (own.growths.size >= MOST_SERIES) own.growths.clear();
      own.growths.set(growthKey, growth);
      if (learned) growing = grow(learned.plan, learned.growth);
    }
    if (growth) {
      if (!growing) {
        growth.graph ??= graphAt(range.from);
        growing = grow(planOf(growth.graph), growth);
      }
      keepGraph(growth);
      plan = growing.plan;
      bytes = bytesAt(growing, growth, measuresOf(architecture, range.from), measuresOf(architecture, context));
    }
  }
  plan ??= planOf(graphAt(context));
  bytes ??= plan.bytesOf.slice();
  if (bytesByWeight) {
    for (let slot = 0; slot < bytes.length; slot++) {
      const weight = plan.weightOf[slot] as number;
      if (weight >= 0) bytes[slot] = bytesByWeight[weight] as number;
    }
  }
  const run = runAllocations(plan, bytes);
  const ownLine = rangeKey && !bytesByWeight ? series.lines.get(rangeKey) : undefined;
  if (ownLine && ownLine.points.length < MOST_RESULTS) {
    const { points } = ownLine;
    const next = points.findIndex((point) => point.context > context);
    points.splice(next < 0 ? points.length : next, 0, { context, run });
  }
  if (series.results.size >= MOST_RESULTS) series.results.clear();
  series.results.set(resultKey, run.highest);
  return run.highest;
}

/** Notes that a graph was used, and lets the one go that was not for longest. */
function keepGraph(growth: Growth): void {
  const position = recentGraphs.indexOf(growth);
  if (position >= 0) recentGraphs.splice(position, 1);
  if (recentGraphs.push(growth) <= MOST_RECENT_GRAPHS) return;
  const oldest = recentGraphs.shift();
  if (oldest) oldest.graph = undefined;
}

/** Bytes per buffer at a context between two runs with the same trace; `undefined` where there are none. */
function interpolate({ points }: Line, context: number): readonly number[] | undefined {
  const next = points.findIndex((point) => point.context > context);
  const above = points[next];
  const below = points[next - 1];
  if (!above || !below || above.run.trace !== below.run.trace) return undefined;
  const share = (context - below.context) / (above.context - below.context);
  return below.run.highest.map((bytes, buffer) =>
    Math.round(bytes + ((above.run.highest[buffer] ?? bytes) - bytes) * share),
  );
}

/** Whether what the allocator reserves is linear in the context: every block of cells adds a multiple of the alignment. */
function isLinear({ plan, growingSlots }: GrowingPlan, { perCell, perRow }: Growth): boolean {
  return growingSlots.every((slot) => {
    const id = plan.tensorOf[slot] as number;
    const alignment = plan.alignments[plan.bufferOf[slot] as number] as number;
    return perRow[id] === 0 && ((perCell[id] as number) * CELL_PADDING) % alignment === 0;
  });
}

function sameSteps(a: AllocationPlan, b: AllocationPlan): boolean {
  return a.steps.length === b.steps.length && a.steps.every((step, index) => step === b.steps[index]);
}

/** How tensors grow in a range, and the plan at its start; `undefined` where graphs at its ends differ in more than sizes. */
function growthOf(
  architecture: Architecture,
  { from, to }: Range,
  graphAt: (context: number) => Graph,
  planOf: (graph: Graph) => AllocationPlan,
): { readonly growth: Growth; readonly plan: AllocationPlan } | undefined {
  const first = graphAt(from);
  const last = graphAt(to);
  const tensors = first.bytes.length;
  if (last.bytes.length !== tensors) return undefined;
  const plan = planOf(first);
  if (!sameSteps(plan, planOf(last))) return undefined;
  const [firstCells, firstRows] = measuresOf(architecture, from);
  const [lastCells, lastRows] = measuresOf(architecture, to);
  const cells = lastCells - firstCells;
  const rows = lastRows - firstRows;
  // With rows of a compressed cache it takes a third graph, with as many rows as the first, to tell the two measures apart.
  const step = rows === 0 ? cells : 4 * CELL_PADDING;
  const next = rows === 0 ? last : graphAt(from + step);
  const perCell = new Float64Array(tensors);
  const perRow = new Float64Array(tensors);
  for (let id = 0; id < tensors; id++) {
    const own = first.bytes[id] as number;
    perCell[id] = ((next.bytes[id] as number) - own) / step;
    if (rows !== 0) perRow[id] = ((last.bytes[id] as number) - own - (perCell[id] as number) * cells) / rows;
  }
  return { growth: { graph: first, perCell, perRow }, plan };
}

function growingPlan(plan: AllocationPlan, { perCell, perRow }: Growth): GrowingPlan {
  const growingSlots: number[] = [];
  plan.tensorOf.forEach((id, slot) => {
    if (id >= 0 && (perCell[id] !== 0 || perRow[id] !== 0)) growingSlots.push(slot);
  });
  return { plan, growingSlots };
}

/** Bytes of every slot where the context has the measures `to`. */
function bytesAt(
  { plan, growingSlots }: GrowingPlan,
  { perCell, perRow }: Growth,
  from: Measures,
  to: Measures,
): Float64Array {
  const bytes = plan.bytesOf.slice();
  const cells = to[0] - from[0];
  const rows = to[1] - from[1];
  for (const slot of growingSlots) {
    const id = plan.tensorOf[slot] as number;
    bytes[slot] = Math.round((bytes[slot] as number) + (perCell[id] as number) * cells + (perRow[id] as number) * rows);
  }
  return bytes;
}

/** Whether every layer leaves something behind: then none may be left out. */
function layersAddUp({ className, attention, perLayerEmbeddingSize }: Architecture): boolean {
  if (className === 'KimiK3ForConditionalGeneration') return true;
  return (
    attention.kind === 'compressed' ||
    ('indexer' in attention && attention.indexer !== undefined) ||
    perLayerEmbeddingSize !== undefined
  );
}

/** Layers that stand for all. */
function walkedLayers(
  architecture: Architecture,
  { layers, shapes }: GraphWeights,
  placement: LayerPlacement,
  bytesByWeight: Float64Array | undefined,
): readonly number[] {
  const { kindOfLayer } = cacheLayoutOf(architecture);
  // Over several devices few layers are alike; all of them give every number of devices the same graph.
  if (layersAddUp(architecture) || placement.devices > 1) return kindOfLayer.map((_, layer) => layer);
  const layerKindOf = layerKinds(architecture);
  const signatures = kindOfLayer.map((kind, layer) => {
    const device = placement.deviceOfLayer[layer] ?? -1;
    const expertsOnHost = layer < placement.expertLayersOnHost;
    const rotates = rotatesLayer(architecture, layerKindOf[layer] ?? 'F', layer);
    let signature = `${device}/${expertsOnHost}/${kind}/${rotates}/${shapes[layer]}`;
    if (!bytesByWeight || (device >= 0 && !expertsOnHost)) return signature;
    // The quantization decides the size of a copy of a weight that is in host memory.
    for (const [name, { index }] of layers[layer] ?? [])
      if (device < 0 || EXPERT_WEIGHT.test(name)) signature += `/${bytesByWeight[index]}`;
    return signature;
  });
  return representativeLayers(signatures);
}
