/**
 * Compute buffers of llama.cpp: what ggml's graph allocator needs for one micro-batch of a model, found by walking the
 * model's graph as the allocator does.
 */
import type { Architecture } from './architecture.ts';
import { measureGraph } from './ggml/scheduler.ts';
import { type CacheSettings, CELL_PADDING, cacheLayoutOf, contextCells, padTo } from './kv-cache.ts';
import type { LayerPlacement } from './layer-split.ts';
import { type GraphSettings, ModelGraph, type Weight, type WeightTable } from './llama-graphs/builder.ts';
import { buildModel } from './llama-graphs/classes.ts';
import { representativeLayers } from './llama-graphs/representative-layers.ts';
import { cudaBytes } from './quantization/ggml-types.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { type WeighOptions, weighTensors } from './weights.ts';

export interface ComputeSettings extends CacheSettings {
  /** Rows of logits kept per micro-batch. */
  readonly outputs: number;
}

export interface ComputeBuffers {
  /** One buffer per device, in bytes. */
  readonly devices: readonly number[];
  readonly host: number;
}

/** A file's weights as the graph needs them, and which layers are alike. */
interface GraphWeights {
  readonly table: WeightTable;
  /** Names and extents of each layer's weights. */
  readonly shapes: readonly string[];
  /** The same with their bytes, which decide the size of a copy of a weight that is in host memory. */
  readonly sizes: readonly string[];
}

function graphWeightsOf(architecture: Architecture, scheme: QuantizationScheme, options: WeighOptions): GraphWeights {
  const table = new Map<string, Weight>();
  const shapes = new Array<string>(architecture.layers).fill('');
  const sizes = new Array<string>(architecture.layers).fill('');
  for (const { tensor, type } of weighTensors(architecture, scheme, options)) {
    const name = tensor.name.replace(/\.weight$/, '');
    const deviceBytes = cudaBytes(type, tensor.shape);
    table.set(name, { shape: tensor.shape, deviceBytes });
    const own = /^blk\.(\d+)\.(.*)/.exec(name);
    const layer = own ? Number(own[1]) : -1;
    if (layer < 0 || layer >= architecture.layers) continue;
    shapes[layer] += `${own?.[2]} ${tensor.shape.join(' ')};`;
    sizes[layer] += `${own?.[2]} ${deviceBytes};`;
  }
  return { table, shapes, sizes };
}

/** One walk: what every buffer needs at a context, and the decisions that led there. */
interface Sample {
  readonly context: number;
  /** Between samples of one regime all sizes grow linearly with the context. */
  readonly regime: number;
  readonly bytes: readonly number[];
  readonly decisions: number;
}

/** Walks of one model with equal settings but for the context, by context. */
type Series = Sample[];

/** Results and weights of one architecture. */
interface Known {
  readonly series: Map<string, Series>;
  readonly weights: Map<string, GraphWeights>;
}

const known = new WeakMap<Architecture, Known>();

/** Most series kept per architecture; a page varies few settings. */
const MOST_SERIES = 512;
/** Most samples kept per series: contexts below a window's length are not interpolated. */
const MOST_SAMPLES = 4096;

/** Contexts at which sizes stop growing with the context, or grow in steps. */
function regimeOf(architecture: Architecture, settings: ComputeSettings, context: number): number {
  const { attention } = architecture;
  // Windows and selections of the best keys fill up; the numbers of filled ones tell regimes apart.
  const limits: number[] = [];
  if (attention.kind === 'sliding-window') limits.push(padTo(attention.window * settings.sequences + settings.microBatch, CELL_PADDING));
  if (attention.kind === 'latent' || attention.kind === 'full') limits.push(attention.indexer?.topK ?? 0);
  if (attention.kind === 'linear-hybrid') limits.push(attention.indexer?.topK ?? 0);
  let regime = 0;
  for (const limit of limits) if (context >= limit) regime += 1;
  // DeepSeek V4 pads the rows of its highest compression to 256: they grow in steps.
  if (attention.kind === 'compressed') regime = Math.ceil(context / (CELL_PADDING * 128));
  return context < settings.microBatch ? -context : regime;
}

/** The context that has the same cells everywhere. */
function roundContext(architecture: Architecture, settings: ComputeSettings): number {
  if (settings.context < settings.microBatch) return settings.context;
  return architecture.attention.kind === 'compressed' ? padTo(settings.context, 4 * CELL_PADDING) : contextCells(settings.context);
}

