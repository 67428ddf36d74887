/**
 * Compute graphs as ggml sees them when it plans memory: shapes, strides, views and the order of the nodes.
 * No numbers are computed. The rules follow ggml v0.18 (`ggml/src/ggml.c`).
 */
import { CUDA_ALIGNMENT } from '../quantization/ggml-types.ts';
import { padTo } from '../units.ts';

/** Bytes of one element of a computed tensor: F32 and I32 4, F16 2, I64 8. */
export type ElementBytes = 2 | 4 | 8;

/** What the planner must know of an operation; every other operation is `compute`. */
export type Operation =
  /** No operation: an input, a weight, a cache. */
  | 'none'
  /** Reshape, view, permute, transpose: takes no memory. */
  | 'view'
  | 'compute'
  | 'get-rows'
  | 'mul-mat'
  | 'mul-mat-id'
  | 'rope'
  | 'flash-attention';

/** What a tensor that the planner does not allocate belongs to: a layer by its index, {@link HOST} memory or {@link OUTPUT_LAYER}. */
export interface Residence {
  readonly layer: number;
  /** Experts are weights that may be kept in host memory wherever their layer is. */
  readonly holds: 'weights' | 'experts' | 'cache';
}

export type Shape = readonly [number, number, number, number];

/** One tensor of a graph. */
export interface GraphTensor {
  /** Number in its graph in the order of creation, of copies that of the original; -1 for weights and caches. */
  readonly id: number;
  readonly operation: Operation;
  readonly shape: Shape;
  /** Bytes from one element to the next along each dimension; absent = the elements are packed. {@link stridesOf} has both. */
  readonly strides: Shape | undefined;
  readonly elementBytes: number;
  readonly sources: readonly GraphTensor[];
  /** The tensor whose memory a view shows. */
  readonly viewOf: GraphTensor | undefined;
  /** The operation may write over one of its sources. */
  readonly inPlace: boolean;
  /** Filled by the program before the graph runs. */
  isInput: boolean;
  /** Read by the program after the graph ran: never overwritten. */
  isOutput: boolean;
  residence: Residence | undefined;
  /** Which weight of the file it is, or a copy of; -1 = none. The file's quantization decides a copy's bytes, not `bytes`. */
  weight: number;
  /** Bytes that the device's allocator reserves; more than the data for attention over a quantized cache. */
  readonly bytes: number;
  /** Devices cannot run the operation: it stays on the host. */
  hostOnly: boolean;
  /** Tensors that must not be freed before this one is computed, besides its sources: kernels that fuse several nodes read them late. */
  retained: readonly GraphTensor[];
  /** Already in the graph. */
  placed: boolean;

  // Notes of the planner, which it clears before it begins.

  /** The sources, or their copies where they are elsewhere. */
  reads: readonly GraphTensor[];
  /** Never overwritten: outputs, and inputs that a pipeline keeps. */
  kept: boolean;
  /** Number of the buffer it is computed in: a device, or behind them the host; {@link UNASSIGNED} at first. */
  backend: number;
  /** Its copies on other backends, by their number. */
  copies: (GraphTensor | undefined)[] | undefined;
  /** Readers and views that are still to come. */
  children: number;
  views: number;
  allocated: boolean;
  /** Number of the allocation that holds it. */
  slot: number;
}

export const UNASSIGNED = -2;

/** Host memory as a place. */
export const HOST = -1;
/** The output layer as a place. */
export const OUTPUT_LAYER = -3;

export function elementsOf(shape: Shape): number {
  return shape[0] * shape[1] * shape[2] * shape[3];
}

/** Bytes from one element to the next along each dimension. */
export function stridesOf({ shape, strides, elementBytes }: GraphTensor): Shape {
  if (strides) return strides;
  const row = shape[0] * elementBytes;
  return [elementBytes, row, row * shape[1], row * shape[1] * shape[2]];
}

/** Bytes from the first element to behind the last: what a copy with the same strides takes. */
function spanOf(shape: Shape, strides: Shape, elementBytes: number): number {
  let bytes = elementBytes;
  for (let dimension = 0; dimension < 4; dimension++) {
    const extent = shape[dimension] ?? 1;
    if (extent === 0) return 0;
    bytes += (extent - 1) * (strides[dimension] ?? 0);
  }
  return bytes;
}

/** Whether the elements lie one after the other without gaps. */
export function isContiguous(tensor: GraphTensor): boolean {
  const { strides } = tensor;
  if (!strides) return true;
  let next = tensor.elementBytes;
  for (let dimension = 0; dimension < 4; dimension++) {
    const extent = tensor.shape[dimension] ?? 1;
    if (extent !== 1) {
      if (strides[dimension] !== next) return false;
      next *= extent;
    }
  }
  return true;
}

