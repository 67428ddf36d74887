/**
 * ggml's backend scheduler (`ggml/src/ggml-backend.cpp`): decides which device runs each node, cuts the graph where
 * the device changes, and copies what a part needs from elsewhere; then plans every device's buffer.
 */
import { CUDA_ALIGNMENT, HOST_ALIGNMENT } from '../quantization/ggml-types.ts';
import { type AllocationPlan, planAllocations } from './allocator.ts';
import { elementsOf, type Graph, type GraphTensor, make, NO_SOURCES, type Residence, UNASSIGNED } from './tensor.ts';

/** Copies of every input that the scheduler keeps when it runs micro-batches in a pipeline. */
export const PIPELINE_COPIES = 4;
/** Batches of at least so many rows are computed on a device even where the weights are in host memory. */
const OFFLOAD_ROWS = 32;

/** The devices of a run and what each of them holds. */
export interface Placing {
  readonly devices: number;
  /** Micro-batches run in a pipeline over the devices. */
  readonly pipelined: boolean;
  /** Number of the device that holds weights or a cache; as many as there are devices for the host. */
  backendOf(residence: Residence): number;
}

/** Rows that decide whether an operation is worth moving to a device. */
function batchRows(tensor: GraphTensor): number {
  switch (tensor.operation) {
    case 'get-rows':
      return 0;
    case 'mul-mat':
      return tensor.shape[1];
    case 'mul-mat-id':
    case 'rope':
      return tensor.shape[2];
    default:
      return elementsOf(tensor.shape) / tensor.shape[0];
  }
}

/** Whether an operation has so many rows that a device computes it even where the weights are in host memory. */
export const isWorthMoving = (tensor: GraphTensor): boolean => batchRows(tensor) >= OFFLOAD_ROWS;

/** Whether a backend can compute a tensor: another device's memory cannot be read. */
function supports(backend: number, host: number, tensor: GraphTensor): boolean {
  if (backend === host) return true;
  if (tensor.hostOnly) return false;
  const { sources } = tensor;
  for (let index = 0; index < sources.length; index++) {
    const source = sources[index] as GraphTensor;
    if (source.residence !== undefined && source.backend !== host && source.backend !== backend) return false;
  }
  return true;
}

const isWeight = ({ residence }: GraphTensor): boolean => residence !== undefined && residence.holds !== 'cache';

/** The backend that weights, caches and inputs decide, which have theirs; {@link UNASSIGNED} where they do not. */
function firstBackend(tensor: GraphTensor, host: number): number {
  if (tensor.viewOf?.residence) return tensor.viewOf.backend;
  if (tensor.operation === 'rope' || tensor.operation === 'flash-attention') return UNASSIGNED;
  const { sources } = tensor;
  for (let index = 0; index < sources.length; index++) {
    const source = sources[index] as GraphTensor;
    if (!isWeight(source)) continue;
    if (source.backend !== host) return source.backend;
    return host > 0 && supports(0, host, tensor) && isWorthMoving(tensor) ? 0 : host;
  }
  return UNASSIGNED;
}

/** Clears the notes of earlier plans. */
function clear(tensor: GraphTensor): void {
  tensor.reads = tensor.sources;
  tensor.kept = tensor.isOutput;
  tensor.backend = UNASSIGNED;
  tensor.copies = undefined;
  tensor.children = 0;
  tensor.views = 0;
  tensor.allocated = false;
  tensor.slot = -1;
}

/**
 * Gives nodes without a backend that of the node before (or behind) them; where the host's does not count, it ends the run.
 * Returns whether a node is left without one.
 */
function spread(nodes: readonly GraphTensor[], host: number, downwards: boolean, hostToo: boolean): boolean {
  let backend = UNASSIGNED;
  let left = false;
  for (let step = 0; step < nodes.length; step++) {
    const node = nodes[downwards ? step : nodes.length - 1 - step] as GraphTensor;
    if (node.operation === 'view') continue;
    if (node.backend !== UNASSIGNED) backend = node.backend === host && !hostToo ? UNASSIGNED : node.backend;
    else if (backend !== UNASSIGNED && supports(backend, host, node)) node.backend = backend;
    else left = true;
  }
  return left;
}

function assignBackends({ nodes, leafs }: Graph, placing: Placing): void {
  const host = placing.devices;
  const copiesOfWeight: (GraphTensor | undefined)[][] = [];
  for (const leaf of leafs) {
    clear(leaf);
    if (leaf.residence) leaf.backend = placing.backendOf(leaf.residence);
    else if (leaf.isInput) leaf.backend = host;
    // Layers that share a weight read the one that the host has.
    if (leaf.backend === host && leaf.weight >= 0) leaf.copies = copiesOfWeight[leaf.weight] ??= [];
  }
  for (const node of nodes) {
    clear(node);
    node.backend = firstBackend(node, host);
  }
  // Neighbours follow: devices first, downwards then upwards, then the host too.
  if (spread(nodes, host, true, false) && spread(nodes, host, false, false) && spread(nodes, host, true, true))
    spread(nodes, host, false, true);
  for (const node of nodes) {
    if (node.backend === UNASSIGNED && node.viewOf) node.backend = node.viewOf.backend;
    if (node.backend === UNASSIGNED) node.backend = host;
    const { sources } = node;
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index] as GraphTensor;
      if (source.backend !== UNASSIGNED) continue;
      const origin = source.viewOf?.backend ?? UNASSIGNED;
      source.backend = origin === UNASSIGNED ? node.backend : origin;
    }
  }
  for (const leaf of leafs) if (leaf.backend === UNASSIGNED) leaf.backend = host;
}

