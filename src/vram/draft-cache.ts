/** The cache that multi-token prediction adds. */
import type { Architecture } from './architecture.ts';
import { type CacheSettings, cacheLayoutOf, layerCacheBytes, layerCacheOf } from './kv-cache.ts';

const WINDOW_NEXT_TOKEN: ReadonlySet<string> = new Set([
  'MiMoV2FlashForCausalLM',
  'MiMoV2ForCausalLM',
  'Step3p5ForCausalLM',
  'Step3p7ForConditionalGeneration',
]);

/**
 * Bytes of the cache of one multi-token-prediction block: it drafts in a context of its own with F16 rows, whatever the
 * model's cache type is.
 */
export function nextTokenCacheBytes(architecture: Architecture, settings: CacheSettings): number {
  const kind = WINDOW_NEXT_TOKEN.has(architecture.className)
    ? 'S'
    : architecture.attention.kind === 'compressed'
      ? 'R'
      : 'F';
  const cache = layerCacheOf(architecture, kind, 0, new Set());
  return layerCacheBytes(cache, cacheLayoutOf(architecture), { ...settings, kType: 'f16', vType: 'f16' }).kvCache;
}

/** Tokens that llama.cpp drafts at once by default. */
const DRAFTED_TOKENS = 3;

/** Classes whose states llama.cpp can take back by so many tokens: it keeps them once for every drafted token. */
const ROLLBACK_CLASSES: ReadonlySet<string> = new Set([
  'Qwen3_5ForCausalLM',
  'Qwen3_5ForConditionalGeneration',
  'Qwen3_5MoeForCausalLM',
  'Qwen3_5MoeForConditionalGeneration',
  'DeepseekV4ForCausalLM',
]);

/** How many times the states are kept when multi-token prediction drafts. */
export function statesKeptWithDrafts({ className }: Architecture): number {
  return ROLLBACK_CLASSES.has(className) ? 1 + DRAFTED_TOKENS : 1;
}
