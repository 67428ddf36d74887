/** The graph allocator and the scheduler on graphs small enough to follow by hand. */
import { describe, expect, test } from 'vitest';
import { runAllocations } from '../../../src/vram/ggml/allocator.ts';
import { type Repetition, repeatPlan } from '../../../src/vram/ggml/repeated-plan.ts';
import { type Placing, planGraph } from '../../../src/vram/ggml/scheduler.ts';
import { Graph, type GraphTensor, HOST, isContiguous, sameLayout } from '../../../src/vram/ggml/tensor.ts';

const KIB = 1024;

/** Bytes of every weight made here, by its number. */
const weightBytes: number[] = [];

/** A weight of `columns` x `rows` of a layer, or in host memory. */
function weight(graph: Graph, layer: number, columns: number, rows: number) {
  weightBytes.push(4 * columns * rows);
  return graph.weight(layer, weightBytes.length - 1, [columns, rows]);
}

/** A device for each layer. */
const placing = (devices: number, pipelined: boolean): Placing => ({
  devices,
  pipelined,
  backendOf: ({ layer }) => (layer === HOST ? devices : layer),
});

/** Highest byte of each buffer: the devices', then the host's. */
function highestOf(graph: Graph, devices: number, pipelined: boolean): readonly number[] {
  const plan = planGraph(graph, placing(devices, pipelined));
  const bytes = plan.bytesOf.map((own, slot) => weightBytes[plan.weightOf[slot] ?? -1] ?? own);
  return runAllocations(plan, bytes);
}

describe('one device', () => {
  test('a chain of products needs two results at a time', () => {
    const graph = new Graph();
    let current = graph.mulMat(weight(graph, 0, 256, 256), graph.input(4, 256, 1));
    for (let step = 0; step < 5; step++) current = graph.mulMat(weight(graph, 0, 256, 256), current);
    graph.expand(current);
    // The input is copied from the host, one KiB like every result: what is read and what is written live, no more.
    expect(highestOf(graph, 1, false)).toEqual([2 * KIB, KIB]);
  });

  test('an operation in place costs nothing, one of its own costs its size', () => {
    /** Highest byte with an operation on a product of 4 KiB, which lies behind the KiB of its input. */
    const measure = (operation: (graph: Graph, product: GraphTensor) => GraphTensor): number => {
      const graph = new Graph();
      graph.expand(operation(graph, graph.mulMat(weight(graph, 0, 256, 1024), graph.input(4, 256, 1))));
      return highestOf(graph, 1, false)[0] ?? 0;
    };
    expect(measure((_, product) => product)).toBe(5 * KIB);
    expect(measure((graph, product) => graph.overwriting([product]))).toBe(5 * KIB);
    // The KiB that the input left is too small for it.
    expect(measure((graph, product) => graph.like([product]))).toBe((5 + 4) * KIB);
    // A first step must not overwrite what a second one still reads. The second overwrites the first, behind the product.
    const branch = (graph: Graph, product: GraphTensor) => graph.overwriting([graph.overwriting([product]), product]);
    expect(measure(branch)).toBe((5 + 4) * KIB);
    // Then 5 KiB find room where input and product were.
    expect(measure((graph, product) => graph.mulMat(weight(graph, 0, 1024, 1280), branch(graph, product)))).toBe(
      9 * KIB,
    );
  });

  test('views take no memory and keep what they show', () => {
    const graph = new Graph();
    const start = graph.mulMat(weight(graph, 0, 256, 512), graph.input(4, 256, 1));
    const half = graph.window(start, [256, 1]);
    graph.expand(half);
    const other = graph.mulMat(weight(graph, 0, 256, 256), half);
    graph.expand(graph.overwriting([other, graph.window(start, [256, 1])]));
    expect(highestOf(graph, 1, false)[0]).toBe(1 * KIB + 2 * KIB);
  });

  test('sizes are aligned to 128 bytes on a device and 32 on the host', () => {
    const graph = new Graph();
    graph.expand(graph.mulMat(weight(graph, 0, 33, 1), graph.input(4, 33, 1)));
    expect(highestOf(graph, 1, false)).toEqual([256 + 128, 160]);
  });

  test('what a fused kernel reads late stays until then', () => {
    const measure = (late: boolean): number => {
      const graph = new Graph();
      const first = graph.mulMat(weight(graph, 0, 256, 256), graph.input(4, 256, 1));
      const second = graph.mulMat(weight(graph, 0, 256, 256), first);
      const third = graph.mulMat(weight(graph, 0, 256, 256), second);
      const last = graph.mulMat(weight(graph, 0, 256, 256), third);
      if (late) last.retained = [first];
      graph.expand(last);
      return highestOf(graph, 1, false)[0] ?? 0;
    };
    expect(measure(true)).toBe(measure(false) + KIB);
  });
});

