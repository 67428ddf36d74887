/**
 * The plan of a long graph from that of a short one. A stack's layers take and give back the same wherever they stand in
 * the same surroundings: one layer of each surroundings says what all of them do.
 */
import { type AllocationPlan, GIVE, type Mark, TAKE, TAKE_OVER } from './allocator.ts';
import { PIPELINE_COPIES } from './scheduler.ts';
import type { Graph } from './tensor.ts';

/** Where a stack's layers are, all on devices. */
interface Stack {
  readonly devices: number;
  readonly pipelined: boolean;
  /** By layer. */
  readonly deviceOfLayer: readonly number[];
  readonly outputDevice: number;
}

/** How a stack is told from some of its layers. */
export interface Repetition {
  /** The walked layers, in order. */
  readonly layers: readonly number[];
  /** Where the walked layers are. */
  readonly short: Stack;
  /** Where all of them are. */
  readonly whole: Stack;
  /** The walked layer, by its position among them, that each layer of the stack is like. */
  readonly walkedOf: readonly number[];
  /** Equal for layers with tensors of the same kinds, by layer. */
  readonly likeness: readonly number[];
  /** What the sizes of a layer's tensors are linear in, by layer. */
  readonly added: readonly number[];
  /** The same among the walked layers, by position. */
  readonly addedWalked: readonly number[];
}

/** The plan of a whole stack; its tensors are those of the walked layers. */
export interface RepeatedPlan extends AllocationPlan {
  /** By how much of what sizes are linear in each slot's tensor differs from the walked one. */
  readonly more: Int32Array;
}

/** The weight in the place of another one; `layerLater` says which layer is in the place of a walked one. */
export type WeightLater = (weight: number, layerLater: (layer: number) => number) => number | undefined;

/** A tensor that a layer reads from another buffer. */
interface Read {
  readonly id: number;
  readonly bytes: number;
  /** Where it is read. */
  readonly buffer: number;
  /** Nothing before has read it there. */
  readonly first: boolean;
}

/** What a pipeline keeps from the start: its inputs, and copies of what is read in other buffers. */
interface Reads {
  readonly before: readonly Read[];
  /** By walked layer. */
  readonly byLayer: readonly (readonly Read[])[];
  /** Inputs that are read anywhere. */
  readonly inputs: number;
}

const NO_READS: Reads = { before: [], byLayer: [], inputs: 0 };

/** What is read across buffers in a graph as it was planned last; `undefined` where weights or caches are. */
function readsOf({ nodes }: Graph, starts: readonly number[]): Reads | undefined {
  const byLayer: Read[][] = starts.slice(1).map(() => []);
  const before: Read[] = [];
  const known = new Set<number>();
  const inputs = new Set<number>();
  let position = -1;
  for (const { operation, id, backend, sources } of nodes) {
    if (operation === 'view') continue;
    if (id >= (starts[position + 1] as number)) position += 1;
    for (const source of sources) {
      if (source.isInput) inputs.add(source.id);
      if (source.backend === backend) continue;
      if (source.id < 0) return undefined;
      const key = 256 * source.id + backend;
      const read = { id: source.id, bytes: source.bytes, buffer: backend, first: !known.has(key) };
      (byLayer[position] ?? before).push(read);
      known.add(key);
    }
  }
  return { before, byLayer, inputs: inputs.size };
}

/** The first id of each walked layer's tensors, and the end of all. */
export function startsOf({ layerStarts, bytes }: Graph, layers: readonly number[]): number[] {
  return [...layers.map((layer) => layerStarts.get(layer) as number), bytes.length];
}

/** Tensors of a walked layer. */
export function tensorsIn(starts: readonly number[], position: number): number {
  return (starts[position + 1] as number) - (starts[position] as number);
}

/**
 * What one more of what sizes are linear in adds to each tensor of a graph, in bytes by id; not a number where no layer tells.
 *
 * @param least the last layer behind the first that is added: no walked one is like it
 */
