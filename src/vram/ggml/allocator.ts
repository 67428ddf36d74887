/**
 * ggml's graph allocator (`ggml/src/ggml-alloc.c`): walks the nodes in order, gives each the smallest free block that
 * holds it, lets it overwrite a source that nobody else needs, frees what has no readers left, and reports the highest
 * byte of every buffer.
 */
import { type GraphTensor, sameLayout } from './tensor.ts';

/** What a walk found. */
export interface Measurement {
  /** Highest byte of each buffer. */
  readonly highest: readonly number[];
  /**
   * Digest of every decision of the walk: which free blocks were large enough, which one was taken, what was joined,
   * which tensor reached highest. Each compares sums of tensor sizes, so where sizes grow linearly with a setting and
   * two values of it give the same digest, every value between them takes the same decisions, and the result is linear.
   */
  readonly decisions: number;
  /**
   * One digest per mark: where everything between the last mark and this one was put, and what was free at this one.
   * Where two stretches of like nodes give the same digests, a third one would do so too.
   */
  readonly boundaries: readonly number[];
}

/** All sizes and offsets are multiples of this. */
const SMALLEST_UNIT = 32;

/** Digest of a sequence of whole numbers (FNV-1a, twice 32 bits wide). */
class Digest {
  private low = 0x811c9dc5;
  private high = 0x01000193;

  add(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x01000193);
    this.high = Math.imul(this.high ^ (value + 0x9e3779b9), 0x85ebca6b);
  }

  /** Free blocks of a buffer. */
  addAll(values: readonly number[]): void {
    for (const value of values) this.add(Number.isFinite(value) ? value / SMALLEST_UNIT : -1);
  }

  get value(): number {
    return (this.low >>> 0) * 2 ** 20 + (this.high >>> 12);
  }
}

/** Free space of one buffer: blocks sorted by address, the last one without end. */
class Buffer {
  readonly alignment: number;
  highest = 0;
  /** Number of the allocation that reached highest. */
  summit = 0;
  private readonly digest: Digest;
  private allocations = 0;
  private readonly offsets: number[] = [0];
  private readonly sizes: number[] = [Number.POSITIVE_INFINITY];

  constructor(alignment: number, digest: Digest) {
    this.alignment = alignment;
    this.digest = digest;
  }

  aligned(bytes: number): number {
    return Math.ceil(bytes / this.alignment) * this.alignment;
  }

  allocate(bytes: number): number {
    const size = this.aligned(bytes);
    const { offsets, sizes } = this;
    const last = sizes.length - 1;
    let best = last;
    let bestSize = Number.POSITIVE_INFINITY;
    for (let block = 0; block < last; block++) {
      const free = sizes[block] as number;
      if (free < size) continue;
      this.digest.add(block + 1);
      if (free <= bestSize) {
        best = block;
        bestSize = free;
      }
    }
    this.digest.add(-2 * best - (sizes[best] === size ? 2 : 1));
    const offset = offsets[best] as number;
    if (sizes[best] === size) {
      offsets.splice(best, 1);
      sizes.splice(best, 1);
    } else {
      offsets[best] = offset + size;
      sizes[best] = (sizes[best] as number) - size;
    }
    this.allocations += 1;
    if (offset + size > this.highest) {
      this.highest = offset + size;
      this.summit = this.allocations;
    }
    return offset;
  }

  /** Adds what is free. */
  describe(digest: Digest): void {
    digest.addAll(this.offsets);
    digest.addAll(this.sizes);
  }

  free(offset: number, bytes: number): void {
    const size = this.aligned(bytes);
    if (size === 0) return;
    const { offsets, sizes } = this;
    let block = 0;
    while ((offsets[block] as number) < offset) block++;
    const joinsNext = offset + size === offsets[block];
    const joinsPrevious = block > 0 && (offsets[block - 1] as number) + (sizes[block - 1] as number) === offset;
    this.digest.add(4 * block + (joinsNext ? 2 : 0) + (joinsPrevious ? 1 : 0));
    if (joinsNext && joinsPrevious) {
      sizes[block - 1] = (sizes[block - 1] as number) + size + (sizes[block] as number);
      offsets.splice(block, 1);
      sizes.splice(block, 1);
    } else if (joinsPrevious) {
      sizes[block - 1] = (sizes[block - 1] as number) + size;
    } else if (joinsNext) {
      offsets[block] = offset;
      sizes[block] = (sizes[block] as number) + size;
    } else {
      offsets.splice(block, 0, offset);
      sizes.splice(block, 0, size);
    }
  }
}