test('an empty tensor that is freed inside free space keeps its neighbours from joining', () => {
  const TAKE = 0;
  const GIVE = 1;
  const highest = (steps: readonly (readonly [slot: number, kind: number])[]): number | undefined =>
    runAllocations(
      {
        steps: Int32Array.from(steps, ([slot, kind]) => 4 * slot + kind),
        bufferOf: new Uint8Array(5),
        alignments: [128],
      },
      Float64Array.of(128, 0, 128, 128, 512),
    )[0];
  const taken = [0, 1, 2, 3].map((slot) => [slot, TAKE] as const);
  // Slot 1 lies between 0 and 2. Freed first, it leaves nothing behind, and slot 4 starts at 0.
  expect(highest([...taken, [1, GIVE], [0, GIVE], [2, GIVE], [3, GIVE], [4, TAKE]])).toBe(512);
  // Freed inside the space of 0 and 2, it stands in ggml's list between that space and the rest: slot 4 starts at 384.
  expect(highest([...taken, [0, GIVE], [2, GIVE], [1, GIVE], [3, GIVE], [4, TAKE]])).toBe(384 + 512);
});

describe('several devices', () => {
  const chain = (rows: number, places: readonly number[]): Graph => {
    const graph = new Graph();
    let current = graph.input(4, 256, rows);
    for (const place of places) current = graph.mulMat(weight(graph, place, 256, 256), current);
    graph.expand(current);
    return graph;
  };

  test('a result is copied where the next device reads it', () => {
    const [first = 0, second = 0, host = 0] = highestOf(chain(1, [0, 1]), 2, false);
    expect([first, second, host]).toEqual([2 * KIB, 2 * KIB, KIB]);
  });

  test('a pipeline keeps four copies of every input', () => {
    const [first = 0, second = 0, host = 0] = highestOf(chain(1, [0, 1]), 2, true);
    expect([first, second, host]).toEqual([5 * KIB, 5 * KIB, 4 * KIB]);
  });

  test('a graph can be planned for one device after it was for two', () => {
    const graph = chain(64, [0, 0]);
    const alone = highestOf(chain(64, [0, 0]), 1, false);
    highestOf(graph, 2, true);
    expect(highestOf(graph, 1, false)).toEqual(alone);
  });

  test('weights in host memory are copied for 32 rows and more, one after the other', () => {
    const bytes = 4 * 256 * 256;
    const small = highestOf(chain(31, [HOST, HOST]), 1, false);
    const large = highestOf(chain(32, [HOST, HOST]), 1, false);
    expect(small[0]).toBe(0);
    expect(large[0]).toBeGreaterThanOrEqual(bytes);
    expect(large[0]).toBeLessThan(2 * bytes);
  });
});

test('the order of allocations does not depend on sizes', () => {
  const build = (extent: number): Graph => {
    const graph = new Graph();
    const long = graph.mulMat(weight(graph, 0, 256, extent), graph.input(4, 256, 1));
    const short = graph.mulMat(weight(graph, 0, extent, 256), long);
    graph.expand(graph.mulMat(weight(graph, 0, 256, 512), short));
    return graph;
  };
  const plan = (extent: number) => planGraph(build(extent), placing(1, false));
  expect([...plan(1024).steps]).toEqual([...plan(2048).steps]);
  expect([...plan(1024).bytesOf]).not.toEqual([...plan(2048).bytesOf]);
});

