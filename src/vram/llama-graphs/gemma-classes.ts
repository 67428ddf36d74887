/** Gemma classes whose layers share caches or read per-layer embeddings. */
import type { ClassGraph } from './classes.ts';
import { buildGemma3n, buildGemma4 } from './gemma.ts';

export const GRAPHS: Readonly<Record<string, ClassGraph>> = {
  Gemma3nForCausalLM: { build: buildGemma3n },
  Gemma3nForConditionalGeneration: { build: buildGemma3n },
  Gemma4ForCausalLM: { build: buildGemma4 },
  Gemma4ForConditionalGeneration: { build: buildGemma4 },
  Gemma4UnifiedForConditionalGeneration: { build: buildGemma4 },
};