/** Position of the first sample whose context is not smaller. */
function positionOf(series: Series, context: number): number {
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((series[middle] as Sample).context < context) low = middle + 1;
    else high = middle;
  }
  return low;
}

function interpolated(before: Sample, after: Sample, context: number): number[] {
  const share = (context - before.context) / (after.context - before.context);
  return before.bytes.map((bytes, index) => Math.round(bytes + ((after.bytes[index] ?? bytes) - bytes) * share));
}

/**
 * Compute buffers of every device and of the host.
 *
 * The walk is done once per settings and context; contexts between two walks that took the same decisions are exact by
 * interpolation. Memoised per architecture object.
 */
export function computeBuffers(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: ComputeSettings,
  placement: LayerPlacement,
  options: WeighOptions = {},
): ComputeBuffers {
  const bytes = bytesOf(architecture, scheme, settings, placement, options);
  return { devices: bytes.slice(0, placement.devices), host: bytes[placement.devices] ?? 0 };
}

function bytesOf(architecture: Architecture, scheme: QuantizationScheme, settings: ComputeSettings, placement: LayerPlacement, options: WeighOptions): readonly number[] {
  let own = known.get(architecture);
  if (!own) {
    own = { series: new Map(), weights: new Map() };
    known.set(architecture, own);
  }
  const { series: all, weights } = own;
  const { kType, vType, microBatch, sequences, flashAttention, outputs } = settings;
  const file = placement.weightsOnHost ? `${scheme}/${options.mtpInFile}` : '';
  const key = `${microBatch}/${outputs}/${sequences}/${kType}/${vType}/${flashAttention}/${placement.key}/${file}`;
  let series = all.get(key);
  if (!series) {
    if (all.size >= MOST_SERIES) all.clear();
    series = [];
    all.set(key, series);
  }
  const context = roundContext(architecture, settings);
  const position = positionOf(series, context);
  const after = series[position];
  if (after?.context === context) return after.bytes;
  const before = series[position - 1];
  const regime = regimeOf(architecture, settings, context);
  if (before && after && before.regime === regime && after.regime === regime && before.decisions === after.decisions) {
    return interpolated(before, after, context);
  }
  if (series.length >= MOST_SAMPLES) series.length = 0;
  const fileKey = `${scheme}/${options.mtpInFile}`;
  let graphWeights = weights.get(fileKey);
  if (!graphWeights) {
    graphWeights = graphWeightsOf(architecture, scheme, options);
    weights.set(fileKey, graphWeights);
  }
  const measured = walk(architecture, graphWeights, { ...settings, context }, placement);
  series.splice(positionOf(series, context), 0, { context, regime, bytes: measured.highest, decisions: measured.decisions });
  return measured.highest;
}

/** Whether every layer leaves something behind: then none may be left out. */
function layersAddUp({ attention, perLayerEmbeddingSize }: Architecture): boolean {
  return attention.kind === 'compressed' || ('indexer' in attention && attention.indexer !== undefined) || perLayerEmbeddingSize !== undefined;
}

/** Layers that stand for all. */
function walkedLayers(architecture: Architecture, weights: GraphWeights, placement: LayerPlacement): number[] {
  const { kindOfLayer } = cacheLayoutOf(architecture);
  if (layersAddUp(architecture)) return kindOfLayer.map((_, layer) => layer);
  const signatures = kindOfLayer.map((kind, layer) => {
    const device = placement.deviceOfLayer[layer] ?? -1;
    const expertsOnHost = layer < placement.expertLayersOnHost;
    return `${device}/${expertsOnHost}/${kind}/${weights.shapes[layer]}/${device < 0 || expertsOnHost ? weights.sizes[layer] : ''}`;
  });
  return representativeLayers(signatures);
}

function walk(architecture: Architecture, weights: GraphWeights, settings: GraphSettings, placement: LayerPlacement): ReturnType<typeof measureGraph> {
  const layers = walkedLayers(architecture, weights, placement);
  const graph = new ModelGraph(architecture, settings, placement, weights.table, cacheLayoutOf(architecture).widestValues, layers);
  buildModel(graph);
  return measureGraph(graph.graph, placement.devices, placement.pipelined);
}

