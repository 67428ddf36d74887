/** What an engine allocates for a model, and the settings that decide it. All sizes are whole bytes. */

/** Element types of the KV cache that llama.cpp accepts (`-ctk`, `-ctv`), the largest first. */
export const KV_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'] as const;
/** One of {@link KV_TYPES}. */
export type KvType = (typeof KV_TYPES)[number];

/** How a model is run. Names are the fields of an estimate request. */
export interface Settings {
  /** Tokens of context, shared by all sequences of the unified cache. */
  readonly context: number;
  readonly kType: KvType;
  readonly vType: KvType;
  /** llama.cpp's -ub: tokens computed at once. */
  readonly microBatch: number;
  readonly flashAttention: 'auto' | 'on' | 'off';
  /** Rows of logits kept per micro-batch. */
  readonly outputs: number;
  /** Sequences with a state and a window of their own. */
  readonly sequences: number;
  /** Equal devices, split by layer. */
  readonly devices: number;
  /** llama.cpp's -ngl; -1 = all layers. */
  readonly gpuLayers: number;
  /** llama.cpp's --n-cpu-moe; -1 = the experts of every layer. */
  readonly cpuMoeLayers: number;
  /** Load the multi-token-prediction block too. */
  readonly mtp: boolean;
}

/** Everything on one device, for one user: what stands in for settings that a request leaves out. */
export const DEFAULT_SETTINGS: Settings = {
  context: 8192,
  kType: 'f16',
  vType: 'f16',
  microBatch: 512,
  flashAttention: 'auto',
  outputs: 1,
  sequences: 1,
  devices: 1,
  gpuLayers: -1,
  cpuMoeLayers: 0,
  mtp: false,
};

/** Memory of one device. `overhead` (driver context) is apart from the engine's own plan and not part of `total`. */
export interface DeviceMemory {
  readonly weights: number;
  readonly kvCache: number;
  readonly state: number;
  readonly compute: number;
  readonly overhead: number;
  /** Weights of the projector file (mmproj); present only where it is loaded on this device. */
  readonly projector?: number;
  /** weights + kvCache + state + compute + projector. */
  readonly total: number;
}

/** What an engine allocates, in bytes. */
export interface Allocation {
  readonly engine: { readonly name: string; readonly version: string };
  /** Elements of all tensors in the file. */
  readonly parameters: number;
  /** fileBytes x 8 / parameters. */
  readonly bitsPerWeight: number;
  /** Tensor data of the model file, without its header. */
  readonly fileBytes: number;
  /** Sum over the devices. */
  readonly device: DeviceMemory;
  /** In the machine's memory. */
  readonly host: { readonly weights: number; readonly kvCache: number; readonly compute: number };
  readonly perDevice: readonly DeviceMemory[];
  /** Sentences a reader must know beside the figures. */
  readonly notes: readonly string[];
}

/** Why a request has no answer: what it names is not known, has a bad value, or is nothing that the engine does. */
export type EstimateErrorCode =
  | 'bad-request'
  | 'unknown-model'
  | 'unknown-quant'
  | 'unknown-gpu'
  | 'unknown-engine'
  | 'unknown-architecture'
  | 'context-too-long'
  | 'refused-by-engine';

/** A request that has no answer: the message says what was found, what was expected and what to do. */
export class EstimateError extends Error {
  readonly code: EstimateErrorCode;
  constructor(code: EstimateErrorCode, message: string) {
    super(message);
    this.name = 'EstimateError';
    this.code = code;
  }
}
