/**
 * Compute buffers of llama.cpp: what ggml's graph allocator needs for one micro-batch of a model, found by walking the
 * model's graph as the allocator does.
 */
import { type Architecture, layerKinds } from './architecture.ts';
import { measureGraph } from './ggml/scheduler.ts';
import { type CacheSettings, CELL_PADDING, cacheLayoutOf, contextCells, padTo } from './kv-cache.ts';
import { type LayerPlacement, placeLayers } from './layer-split.ts';
import { type GraphSettings, ModelGraph, type Weight, type WeightTable } from './llama-graphs/builder.ts';
import { buildModel, rotatesLayer } from './llama-graphs/classes.ts';
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

/** What is known of one architecture: it does not change while the program runs. */
interface Known {
  /** Buffers by settings, then by context. */
  readonly walks: Map<string, Map<number, readonly number[]>>;
  /** The tensors of one file. Its scheme matters only where weights are on the host and are copied. */
  weights?: { readonly file: string; readonly own: GraphWeights };
}

const known = new WeakMap<Architecture, Known>();

/** Most combinations of settings kept per architecture; a page varies few. */
const MOST_SETTINGS = 512;
/** Most contexts kept per combination. */
const MOST_CONTEXTS = 512;
/** From so many devices on, those between the first and the last are alike: the walk takes no more. */
const MOST_WALKED_DEVICES = 4;

/** Contexts at which a window or a selection of keys is full and stops growing with the context. */
function fullAt(architecture: Architecture, settings: ComputeSettings): readonly number[] {
  const { attention } = architecture;
  if (attention.kind === 'sliding-window') return [padTo(attention.window * settings.sequences + settings.microBatch, CELL_PADDING)];
  const topK = 'indexer' in attention ? attention.indexer?.topK : undefined;
  return topK === undefined ? [] : [contextCells(topK)];
}

/** The context that has the same cells everywhere. */
function roundContext(architecture: Architecture, settings: ComputeSettings, context: number): number {
  if (context < settings.microBatch) return context;
  return architecture.attention.kind === 'compressed' ? padTo(context, 4 * CELL_PADDING) : contextCells(context);
}

/** Largest power of two that is not above `context`. */
const powerBelow = (context: number): number => 2 ** Math.floor(Math.log2(context));

/** At most three significant bits: 4096, 40,960, 163,840 and the like, which people and models use. */
const isRound = (context: number): boolean => context % (powerBelow(context) / 4) === 0;

/**
 * Compute buffers of every device and of the host.
 *
 * The graph is walked at round contexts ({@link isRound}). A buffer is the largest of phases that grow linearly with the
 * context, so that other contexts are interpolated between the powers of two around them: never too little, and exact
 * but where another phase takes over in between. Memoised per architecture object.
 */
export function computeBuffers(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: ComputeSettings,
  placement: LayerPlacement,
  options: WeighOptions = {},
): ComputeBuffers {
  const { devices } = placement;
  const walked = devices > MOST_WALKED_DEVICES && !placement.weightsOnHost ? placeLayers(architecture, 0, { devices: MOST_WALKED_DEVICES, gpuLayers: -1, cpuMoeLayers: 0 }) : placement;
  const bytes = bytesAt(architecture, scheme, settings, walked, options);
  const own = bytes.slice(0, walked.devices);
  const host = bytes[walked.devices] ?? 0;
  if (walked === placement) return { devices: own, host };
  const between = Math.max(...own.slice(1, -1));
  return { devices: Array.from({ length: devices }, (_, device) => (device === 0 ? own[0] : device === devices - 1 ? own.at(-1) : between) ?? between), host };
}

/** Buffers at the context of the settings, walked or interpolated. */
function bytesAt(architecture: Architecture, scheme: QuantizationScheme, settings: ComputeSettings, placement: LayerPlacement, options: WeighOptions): readonly number[] {
  const walkAt = (at: number): readonly number[] => walkOnce(architecture, scheme, { ...settings, context: roundContext(architecture, settings, at) }, placement, options);
  const context = roundContext(architecture, settings, settings.context);
  if (context < settings.microBatch || isRound(context)) return walkAt(context);
  const lower = Math.max(powerBelow(context), settings.microBatch);
  const upper = 2 * powerBelow(context);
  const ends = fullAt(architecture, settings).filter((end) => end > lower && end < upper);
  const below = Math.max(lower, ...ends.filter((end) => end <= context));
  const above = Math.min(upper, ...ends.filter((end) => end >= context));
  if (below === above || below >= context) return walkAt(below);
  const before = walkAt(below);
  const after = walkAt(above);
  const share = (context - below) / (above - below);
  return before.map((bytes, index) => Math.round(bytes + ((after[index] ?? bytes) - bytes) * share));
}

function walkOnce(architecture: Architecture, scheme: QuantizationScheme, settings: ComputeSettings, placement: LayerPlacement, options: WeighOptions): readonly number[] {
  let own = known.get(architecture);
  if (!own) {
    own = { walks: new Map() };
    known.set(architecture, own);
  }
  const { kType, vType, microBatch, sequences, flashAttention, outputs, context } = settings;
  const file = `${scheme}/${options.mtpInFile}`;
  const key = `${microBatch}/${outputs}/${sequences}/${kType}/${vType}/${flashAttention}/${placement.key}/${placement.weightsOnHost ? file : ''}`;
  let byContext = own.walks.get(key);
  if (!byContext) {
    if (own.walks.size >= MOST_SETTINGS) own.walks.clear();
    byContext = new Map();
    own.walks.set(key, byContext);
  }
  let bytes = byContext.get(context);
  if (!bytes) {
    if (byContext.size >= MOST_CONTEXTS) byContext.clear();
    if (!own.weights || (placement.weightsOnHost && own.weights.file !== file)) own.weights = { file, own: graphWeightsOf(architecture, scheme, options) };
    bytes = walk(architecture, own.weights.own, settings, placement).highest;
    byContext.set(context, bytes);
  }
  return bytes;
}

/** Whether every layer leaves something behind: then none may be left out. */
function layersAddUp({ className, attention, perLayerEmbeddingSize }: Architecture): boolean {
  if (className === 'KimiK3ForConditionalGeneration') return true;
  return attention.kind === 'compressed' || ('indexer' in attention && attention.indexer !== undefined) || perLayerEmbeddingSize !== undefined;
}

/** Layers that stand for all. */
function walkedLayers(architecture: Architecture, weights: GraphWeights, placement: LayerPlacement): number[] {
  const { kindOfLayer } = cacheLayoutOf(architecture);
  if (layersAddUp(architecture)) return kindOfLayer.map((_, layer) => layer);
  const layerKindOf = layerKinds(architecture);
  const signatures = kindOfLayer.map((kind, layer) => {
    const rotates = rotatesLayer(architecture, layerKindOf[layer] ?? 'F', layer);
    const device = placement.deviceOfLayer[layer] ?? -1;
    const expertsOnHost = layer < placement.expertLayersOnHost;
    return `${device}/${expertsOnHost}/${kind}/${rotates}/${weights.shapes[layer]}/${device < 0 || expertsOnHost ? weights.sizes[layer] : ''}`;
  });
  return representativeLayers(signatures);
}

function walk(architecture: Architecture, weights: GraphWeights, settings: GraphSettings, placement: LayerPlacement): ReturnType<typeof measureGraph> {
  const layers = walkedLayers(architecture, weights, placement);
  const graph = new ModelGraph(architecture, settings, placement, weights.table, cacheLayoutOf(architecture).widestValues, layers);
  buildModel(graph);
  return measureGraph(graph.graph, placement.devices, placement.pipelined);
}

