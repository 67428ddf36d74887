/** What an estimate for llama.cpp says beside its figures. */
import type { Settings } from '../allocation.ts';
import type { Architecture } from '../architecture.ts';
import { MOST_DEVICES } from '../placement.ts';
import { type Findings, hasKernels, LLAMA_CPP_VERSION } from './llama-cpp.ts';

/** Classes whose graph was read in llama.cpp's source, and not compared with plans of it. */
const UNCHECKED =
  /^(HYV4|KimiK3|MiniMax(M1|M3|M3Sparse|Text01)|MuseGlimmer|Qwen4Exp)For(CausalLM|ConditionalGeneration)$/;

/** Classes that llama.cpp is not known to run. */
const NOT_RUN = /^(Glm5Next|Inkling)For(CausalLM|ConditionalGeneration)$/;

const UNCHECKED_NOTE =
  "The compute buffer follows llama.cpp's source for this model; it was not compared with what llama.cpp plans for it.";

const NOT_RUN_NOTE = `llama.cpp ${LLAMA_CPP_VERSION} is not known to load this model. The compute buffer is approximate; weights and cache follow files that forks of it run.`;

const DRAFTING =
  'Multi-token prediction is loaded: its blocks, their cache, the states it keeps and the compute buffer of its own context.';

const DRAFTING_WITHOUT_BUFFER =
  'Multi-token prediction is loaded: its blocks, their cache and the states it keeps. The compute buffer of its own context is not counted.';

const MANY_DEVICES = `Released builds of llama.cpp run on at most ${MOST_DEVICES} devices; more take a build with a larger GGML_SCHED_MAX_BACKENDS.`;

/** By what the released kernels for CUDA do not cover, see `ggml/cuda-attention.ts`. */
const ATTENTION_ON_HOST = {
  'cache types':
    'Released CUDA builds of llama.cpp have no FlashAttention kernel for these cache types: attention runs on the CPU, which is slow. With K and V both f16, q8_0 or q4_0 it stays on the GPU.',
  'head widths':
    "Released CUDA builds of llama.cpp have no FlashAttention kernel for this model's heads: attention runs on the CPU, which is slow. With an f16 cache and FlashAttention off it stays on the GPU.",
} as const;

export function llamaCppNotes(
  architecture: Architecture,
  settings: Settings,
  { drafts, flashAttention }: Findings,
): readonly string[] {
  const { className } = architecture;
  const notes: string[] = [];
  if (UNCHECKED.test(className)) notes.push(UNCHECKED_NOTE);
  if (NOT_RUN.test(className)) notes.push(NOT_RUN_NOTE);
  if (settings.devices > MOST_DEVICES) notes.push(MANY_DEVICES);
  if (flashAttention && !hasKernels(architecture, settings)) {
    const own = hasKernels(architecture, { kType: 'f16', vType: 'f16' }) ? 'cache types' : 'head widths';
    notes.push(ATTENTION_ON_HOST[own]);
  }
  if (settings.mtp) notes.push(drafts ? DRAFTING : DRAFTING_WITHOUT_BUFFER);
  return notes;
}
