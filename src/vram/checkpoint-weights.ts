/** Weights of a safetensors checkpoint: bytes in the files, and on each GPU of a tensor-parallel group. */
import { type Architecture, attentionShapeOf, type LayerKind, layerKinds } from './architecture.ts';
import { memoizedBy } from './memoized.ts';
import { type CheckpointFormat, encodedBytes, encodingOf } from './quantization/checkpoint-formats.ts';
import { elementsOf } from './quantization/ggml-types.ts';
import { tensorsOf } from './tensor-lists.ts';
import type { Tensor } from './tensors.ts';
import { padTo } from './units.ts';

/** A checkpoint's files. */
export interface CheckpointWeights {
  /** Elements of all tensors of the files. */
  readonly parameters: number;
  /** Tensor data of the files, multi-token-prediction blocks included where the model has them. */
  readonly fileBytes: number;
}

/** How vLLM spreads the weights over its GPUs. */
export interface LoadOptions {
  readonly tensorParallel: number;
  /** Whole experts on each GPU instead of a slice of each. */
  readonly expertParallel: boolean;
  /** The multi-token-prediction blocks are loaded as a drafter; it shares embedding and head with the model. */
  readonly nextToken: boolean;
}

/** The matrices of a tensor; experts and latent heads are stacks of them. */
interface Matrices {
  readonly columns: number;
  readonly rows: number;
  readonly count: number;
}

function matricesOf({ shape }: Tensor): Matrices {
  const [columns = 1, rows = 1, ...rest] = shape;
  return { columns, rows, count: elementsOf(rest) };
}

function bytesOf(format: CheckpointFormat, tensor: Tensor, className: string, matrices = matricesOf(tensor)): number {
  const { columns, rows, count } = matrices;
  return encodedBytes(encodingOf(format, tensor, className), columns, rows) * count;
}

/** The tensors of a checkpoint; tables that only the converter to GGUF adds are no part of it. */
function tensorsOfCheckpoint(architecture: Architecture, nextToken: boolean): readonly Tensor[] {
  const tensors = tensorsOf(architecture, nextToken && architecture.nextTokenLayers !== undefined);
  return tensors.filter(({ name }) => !name.startsWith('rope_f'));
}

/**
 * Parameters and bytes of the files of a model in a format; `nextToken`: they carry the multi-token-prediction blocks.
 * Memoised per architecture object.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export const weighCheckpoint = memoizedBy(
  (_: Architecture, format: CheckpointFormat, nextToken: boolean) => `${format.name} ${nextToken}`,
  weigh,
);

function weigh(architecture: Architecture, format: CheckpointFormat, nextToken: boolean): CheckpointWeights {
  let parameters = 0;
  const { hiddenSize, vocabularySize, tiedEmbeddings } = architecture;
  const { output, separateHead } = format;
  let fileBytes = tiedEmbeddings && output && separateHead ? encodedBytes(output, hiddenSize, vocabularySize) : 0;
  for (const tensor of tensorsOfCheckpoint(architecture, nextToken)) {
    parameters += elementsOf(tensor.shape);
    fileBytes += bytesOf(format, tensor, architecture.className);
  }
  return { parameters, fileBytes };
}

/** vLLM pads the vocabulary to this many rows before it splits it. */
const VOCABULARY_PADDING = 64;

const ROW_PARALLEL = /\.(attn_output|attn_output_b|ffn_down|ffn_down_shexp|ssm_out|ssm_x|shortconv\.out_proj)\.weight$/;
const COLUMN_PARALLEL =
  /\.(attn_q|attn_q_b|attn_qkv|attn_gate|attn_output_a|ffn_gate|ffn_up|ffn_(gate|up)_shexp|ssm_(in|ba|beta|alpha|g|f_b|g_b|dt|a|d|conv1d\w*)|shortconv\.(in_proj|conv))(\.weight|\.bias)?$/;
const EXPERTS = /\.ffn_(gate|up|gate_up|down)_exps\./;

/** A dimension cut into `parts`, the last of which may be padded. */
const part = (extent: number, parts: number): number => Math.ceil(extent / parts);

/** Key or value rows of one GPU: its heads, or one head where there are fewer heads than GPUs. */
function keyValueRows(rows: number, kvHeads: number, tensorParallel: number): number {
  return (rows / kvHeads) * Math.max(1, Math.ceil(kvHeads / tensorParallel));
}

