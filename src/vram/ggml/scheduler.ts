/**
 * ggml's backend scheduler (`ggml/src/ggml-backend.cpp`): decides which device runs each node, cuts the graph where
 * the device changes, and copies what a part needs from elsewhere; then measures every device's buffer.
 */
import { type Measurement, measureBuffers, type Scheduled } from './allocator.ts';
import { elementsOf, type Graph, type GraphTensor, HOST } from './tensor.ts';

/** Copies of every input that the scheduler keeps when it runs micro-batches in a pipeline. */
const PIPELINE_COPIES = 4;
/** Batches of at least so many rows are computed on a device even where the weights are in host memory. */
const OFFLOAD_ROWS = 32;
const DEVICE_ALIGNMENT = 128;
const HOST_ALIGNMENT = 32;

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

interface Split {
  readonly backend: number;
  readonly start: number;
  end: number;
  readonly inputs: GraphTensor[];
}

/** Highest byte of each device's compute buffer and, last, of the host's. */
export function measureGraph(graph: Graph, devices: number, pipelined: boolean): Measurement {
  const host = devices;
  const { nodes, leafs } = graph;
  const backends = new Map<GraphTensor, number>();
  const indexOf = (backend: number): number => (backend === HOST ? host : backend);
  const supports = (backend: number, tensor: GraphTensor): boolean => {
    if (backend === host) return true;
    if (tensor.hostOnly) return false;
    // A tensor in another device's memory cannot be read.
    return tensor.sources.every((source) => source.residence === undefined || source.residence.backend === HOST || source.residence.backend === backend);
  };

  // Where weights, caches and inputs are decides the first nodes.
  const current = (tensor: GraphTensor): number | undefined => {
    const residence = tensor.residence ?? tensor.viewOf?.residence;
    if (residence) return indexOf(residence.backend);
    if (tensor.isInput) return host;
    if (tensor.operation === 'rope' || tensor.operation === 'flash-attention') return undefined;
    for (const source of tensor.sources) {
      if (source.residence?.holds !== 'weights') continue;
      const backend = indexOf(source.residence.backend);
      if (backend === host && devices > 0 && supports(0, tensor) && batchRows(tensor) >= OFFLOAD_ROWS) return 0;
      return backend;
    }
    return undefined;
  };
  const assign = (tensor: GraphTensor, backend: number | undefined): void => {
    if (backend !== undefined) backends.set(tensor, backend);
  };
  for (const leaf of leafs) assign(leaf, current(leaf));
  for (const node of nodes) assign(node, current(node));

  // Neighbours follow: devices first, downwards then upwards, then the host too.
  const spread = (downwards: boolean, hostToo: boolean): void => {
    let backend: number | undefined;
    for (let step = 0; step < nodes.length; step++) {
      const node = nodes[downwards ? step : nodes.length - 1 - step] as GraphTensor;
      if (node.operation === 'view') continue;
      const own = backends.get(node);
      if (own !== undefined) backend = own === host && !hostToo ? undefined : own;
      else if (backend !== undefined && supports(backend, node)) backends.set(node, backend);
    }
  };
  spread(true, false);
  spread(false, false);
  spread(true, true);
  spread(false, true);
  for (const node of nodes) {
    if (!backends.has(node) && node.viewOf) assign(node, backends.get(node.viewOf));
    if (!backends.has(node)) backends.set(node, host);
    const backend = backends.get(node) as number;
    for (const source of node.sources) {
      if (!backends.has(source)) backends.set(source, (source.viewOf && backends.get(source.viewOf)) ?? backend);
    }
  }

  const copies = new Map<GraphTensor, GraphTensor[]>();
  const copyIndex = (tensor: GraphTensor): GraphTensor[] => {
    let list = copies.get(tensor);
    if (!list) {
      list = [];
      copies.set(tensor, list);
    }
    return list;
  };
  const isOn = (tensor: GraphTensor, backend: number): boolean => backends.get(tensor) === backend;
  const duplicate = (tensor: GraphTensor): GraphTensor => ({
    ...tensor,
    operation: 'none',
    sources: [],
    viewOf: undefined,
    inPlace: false,
    residence: undefined,
    isInput: pipelined,
    isOutput: pipelined,
  });
  const splits: Split[] = [];
  const graphInputs: GraphTensor[] = [];
  const seenInputs = new Set<GraphTensor>();
  const pipelineLeafs: Scheduled[] = [];
  const rewired = new Map<GraphTensor, readonly GraphTensor[]>();
  const copyLeafs: Scheduled[] = [];
  let split: Split | undefined;
  nodes.forEach((node, position) => {
    if (node.operation === 'view') return;
    const backend = backends.get(node) as number;
    const weightElsewhere =
      split?.backend === backend &&
      split.inputs.length > 0 &&
      node.sources.some((source) => source.residence?.holds === 'weights' && !isOn(source, backend));
    if (split === undefined || split.backend !== backend || weightElsewhere) {
      if (split) split.end = position;
      split = { backend, start: split ? position : 0, end: nodes.length, inputs: [] };
      splits.push(split);
    }
    const own = split;
    let changed = false;
    const sources = node.sources.map((source) => {
      if (pipelined && source.isInput && !seenInputs.has(source)) {
        seenInputs.add(source);
        graphInputs.push(source);
      }
      if (isOn(source, backend)) return source;
      const list = copyIndex(source);
      let copy = list[backend];
      if (!copy) {
        copy = duplicate(source);
        list[backend] = copy;
        own.inputs.push(source);
        if (pipelined) {
          copyLeafs.push({ tensor: copy, sources: [], buffer: backend });
          for (let extra = 1; extra < PIPELINE_COPIES; extra++) copyLeafs.push({ tensor: duplicate(source), sources: [], buffer: backend });
        }
      }
      changed = true;
      return copy;
    });
    if (changed) rewired.set(node, sources);
  });

  const scheduled: Scheduled[] = [];
  for (const part of splits) {
    for (const input of part.inputs) {
      // A view of the original keeps it alive until the copy is made.
      const dependency: GraphTensor = { ...input, operation: 'none', sources: [input], viewOf: input.viewOf ?? input, residence: undefined, isInput: false, isOutput: false, inPlace: false };
      scheduled.push({ tensor: dependency, sources: dependency.sources, buffer: backends.get(input) as number });
      const copy = copyIndex(input)[part.backend] as GraphTensor;
      scheduled.push({ tensor: copy, sources: [], buffer: part.backend });
    }
    for (let position = part.start; position < part.end; position++) {
      const node = nodes[position] as GraphTensor;
      scheduled.push({ tensor: node, sources: rewired.get(node) ?? node.sources, buffer: backends.get(node) as number });
    }
  }
  for (const input of graphInputs) {
    input.isOutput = true;
    pipelineLeafs.push({ tensor: input, sources: [], buffer: host });
    for (let extra = 1; extra < PIPELINE_COPIES; extra++) {
      pipelineLeafs.push({ tensor: { ...input, isOutput: true }, sources: [], buffer: host });
    }
  }
  const firstLeafs: Scheduled[] = [
    ...pipelineLeafs,
    ...copyLeafs,
    ...leafs.map((tensor) => ({ tensor, sources: tensor.sources, buffer: backends.get(tensor) ?? host })),
  ];
  return measureBuffers(firstLeafs, scheduled, [...Array.from({ length: devices }, () => DEVICE_ALIGNMENT), HOST_ALIGNMENT]);
}
