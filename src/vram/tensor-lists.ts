/**
 * Where the tensors of a model come from: derived from its architecture, or told with it in packed form, so that a
 * browser needs none of the code that derives them.
 */
import { EstimateError } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import { memoizedBy } from './memoized.ts';
import type { Tensor } from './tensors.ts';

/** What `tensors.ts` knows of an architecture. */
export interface TensorSource {
  readonly tensorsOf: (architecture: Architecture, options: { readonly nextToken: boolean }) => readonly Tensor[];
  /** The converter always writes the multi-token-prediction blocks of the class. */
  readonly converterKeepsNextToken: (architecture: Architecture) => boolean;
}

/** A tensor of a block, with its name without `blk.N.`; which block it is of is said by its place in the list. */
export type BlockTensor = Omit<Tensor, 'layer'>;

/** The tensors of a model, multi-token-prediction blocks included; blocks that are alike are listed once. */
export interface PackedTensors {
  readonly outside: readonly Tensor[];
  readonly blocks: readonly (readonly BlockTensor[])[];
  /** Which of `blocks` each block is. */
  readonly order: readonly number[];
}

let source: TensorSource | undefined;
/** Lists told, without and with the multi-token-prediction blocks. */
const told = new WeakMap<Architecture, readonly [readonly Tensor[], readonly Tensor[]]>();

/** Derives the tensors of every architecture that was not told with its list. */
export function deriveTensorsWith(derived: TensorSource): void {
  source = derived;
}

function sourceFor(architecture: Architecture): TensorSource {
  if (source) return source;
  throw new EstimateError('unknown-architecture', `The tensors of "${architecture.className}" were not told.`);
}

const derivedTensors = memoizedBy(
  (_: Architecture, nextToken: boolean) => `${nextToken}`,
  (architecture, nextToken) => sourceFor(architecture).tensorsOf(architecture, { nextToken }),
);

/** The tensors of a model's file, those outside the blocks first. Memoised per architecture object. */
export function tensorsOf(architecture: Architecture, nextToken: boolean): readonly Tensor[] {
  return told.get(architecture)?.[nextToken ? 1 : 0] ?? derivedTensors(architecture, nextToken);
}

/** Whether a file has the multi-token-prediction blocks where nothing else is said. */
export function keepsNextToken(architecture: Architecture): boolean {
  return sourceFor(architecture).converterKeepsNextToken(architecture);
}

/** Says what the tensors of an architecture are, for this object and as long as it lives. */
export function tellTensors(architecture: Architecture, { outside, blocks, order }: PackedTensors): void {
  const inBlocks = order.flatMap((kind, layer) =>
    (blocks[kind] ?? []).map((tensor) => ({ ...tensor, name: `blk.${layer}.${tensor.name}`, layer })),
  );
  told.set(architecture, [
    [...outside, ...inBlocks.filter(({ layer }) => layer < architecture.layers)],
    [...outside, ...inBlocks],
  ]);
}