export function growthsOf(
  { bytes }: Graph,
  starts: readonly number[],
  { layers, likeness, addedWalked }: Repetition,
  least: Graph | undefined,
): Float64Array {
  const growths = new Float64Array(bytes.length).fill(Number.NaN, starts[0]);
  layers.forEach((layer, position) => {
    const start = starts[position] as number;
    const tell = (from: readonly number[], twinStart: number, more: number): void => {
      for (let id = start; id < (starts[position + 1] as number); id++)
        growths[id] = ((from[id + twinStart - start] as number) - (bytes[id] as number)) / more;
    };
    const own = addedWalked[position] as number;
    const twin = layers.findIndex(
      (other, at) =>
        likeness[other] === likeness[layer] &&
        addedWalked[at] !== own &&
        tensorsIn(starts, at) === tensorsIn(starts, position),
    );
    if (twin >= 0) tell(bytes, starts[twin] as number, (addedWalked[twin] as number) - own);
    else if (least && position === layers.length - 1)
      tell(least.bytes, least.layerStarts.get(layer) as number, 1 - own);
  });
  return growths;
}

/** Bytes of a tensor where what they are linear in is `more`. */
export const grown = (bytes: number, more: number, growth: number): number =>
  more === 0 ? bytes : bytes + more * growth;

/**
 * What is held where each walked layer begins, and at the end: slots that were taken and not yet given back, oldest first.
 *
 * @param held of the leafs, those that are given back some time
 */
function heldOf({ steps, leafs, marks }: AllocationPlan, held: number[]): number[][] {
  const heldAt: number[][] = [];
  const giveBack = (slot: number): void => {
    const index = held.lastIndexOf(slot);
    if (index >= 0) held.splice(index, 1);
  };
  for (let position = leafs; position < steps.length; position++) {
    if (position === marks[heldAt.length]?.step) heldAt.push([...held]);
    const step = steps[position] as number;
    if ((step & 3) === GIVE) giveBack(step >> 2);
    else held.push(step >> 2);
    if ((step & 3) === TAKE_OVER) {
      position += 1;
      giveBack((steps[position] as number) >> 2);
    }
  }
  heldAt.push(held);
  return heldAt;
}

/** Where a layer of the whole stack repeats one that was walked. */
interface Place {
  readonly layer: number;
  /** Of the walked layer. */
  readonly position: number;
  /** By how much sizes have grown. */
  readonly more: number;
}

/** Writes the plan of a whole stack, layer by layer. */
class Repeater {
  readonly #plan: AllocationPlan;
  readonly #repetition: Repetition;
  readonly #weightLater: WeightLater;
  readonly #reads: Reads;
  readonly #growths: Float64Array;
  readonly #starts: readonly number[];
  /** Ids from here on are of layers. */
  readonly #firstOfLayers: number;
  readonly #host: number;
  readonly #steps: number[] = [];
  readonly #buffers: number[] = [];
  readonly #bytes: number[] = [];
  readonly #tensors: number[] = [];
  readonly #weights: number[] = [];
  readonly #more: number[] = [];
  /** The number in the whole plan of each slot of the short one, as the layer at hand sees it; -1 = it does not. */
  readonly #numbers: Int32Array;
  /** Of what is held, tensors from before the layers, by id and buffer. */
  readonly #heldShared = new Map<number, number>();
  /** Of what is held, tensors of layers and copies of weights, by buffer, oldest first. */
  readonly #heldOwn: readonly number[][];
  /** Leafs from before the layers. */
  readonly #shared: number[] = [];
  /** Leafs that a walked layer fills itself, by position. */
  readonly #filled: readonly number[][];
  #failed = false;

  constructor(
    plan: AllocationPlan,
    repetition: Repetition,
    weightLater: WeightLater,
    starts: readonly number[],
    growths: Float64Array,
    reads: Reads,
  ) {
    this.#plan = plan;
    this.#repetition = repetition;
    this.#weightLater = weightLater;
    this.#reads = reads;
    this.#growths = growths;
    this.#starts = starts;
    this.#firstOfLayers = starts[0] as number;
    this.#host = repetition.whole.devices;
    this.#numbers = new Int32Array(plan.bytesOf.length).fill(-1);
    this.#heldOwn = Array.from({ length: this.#host + 1 }, () => []);
    this.#filled = repetition.layers.map(() => []);
    this.#splitLeafs(starts);
  }

