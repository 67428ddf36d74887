/** A model: one file in content/models. */
import { z } from 'astro/zod';
import type { Architecture } from '../vram/index.ts';
import { architectureSchema } from './architecture.schema.ts';
import {
  aliases,
  caveats,
  comparedWith,
  count,
  dayOrMonth,
  proseSources,
  recordId,
  sentence,
  sourceKey,
  sources,
  updated,
  url,
} from './fields.ts';
import type { RecordOf } from './record.ts';

const REPOSITORY = /^[\w.-]+\/[\w.-]+$/;

const repository = z.string().regex(REPOSITORY, 'a Hugging Face id: owner/name');

/** The longest hook that still fits a page title beside the model's name. */
const HOOK_MAX_LENGTH = 80;

export const modelSchema = z.strictObject({
  name: sentence.describe('Name as the vendor writes it, with spaces. Example: "DeepSeek V4 Pro".'),
  family: recordId.describe('Id of the family it belongs to: a file name in content/families. Example: deepseek-v4.'),
  vendor: sentence.describe('Who published it. Example: DeepSeek.'),
  repository: repository
    .exactOptional()
    .describe("The vendor's repository on Hugging Face. Example: deepseek-ai/DeepSeek-V4-Pro-0813."),
  released: dayOrMonth.describe('Day, or month, of the first release of the weights. Example: "2026-04-24".'),
  releasedSource: sourceKey
    .exactOptional()
    .describe('Where the day, or at least the month, was read: a key of `sources`.'),
  license: z
    .strictObject({
      name: sentence.describe('Short name. Example: Apache-2.0.'),
      url: url.exactOptional().describe('Text of a licence that is not a common one.'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('Licence of the weights; absent where none is established.'),
  aliases,
  comparedWith,
  popularityRank: count
    .exactOptional()
    .describe('Place in the list of models people look up; 1 = first. Orders lists and links.'),
  hook: sentence
    .max(HOOK_MAX_LENGTH, `at most ${HOOK_MAX_LENGTH} characters`)
    .refine((text) => !text.endsWith('.'), 'no full stop at the end')
    .describe(
      'Follows the question "How much VRAM does it need?" in the title. Short, true of this model only, no full stop.',
    ),
  parameters: z
    .strictObject({
      total: count.describe('All parameters of the main model, counted from its tensors. Example: 1572993826816.'),
      active: count
        .exactOptional()
        .describe('Parameters used per token; for models with experts only. Example: 49000000000.'),
      published: count
        .exactOptional()
        .describe("The vendor's round figure, where it is not `total`. Example: 1600000000000."),
      scope: sentence
        .exactOptional()
        .describe('What `total` counts and what it leaves out. Example: "main model without MTP".'),
      source: sourceKey,
      activeSource: sourceKey.exactOptional().describe('Source of `active`, where not `source`.'),
      publishedSource: sourceKey.exactOptional().describe('Source of `published`, where not `source`.'),
    })
    .describe('Numbers of parameters, whole and written out.'),
  parametersDiffer: sentence
    .exactOptional()
    .describe('Why `parameters.total` is more than 1 % away from the tensors the estimator counts. Only where it is.'),
  context: z
    .strictObject({
      native: count.describe('Tokens of context as trained and published (max_position_embeddings). Example: 262144.'),
      extended: count
        .exactOptional()
        .describe('Tokens the vendor says it reaches with RoPE scaling. Example: 1010000.'),
      extendedBy: sentence.exactOptional().describe('How it gets there. Example: "YaRN, factor 4".'),
      source: sourceKey,
      extendedSource: sourceKey.exactOptional().describe('Source of `extended`, where not `source`.'),
    })
    .describe('Context lengths in tokens.'),
  modalities: z
    .array(z.enum(['text', 'image', 'video', 'audio']))
    .readonly()
    .refine(
      (kinds) => kinds.includes('text') && new Set(kinds).size === kinds.length,
      'text, and every other kind once',
    )
    .describe('What the model reads. Example: [text, image].'),
  nativeFormat: z
    .strictObject({
      name: sentence.describe('Number formats of the published checkpoint. Example: "FP8 with FP4 experts".'),
      checkpointBytes: count.exactOptional().describe('Size of the published checkpoint in bytes.'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('The checkpoint as the vendor publishes it; absent where its format is not known.'),
  mtpInFile: z
    .boolean()
    .exactOptional()
    .describe('Converted GGUF files carry the multi-token-prediction blocks (in the file, not loaded). Absent = no.'),
  projector: z
    .strictObject({
      bytes: count.describe('Size of the file in bytes. Example: 931146432.'),
      file: z
        .string()
        .regex(/^\S+\.gguf$/, 'the name of a GGUF file')
        .describe('Name of the file as published. Example: mmproj-BF16.gguf.'),
      source: sourceKey,
    })
    .exactOptional()
    .describe(
      'Second file of a model that reads images or audio, which llama.cpp loads with --mmproj; absent where its size is not known.',
    ),
  remoteCode: z
    .strictObject({ source: sourceKey })
    .exactOptional()
    .describe(
      'The repository brings code of its own, without which vLLM does not start: its command gets --trust-remote-code. Absent = no, or not known.',
    ),
  ruleOfThumb: z
    .strictObject({
      layers: count.describe('Layers that the usual formula counts. Example: 80.'),
      kvHeads: count.describe('Key/value heads it counts. Example: 1.'),
      headDim: count.describe('Elements per head it counts. Example: 288.'),
      sequenceCompression: z
        .number()
        .positive()
        .max(1)
        .describe('Rows kept per token: 1 without compression. Example: 0.25.'),
      reason: sentence.describe('Why these and not the dimensions of the architecture.'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('Inputs of the rule of thumb for the KV cache, where people use others than the architecture gives.'),
  architecture: architectureSchema.exactOptional(),
  architectureSource: sourceKey
    .exactOptional()
    .describe('Source of everything under `architecture`: usually the copy of config.json.'),
  estimable: z
    .boolean()
    .exactOptional()
    .describe(
      'false = announced, no estimate possible yet: listed on the family page, without scenario pages. Absent = true.',
    ),
  notEstimableBecause: sentence.exactOptional().describe('What is missing; only with `estimable: false`.'),
  ggufRepositories: z
    .array(repository)
    .readonly()
    .exactOptional()
    .describe('Hugging Face repositories with GGUF files of this model. Example: [unsloth/Qwen3.8-27B-GGUF].'),
  ollama: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)?(:[\w.-]+)?$/, 'an Ollama tag: name or name:tag')
    .exactOptional()
    .describe('What follows `ollama run`. Example: qwen3-coder:30b.'),
  ollamaQuant: z
    .strictObject({
      scheme: z.enum(['Q4_0', 'Q8_0']).describe('Quant of the file behind the tag. Example: Q8_0.'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('What the Ollama tag holds where it is not Q4_K_M, as most are, and does not say so itself.'),
  caveats,
  faq: z
    .array(
      z.strictObject({
        question: sentence
          .refine((text) => text.endsWith('?'), 'a question that ends in "?"')
          .describe('As a reader would type it.'),
        answer: sentence.describe('One or more sentences, true of this model only. The first one answers.'),
        source: sourceKey.exactOptional(),
      }),
    )
    .readonly()
    .exactOptional()
    .describe('Questions that only this model raises; the general ones are made from the figures.'),
  proseSources,
  sources,
  updated,
});

export type ModelData = z.infer<typeof modelSchema>;
export type ModelRecord = RecordOf<ModelData>;

/** A model that has an architecture, so that the estimator can be asked. */
export type EstimableModel = ModelRecord & { readonly architecture: Architecture; readonly architectureSource: string };

/** Whether scenario pages can be computed for `model`. */
export function isEstimable(model: ModelRecord): model is EstimableModel {
  return model.estimable !== false && model.architecture !== undefined;
}