describe('a plan from some of the layers', () => {
  /** Layers that each fill a blank of their own, let the next layer read what they leave, and read a mask that all share. */
  const stack = (layers: number, widthOf: (layer: number) => number, oddLayer?: number): Graph => {
    const graph = new Graph();
    const mask = graph.input(4, 64, 1);
    let current = graph.mulMat(graph.weight(0, 0, [64, 64]), graph.input(4, 64, 1));
    for (let layer = 0; layer < layers; layer++) {
      graph.layerStarts.set(layer, graph.bytes.length);
      const wide = graph.mulMat(graph.weight(layer, layer, [64, widthOf(layer)]), current);
      const filled = graph.overwriting([graph.blank(4, 512, 1)]);
      let next = graph.compute([64, 1, 1, 1], [wide, filled, mask]);
      if (layer === oddLayer) next = graph.like([next]);
      graph.expand(next);
      current = graph.compute([64, 1, 1, 1], [next, current]);
    }
    graph.expand(graph.mulMat(graph.weight(layers, layers, [64, 64]), current));
    return graph;
  };
  const alike = () => 128;
  /** Layers of a stack of twelve on three devices of four. */
  const placing = (layers: readonly number[]): Placing => ({
    devices: 3,
    pipelined: true,
    backendOf: ({ layer }) => Math.floor((layers[layer] ?? 11) / 4),
  });
  const all = Array.from({ length: 12 }, (_, layer) => layer);
  const stackOf = (layers: readonly number[]) => ({
    devices: 3,
    pipelined: true,
    deviceOfLayer: layers.map((layer) => Math.floor(layer / 4)),
    outputDevice: 2,
  });
  /** Of each device the first, a next and the last one, which the next device copies from. */
  const walked = [0, 1, 3, 4, 5, 7, 8, 9, 11];
  const repetition: Repetition = {
    layers: walked.map((_, position) => position),
    short: stackOf(walked),
    whole: stackOf(all),
    walkedOf: [0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8],
    // Behind the last layer comes the head.
    likeness: [0, 0, 0, 0, 0, 0, 0, 0, 1],
    added: all,
    addedWalked: walked.map((_, position) => position),
  };
  const repeated = (widthOf: (layer: number) => number, changes: Partial<Repetition> = {}) => {
    const graph = stack(walked.length, widthOf);
    /** The last layer behind the first. */
    const least = stack(2, widthOf);
    least.layerStarts.set(walked.length - 1, least.layerStarts.get(1) as number);
    return repeatPlan(
      graph,
      planGraph(graph, placing(walked), repetition.layers),
      { ...repetition, ...changes },
      (weight, layerLater) => layerLater(weight),
      least,
    );
  };

  test.each([
    ['alike', alike],
    ['growing', (layer: number) => 128 * (layer + 1)],
  ])('it is the plan of the whole graph where layers are %s', (_what, widthOf) => {
    const whole = planGraph(stack(12, widthOf), placing(all));
    const plan = repeated(widthOf);
    expect(plan?.steps).toEqual(whole.steps);
    expect(plan?.bytesOf).toEqual(whole.bytesOf);
    expect(plan?.bufferOf).toEqual(whole.bufferOf);
    expect(plan?.weightOf).toEqual(whole.weightOf);
    expect(plan?.leafs).toBe(whole.leafs);
  });

  test('nothing is said where no layer tells how another one has grown', () => {
    const likeness = repetition.likeness.map((_, layer) => layer);
    expect(repeated(alike, { likeness })).toBeUndefined();
  });

  test.each([
    ['sizes tell apart what two kinds of layers leave', 256, true],
    ['nothing is said where they do not', 64, false],
  ])('%s', (_what, width, isTold) => {
    const onOne: Placing = { devices: 1, pipelined: false, backendOf: () => 0 };
    /** Layers that leave two tensors; a layer of another kind, "O", has more before, between and behind them. */
    const build = (kinds: string): Graph => {
      const graph = new Graph();
      const table = graph.weight(0, 0, [64, 64]);
      let left = graph.mulMat(table, graph.input(4, 64, 1));
      let right = graph.mulMat(table, left);
      [...kinds].forEach((kind, layer) => {
        graph.layerStarts.set(layer, graph.bytes.length);
        let sum = graph.compute([64, 1, 1, 1], [left, right]);
        if (kind === 'O') sum = graph.like([sum]);
        left = graph.compute([width, 1, 1, 1], [sum]);
        right = graph.compute([64, 1, 1, 1], [sum]);
        if (kind === 'O') right = graph.like([right]);
        graph.expand(left);
        graph.expand(right);
      });
      graph.expand(graph.compute([64, 1, 1, 1], [left, right]));
      return graph;
    };
    const on = (kinds: string) => ({
      devices: 1,
      pipelined: false,
      deviceOfLayer: [...kinds].map(() => 0),
      outputDevice: 0,
    });
    const [short, long] = ['EEOO', 'EEOEOO'];
    const graph = build(short);
    const zeros = [...long].map(() => 0);
    const plan = repeatPlan(
      graph,
      planGraph(graph, onOne, [0, 1, 2, 3]),
      {
        layers: [0, 1, 2, 3],
        short: on(short),
        whole: on(long),
        // The fourth layer is like the second, which is behind another kind.
        walkedOf: [0, 1, 2, 1, 2, 3],
        likeness: [0, 0, 1, 2, 1, 2],
        added: zeros,
        addedWalked: [0, 0, 0, 0],
      },
      (weight) => weight,
    );
    expect(plan?.steps).toEqual(isTold ? planGraph(build(long), onOne).steps : undefined);
  });

  test('nothing is said where a layer finds other memory taken than the one that it is like', () => {
    // The last layer of a device is not like the one before it: the next device has what it leaves.
    expect(repeated(alike, { walkedOf: [0, 1, 1, 1, 3, 4, 4, 5, 6, 7, 7, 8] })).toBeUndefined();
    expect(repeated(alike, { walkedOf: [0, 1, 1, 2, 3, 4, 4, 4, 6, 7, 7, 8] })).toBeUndefined();
  });
});

test('layouts', () => {
  const graph = new Graph();
  const plain = graph.input(4, 8, 4);
  expect(isContiguous(plain)).toBe(true);
  expect(isContiguous(graph.transpose(plain))).toBe(false);
  expect(isContiguous(graph.cont(graph.transpose(plain)))).toBe(true);
  expect(sameLayout(plain, graph.reshape(plain, 8, 4))).toBe(true);
  expect(sameLayout(plain, graph.reshape(plain, 4, 8))).toBe(false);
  expect(sameLayout(plain, graph.cast(plain, 2))).toBe(false);
});
