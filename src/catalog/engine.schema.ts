/** An inference engine at one version: one file in content/engines. */
import { z } from 'astro/zod';
import { count, dayOrMonth, proseSources, sentence, sourceKey, sources, updated, url } from './fields.ts';
import type { RecordOf } from './record.ts';

export const engineSchema = z.strictObject({
  name: sentence.describe('Name of the program. Example: llama.cpp.'),
  version: sentence.describe('The version that every figure of the site is for. Example: v0.5.0.'),
  commit: z
    .string()
    .regex(/^[0-9a-f]{7,40}$/, 'a commit: 7 to 40 hexadecimal digits, in quotes')
    .exactOptional()
    .describe('Commit of that version, in quotes.'),
  released: dayOrMonth.exactOptional().describe('Day, or month, of that version.'),
  repository: url.describe('Where its source is. Example: https://github.com/ggml-org/llama.cpp.'),
  summary: sentence.describe('One sentence: what it runs and for whom.'),
  source: sourceKey.describe('Source of `version`, `commit` and `released`: a key of `sources`.'),
  classes: z
    .strictObject({
      names: z.array(sentence).readonly().describe('Class names. Example: [Qwen3ForCausalLM].'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('Model classes it runs, for an engine whose models are listed by them.'),
  reserves: z
    .array(
      z.strictObject({
        what: sentence.describe('What the memory is for. Example: "CUDA context on each device".'),
        bytes: count.exactOptional().describe('Bytes on each device, where it is a fixed amount.'),
        share: z
          .number()
          .positive()
          .max(1)
          .exactOptional()
          .describe("Share of the device's memory, where it is one. Example: 0.9."),
        source: sourceKey,
      }),
    )
    .readonly()
    .exactOptional()
    .describe('Memory it takes or keeps free beside weights, cache and compute buffer.'),
  proseSources,
  sources,
  updated,
});

export type EngineRecord = RecordOf<z.infer<typeof engineSchema>>;
