/**
 * Weights of a model file: bytes per tensor group, in the file, on a CUDA device and in host memory.
 *
 * `file` counts the tensor data of the GGUF, without its header. `device` adds what CUDA's allocator adds
 * (128-byte alignment, and the missing elements of the last row of a quantized tensor whose rows are no multiple of
 * 512 elements). `host` is what the same tensors take in host memory.
 */
import { type Architecture, headsPerKvHeadOfFirstBlock } from './architecture.ts';
import { memoizedBy } from './memoized.ts';
import {
  cudaBytes,
  elementsOf,
  type GgmlType,
  hostBytes,
  fileBytes as tensorFileBytes,
} from './quantization/ggml-types.ts';
import { type QuantizationContext, quantizedTypes } from './quantization/llama-quantize.ts';
import type { QuantizationScheme } from './quantization/schemes.ts';
import { keepsNextToken, tensorsOf } from './tensor-lists.ts';
import type { Tensor } from './tensors.ts';

/** Bytes of a group of tensors, by where they are. */
export interface GroupBytes {
  /** Tensor data in the file. */
  readonly file: number;
  /** Allocated on a CUDA device when the group is placed there. */
  readonly device: number;
  /** Allocated in host memory when the group stays there. */
  readonly host: number;
}

/** One block of the stack: what `-ngl` and the layer split move as a whole. */
export interface LayerWeights {
  /** Every tensor of the block, experts included. */
  readonly all: GroupBytes;
  /** The routed experts' tensors only (`ffn_*_exps`): what `--cpu-moe` and `--n-cpu-moe` keep on the host. */
  readonly experts: GroupBytes;
}

/** The weights of a file: how many there are, and what each part of them takes. */
export interface ModelWeights {
  /** Elements of all tensors in the file, as llama.cpp's `n_params` counts them. */
  readonly parameters: number;
  /** Tensor data of the file. */
  readonly fileBytes: number;
  /** Blocks 0 .. layers-1, in order. */
  readonly layers: readonly LayerWeights[];
  /** Multi-token-prediction blocks that the file carries; empty when it carries none. */
  readonly nextTokenLayers: readonly LayerWeights[];
  /** What llama.cpp allocates of those blocks even when they are not used (a few tensors it does not skip). */
  readonly nextTokenResident: GroupBytes;
  /** Token embedding and the other input tables (`per_layer_token_embd`): always in host memory, whatever `-ngl`. */
  readonly input: GroupBytes;
  /**
   * The output layer (final norms and head): block number `layers`, on the last device when offloaded.
   * With tied embeddings `file` counts the norms only, `device` a second copy of the embedding table;
   * kept on the host it shares the table, so `host` counts the norms only (Gemma 3n and 4: the copy too).
   */
  readonly output: GroupBytes;
  /** Small tensors (RoPE factors) that every device that holds a block has its own copy of. */
  readonly perDevice: GroupBytes;
  /** All layers on one device: layers + output + perDevice + nextTokenResident. */
  readonly deviceBytes: number;
  /** The host side of the same placement: `input.host`. */
  readonly hostBytes: number;
}

/** What a file carries beside what its architecture says. */
export interface WeighOptions {
  /** The file carries the multi-token-prediction blocks; absent = as llama.cpp's converter does for this class. */
  readonly mtpInFile?: boolean;
}

/** A tensor of a file with the type that llama-quantize gives it. */
export interface WeighedTensor {
  readonly tensor: Tensor;
  readonly type: GgmlType;
}

/**
 * The tensors of a model's file and their types, in the order of {@link tensorsOf}.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function weighTensors(
  architecture: Architecture,
  scheme: QuantizationScheme,
  options: WeighOptions = {},
): readonly WeighedTensor[] {
  const nextToken = options.mtpInFile ?? keepsNextToken(architecture);
  const tensors = tensorsOf(architecture, nextToken);
  const types = quantizedTypes(tensors, scheme, contextOf(architecture, nextToken));
  return tensors.map((tensor, index) => ({ tensor, type: types[index] ?? 'F32' }));
}

/** llama.cpp's class of 80-block models whose value projections llama-quantize spares. */
const CLASSES_CALLED_70B: ReadonlySet<string> = new Set([
  'LlamaForCausalLM',
  'MistralForCausalLM',
  'MixtralForCausalLM',
  'Qwen2ForCausalLM',
  'DeciLMForCausalLM',
]);

function contextOf(architecture: Architecture, nextToken: boolean): QuantizationContext {
  const { layers, className } = architecture;
  const headsPerKvHead = headsPerKvHeadOfFirstBlock(architecture);
  return {
    blocks: layers + (nextToken ? (architecture.nextTokenLayers ?? 0) : 0),
    experts: architecture.feedForward.experts?.count ?? 0,
    headsPerKvHead,
    is70B:
      layers === 80 && CLASSES_CALLED_70B.has(className) && (className === 'Qwen2ForCausalLM' || headsPerKvHead !== 1),
  };
}