/** A node or leaf with the buffer it is allocated in. */
export interface Scheduled {
  readonly tensor: GraphTensor;
  /** Sources as the scheduler rewired them: copies where the original is on another device. */
  readonly sources: readonly GraphTensor[];
  readonly buffer: number;
}

/**
 * Highest byte of each buffer in a walk over the graph.
 *
 * @param leafs tensors that are allocated first and live from the start
 * @param alignments one per buffer
 * @param count ids of all tensors are below it
 * @param marks positions in `nodes`, in ascending order
 */
export function measureBuffers(
  leafs: readonly Scheduled[],
  nodes: readonly Scheduled[],
  alignments: readonly number[],
  count: number,
  marks: readonly number[] = [],
): Measurement {
  const digest = new Digest();
  const buffers = alignments.map((alignment) => new Buffer(alignment, digest));
  // By tensor id: readers and views that are still to come, where it is, whether it holds memory.
  const children = new Int32Array(count);
  const views = new Int32Array(count);
  const bufferOf = new Int32Array(count);
  const offsets = new Float64Array(count);
  const allocated = new Uint8Array(count);

  const allocate = (tensor: GraphTensor, sources: readonly GraphTensor[], buffer: number): void => {
    const { id } = tensor;
    if (allocated[id] === 1 || tensor.residence !== undefined || tensor.viewOf !== undefined) return;
    allocated[id] = 1;
    if (tensor.inPlace) {
      for (const parent of sources) {
        const own = parent.id;
        if (allocated[own] === 0 || parent.isOutput || children[own] !== 1 || views[own] !== 0) continue;
        if (!sameLayout(tensor, parent)) continue;
        const index = bufferOf[own] as number;
        const offset = offsets[own] as number;
        bufferOf[id] = index;
        offsets[id] = offset;
        allocated[own] = 0;
        const space = buffers[index] as Buffer;
        const used = space.aligned(tensor.bytes);
        const extra = space.aligned(parent.bytes) - used;
        if (extra > 0) space.free(offset + used, extra);
        return;
      }
    }
    bufferOf[id] = buffer;
    offsets[id] = (buffers[buffer] as Buffer).allocate(tensor.bytes);
  };
  const release = (tensor: GraphTensor): void => {
    const { id } = tensor;
    if (allocated[id] === 0 || tensor.isOutput) return;
    (buffers[bufferOf[id] as number] as Buffer).free(offsets[id] as number, tensor.bytes);
    allocated[id] = 0;
  };

  // One reader less: without readers and views a tensor is freed, and a view lets go of its origin.
  const leave = (source: GraphTensor): void => {
    const { id, viewOf } = source;
    const left = (children[id] as number) - 1;
    children[id] = left;
    if (left !== 0 || views[id] !== 0) return;
    if (viewOf === undefined) {
      release(source);
      return;
    }
    const origin = viewOf.id;
    const shown = (views[origin] as number) - 1;
    views[origin] = shown;
    if (shown === 0 && children[origin] === 0) release(viewOf);
  };
  const meet = (source: GraphTensor): void => {
    children[source.id] = (children[source.id] as number) + 1;
  };

  for (const { tensor, sources, buffer } of leafs) allocate(tensor, sources, buffer);
  for (const { tensor, sources, buffer } of nodes) {
    if (tensor.viewOf !== undefined && tensor.operation !== 'none')
      views[tensor.viewOf.id] = (views[tensor.viewOf.id] as number) + 1;
    if (tensor.isInput) allocate(tensor, sources, buffer);
    for (const source of sources) {
      meet(source);
      if (source.isInput) allocate(source, [], buffer);
    }
    for (const kept of tensor.retained) meet(kept);
  }
  const boundaries: number[] = [];
  let stretch = new Digest();
  let nextMark = 0;
  for (let position = 0; position < nodes.length; position++) {
    while (marks[nextMark] === position) {
      for (const buffer of buffers) buffer.describe(stretch);
      boundaries.push(stretch.value);
      stretch = new Digest();
      nextMark += 1;
    }
    const { tensor, sources, buffer } = nodes[position] as Scheduled;
    for (const source of sources) allocate(source, [], buffer);
    allocate(tensor, sources, buffer);
    stretch.add((offsets[tensor.id] as number) / SMALLEST_UNIT);
    for (const source of sources) leave(source);
    for (const kept of tensor.retained) leave(kept);
  }
  for (const buffer of buffers) digest.add(buffer.summit);
  return { highest: buffers.map((buffer) => buffer.highest), decisions: digest.value, boundaries };
}
