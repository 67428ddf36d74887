/**
 * ggml's graph allocator (`ggml/src/ggml-alloc.c`): walks the nodes in order, gives each the smallest free block that
 * holds it, lets it overwrite a source that nobody else needs, frees what has no readers left, and reports the highest
 * byte of every buffer.
 *
 * The walk has two parts. Which tensors take memory, share it and give it back, and when, depends on the graph alone:
 * {@link planAllocations} writes it down. Where they lie depends on their sizes: {@link runAllocations} finds out.
 */
import { type GraphTensor, NO_SOURCES, sameLayout } from './tensor.ts';

/** Kinds of steps; a step is `4 x slot + kind`. */
export const TAKE = 0;
export const GIVE = 1;
/** The slot takes over the memory of the slot that the next step names, and gives back what it does not need. */
export const TAKE_OVER = 2;
const TAKEN_OVER = 3;

/** Every allocation of a graph, in order. */
export interface AllocationPlan {
  readonly steps: Int32Array;
  /** Buffer of each slot. */
  readonly bufferOf: Uint8Array;
  /** Bytes of each slot; 0 for copies of weights. */
  readonly bytesOf: Float64Array;
  /** The tensor in a slot, by its id in the graph; -1 for copies of weights and caches. */
  readonly tensorOf: Int32Array;
  /** The weight that a slot holds a copy of, or -1. */
  readonly weightOf: Int32Array;
  /** One per buffer. */
  readonly alignments: readonly number[];
  /** Slots of leafs: the first ones, each taken by the step of its number. */
  readonly leafs: number;
  /** Where the walk came to the nodes that were asked for. */
  readonly marks: readonly Mark[];
}

/** The next step of a plan, and the next slot. */
export interface Mark {
  readonly step: number;
  readonly slot: number;
}

/** Writes the steps of a graph down. */
class Planner {
  readonly steps: number[] = [];
  readonly buffers: number[] = [];
  readonly bytes: number[] = [];
  readonly tensors: number[] = [];
  readonly weights: number[] = [];

  slot(tensor: GraphTensor, buffer: number): number {
    this.buffers.push(buffer);
    this.tensors.push(tensor.id);
    this.weights.push(tensor.weight);
    return this.bytes.push(tensor.bytes) - 1;
  }

  allocate(tensor: GraphTensor, sources: readonly GraphTensor[]): void {
    if (tensor.allocated || tensor.residence !== undefined || tensor.viewOf !== undefined) return;
    tensor.allocated = true;
    if (tensor.inPlace) {
      for (let index = 0; index < sources.length; index++) {
        const parent = sources[index] as GraphTensor;
        if (
          !parent.allocated ||
          parent.kept ||
          parent.children !== 1 ||
          parent.views !== 0 ||
          !sameLayout(tensor, parent)
        )
          continue;
        parent.allocated = false;
        if (tensor.bytes === parent.bytes) {
          tensor.slot = parent.slot;
        } else {
          tensor.slot = this.slot(tensor, this.buffers[parent.slot] ?? 0);
          this.steps.push(4 * tensor.slot + TAKE_OVER, 4 * parent.slot + TAKEN_OVER);
        }
        return;
      }
    }
    tensor.slot = this.slot(tensor, tensor.backend);
    this.steps.push(4 * tensor.slot + TAKE);
  }

  #release(tensor: GraphTensor): void {
    if (!tensor.allocated || tensor.kept) return;
    this.steps.push(4 * tensor.slot + GIVE);
    tensor.allocated = false;
  }

  /** One reader less: without readers and views a tensor is freed, and a view lets go of its origin. */
  leave(source: GraphTensor): void {
    source.children -= 1;
    if (source.children !== 0 || source.views !== 0) return;
    const origin = source.viewOf;
    if (origin === undefined) {
      this.#release(source);
    } else {
      origin.views -= 1;
      if (origin.views === 0 && origin.children === 0) this.#release(origin);
    }
  }
}

/**
 * The allocations of a walk over scheduled tensors; each has its `backend`.
 *
 * @param leafs tensors that are allocated first and live from the start
 * @param alignments one per buffer
 * @param marked positions of nodes, ascending
 */
export function planAllocations(
  leafs: readonly GraphTensor[],
  nodes: readonly GraphTensor[],
  alignments: readonly number[],
  marked: readonly number[] = [],
): AllocationPlan {
  const planner = new Planner();
  const marks: Mark[] = [];
  // Counted loops: an iterator object for each of millions of short lists would be most of the garbage.
  for (let index = 0; index < leafs.length; index++) {
    const leaf = leafs[index] as GraphTensor;
    planner.allocate(leaf, leaf.reads);
  }
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index] as GraphTensor;
    const { reads, retained } = node;
    if (node.viewOf !== undefined && node.operation !== 'none') node.viewOf.views += 1;
    if (node.isInput) planner.allocate(node, reads);
    for (let own = 0; own < reads.length; own++) {
      const source = reads[own] as GraphTensor;
      source.children += 1;
      if (source.isInput) planner.allocate(source, NO_SOURCES);
    }
    for (let own = 0; own < retained.length; own++) (retained[own] as GraphTensor).children += 1;
  }
  const leafSlots = planner.bytes.length;
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index] as GraphTensor;
    const { reads, retained } = node;
    if (index === marked[marks.length]) marks.push({ step: planner.steps.length, slot: planner.bytes.length });
    for (let own = 0; own < reads.length; own++) planner.allocate(reads[own] as GraphTensor, NO_SOURCES);
    planner.allocate(node, reads);
    for (let own = 0; own < reads.length; own++) planner.leave(reads[own] as GraphTensor);
    for (let own = 0; own < retained.length; own++) planner.leave(retained[own] as GraphTensor);
  }
  return {
    steps: new Int32Array(planner.steps),
    bufferOf: new Uint8Array(planner.buffers),
    bytesOf: new Float64Array(planner.bytes),
    tensorOf: new Int32Array(planner.tensors),
    weightOf: new Int32Array(planner.weights),
    alignments,
    leafs: leafSlots,
    marks,
  };
}

