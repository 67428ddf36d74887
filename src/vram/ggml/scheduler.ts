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

/** No backend yet. */
const UNSET = -1;

/** Highest byte of each device's compute buffer and, last, of the host's. */
export function measureGraph(graph: Graph, devices: number, pipelined: boolean): Measurement {
  const host = devices;
  const { nodes, leafs } = graph;
  /** By tensor id. */
  const backends = new Array<number>(graph.count).fill(UNSET);
  const indexOf = (backend: number): number => (backend === HOST ? host : backend);
  const supports = (backend: number, tensor: GraphTensor): boolean => {
    if (backend === host) return true;
    if (tensor.hostOnly) return false;
    // A tensor in another device's memory cannot be read.
    for (const { residence } of tensor.sources) {
      if (residence !== undefined && residence.backend !== HOST && residence.backend !== backend) return false;
    }
    return true;
  };

  // Where weights, caches and inputs are decides the first nodes.
  const placeOf = (tensor: GraphTensor): number => {
    const residence = tensor.residence ?? tensor.viewOf?.residence;
    if (residence) return indexOf(residence.backend);
    if (tensor.isInput) return host;
    if (tensor.operation === 'rope' || tensor.operation === 'flash-attention') return UNSET;
    for (const source of tensor.sources) {
      if (source.residence?.holds !== 'weights') continue;
      const backend = indexOf(source.residence.backend);
      if (backend === host && devices > 0 && supports(0, tensor) && batchRows(tensor) >= OFFLOAD_ROWS) return 0;
      return backend;
    }
    return UNSET;
  };
  for (const leaf of leafs) backends[leaf.id] = placeOf(leaf);
  for (const node of nodes) backends[node.id] = placeOf(node);

  // Neighbours follow: devices first, downwards then upwards, then the host too.
  const spread = (downwards: boolean, hostToo: boolean): void => {
    let backend = UNSET;
    for (let step = 0; step < nodes.length; step++) {
      const node = nodes[downwards ? step : nodes.length - 1 - step] as GraphTensor;
      if (node.operation === 'view') continue;
      const own = backends[node.id] as number;
      if (own !== UNSET) backend = own === host && !hostToo ? UNSET : own;
      else if (backend !== UNSET && supports(backend, node)) backends[node.id] = backend;
    }
  };
  spread(true, false);
  spread(false, false);
  spread(true, true);
  spread(false, true);
  for (const node of nodes) {
    if (backends[node.id] === UNSET && node.viewOf) backends[node.id] = backends[node.viewOf.id] as number;
    if (backends[node.id] === UNSET) backends[node.id] = host;
    for (const source of node.sources) {
      if (backends[source.id] !== UNSET) continue;
      const origin = source.viewOf ? (backends[source.viewOf.id] as number) : UNSET;
      backends[source.id] = origin === UNSET ? (backends[node.id] as number) : origin;
    }
  }

  let count = graph.count;
  const backendOf = (tensor: GraphTensor): number => backends[tensor.id] as number;
  const duplicate = (tensor: GraphTensor): GraphTensor => ({
    ...tensor,
    id: count++,
    operation: 'none',
    sources: [],
    viewOf: undefined,
    inPlace: false,
    residence: undefined,
    isInput: pipelined,
    isOutput: pipelined,
  });
  /** By tensor id, then by backend. */
  const copies = new Map<number, (GraphTensor | undefined)[]>();
  const copiesOf = (tensor: GraphTensor): (GraphTensor | undefined)[] => {
    let list = copies.get(tensor.id);
    if (!list) {
      list = [];
      copies.set(tensor.id, list);
    }
    return list;
  };
  const splits: Split[] = [];
  const graphInputs: GraphTensor[] = [];
  const seenInputs = new Set<number>();
  const rewired = new Map<number, readonly GraphTensor[]>();
  const copyLeafs: Scheduled[] = [];
  let split: Split | undefined;
  nodes.forEach((node, position) => {
    if (node.operation === 'view') return;
    const backend = backendOf(node);
    if (
      split === undefined ||
      split.backend !== backend ||
      (split.inputs.length > 0 && readsForeignWeight(node, backend, backends))
    ) {
      if (split) split.end = position;
      split = { backend, start: split ? position : 0, end: nodes.length, inputs: [] };
      splits.push(split);
    }
    let sources: GraphTensor[] | undefined;
    for (let index = 0; index < node.sources.length; index++) {
      const source = node.sources[index] as GraphTensor;
      if (pipelined && source.isInput && !seenInputs.has(source.id)) {
        seenInputs.add(source.id);
        graphInputs.push(source);
      }
      if (backendOf(source) === backend) continue;
      const list = copiesOf(source);
      let copy = list[backend];
      if (!copy) {
        copy = duplicate(source);
        list[backend] = copy;
        split.inputs.push(source);
        if (pipelined) {
          copyLeafs.push({ tensor: copy, sources: [], buffer: backend });
          for (let extra = 1; extra < PIPELINE_COPIES; extra++)
            copyLeafs.push({ tensor: duplicate(source), sources: [], buffer: backend });
        }
      }
      sources ??= [...node.sources];
      sources[index] = copy;
    }
    if (sources) rewired.set(node.id, sources);
  });

  const scheduled: Scheduled[] = [];
  const marks: number[] = [];
  for (const part of splits) {
    for (const input of part.inputs) {
      // A view of the original keeps it alive until the copy is made.
      const dependency: GraphTensor = {
        ...input,
        id: count++,
        operation: 'none',
        sources: [input],
        viewOf: input.viewOf ?? input,
        residence: undefined,
        isInput: false,
        isOutput: false,
        inPlace: false,
      };
      scheduled.push({ tensor: dependency, sources: dependency.sources, buffer: backendOf(input) });
      const copy = copiesOf(input)[part.backend];
      if (copy) scheduled.push({ tensor: copy, sources: [], buffer: part.backend });
    }
    for (let position = part.start; position < part.end; position++) {
      while (graph.marks[marks.length] === position) marks.push(scheduled.length);
      const node = nodes[position] as GraphTensor;
      scheduled.push({ tensor: node, sources: rewired.get(node.id) ?? node.sources, buffer: backendOf(node) });
    }
  }
  const inputLeafs: Scheduled[] = [];
  for (const input of graphInputs) {
    input.isOutput = true;
    inputLeafs.push({ tensor: input, sources: [], buffer: host });
    for (let extra = 1; extra < PIPELINE_COPIES; extra++) {
      inputLeafs.push({ tensor: { ...input, id: count++, isOutput: true }, sources: [], buffer: host });
    }
  }
  const firstLeafs: Scheduled[] = [
    ...inputLeafs,
    ...copyLeafs,
    ...leafs.map((tensor) => ({
      tensor,
      sources: tensor.sources,
      buffer: backends[tensor.id] === UNSET ? host : backendOf(tensor),
    })),
  ];
  const alignments = [...Array.from({ length: devices }, () => DEVICE_ALIGNMENT), HOST_ALIGNMENT];
  return measureBuffers(firstLeafs, scheduled, alignments, count, marks);
}

/** A weight that must be copied starts a part of its own, so that the copies before it can be freed. */
function readsForeignWeight(node: GraphTensor, backend: number, backends: readonly number[]): boolean {
  return node.sources.some((source) => source.residence?.holds === 'weights' && backends[source.id] !== backend);
}