  /** Tells leafs from before the layers and those that a layer fills; both lie behind the inputs and copies of a pipeline. */
  #splitLeafs(starts: readonly number[]): void {
    const { leafs, tensorOf, bufferOf, steps, marks } = this.#plan;
    const { before, byLayer, inputs } = this.#reads;
    const copies = [before, ...byLayer].flat().filter(({ first }) => first).length;
    const positionOf = new Map<number, number>();
    for (let slot = PIPELINE_COPIES * (inputs + copies); slot < leafs; slot++) {
      const tensor = tensorOf[slot] as number;
      if (tensor < this.#firstOfLayers) this.#shared.push(slot);
      // On the host they would lie between inputs.
      else if (bufferOf[slot] === this.#repetition.short.devices) this.#failed = true;
      else {
        const position = starts.findLastIndex((start) => start <= tensor);
        positionOf.set(slot, position);
        this.#filled[position]?.push(slot);
      }
    }
    // Each must be given back, or taken over, by the layer that fills it.
    let position = -1;
    for (let index = leafs; index < steps.length; index++) {
      if (index === marks[position + 1]?.step) position += 1;
      const slot = (steps[index] as number) >> 2;
      if (positionOf.has(slot)) {
        if (positionOf.get(slot) !== position) this.#failed = true;
        positionOf.delete(slot);
      }
    }
    if (positionOf.size > 0) this.#failed = true;
  }

  /** The buffer in the place of one that a walked layer uses; -1 where there is none. */
  #bufferLater(buffer: number, { layer, position }: Place): number {
    const { short, whole, layers } = this.#repetition;
    const own = short.deviceOfLayer[layers[position] as number] as number;
    const target = whole.deviceOfLayer[layer] as number;
    if (buffer === own) return target;
    if (buffer === short.devices) return this.#host;
    // The first device computes for the host what is large.
    if (buffer === 0 && !short.pipelined) return 0;
    if (buffer < own) return Math.max(buffer + target - own, -1);
    return buffer === short.outputDevice ? whole.outputDevice : -1;
  }

  /** The same for what comes before the layers, on the host and the first device. */
  #bufferBefore(buffer: number): number {
    if (buffer === this.#repetition.short.devices) return this.#host;
    return buffer === 0 ? 0 : -1;
  }