/** Free space of one buffer: blocks by address, one of them without end. */
class FreeSpace {
  highest = 0;
  #count = 1;
  #offsets = new Float64Array(64);
  #sizes = new Float64Array(64);

  /** All of it is free again. */
  reset(): void {
    this.highest = 0;
    this.#count = 1;
    this.#offsets[0] = 0;
    this.#sizes[0] = Number.POSITIVE_INFINITY;
  }

  #remove(block: number): void {
    const offsets = this.#offsets;
    const sizes = this.#sizes;
    this.#count -= 1;
    for (let next = block; next < this.#count; next++) {
      offsets[next] = offsets[next + 1] as number;
      sizes[next] = sizes[next + 1] as number;
    }
  }

  #insert(block: number, offset: number, size: number): void {
    if (this.#count === this.#sizes.length) {
      const larger = (values: Float64Array): Float64Array<ArrayBuffer> => {
        const copy = new Float64Array(2 * values.length);
        copy.set(values);
        return copy;
      };
      this.#offsets = larger(this.#offsets);
      this.#sizes = larger(this.#sizes);
    }
    const offsets = this.#offsets;
    const sizes = this.#sizes;
    for (let next = this.#count; next > block; next--) {
      offsets[next] = offsets[next - 1] as number;
      sizes[next] = sizes[next - 1] as number;
    }
    offsets[block] = offset;
    sizes[block] = size;
    this.#count += 1;
  }

  /** Takes `size` bytes, a multiple of the alignment, and returns where. */
  take(size: number): number {
    const offsets = this.#offsets;
    const sizes = this.#sizes;
    const last = this.#count - 1;
    let best = last;
    let bestSize = Number.POSITIVE_INFINITY;
    for (let block = 0; block < last; block++) {
      const free = sizes[block] as number;
      if (free >= size && free <= bestSize) {
        best = block;
        bestSize = free;
      }
    }
    const offset = offsets[best] as number;
    if (bestSize === size) {
      this.#remove(best);
    } else {
      offsets[best] = offset + size;
      sizes[best] = (sizes[best] as number) - size;
    }
    if (offset + size > this.highest) this.highest = offset + size;
    return offset;
  }

  /**
   * Gives `size` bytes back; the first block that touches them grows. A give of nothing, which a state without other
   * sequences makes, may leave an empty block inside a free one: ggml's list is then out of order, and so is this one.
   */
  give(offset: number, size: number): void {
    const offsets = this.#offsets;
    const sizes = this.#sizes;
    const end = offset + size;
    for (let block = 0; block < this.#count; block++) {
      const start = offsets[block] as number;
      if (start + (sizes[block] as number) === offset) {
        sizes[block] = (sizes[block] as number) + size;
        if (block < this.#count - 1 && start + (sizes[block] as number) === offsets[block + 1]) {
          sizes[block] = (sizes[block] as number) + (sizes[block + 1] as number);
          this.#remove(block + 1);
        }
        return;
      }
      if (end === start) {
        offsets[block] = offset;
        sizes[block] = (sizes[block] as number) + size;
        if (block > 0 && (offsets[block - 1] as number) + (sizes[block - 1] as number) === offset) {
          sizes[block - 1] = (sizes[block - 1] as number) + (sizes[block] as number);
          this.#remove(block);
        }
        return;
      }
    }
    let block = 0;
    while (block < this.#count && (offsets[block] as number) < offset) block++;
    this.#insert(block, offset, size);
  }
}

/** Where a run notes things: kept for the next one, because the memory of large arrays is not the collector's to reuse. */
const freeSpaces: FreeSpace[] = [];
let offsets = new Float64Array(0);
let sizes = new Float64Array(0);

/**
 * Runs a plan.
 *
 * @param bytesOf bytes of each slot
 * @returns the highest byte of each buffer
 */
export function runAllocations(
  { steps, bufferOf, alignments }: Pick<AllocationPlan, 'steps' | 'bufferOf' | 'alignments'>,
  bytesOf: Float64Array,
): readonly number[] {
  while (freeSpaces.length < alignments.length) freeSpaces.push(new FreeSpace());
  const spaces = freeSpaces.slice(0, alignments.length);
  for (const space of spaces) space.reset();
  if (sizes.length < bufferOf.length) {
    offsets = new Float64Array(2 * bufferOf.length);
    sizes = new Float64Array(2 * bufferOf.length);
  }
  for (let slot = 0; slot < bufferOf.length; slot++) {
    const alignment = alignments[bufferOf[slot] as number] as number;
    sizes[slot] = Math.ceil((bytesOf[slot] as number) / alignment) * alignment;
  }
  for (let position = 0; position < steps.length; position++) {
    const step = steps[position] as number;
    const slot = step >> 2;
    const space = spaces[bufferOf[slot] as number] as FreeSpace;
    const size = sizes[slot] as number;
    switch (step & 3) {
      case TAKE:
        offsets[slot] = space.take(size);
        break;
      case GIVE:
        space.give(offsets[slot] as number, size);
        break;
      default: {
        position += 1;
        const taken = (steps[position] as number) >> 2;
        const offset = offsets[taken] as number;
        offsets[slot] = offset;
        if ((sizes[taken] as number) > size) space.give(offset + size, (sizes[taken] as number) - size);
      }
    }
  }
  return spaces.map(({ highest }) => highest);
}
