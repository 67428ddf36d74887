/** A family of models: one file in content/families. */
import { z } from 'astro/zod';
import { proseSources, recordId, sentence, sources, updated } from './fields.ts';
import type { RecordOf } from './record.ts';

export const familySchema = z.strictObject({
  name: sentence.describe('Name of the family. Example: "DeepSeek V4".'),
  vendor: sentence.describe('Who publishes it. Example: DeepSeek.'),
  summary: sentence.describe('One sentence: what the members share and what sets them apart from other families.'),
  related: z
    .array(recordId)
    .readonly()
    .refine((ids) => new Set(ids).size === ids.length, 'every family once')
    .describe('Ids of families that a reader would compare it with; may be empty. Example: [deepseek-v3].'),
  proseSources,
  sources: sources.exactOptional(),
  updated,
});

export type FamilyRecord = RecordOf<z.infer<typeof familySchema>>;
