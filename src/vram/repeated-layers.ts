/**
 * Stacks in which every layer leaves something behind, on one device or split over several: a layer of each surroundings is
 * walked, and the plan of the whole stack put together from what those do. A plan that is known serves other sizes.
 */
import { type Architecture, layerKinds } from './architecture.ts';
import { differInSizes, type GraphWeights } from './compute-buffer.ts';
import type { AllocationPlan } from './ggml/allocator.ts';
import {
  grown,
  growthsOf,
  type RepeatedPlan,
  type Repetition,
  repeatPlan,
  startsOf,
  tensorsIn,
} from './ggml/repeated-plan.ts';
import { isWorthMoving, type Placing, planGraph } from './ggml/scheduler.ts';
import type { Graph, GraphTensor } from './ggml/tensor.ts';
import { cacheLayoutOf } from './kv-cache.ts';
import { type LayerPlacement, placingOf } from './layer-split.ts';
import { variantOf } from './llama-graphs/classes.ts';

/** Layers to walk for a stack, and how the others are like them. */
export interface RepeatedLayers extends Repetition {
  readonly whole: LayerPlacement;
  /** Where the walked layers are. */
  readonly placing: Placing;
  /** The first layer that is added, and the last one; absent where as much is added to the walked layers as to all. */
  readonly least: readonly number[] | undefined;
}

/** The share of a stack up to which it is faster to walk less of it and put its plan together. */
const MOST_WALKED = 0.75;

/** Numbers equal texts alike. */
function numbered(texts: readonly string[]): number[] {
  const known = new Map<string, number>();
  return texts.map((text) => {
    const number = known.get(text) ?? known.size;
    known.set(text, number);
    return number;
  });
}

/** Whatever of `values` the layers from `from` up to `to` have that are on the device of `layer`, ascending. */
function onDevice(
  values: readonly number[],
  devices: readonly number[],
  layer: number,
  from: number,
  to: number,
): number[] {
  const own = new Set<number>();
  for (let other = from; other < to; other++) if (devices[other] === devices[layer]) own.add(values[other] as number);
  return [...own].sort((a, b) => a - b);
}

/** How many layers before each one add. */
function addedBefore(adds: readonly (boolean | undefined)[]): number[] {
  let sum = 0;
  return adds.map((own) => (own ? sum++ : sum));
}

/**
 * The layers to walk: what lies between two layers behind which the same may follow is left out where others have the
 * surroundings of all that are left out. `undefined` where that spares little, on one device, and where layers are in RAM.
 */