/** Same type, extents and strides: the condition for writing over a source. */
export function sameLayout(a: GraphTensor, b: GraphTensor): boolean {
  if (a.elementBytes !== b.elementBytes) return false;
  for (let dimension = 0; dimension < 4; dimension++) if (a.shape[dimension] !== b.shape[dimension]) return false;
  if (a.strides === b.strides) return true;
  const own = stridesOf(a);
  const other = stridesOf(b);
  return own[0] === other[0] && own[1] === other[1] && own[2] === other[2] && own[3] === other[3];
}

export const NO_SOURCES: readonly GraphTensor[] = [];

/** A tensor of its own; every one has the same fields, which keeps reading them fast. */
export function make(
  id: number,
  operation: Operation,
  shape: Shape,
  elementBytes: number,
  sources: readonly GraphTensor[],
  bytes: number = elementsOf(shape) * elementBytes,
  inPlace = false,
  strides: Shape | undefined = undefined,
  viewOf: GraphTensor | undefined = undefined,
): GraphTensor {
  return {
    id,
    operation,
    shape,
    strides,
    elementBytes,
    sources,
    viewOf,
    inPlace,
    isInput: false,
    isOutput: false,
    residence: undefined,
    weight: -1,
    bytes,
    hostOnly: false,
    retained: NO_SOURCES,
    placed: false,
    reads: sources,
    kept: false,
    backend: UNASSIGNED,
    copies: undefined,
    children: 0,
    views: 0,
    allocated: false,
    slot: -1,
  };
}

// V8 lays fields out for the numbers it has seen: the first quantized cache would undo all that was compiled before.
make(0, 'none', [0, 0, 0, 0], 0.5, NO_SOURCES, 0.5);

/** Builds a graph in the order in which llama.cpp's builders would. */
export class Graph {
  /** Computed tensors and views, in the order they run. */
  readonly nodes: GraphTensor[] = [];
  /** Inputs, weights and caches, in the order they are met. */
  readonly leafs: GraphTensor[] = [];
  /** Bytes of every tensor but weights and caches, by id. */
  readonly bytes: number[] = [];
  /** The first id of each layer's tensors. */
  readonly layerStarts = new Map<number, number>();

