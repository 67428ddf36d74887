/** A quantization format: one file in content/quants. */
import { z } from 'astro/zod';
import { aliases, caveats, proseSources, recordId, sentence, sourceKey, sources, updated } from './fields.ts';
import type { RecordOf } from './record.ts';

export const quantSchema = z.strictObject({
  name: sentence.describe('Name people type. Example: Q4_K_M.'),
  engine: recordId.describe('Engine that reads it first: a file name in content/engines. Example: llama-cpp.'),
  scheme: sentence.describe('Name in the estimator; for GGUF what llama-quantize calls it. Example: Q4_K_M.'),
  kind: z
    .enum(['float', 'legacy', 'k-quant', 'i-quant', 'ternary', 'microscaling', 'integer'])
    .exactOptional()
    .describe('Group of formats it belongs to.'),
  nominalBits: z.number().positive().max(32).describe('Bits per weight of its base block type. Example: 4.5.'),
  source: sourceKey.describe('Source of `nominalBits` and the block layout: a key of `sources`.'),
  order: z
    .int('a whole number')
    .nonnegative()
    .describe('Place in lists, from fewest bits to most; no two records share one.'),
  scenarioPages: z.boolean().exactOptional().describe('Whether every model gets pages at this format. Absent = no.'),
  summary: sentence.describe('One sentence: what it is and when to take it.'),
  needsImatrix: z
    .boolean()
    .exactOptional()
    .describe('llama-quantize refuses or warns without an importance matrix. Absent = no.'),
  aliases: aliases.exactOptional(),
  quality: z
    .array(
      z
        .strictObject({
          model: sentence.describe('Model that was measured, as the source names it. Example: "Llama-3-8B".'),
          metric: z.enum(['mean KL divergence', 'perplexity']).describe('What was measured against the 16-bit model.'),
          value: z.number().nonnegative().describe('The figure. Example: 0.0313.'),
          baseline: z
            .number()
            .positive()
            .exactOptional()
            .describe('Perplexity of the 16-bit model in the same run; with perplexity only.'),
          imatrix: z.boolean().exactOptional().describe('Quantized with an importance matrix.'),
          corpus: sentence.exactOptional().describe('Text it was measured on. Example: "WikiText-2 test".'),
          source: sourceKey,
        })
        .refine((entry) => (entry.metric === 'perplexity') === (entry.baseline !== undefined), {
          path: ['baseline'],
          error: 'a baseline with perplexity, and none with mean KL divergence',
        }),
    )
    .readonly()
    .exactOptional()
    .describe('Evidence of what is lost, each figure with its model and source.'),
  caveats,
  proseSources,
  sources,
  updated,
});

export type QuantRecord = RecordOf<z.infer<typeof quantSchema>>;
