/** Packs the tensors of a model for a browser, which is told them. */
import type { Architecture } from './architecture.ts';
import { type BlockTensor, type PackedTensors, tensorsOf } from './tensor-lists.ts';
import type { Tensor } from './tensors.ts';

/**
 * The tensors of an architecture for `tellTensors`.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function packTensors(architecture: Architecture): PackedTensors {
  const outside: Tensor[] = [];
  const layers: BlockTensor[][] = [];
  for (const tensor of tensorsOf(architecture, architecture.nextTokenLayers !== undefined)) {
    const { layer = -1, ...rest } = tensor;
    const prefix = `blk.${layer}.`;
    if (tensor.name.startsWith(prefix)) {
      layers[layer] = [...(layers[layer] ?? []), { ...rest, name: tensor.name.slice(prefix.length) }];
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
