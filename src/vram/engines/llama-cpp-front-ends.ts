/** Programs that run llama.cpp with defaults of their own: what their settings are where the user says nothing. */
import type { Settings } from '../allocation.ts';
import { GiB } from '../units.ts';

export interface FrontEnd {
  readonly name: string;
  /** The version whose defaults these are. */
  readonly version: string;
  /** Tokens of context for a machine whose GPUs have `gpuBytes` together; the model's maximum caps it. */
  readonly context: (gpuBytes: number) => number;
  /** Parallel requests, each with a window and a state of its own. */
  readonly sequences: number;
  /** All requests share one cache of the context; otherwise each has its own. */
  readonly unifiedCache: boolean;
  readonly flashAttention: Settings['flashAttention'];
  readonly kvType: Settings['kType'];
  /** Micro-batch for a context, where memory allows it. */
  readonly microBatch: (context: number) => number;
  readonly source: { readonly title: string; readonly url: string };
}

const byMemory = (gpuBytes: number): number => (gpuBytes >= 47 * GiB ? 262_144 : gpuBytes >= 23 * GiB ? 32_768 : 4096);

export const OLLAMA: FrontEnd = {
  name: 'Ollama',
  version: '0.33.0-rc2',
  context: byMemory,
  sequences: 1,
  unifiedCache: true,
  flashAttention: 'auto',
  kvType: 'f16',
  microBatch: (context) => (context <= 4096 ? 512 : context <= 32_768 ? 1024 : 2048),
  source: {
    title: 'ollama/ollama at fb307609: server/routes.go, server/sched.go, llm/llama_server.go, envconfig/config.go',
    url: 'https://github.com/ollama/ollama/tree/fb307609',
  },
};

export const LM_STUDIO: FrontEnd = {
  name: 'LM Studio',
  version: '0.4.21',
  context: () => 4096,
  sequences: 4,
  unifiedCache: true,
  flashAttention: 'auto',
  kvType: 'f16',
  microBatch: () => 512,
  source: {
    title: 'lms at 07b7252, and load logs of the app',
    url: 'https://github.com/lmstudio-ai/lms/tree/07b7252',
  },
};

export const LLAMA_SERVER: FrontEnd = {
  name: 'llama-server',
  version: 'v0.5.0',
  // The model's own maximum, made shorter where it does not fit.
  context: () => Number.POSITIVE_INFINITY,
  sequences: 4,
  unifiedCache: true,
  flashAttention: 'auto',
  kvType: 'f16',
  microBatch: () => 512,
  source: {
    title: 'llama.cpp at de3ff815: tools/server/README.md',
    url: 'https://github.com/ggml-org/llama.cpp/blob/de3ff815ea7d559ee917f063901b8986f038abc6/tools/server/README.md',
  },
};

export const FRONT_ENDS: readonly FrontEnd[] = [LLAMA_SERVER, OLLAMA, LM_STUDIO];

/** The settings that a program would run a model with on GPUs of `gpuBytes` together, before what it fits to free memory. */
export function frontEndSettings(
  frontEnd: FrontEnd,
  gpuBytes: number,
  maximumContext: number,
): Pick<Settings, 'context' | 'sequences' | 'flashAttention' | 'kType' | 'vType' | 'microBatch'> {
  const context = Math.min(frontEnd.context(gpuBytes), maximumContext);
  const { sequences, flashAttention, kvType } = frontEnd;
  return { context, sequences, flashAttention, kType: kvType, vType: kvType, microBatch: frontEnd.microBatch(context) };
}