  /** A new slot. */
  #slot(buffer: number, bytes: number, tensor: number, weight = -1, more = 0): number {
    if (buffer < 0 || Number.isNaN(bytes)) this.#failed = true;
    this.#more.push(more);
    this.#buffers.push(buffer);
    this.#bytes.push(bytes);
    this.#tensors.push(tensor);
    return this.#weights.push(weight) - 1;
  }

  /** A slot like one from before the layers. */
  #before(slot: number): void {
    const { bufferOf, bytesOf, tensorOf, weightOf } = this.#plan;
    const buffer = this.#bufferBefore(bufferOf[slot] as number);
    this.#numbers[slot] = this.#slot(buffer, bytesOf[slot] as number, tensorOf[slot] as number, weightOf[slot]);
  }

  #bytesLater(slot: number, { more }: Place): number {
    const tensor = this.#plan.tensorOf[slot] as number;
    const bytes = this.#plan.bytesOf[slot] as number;
    return tensor < 0 ? bytes : grown(bytes, more, this.#growths[tensor] as number);
  }

  /** A slot like one of a walked layer. */
  #later(slot: number, place: Place): number {
    const { bufferOf, tensorOf, weightOf } = this.#plan;
    const { layers } = this.#repetition;
    const { layer, position } = place;
    let weight: number | undefined = weightOf[slot] as number;
    if (weight >= 0) weight = this.#weightLater(weight, (own) => layer + layers.indexOf(own) - position);
    if (weight === undefined) this.#failed = true;
    const buffer = this.#bufferLater(bufferOf[slot] as number, place);
    return this.#slot(buffer, this.#bytesLater(slot, place), tensorOf[slot] as number, weight, place.more);
  }

  /** The copies of one tensor that a pipeline keeps. */
  #copies({ id, bytes }: Read, buffer: number, more: number): void {
    for (let copy = 0; copy < PIPELINE_COPIES; copy++)
      this.#slot(buffer, grown(bytes, more, this.#growths[id] as number), id, -1, more);
  }

  /** Takes all leafs; returns the first that each layer fills itself. */
  #leafs(places: readonly Place[]): number[] {
    const { before, byLayer, inputs } = this.#reads;
    for (let slot = 0; slot < PIPELINE_COPIES * inputs; slot++) this.#before(slot);
    const copied = new Set<number>();
    const keyOf = (id: number, buffer: number): number => 256 * id + buffer;
    for (const read of before) {
      const buffer = this.#bufferBefore(read.buffer);
      if (read.first) this.#copies(read, buffer, 0);
      copied.add(keyOf(read.id, buffer));
    }
    for (const place of places) {
      for (const read of byLayer[place.position] ?? []) {
        const buffer = this.#bufferLater(read.buffer, place);
        const key = keyOf(read.id, buffer);
        // What is from before the layers is read by any of them first.
        if (read.id < this.#firstOfLayers ? !copied.has(key) : read.first) this.#copies(read, buffer, place.more);
        copied.add(key);
      }
    }
    for (const slot of this.#shared) this.#before(slot);
    const firstFilled = places.map((place) => {
      const first = this.#bytes.length;
      for (const slot of this.#filled[place.position] as number[]) this.#later(slot, place);
      return first;
    });
    for (let slot = 0; slot < this.#bytes.length; slot++) this.#steps.push(4 * slot + TAKE);
    return firstFilled;
  }

  /** Writes steps of the short plan with the numbers that slots have now. */
  #write(from: number, to: number): void {
    const { steps } = this.#plan;
    for (let position = from; position < to; position++) {
      const step = steps[position] as number;
      const number = this.#numbers[step >> 2] as number;
      if (number < 0) this.#failed = true;
      this.#steps.push(4 * number + (step & 3));
    }
  }

  #isShared(slot: number): boolean {
    const tensor = this.#plan.tensorOf[slot] as number;
    return tensor >= 0 && tensor < this.#firstOfLayers;
  }

  /** Whether two tensors are as far from the beginning or from the end of their walked layers. */
  #isSamePart(a: number, b: number): boolean {
    const starts = this.#starts;
    const [endOfA, endOfB] = [a, b].map((tensor) => starts.findIndex((start) => start > tensor)) as [number, number];
    const isAsFarFrom = (startOfA: number, startOfB: number): boolean =>
      a - (starts[startOfA] as number) === b - (starts[startOfB] as number);
    return isAsFarFrom(endOfA, endOfB) || isAsFarFrom(endOfA - 1, endOfB - 1);
  }

  #keyOf(slot: number, buffer: number): number {
    return (this.#plan.tensorOf[slot] as number) * (this.#host + 1) + buffer;
  }

  /** Notes what is held behind a layer, of what it knows. */
  #hold(slots: readonly number[]): void {
    for (const slot of slots) {
      const number = this.#numbers[slot] as number;
      if (number < 0) continue;
      const buffer = this.#buffers[number] as number;
      if (!this.#isShared(slot)) this.#heldOwn[buffer]?.push(number);
      else if (this.#heldShared.has(this.#keyOf(slot, buffer))) this.#failed = true;
      else this.#heldShared.set(this.#keyOf(slot, buffer), number);
    }
  }

  /**
   * Finds what is held for a layer in the places of what the walked one found held. All that layers hold on its device
   * must be there in the same sizes; what is elsewhere may not, as long as the layer does not give it back. Where
   * several are as large, each must be the same part of the layer that made it.
   */
  #find(slots: readonly number[], place: Place): void {
    const { whole, short } = this.#repetition;
    const { bufferOf } = this.#plan;
    const found = this.#heldOwn.map((): number[] => []);
    for (const slot of slots) {
      const from = bufferOf[slot] as number;
      this.#numbers[slot] = -1;
      if (this.#isShared(slot)) {
        const buffer = short.pipelined ? this.#bufferBefore(from) : this.#bufferLater(from, place);
        const key = this.#keyOf(slot, buffer);
        if (buffer < 0) continue;
        this.#numbers[slot] = this.#heldShared.get(key) ?? -1;
        this.#heldShared.delete(key);
      } else found[this.#bufferLater(from, place)]?.push(slot);
    }
    for (const [buffer, own] of found.entries()) {
      const held = this.#heldOwn[buffer] as number[];
      if (own.length !== held.length) {
        if (buffer === whole.deviceOfLayer[place.layer]) this.#failed = true;
        continue;
      }
      for (const [index, slot] of own.entries()) {
        const number = held[index] as number;
        this.#numbers[slot] = number;
        const bytes = this.#bytes[number];
        const isSame = this.#isSamePart(this.#tensors[number] as number, this.#plan.tensorOf[slot] as number);
        const isOnly = () => held.filter((other) => this.#bytes[other] === bytes).length === 1;
        if (bytes !== this.#bytesLater(slot, place) || !(isSame || isOnly())) this.#failed = true;
      }
      held.length = 0;
    }
  }

  /** The whole plan; `undefined` where a layer finds other memory taken than the one that it is like. */
  run(): RepeatedPlan | undefined {
    const { leafs, marks, steps, bytesOf, alignments } = this.#plan;
    const { walkedOf, added, addedWalked, layers } = this.#repetition;
    const begin = marks[0] as Mark;
    const places = walkedOf.map((position, layer) => ({
      layer,
      position,
      more: (added[layer] as number) - (addedWalked[position] as number),
    }));
    const firstFilled = this.#leafs(places);
    const wholeLeafs = this.#bytes.length;
    const heldAt = heldOf(this.#plan, [...this.#shared]);
    for (let slot = leafs; slot < begin.slot; slot++) this.#before(slot);
    this.#write(leafs, begin.step);
    this.#hold(heldAt[0] as number[]);
    const ends = [...marks, { step: steps.length, slot: bytesOf.length }];
    for (const place of places) {
      if (this.#failed) return undefined;
      const { layer, position } = place;
      this.#find(heldAt[position] as number[], place);
      const filled = this.#filled[position] as number[];
      for (const [index, slot] of filled.entries()) this.#numbers[slot] = (firstFilled[layer] as number) + index;
      const from = ends[position] as Mark;
      const to = ends[position + 1] as Mark;
      for (let slot = from.slot; slot < to.slot; slot++) this.#numbers[slot] = this.#later(slot, place);
      this.#write(from.step, to.step);
      this.#hold(heldAt[position + 1] as number[]);
    }
    const held = this.#heldOwn.reduce((sum, own) => sum + own.length, this.#heldShared.size);
    if (this.#failed || held !== heldAt[layers.length]?.length) return undefined;
    const [device, host] = [alignments[0] as number, alignments.at(-1) as number];
    return {
      steps: new Int32Array(this.#steps),
      bufferOf: new Uint8Array(this.#buffers),
      bytesOf: new Float64Array(this.#bytes),
      tensorOf: new Int32Array(this.#tensors),
      weightOf: new Int32Array(this.#weights),
      alignments: [...Array.from({ length: this.#host }, () => device), host],
      leafs: wholeLeafs,
      marks: [],
      more: new Int32Array(this.#more),
    };
  }
}

/**
 * The plan of a whole stack from that of its walked layers.
 *
 * @param graph the walked layers, as it was planned last
 * @param plan its marks are where each walked layer begins
 * @returns `undefined` where a layer would find other memory taken than the one that it is like, or give back what is not
 */
export function repeatPlan(
  graph: Graph,
  plan: AllocationPlan,
  repetition: Repetition,
  weightLater: WeightLater,
  least?: Graph,
): RepeatedPlan | undefined {
  const { layers, short } = repetition;
  const starts = startsOf(graph, layers);
  const reads = short.pipelined ? readsOf(graph, starts) : NO_READS;
  if (!reads || plan.marks.length !== layers.length) return undefined;
  return new Repeater(plan, repetition, weightLater, starts, growthsOf(graph, starts, repetition, least), reads).run();
}
