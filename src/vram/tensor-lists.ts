/**
 * Where the tensors of a model come from: derived from its architecture, or told with it in packed form, so that a
 * browser needs none of the code that derives them.
 */
import { EstimateError } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import type { Tensor } from './tensors.ts';

/** What `tensors.ts` knows of an architecture. */
export interface TensorSource {
  readonly tensorsOf: (architecture: Architecture, options: { readonly nextToken: boolean }) => readonly Tensor[];
  /** The converter always writes the multi-token-prediction blocks of the class. */
  readonly converterKeepsNextToken: (architecture: Architecture) => boolean;
}

/** A tensor of a block: its name without `blk.N.`, role, type in the unquantized file or 0, then the shape. */
export type PackedTensor = readonly [
  name: string,
  role: Tensor['role'],
  source: NonNullable<Tensor['source']> | 0,
  ...shape: number[],
];

/** The tensors of a file; blocks that are alike are listed once. */
export interface PackedTensors {
  readonly outside: readonly Tensor[];
  readonly blocks: readonly (readonly PackedTensor[])[];
  /** Which of `blocks` each block of the file is. */
  readonly order: readonly number[];
}

let source: TensorSource | undefined;
const told = new WeakMap<Architecture, readonly Tensor[]>();

/** Derives the tensors of every architecture that was not told with its list. */
export function deriveTensorsWith(derived: TensorSource): void {
  source = derived;
}

function sourceFor(architecture: Architecture): TensorSource {
  if (source) return source;
  throw new EstimateError('unknown-architecture', `The tensors of "${architecture.className}" were not told.`);
}

/** The tensors of a model's file, those outside the blocks first. */
export function tensorsOf(architecture: Architecture, nextToken: boolean): readonly Tensor[] {
  return told.get(architecture) ?? sourceFor(architecture).tensorsOf(architecture, { nextToken });
}

/** Whether a file has the multi-token-prediction blocks where nothing else is said. */
export function keepsNextToken(architecture: Architecture): boolean {
  return sourceFor(architecture).converterKeepsNextToken(architecture);
}

/** Says what the tensors of an architecture are, for this object and as long as it lives. */
export function tellTensors(architecture: Architecture, { outside, blocks, order }: PackedTensors): void {
  const inBlocks = order.flatMap((kind, layer) =>
    (blocks[kind] ?? []).map(
      ([name, role, type, ...shape]): Tensor => ({
        name: `blk.${layer}.${name}`,
        shape,
        role,
        place: 'block',
        layer,
        ...(type !== 0 && { source: type }),
      }),
    ),
  );
  told.set(architecture, [...outside, ...inBlocks]);
}

/** The tensors of an architecture for {@link tellTensors}. */
export function packTensors(architecture: Architecture, nextToken: boolean): PackedTensors {
  const outside: Tensor[] = [];
  const layers: PackedTensor[][] = [];
  for (const tensor of tensorsOf(architecture, nextToken)) {
    const { name, shape, role, source: type = 0, layer = -1 } = tensor;
    const prefix = `blk.${layer}.`;
    if (name.startsWith(prefix)) {
      layers[layer] = [...(layers[layer] ?? []), [name.slice(prefix.length), role, type, ...shape]];
    } else {
      outside.push(tensor);
    }
  }
  const texts = layers.map((block) => JSON.stringify(block));
  const kinds = [...new Set(texts)];
  return {
    outside,
    blocks: kinds.map((kind) => layers[texts.indexOf(kind)] ?? []),
    order: texts.map((text) => kinds.indexOf(text)),
  };
}