export function repeatedLayers(
  architecture: Architecture,
  { shapes }: GraphWeights,
  placement: LayerPlacement,
): RepeatedLayers | undefined {
  const { deviceOfLayer: devices, outputDevice, pipelined } = placement;
  if ((devices[0] as number) < 0) return undefined;
  const kinds = layerKinds(architecture);
  const { kindOfLayer } = cacheLayoutOf(architecture);
  const last = kindOfLayer.length - 1;
  const variants = kinds.map((kind, layer) => variantOf(architecture, kind, layer));
  const added = addedBefore(variants);
  /** What a layer reads of inputs that all layers share. */
  const reads = numbered(kindOfLayer.map((kind, layer) => `${kind} ${layer < placement.expertLayersOnHost}`));
  /** What it may leave for later layers. */
  const leaves = numbered(variants.map((variant, layer) => `${variant ?? shapes[layer]}`));
  const likeness = numbered(
    kindOfLayer.map((kind, layer) => `${[kind, leaves[layer], shapes[layer], layer === last]}`),
  );
  // The first that is added is not yet a tensor of its own.
  const looks = numbered(likeness.map((own, layer) => `${[own, reads[layer], Math.min(added[layer] as number, 2)]}`));
  /** Devices from a layer to the next that adds, or the one before, two where there are more; -1 where there is none. */
  const devicesTo = (layer: number, step: number): number => {
    let other = layer + step;
    while (kinds[other] && !variants[other]) other += step;
    return kinds[other] ? Math.min(Math.abs((devices[other] as number) - (devices[layer] as number)), 2) : -1;
  };
  /** All that decides when a layer takes memory and gives it back, beside what it is itself. */
  const surroundings = numbered(
    looks.map((own, layer) => {
      const device = devices[layer] as number;
      const starts = devices[layer - 1] !== device;
      const readBefore = onDevice(reads, devices, layer, 0, layer);
      const leftBefore = onDevice(leaves, devices, layer, 0, layer);
      const readsFirst = starts || !readBefore.includes(reads[layer] as number);
      const toAdded = starts || variants[layer] ? [-1, 1].map((step) => devicesTo(layer, step)) : [];
      const shared = pipelined
        ? // Copies of inputs that a pipeline keeps are no concern of the layers that read them.
          [readsFirst && device === devices[last], leaves[layer + 1]]
        : [readBefore, onDevice(reads, devices, layer, layer + 1, last + 1), looks[layer + 1]];
      return [own, starts, toAdded, leftBefore, ...shared].join(';');
    }),
  );

  /** Equal for layers behind which the same may follow: what was added before is as far away. */
  const joints = numbered(surroundings.map((own, layer) => `${own} ${devicesTo(layer, -1)}`));

  const all = looks.map((_, layer) => layer);
  let layers = all;
  // Without a pipeline, inputs come to several devices when they are first read, and go when they are last.
  for (let from = 0; from < layers.length && (pipelined || placement.devices === 1); from++) {
    for (let to = layers.length - 1; to > from; to--) {
      if (joints[layers[from] as number] !== joints[layers[to] as number]) continue;
      const out = layers.slice(from + 1, to + 1);
      const others = layers.toSpliced(from + 1, to - from);
      const shown = new Set(others.map((layer) => surroundings[layer]));
      if (out.some((layer) => !shown.has(surroundings[layer]))) continue;
      layers = others;
      break;
    }
  }
  if (layers.length > MOST_WALKED * all.length) {
    // Over several devices the plan of the whole stack still serves other settings.
    if (placement.devices === 1) return undefined;
    layers = all;
  }

  const addedWalked = addedBefore(layers.map((layer) => variants[layer]));
  const deviceOfLayer: number[] = [];
  let device = -1;
  for (const layer of layers) {
    if (devices[layer] !== devices[layer - 1]) device += 1;
    deviceOfLayer[layer] = device;
  }
  const output = outputDevice === devices[last] ? device : device + 1;
  const positionOf = new Map(layers.map((layer, position) => [surroundings[layer], position]));
  const short = { ...placement, devices: output + 1, deviceOfLayer, outputDevice: output };
  return {
    layers,
    placing: placingOf(short),
    short,
    whole: placement,
    walkedOf: surroundings.map((own) => positionOf.get(own) as number),
    added,
    addedWalked,
    likeness,
    least: addedWalked.at(-1) === added[last] ? undefined : [variants.indexOf(true), last],
  };
}

/** The graph of a whole stack that was made last, by the file whose weights it reads: it serves whatever is where. */
const wholeGraphs = new WeakMap<GraphWeights, { readonly settings: string; readonly graph: Graph }>();

/** Graphs that are planned alike: one of them, and what was planned, by the stack that it was planned for. */
interface Structure {
  readonly sample: Graph;
  readonly plans: Map<RepeatedLayers, RepeatedPlan>;
}

/** By the stack whose walked layers the graphs have. */
const structures = new WeakMap<RepeatedLayers, Structure[]>();

/** Those that were used last; plans of others are made again. */
const recent: (readonly [Structure[], Structure])[] = [];
const MOST_RECENT = 16;
/** Most plans kept of a structure. */
const MOST_PLANS = 24;

/** Whether the scheduler assigns the tensors of two graphs alike that {@link differInSizes}: rows count where the host holds what is read. */
function assignedAlike(a: Graph, b: Graph, { backendOf, devices }: Placing): boolean {
  const isOnHost = ({ residence }: GraphTensor): boolean => residence !== undefined && backendOf(residence) === devices;
  return a.nodes.every((node, position) => {
    const other = b.nodes[position] as GraphTensor;
    return (
      node.hostOnly === other.hostOnly && (isWorthMoving(node) === isWorthMoving(other) || !node.sources.some(isOnHost))
    );
  });
}

function structureOf(graph: Graph, walked: RepeatedLayers): Structure {
  const own = structures.get(walked) ?? [];
  structures.set(walked, own);
  let structure = own.find(
    ({ sample }) => differInSizes(graph, sample) && assignedAlike(graph, sample, walked.placing),
  );
  if (!structure) {
    structure = { sample: graph, plans: new Map() };
    own.push(structure);
    if (recent.push([own, structure]) > MOST_RECENT) {
      const [others, oldest] = recent.shift() as (typeof recent)[number];
      others.splice(others.indexOf(oldest), 1);
    }
  }
  return structure;
}

