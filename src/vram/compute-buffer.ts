/**
 * Compute buffers of llama.cpp: what ggml's graph allocator needs for one micro-batch of a model, found by walking the
 * model's graph as the allocator does.
 */
import { type Architecture, layerKinds } from './architecture.ts';
import type { Measurement } from './ggml/allocator.ts';
import { measureGraph } from './ggml/scheduler.ts';
import { type CacheSettings, CELL_PADDING, cacheLayoutOf, contextCells, padTo, windowCells } from './kv-cache.ts';
import type { LayerPlacement } from './layer-split.ts';
import { type GraphSettings, ModelGraph, type Weight, type WeightTable } from './llama-graphs/builder.ts';
import { buildModel, rotatesLayer } from './llama-graphs/classes.ts';
import { isSettled, representativeLayers } from './llama-graphs/representative-layers.ts';
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

/** Walks of an architecture by settings, in the order of their contexts: they do not change while the program runs. */
const known = new WeakMap<Architecture, Map<string, Sample[]>>();

/** The tensors of the files that were walked last: tables are large, and results are kept anyway. */
const tables: { readonly architecture: Architecture; readonly file: string; readonly own: GraphWeights }[] = [];
const MOST_TABLES = 6;

/** The tensors of a file. Its scheme matters only where weights are on the host and are copied. */
function tableOf(
  architecture: Architecture,
  scheme: QuantizationScheme,
  options: WeighOptions,
  anyScheme: boolean,
): GraphWeights {
  const file = `${scheme}/${options.mtpInFile}`;
  const found = tables.find((table) => table.architecture === architecture && (anyScheme || table.file === file));
  if (found) return found.own;
  const own = graphWeightsOf(architecture, scheme, options);
  tables.unshift({ architecture, file, own });
  tables.length = Math.min(tables.length, MOST_TABLES);
  return own;
}

/** Keys that an indexer chooses where the architecture does not say. */
const CHOSEN_TOKENS = 2048;
/** Most combinations of settings kept per architecture; a page varies few. */
const MOST_SETTINGS = 1024;
/** Most contexts kept per combination. */
const MOST_CONTEXTS = 1024;

/** The context that has the same cells everywhere. */
function roundContext(architecture: Architecture, settings: ComputeSettings): number {
  const { context, microBatch } = settings;
  if (context < microBatch) return context;
  return architecture.attention.kind === 'compressed' ? padTo(context, 4 * CELL_PADDING) : contextCells(context);
}

/** How many limits a context is past at which sizes stop growing, or grow by a step. */
function regimeOf(architecture: Architecture, settings: ComputeSettings, context: number): number {
  if (context < settings.microBatch) return -context;
  const { attention } = architecture;
  // DeepSeek V4 pads the rows of its highest compression to 256.
  if (attention.kind === 'compressed') return Math.ceil(context / (CELL_PADDING * attention.hcaRatio));
  const limits: number[] = [];
  if (attention.kind === 'sliding-window')
    limits.push(windowCells(attention.window, { ...settings, context: 2 ** 31 }));
  if ('indexer' in attention && attention.indexer) limits.push(attention.indexer.topK ?? CHOSEN_TOKENS);
  return limits.filter((limit) => context >= limit).length;
}

/** Position of the first sample whose context is not smaller. */
function positionOf(samples: readonly Sample[], context: number): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.context ?? 0) < context) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Compute buffers of every device and of the host.
 *
 * Between two walked contexts at which the allocator took the same decisions, the buffers are linear and interpolated
 * exactly; other contexts are walked. Memoised per architecture object.
 */