/** Classes whose loader makes the tied head before the embedding table, so that a head in host memory does not share it. */
const HEAD_APART_ON_HOST: ReadonlySet<string> = new Set([
  'Gemma3nForCausalLM',
  'Gemma3nForConditionalGeneration',
  'Gemma4ForCausalLM',
  'Gemma4ForConditionalGeneration',
  'Gemma4UnifiedForConditionalGeneration',
]);

interface Weighed {
  readonly weights: ModelWeights;
  readonly tensorBytes: Float64Array;
}

const weigh = memoizedBy(
  (architecture: Architecture, scheme: QuantizationScheme, { mtpInFile }: WeighOptions) =>
    `${scheme} ${mtpInFile ?? keepsNextToken(architecture)}`,
  (architecture, scheme, options): Weighed => sumUp(architecture, weighTensors(architecture, scheme, options)),
);

/** What each tensor of a file takes on a CUDA device, in bytes, in the order of {@link tensorsOf}. Memoised per architecture object. */
export function tensorDeviceBytes(
  architecture: Architecture,
  scheme: QuantizationScheme,
  options: WeighOptions = {},
): Float64Array {
  return weigh(architecture, scheme, options).tensorBytes;
}

/** The tensors of a model's file, whatever their types. */
export function tensorsInFile(architecture: Architecture, options: WeighOptions = {}): readonly Tensor[] {
  return tensorsOf(architecture, options.mtpInFile ?? keepsNextToken(architecture));
}

/**
 * What the weights of a model take at a quantization. Memoised per architecture object.
 *
 * @throws {EstimateError} `unknown-architecture`
 */
export function weighModel(
  architecture: Architecture,
  scheme: QuantizationScheme,
  options: WeighOptions = {},
): ModelWeights {
  return weigh(architecture, scheme, options).weights;
}

interface MutableBytes {
  file: number;
  device: number;
  host: number;
}

const noBytes = (): MutableBytes => ({ file: 0, device: 0, host: 0 });

function bytesOf(type: GgmlType, shape: readonly number[]): GroupBytes {
  return { file: tensorFileBytes(type, shape), device: cudaBytes(type, shape), host: hostBytes(type, shape) };
}

function addTo(group: MutableBytes, { file, device, host }: GroupBytes): void {
  group.file += file;
  group.device += device;
  group.host += host;
}

/** Tensors that llama.cpp's `--cpu-moe` moves: `ffn_*_exps`, biases included. */
export const EXPERTS_NAME = /\.ffn_(up|down|gate|gate_up)_(ch|)exps/;

function sumUp(architecture: Architecture, weighed: readonly WeighedTensor[]): Weighed {
  const tensorBytes = new Float64Array(weighed.length);
  const blocks: { all: MutableBytes; experts: MutableBytes }[] = [];
  const input = noBytes();
  const output = noBytes();
  const perDevice = noBytes();
  const nextTokenResident = noBytes();
  const groups = { input, output, 'every-device': perDevice };
  let parameters = 0;
  let fileBytes = 0;
  for (let index = 0; index < weighed.length; index++) {
    const { tensor, type } = weighed[index] as WeighedTensor;
    const own = bytesOf(type, tensor.shape);
    tensorBytes[index] = own.device;
    parameters += elementsOf(tensor.shape);
    fileBytes += own.file;
    if (tensor.place !== 'block') {
      addTo(groups[tensor.place], own);
      continue;
    }
    const layer = tensor.layer ?? 0;
    const block = blocks[layer] ?? { all: noBytes(), experts: noBytes() };
    blocks[layer] = block;
    addTo(block.all, own);
    if (EXPERTS_NAME.test(tensor.name)) addTo(block.experts, own);
    if (tensor.resident === true) addTo(nextTokenResident, own);
  }
  const embedding = weighed.find(({ tensor }) => tensor.name === 'token_embd.weight');
  if (architecture.tiedEmbeddings && embedding !== undefined) {
    const { device, host } = bytesOf(embedding.type, embedding.tensor.shape);
    output.device += device;
    if (HEAD_APART_ON_HOST.has(architecture.className)) output.host += host;
  }
  const layers = blocks.slice(0, architecture.layers);
  const weights = {
    parameters,
    fileBytes,
    layers,
    nextTokenLayers: blocks.slice(architecture.layers),
    nextTokenResident,
    input,
    output,
    perDevice,
    deviceBytes:
      layers.reduce((total, block) => total + block.all.device, 0) +
      output.device +
      perDevice.device +
      nextTokenResident.device,
    hostBytes: input.host,
  };
  return { weights, tensorBytes };
}
