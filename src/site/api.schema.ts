/** Shape of the published JSON files; the types of the code and the JSON Schema that is published both follow from it. */
import { z } from 'astro/zod';
import { memoryRunSchema, speedRunSchema } from '../catalog/measurement.schema.ts';
import { HEADROOM_TEXT } from '../scenarios/words.ts';

/** Raised when a field of the JSON files changes its name or meaning; new fields do not raise it. */
export const API_VERSION = 1;

const bytes = z.int().nonnegative();
const version = z.literal(API_VERSION).describe('Raised when a field changes its name or meaning.');
const engine = z
  .strictObject({ name: z.string(), version: z.string() })
  .readonly()
  .describe('The engine, in the version that the figures are computed for.');
const license = z.string().describe('Licence of the file.');
const day = z.iso.date();

export const apiScenarioSchema = z
  .strictObject({
    contextTokens: z.int().positive().describe('Context in tokens.'),
    url: z.url().describe('The page of the scenario.'),
    indexable: z.boolean().describe('false = the canonical address of its page is that of another page.'),
    needsBytes: bytes.describe('Needs: weights, KV cache, state and compute buffer on one device, in bytes.'),
    planForBytes: bytes.describe(
      `Plan for: the larger of the rule of thumb and Needs plus ${HEADROOM_TEXT}, in bytes.`,
    ),
    needs: z.string().describe('Needs as the page says it.'),
    planFor: z.string().describe('Plan for as the page says it.'),
    kvCacheBytes: bytes.describe('KV cache at 16 bits, one sequence.'),
    stateBytes: bytes.describe('Recurrent state; 0 for models without.'),
    computeBytes: bytes.describe('Compute buffer at a micro-batch of 512 with FlashAttention.'),
    ruleOfThumb: z
      .strictObject({
        weightsBytes: z.number(),
        kvCacheBytes: z.number(),
        overheadBytes: z.number(),
        totalBytes: z.number(),
      })
      .readonly()
      .describe('The usual estimate, for comparison.'),
  })
  .readonly();

const apiQuantSchema = z
  .strictObject({
    quant: z.string().describe('Id, as in URLs.'),
    name: z.string().describe('Name, as files carry it.'),
    fileBytes: bytes.describe('Size of the GGUF file in bytes.'),
    bitsPerWeight: z.number().positive().describe('Mean over the file.'),
    weightsBytes: bytes.describe('Weights on one device with every layer offloaded; the same at every context.'),
    hostWeightsBytes: bytes.describe('Weights that stay in RAM: the embedding table.'),
    scenarios: z.array(apiScenarioSchema).readonly(),
  })
  .readonly();

/** One file a model: every quant and context. */
export const apiModelSchema = z
  .strictObject({
    version,
    license,
    attribution: z.string().describe('Whom to name.'),
    engine,
    updated: day.describe('Day of the last change of the model, a quant or the engine.'),
    model: z
      .strictObject({
        id: z.string(),
        name: z.string(),
        family: z.string(),
        url: z.url(),
        parameters: z.int().positive(),
        activeParameters: z.int().positive().exactOptional().describe('Mixtures of experts only.'),
        contextTokens: z.int().positive().describe('Longest context with pages.'),
      })
      .readonly(),
    quants: z.array(apiQuantSchema).readonly(),
  })
  .readonly();

/** The list of the files. */
export const apiIndexSchema = z
  .strictObject({
    version,
    license,
    engine,
    updated: day,
    models: z
      .array(
        z
          .strictObject({
            id: z.string(),
            name: z.string(),
            url: z.url(),
            json: z.url().describe('The file.'),
            updated: day,
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();

const source = z.string().describe('Address at which the run was read.');
const part = z.strictObject({ measuredBytes: bytes, estimatedBytes: bytes }).readonly();
const speed = z.number().positive();

/** Every measured run that an estimate can be held against, with the estimate. */
export const apiMeasurementsSchema = z
  .strictObject({
    version,
    license,
    updated: day,
    memory: z
      .array(
        z
          .strictObject({
            engine,
            run: memoryRunSchema.readonly(),
            source,
            parts: z.record(z.string(), part).readonly().describe('By buffer, summed over the devices.'),
          })
          .readonly(),
      )
      .readonly(),
    speed: z
      .array(
        z
          .strictObject({
            engine,
            run: speedRunSchema.readonly(),
            source,
            runs: z
              .int()
              .positive()
              .describe('How many runs of the same device, backend, model, file and depth; `run` is the first.'),
            measuredTokensPerSecond: speed.describe('Median of the runs.'),
            estimatedTokensPerSecond: z.strictObject({ low: speed, centre: speed, high: speed }).readonly(),
          })
          .readonly(),
      )
      .readonly(),
  })
  .readonly();

export type ApiScenario = z.infer<typeof apiScenarioSchema>;
export type ApiModel = z.infer<typeof apiModelSchema>;
export type ApiIndex = z.infer<typeof apiIndexSchema>;
export type ApiMeasurements = z.infer<typeof apiMeasurementsSchema>;

const PUBLISHED = { model: apiModelSchema, index: apiIndexSchema, measurements: apiMeasurementsSchema };

/** As JSON Schema. Objects are open, because fields are added without notice. */
function publishedSchema(schema: z.ZodType): object {
  const { $schema: _, ...published } = z.toJSONSchema(schema, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return published;
}

/** JSON Schema (draft 2020-12) of every kind of file. */
export function apiJsonSchema(): object {
  const kinds = Object.entries(PUBLISHED);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    oneOf: kinds.map(([kind]) => ({ $ref: `#/$defs/${kind}` })),
    $defs: Object.fromEntries(kinds.map(([kind, schema]) => [kind, publishedSchema(schema)])),
  };
}