  #make(
    operation: Operation,
    shape: Shape,
    elementBytes: number,
    sources: readonly GraphTensor[],
    bytes?: number,
    inPlace?: boolean,
    strides?: Shape,
    viewOf?: GraphTensor,
  ): GraphTensor {
    const tensor = make(this.bytes.length, operation, shape, elementBytes, sources, bytes, inPlace, strides, viewOf);
    this.bytes.push(tensor.bytes);
    return tensor;
  }

  /** Adds a tensor and what it depends on, sources first. */
  expand(tensor: GraphTensor): void {
    if (tensor.placed) return;
    tensor.placed = true;
    for (const source of tensor.sources) if (!source.placed) this.expand(source);
    (tensor.operation === 'none' ? this.leafs : this.nodes).push(tensor);
  }

  /** A tensor that the program fills before each run. */
  input(elementBytes: ElementBytes, ...shape: number[]): GraphTensor {
    const tensor = this.blank(elementBytes, ...shape);
    tensor.isInput = true;
    return tensor;
  }

  /** A weight of the file, by its number there. */
  weight(
    layer: number,
    weight: number,
    shape: readonly number[],
    holds: 'weights' | 'experts' = 'weights',
  ): GraphTensor {
    const tensor = make(-1, 'none', shapeOf(shape), 4, NO_SOURCES, 0);
    tensor.residence = { layer, holds };
    tensor.weight = weight;
    return tensor;
  }

  /** A cache; `bytes` is what a copy of it takes on a device. */
  cache(layer: number, elementBytes: number, bytes: number, ...shape: number[]): GraphTensor {
    const tensor = make(-1, 'none', shapeOf(shape), elementBytes, NO_SOURCES, bytes);
    tensor.residence = { layer, holds: 'cache' };
    return tensor;
  }

  /** A tensor that is no node: an operand created inside the graph, filled by the next operation. */
  blank(elementBytes: ElementBytes, ...shape: number[]): GraphTensor {
    return this.#make('none', shapeOf(shape), elementBytes, NO_SOURCES);
  }

  /** An operation with a result of its own. */
  compute(shape: Shape, sources: readonly GraphTensor[], elementBytes: number = 4, hostOnly = false): GraphTensor {
    const tensor = this.#make('compute', shape, elementBytes, sources);
    tensor.hostOnly = hostOnly;
    return tensor;
  }

  /** An operation with a result like its first source that may overwrite a source: add, mul, scale, norm, softmax ... */
  overwriting(sources: readonly [GraphTensor, ...GraphTensor[]], operation: Operation = 'compute'): GraphTensor {
    const [first] = sources;
    return this.#make(operation, first.shape, first.elementBytes, sources, undefined, true);
  }

  /** An operation with a result like its first source, in memory of its own: gated activations, clamp, cumulative sums ... */
  like(sources: readonly [GraphTensor, ...GraphTensor[]]): GraphTensor {
    const [first] = sources;
    return this.#make('compute', first.shape, first.elementBytes, sources);
  }

  /** An operation that writes into `target` and returns a view of it: set rows, copy, scale in place. */
  into(target: GraphTensor, sources: readonly GraphTensor[]): GraphTensor {
    const { shape, elementBytes, strides, viewOf = target } = target;
    return this.#make('compute', shape, elementBytes, sources, undefined, false, strides, viewOf);
  }

  mulMat(weight: GraphTensor, input: GraphTensor): GraphTensor {
    const shape: Shape = [weight.shape[1], input.shape[1], input.shape[2], input.shape[3]];
    return this.#make('mul-mat', shape, 4, [weight, input]);
  }

  mulMatId(experts: GraphTensor, input: GraphTensor, ids: GraphTensor): GraphTensor {
    const shape: Shape = [experts.shape[1], ids.shape[0], input.shape[2], 1];
    return this.#make('mul-mat-id', shape, 4, [experts, input, ids]);
  }

  getRows(table: GraphTensor, ids: GraphTensor): GraphTensor {
    const shape: Shape = [table.shape[0], ids.shape[0], ids.shape[1], ids.shape[2]];
    return this.#make('get-rows', shape, 4, [table, ids]);
  }

  rope(input: GraphTensor, positions: GraphTensor, factors?: GraphTensor): GraphTensor {
    return this.overwriting(factors ? [input, positions, factors] : [input, positions], 'rope');
  }

  /** @param extraBytes what the kernel needs behind its result, e.g. a 16-bit copy of a quantized cache */
  flashAttention(
    query: GraphTensor,
    keys: GraphTensor,
    values: GraphTensor,
    mask: GraphTensor,
    sinks: GraphTensor | undefined,
    extraBytes: number,
    hostOnly: boolean,
  ): GraphTensor {
    const shape: Shape = [values.shape[0], query.shape[2], query.shape[1], query.shape[3]];
    const result = elementsOf(shape) * 4;
    const sources = sinks ? [query, keys, values, mask, sinks] : [query, keys, values, mask];
    const bytes = extraBytes === 0 ? result : padTo(result, CUDA_ALIGNMENT) + extraBytes;
    const tensor = this.#make('flash-attention', shape, 4, sources, bytes);
    tensor.hostOnly = hostOnly;
    return tensor;
  }

  /** @param strides absent = packed */
  #view(source: GraphTensor, shape: Shape, strides?: Shape): GraphTensor {
    const { elementBytes, viewOf = source } = source;
    const bytes = strides && spanOf(shape, strides, elementBytes);
    return this.#make('view', shape, elementBytes, [source], bytes, false, strides, viewOf);
  }

  reshape(source: GraphTensor, ...shape: number[]): GraphTensor {
    return this.#view(source, shapeOf(shape));
  }

  /** A window of `shape` with the given strides (in bytes) for dimensions 1 and up; missing ones are packed. */
  window(source: GraphTensor, shape: readonly number[], strides?: readonly number[]): GraphTensor {
    const extents = shapeOf(shape);
    if (!strides) return this.#view(source, extents);
    const nb: [number, number, number, number] = [source.elementBytes, 0, 0, 0];
    for (let dimension = 1; dimension < 4; dimension++) {
      const previous = (nb[dimension - 1] ?? 0) * (extents[dimension - 1] ?? 1);
      nb[dimension] = strides[dimension - 1] ?? previous;
    }
    return this.#view(source, extents, nb);
  }

  /** Dimension `i` of the source becomes dimension `order[i]`. */
  permute(source: GraphTensor, ...order: readonly [number, number, number, number]): GraphTensor {
    const extents: [number, number, number, number] = [1, 1, 1, 1];
    const strides: [number, number, number, number] = [0, 0, 0, 0];
    const steps = stridesOf(source);
    for (let from = 0; from < 4; from++) {
      const to = order[from] ?? from;
      extents[to] = source.shape[from] ?? 1;
      strides[to] = steps[from] ?? 0;
    }
    return this.#view(source, extents, strides);
  }

  transpose(source: GraphTensor): GraphTensor {
    return this.permute(source, 1, 0, 2, 3);
  }

  /** A packed copy, with other extents where they are given. */
  cont(source: GraphTensor, ...shape: number[]): GraphTensor {
    return this.compute(shape.length === 0 ? source.shape : shapeOf(shape), [source], source.elementBytes);
  }

  /** A packed copy in another element type. */
  cast(source: GraphTensor, elementBytes: ElementBytes): GraphTensor {
    return this.compute(source.shape, [source], elementBytes);
  }
}

function shapeOf(extents: readonly number[]): Shape {
  return [extents[0] ?? 1, extents[1] ?? 1, extents[2] ?? 1, extents[3] ?? 1];
}
