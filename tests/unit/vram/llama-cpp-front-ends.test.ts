/** Defaults of the programs around llama.cpp, as their sources and logs give them. */
import { expect, test } from 'vitest';
import { FRONT_ENDS, frontEndSettings, GiB, LLAMA_SERVER, LM_STUDIO, OLLAMA } from '../../../src/vram/index.ts';

test.each([
  // Ollama's default context by the memory of all GPUs together (server/routes.go).
  [OLLAMA, 8, 4096, 512],
  [OLLAMA, 23, 32_768, 1024],
  [OLLAMA, 24, 32_768, 1024],
  [OLLAMA, 46, 32_768, 1024],
  [OLLAMA, 48, 262_144, 2048],
  [LM_STUDIO, 48, 4096, 512],
  [LLAMA_SERVER, 8, 1_048_576, 512],
])('$name on %d GiB: %d tokens, micro-batch %d', (frontEnd, gib, context, microBatch) => {
  expect(frontEndSettings(frontEnd, gib * GiB, 1_048_576)).toMatchObject({ context, microBatch });
});

test('the maximum of the model caps the context, and the batch follows the context', () => {
  expect(frontEndSettings(OLLAMA, 80 * GiB, 8192)).toMatchObject({ context: 8192, microBatch: 1024 });
});

test('slots: one in Ollama, four over one cache in llama-server and LM Studio; 16-bit caches, FlashAttention where it can be', () => {
  expect(FRONT_ENDS.map(({ name, sequences }) => [name, sequences])).toEqual([
    ['llama-server', 4],
    ['Ollama', 1],
    ['LM Studio', 4],
  ]);
  for (const { unifiedCache, flashAttention, kvType } of FRONT_ENDS) {
    expect([unifiedCache, flashAttention, kvType]).toEqual([true, 'auto', 'f16']);
  }
});