function expertPart(
  { name }: Tensor,
  { columns, rows, count }: Matrices,
  { tensorParallel, expertParallel }: LoadOptions,
  isMxfp4: boolean,
): Matrices {
  const isDown = name.includes('ffn_down_exps');
  const gates = name.includes('gate_up') ? 2 : 1;
  const hidden = isDown ? rows : columns;
  const own = isDown ? columns : rows / gates;
  const split = expertParallel ? own : part(own, tensorParallel);
  // The Marlin kernel of MXFP4 experts wants multiples of 256 and 128.
  const width = isMxfp4 ? padTo(hidden, 256) : hidden;
  const intermediate = isMxfp4 ? padTo(split, 128) : split;
  return {
    columns: isDown ? intermediate : width,
    rows: isDown ? width : intermediate * gates,
    count: expertParallel ? part(count, tensorParallel) : count,
  };
}

function onOneGpu(
  tensor: Tensor,
  architecture: Architecture,
  kind: LayerKind,
  load: LoadOptions,
  isMxfp4: boolean,
): Matrices {
  const whole = matricesOf(tensor);
  const { tensorParallel } = load;
  const { name, role } = tensor;
  if (role === 'embedding' || role === 'output') {
    return { ...whole, rows: part(padTo(whole.rows, VOCABULARY_PADDING), tensorParallel) };
  }
  if (role === 'expert' && EXPERTS.test(name) && name.endsWith('.weight'))
    return expertPart(tensor, whole, load, isMxfp4);
  if (/\.attn_[kv]_b\.weight$/.test(name)) return { ...whole, count: part(whole.count, tensorParallel) };
  if (role === 'attention') {
    const { heads, kvHeads, headDim, valueHeadDim } = attentionShapeOf(architecture, kind);
    if (/\.attn_[kv]\.weight$/.test(name)) return { ...whole, rows: keyValueRows(whole.rows, kvHeads, tensorParallel) };
    if (name.endsWith('.attn_qkv.weight')) {
      const keysAndValues = kvHeads * (headDim + valueHeadDim);
      const queries = part(heads, tensorParallel) * ((whole.rows - keysAndValues) / heads);
      return { ...whole, rows: queries + keyValueRows(keysAndValues, kvHeads, tensorParallel) };
    }
  }
  if (ROW_PARALLEL.test(name)) return { ...whole, columns: part(whole.columns, tensorParallel) };
  if (COLUMN_PARALLEL.test(name) || (role === 'linear-attention' && /\.attn_[kv]\.weight$/.test(name))) {
    return whole.rows === 1
      ? { ...whole, columns: part(whole.columns, tensorParallel) }
      : { ...whole, rows: part(whole.rows, tensorParallel) };
  }
  return whole;
}

/**
 * Bytes of the weights on one GPU as vLLM lays them out: split over the group where the layer allows, else a copy each.
 * Memoised per architecture object.
 */
export const weightsPerGpu = memoizedBy(
  (_: Architecture, { name }: CheckpointFormat, { tensorParallel, expertParallel, nextToken }: LoadOptions) =>
    `${name} ${tensorParallel} ${expertParallel} ${nextToken}`,
  weighOneGpu,
);

function weighOneGpu(architecture: Architecture, format: CheckpointFormat, load: LoadOptions): number {
  const kinds = layerKinds(architecture);
  const isMxfp4 = format.experts?.group?.values === 32 && format.experts.group.bits === 8;
  let bytes = 0;
  for (const tensor of tensorsOfCheckpoint(architecture, load.nextToken)) {
    const isDrafter = (tensor.layer ?? 0) >= architecture.layers;
    if (isDrafter && (tensor.role === 'embedding' || tensor.role === 'output')) continue;
    const kind = kinds[tensor.layer ?? 0] ?? 'F';
    const own = onOneGpu(tensor, architecture, kind, load, isMxfp4);
    bytes += bytesOf(format, tensor, architecture.className, own);
    // Absorbed MLA keeps both halves of the up-projection a second time, in 16 bits.
    if (/\.attn_[kv]_b\.weight$/.test(tensor.name)) bytes += own.columns * own.rows * own.count * 2;
  }
  return bytes;
}