function duplicate(
  { id, shape, strides, elementBytes, bytes, weight, hostOnly }: GraphTensor,
  backend: number,
  pipelined: boolean,
): GraphTensor {
  const copy = make(id, 'none', shape, elementBytes, NO_SOURCES, bytes, false, strides);
  copy.weight = weight;
  copy.hostOnly = hostOnly;
  copy.isInput = pipelined;
  copy.isOutput = pipelined;
  copy.kept = pipelined;
  copy.backend = backend;
  return copy;
}

interface Split {
  readonly backend: number;
  readonly start: number;
  end: number;
  readonly inputs: GraphTensor[];
}

/** Whether a node reads a weight that is elsewhere. */
function readsDistantWeight({ sources }: GraphTensor, backend: number): boolean {
  for (let index = 0; index < sources.length; index++) {
    const source = sources[index] as GraphTensor;
    if (source.backend !== backend && isWeight(source)) return true;
  }
  return false;
}

/**
 * Allocations of a graph in each device's compute buffer and, last, in the host's. A graph can be planned again and again.
 *
 * @param marked layers whose beginnings the plan names, in order
 */
export function planGraph(graph: Graph, placing: Placing, marked: readonly number[] = []): AllocationPlan {
  const { devices, pipelined } = placing;
  const host = devices;
  const { nodes, leafs } = graph;
  assignBackends(graph, placing);

  const splits: Split[] = [];
  const graphInputs: GraphTensor[] = [];
  const seenInputs = new Set<GraphTensor>();
  const copyLeafs: GraphTensor[] = [];
  let split: Split | undefined;
  for (let position = 0; position < nodes.length; position++) {
    const node = nodes[position] as GraphTensor;
    if (node.operation === 'view') continue;
    const { backend } = node;
    if (
      split === undefined ||
      split.backend !== backend ||
      (split.inputs.length > 0 && readsDistantWeight(node, backend))
    ) {
      if (split) split.end = position;
      split = { backend, start: split ? position : 0, end: nodes.length, inputs: [] };
      splits.push(split);
    }
    let rewired: GraphTensor[] | undefined;
    for (let index = 0; index < node.sources.length; index++) {
      const source = node.sources[index] as GraphTensor;
      if (pipelined && source.isInput && !seenInputs.has(source)) {
        seenInputs.add(source);
        graphInputs.push(source);
      }
      if (source.backend === backend) continue;
      source.copies ??= [];
      let copy = source.copies[backend];
      if (!copy) {
        copy = duplicate(source, backend, pipelined);
        source.copies[backend] = copy;
        split.inputs.push(source);
        if (pipelined) {
          copyLeafs.push(copy);
          for (let extra = 1; extra < PIPELINE_COPIES; extra++) copyLeafs.push(duplicate(source, backend, true));
        }
      }
      rewired ??= [...node.sources];
      rewired[index] = copy;
    }
    if (rewired) node.reads = rewired;
  }

  const starts = marked.map((layer) => graph.layerStarts.get(layer));
  const marks: number[] = [];
  const scheduled: GraphTensor[] = [];
  for (const part of splits) {
    for (const input of part.inputs) {
      // A view of the original keeps it alive until the copy is made.
      const { shape, elementBytes, viewOf = input } = input;
      const dependency = make(-1, 'none', shape, elementBytes, [input], undefined, false, undefined, viewOf);
      scheduled.push(dependency, input.copies?.[part.backend] as GraphTensor);
    }
    for (let position = part.start; position < part.end; position++) {
      const node = nodes[position] as GraphTensor;
      if (node.id >= (starts[marks.length] as number)) marks.push(scheduled.length);
      scheduled.push(node);
    }
  }
  const inputLeafs: GraphTensor[] = [];
  for (const input of graphInputs) {
    input.kept = true;
    input.backend = host;
    inputLeafs.push(input);
    for (let extra = 1; extra < PIPELINE_COPIES; extra++) inputLeafs.push(duplicate(input, host, true));
  }
  const alignments = [...Array.from({ length: devices }, () => CUDA_ALIGNMENT), HOST_ALIGNMENT];
  return planAllocations([...inputLeafs, ...copyLeafs, ...leafs], scheduled, alignments, marks);
}