/** The same plan with the tensors of another graph, whose layers are alike; `undefined` where they have other sizes. */
function retold(
  plan: RepeatedPlan,
  { layers, likeness, addedWalked }: RepeatedLayers,
  starts: readonly number[],
  to: Told,
): RepeatedPlan | undefined {
  const first = starts[0] as number;
  const tensorOf = plan.tensorOf.slice();
  const more = plan.more.slice();
  const twins = layers.map((layer, position) =>
    to.walked.layers.findIndex(
      (other, at) =>
        to.walked.likeness[other] === likeness[layer] && tensorsIn(to.starts, at) === tensorsIn(starts, position),
    ),
  );
  for (let slot = 0; slot < tensorOf.length; slot++) {
    const tensor = tensorOf[slot] as number;
    if (tensor < first) continue;
    let position = twins.length - 1;
    while ((starts[position] as number) > tensor) position -= 1;
    const twin = twins[position] as number;
    if (twin < 0) return undefined;
    tensorOf[slot] = tensor - (starts[position] as number) + (to.starts[twin] as number);
    more[slot] = (more[slot] as number) + (addedWalked[position] as number) - (to.walked.addedWalked[twin] as number);
  }
  const bytesOf = sizesOf(plan.bytesOf, tensorOf, more, to);
  return bytesOf.every((bytes, slot) => bytes === plan.bytesOf[slot]) ? { ...plan, tensorOf, more } : undefined;
}

/** A graph, and of which layers. */
interface Told {
  readonly graph: Graph;
  readonly walked: RepeatedLayers;
  readonly starts: readonly number[];
  readonly growths: Float64Array;
}

function toldOf(graph: Graph, walked: RepeatedLayers, least: Graph | undefined): Told {
  const starts = startsOf(graph, walked.layers);
  return { graph, walked, starts, growths: growthsOf(graph, starts, walked, least) };
}

/** Bytes of slots by their tensors; copies of weights and caches keep theirs. */
function sizesOf(kept: Float64Array, tensorOf: Int32Array, more: Int32Array, { graph, growths }: Told): Float64Array {
  return kept.map((own, slot) => {
    const tensor = tensorOf[slot] as number;
    return tensor < 0 ? own : grown(graph.bytes[tensor] as number, more[slot] as number, growths[tensor] as number);
  });
}

/**
 * The plan of a whole stack, with the tensors of a graph of some of its layers.
 *
 * @param graph layers of the same settings on one device, `walked`
 * @param graphKey tells settings apart but for the context
 * @param context of the graph, in tokens
 * @param graphAt other layers of the same settings
 * @returns `undefined` where they do not tell it
 */
export function repeatedPlan(
  graph: Graph,
  walked: RepeatedLayers,
  repeated: RepeatedLayers,
  table: GraphWeights,
  graphKey: string,
  context: number,
  graphAt: (context: number, layers: readonly number[]) => Graph,
): AllocationPlan | undefined {
  const { plans } = structureOf(graph, walked);
  const known = plans.get(repeated);
  const needed = (known ? walked : repeated).least ?? walked.least;
  const least = needed && graphAt(context, needed);
  const told = toldOf(graph, walked, least);
  if (known) return { ...known, bytesOf: sizesOf(known.bytesOf, known.tensorOf, known.more, told) };
  const { layers, layerOf, nameOf } = table;
  const isWhole = repeated.layers.length === repeated.walkedOf.length;
  const settings = `${graphKey}/${context}`;
  let own = graph;
  if (repeated !== walked) {
    const last = isWhole ? wholeGraphs.get(table) : undefined;
    own = last?.settings === settings ? last.graph : graphAt(context, repeated.layers);
    if (isWhole) wholeGraphs.set(table, { settings, graph: own });
  }
  const short = planGraph(own, isWhole ? placingOf(repeated.whole) : repeated.placing, repeated.layers);
  const whole = isWhole
    ? { ...short, more: new Int32Array(short.bytesOf.length) }
    : repeatPlan(
        own,
        short,
        repeated,
        (weight, layerLater) => {
          const layer = layerOf[weight];
          return layer === undefined ? weight : layers[layerLater(layer)]?.get(nameOf[weight] as string)?.index;
        },
        least,
      );
  const plan = whole && (own === graph ? whole : retold(whole, repeated, startsOf(own, repeated.layers), told));
  if (!plan) return undefined;
  // What it keeps of a cache has the size of these settings.
  if (plan.tensorOf.some((tensor, slot) => tensor < 0 && (plan.weightOf[slot] as number) < 0)) return plan;
  if (plans.size >= MOST_PLANS) plans.clear();
  plans.set(repeated, plan);
  return plan;
}