export function computeBuffers(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: ComputeSettings,
  placement: LayerPlacement,
  options: WeighOptions = {},
): ComputeBuffers {
  const samples = samplesOf(architecture, scheme, settings, placement, options);
  const context = roundContext(architecture, settings);
  const bytes = found(samples, architecture, settings, context) ?? walked();
  return { devices: bytes.slice(0, placement.devices), host: bytes[placement.devices] ?? 0 };

  function walked(): readonly number[] {
    if (samples.length >= MOST_CONTEXTS) samples.length = 0;
    const table = tableOf(architecture, scheme, options, !placement.weightsOnHost);
    const { highest, decisions } = walk(architecture, table, { ...settings, context }, placement);
    const regime = regimeOf(architecture, settings, context);
    samples.splice(positionOf(samples, context), 0, { context, regime, bytes: highest, decisions });
    return highest;
  }
}

/** Walks with the same settings but for the context. */
function samplesOf(
  architecture: Architecture,
  scheme: QuantizationScheme,
  settings: ComputeSettings,
  placement: LayerPlacement,
  options: WeighOptions,
): Sample[] {
  let bySettings = known.get(architecture);
  if (!bySettings) {
    bySettings = new Map();
    known.set(architecture, bySettings);
  }
  const { kType, vType, microBatch, sequences, flashAttention, outputs } = settings;
  const file = placement.weightsOnHost ? `${scheme}/${options.mtpInFile}` : '';
  const key = `${microBatch}/${outputs}/${sequences}/${kType}/${vType}/${flashAttention}/${placement.key}/${file}`;
  let samples = bySettings.get(key);
  if (!samples) {
    if (bySettings.size >= MOST_SETTINGS) bySettings.clear();
    samples = [];
    bySettings.set(key, samples);
  }
  return samples;
}

/** Buffers at a context that was walked, or that lies between two walks of the same decisions. */
function found(
  samples: readonly Sample[],
  architecture: Architecture,
  settings: ComputeSettings,
  context: number,
): readonly number[] | undefined {
  const position = positionOf(samples, context);
  const above = samples[position];
  if (above?.context === context) return above.bytes;
  const below = samples[position - 1];
  if (!above || !below || above.decisions !== below.decisions) return undefined;
  const regime = regimeOf(architecture, settings, context);
  if (above.regime !== regime || below.regime !== regime) return undefined;
  const share = (context - below.context) / (above.context - below.context);
  return below.bytes.map((bytes, index) => Math.round(bytes + ((above.bytes[index] ?? bytes) - bytes) * share));
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

/** What tells layers apart: layers with equal signatures have the same part of the graph on the same device. */
function signaturesOf(architecture: Architecture, weights: GraphWeights, placement: LayerPlacement): unknown[] {
  const { kindOfLayer } = cacheLayoutOf(architecture);
  if (layersAddUp(architecture)) return kindOfLayer.map((_, layer) => layer);
  const kinds = layerKinds(architecture);
  return kindOfLayer.map((kind, layer) => {
    const rotates = rotatesLayer(architecture, kinds[layer] ?? 'F', layer);
    const device = placement.deviceOfLayer[layer] ?? -1;
    const expertsOnHost = layer < placement.expertLayersOnHost;
    const copied = device < 0 || expertsOnHost;
    return `${device}/${expertsOnHost}/${kind}/${rotates}/${weights.shapes[layer]}/${copied ? weights.sizes[layer] : ''}`;
  });
}

/** Periods of a pattern that are walked at first, and added where the allocator had not settled by then. */
const FIRST_PERIODS = 3;
const MORE_PERIODS = 4;

/** Walks as many layers as tell what all of them need. */
function walk(
  architecture: Architecture,
  weights: GraphWeights,
  settings: GraphSettings,
  placement: LayerPlacement,
): Measurement {
  const signatures = signaturesOf(architecture, weights, placement);
  const { widestValues } = cacheLayoutOf(architecture);
  for (let periods = FIRST_PERIODS; ; periods += MORE_PERIODS) {
    const { layers, runs } = representativeLayers(signatures, periods);
    const model = new ModelGraph(architecture, settings, placement, weights.table, widestValues, layers);
    buildModel(model);
    const measured = measureGraph(model.graph, placement.devices, placement.pipelined);
    if (runs.every((run) => isSettled(run, measured.boundaries))) return measured;
  }
}
