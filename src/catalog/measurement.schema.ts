/** Measured runs of one source: one file in content/measurements. */
import { z } from 'astro/zod';
import { KV_TYPES, PAGED_KV_TYPES } from '../vram/index.ts';
import { count, recordId, sentence, sourceKey, sources, updated } from './fields.ts';
import type { RecordOf } from './record.ts';

const mebibytes = z.number().nonnegative('a number of at least 0');

/** What was run: the same for memory and speed. */
const subject = {
  model: recordId.describe('Id of the model that was run. Example: qwen3-8b.'),
  modelName: sentence
    .exactOptional()
    .describe('What the source ran where it is another release with the same tensors. Example: "Llama 3 8B".'),
  quant: recordId.describe('Id of the format, or of the nearest one where `recipe` is given. Example: q4-k-m.'),
  recipe: sentence
    .exactOptional()
    .describe(
      'Name of a recipe that llama-quantize does not write: weights are then not compared. Example: UD-Q4_K_XL.',
    ),
  fileGiB: z
    .number()
    .positive('a number above 0')
    .exactOptional()
    .describe('Size of the file in GiB, as the source states it; scales the bytes read where `recipe` is given.'),
  devices: count.exactOptional().describe('Equal devices, split by layer. Absent = 1.'),
  gpuLayers: z
    .int('a whole number')
    .nonnegative('a whole number of at least 0')
    .exactOptional()
    .describe("llama.cpp's -ngl, where not all layers were on the device."),
  cpuMoeLayers: z
    .int('a whole number')
    .min(-1, 'a whole number of at least -1')
    .exactOptional()
    .describe("llama.cpp's --n-cpu-moe; -1 = the experts of every layer. Absent = 0."),
  kvType: z.enum(KV_TYPES).exactOptional().describe('Type of K and V in the cache. Absent = f16.'),
  flashAttention: z.enum(['on', 'off']).exactOptional().describe('FlashAttention, where the source says.'),
  backend: z
    .enum(['CUDA', 'ROCm', 'Vulkan', 'Metal', 'SYCL'])
    .exactOptional()
    .describe('Backend that computed, where the source says.'),
  at: sentence.exactOptional().describe('File, comment or row in the source. Example: "fa1.log".'),
  source: sourceKey.exactOptional().describe('Source of this run, where it is not the `source` of the record.'),
  note: sentence
    .exactOptional()
    .describe('What a reader must know about this run, and why it differs from the estimate where that is known.'),
} as const;

export const memoryRunSchema = z.strictObject({
  ...subject,
  gpu: recordId.exactOptional().describe('Id of the device, where the source names it. Example: rtx-3090.'),
  context: count.describe('Tokens of context that were allocated. Example: 32768.'),
  microBatch: count.exactOptional().describe("llama.cpp's -ub. Absent = 512."),
  sequences: count.exactOptional().describe('Parallel slots. Absent = 1.'),
  outputs: count
    .exactOptional()
    .describe('Rows of logits kept for a micro-batch; builds before mid-2026 keep them all. Absent = 1.'),
  MiB: z
    .strictObject({
      weights: mebibytes.exactOptional().describe('"model buffer size", summed over the devices.'),
      kvCache: mebibytes.exactOptional().describe('"KV buffer size", summed over the devices.'),
      state: mebibytes.exactOptional().describe('"RS buffer size" of recurrent layers, summed over the devices.'),
      compute: mebibytes.exactOptional().describe('"compute buffer size", summed over the devices.'),
    })
    .refine((parts) => Object.keys(parts).length > 0, 'at least one buffer')
    .describe(
      'Memory on the devices in MiB, as the engine logged it; a buffer that the source does not show is left out.',
    ),
  format: sentence
    .exactOptional()
    .describe(
      "The estimator's name of a checkpoint's format that no record in content/quants is of. Example: MXFP4_EXPERTS.",
    ),
  cacheTokens: count
    .exactOptional()
    .describe(
      '"GPU KV cache size" of engines that fill the memory with cache (vLLM), in tokens; `MiB.kvCache` is then that memory, on all GPUs together. Example: 623040.',
    ),
  concurrency: z
    .number()
    .positive('a number above 0')
    .exactOptional()
    .describe('"Maximum concurrency" at `context`, as vLLM logs it. Example: 1.56.'),
  memoryUtilization: z
    .number()
    .positive('a number above 0')
    .max(1)
    .exactOptional()
    .describe("vLLM's --gpu-memory-utilization. Example: 0.9."),
  vllm: z
    .strictObject({
      kvType: z.enum(PAGED_KV_TYPES).exactOptional().describe('--kv-cache-dtype. Absent = auto.'),
      draftTokens: count.exactOptional().describe('Tokens that the multi-token-prediction block drafts. Absent = 0.'),
      prefixCaching: z.boolean().exactOptional().describe('Absent = on.'),
      maxBatchedTokens: count.exactOptional().describe('--max-num-batched-tokens. Absent = 2048.'),
      tokenLine: z
        .enum(['blocks', 'requests'])
        .exactOptional()
        .describe(
          'What `cacheTokens` counts: the blocks of one group of layers (before vLLM 0.23), or requests of the whole context. Absent = requests.',
        ),
    })
    .exactOptional()
    .describe('Settings that only vLLM has.'),
  differs: sentence
    .exactOptional()
    .describe(
      'Why the compute buffer of this run (in vLLM its cache) cannot be compared with ours. Example: "experts placed by name patterns".',
    ),
});

export const speedRunSchema = z.strictObject({
  ...subject,
  gpu: recordId.describe('Id of the device. Example: rtx-3090.'),
  depth: count.exactOptional().describe('Tokens in the cache before the first measured one. Absent = 0.'),
  ramGBps: z
    .number()
    .positive('a number above 0')
    .exactOptional()
    .describe('Nominal bandwidth of the RAM in GB/s, where layers or experts were in it. Example: 90.'),
  tokensPerSecond: z.number().positive('a number above 0').describe('Decode speed of one user. Example: 43.7.'),
});

export const measurementSchema = z
  .strictObject({
    title: sentence.describe(
      'What was measured and by whom. Example: "llama-bench on a Radeon AI PRO R9700, by kyuz0".',
    ),
    engine: recordId.describe('Id of the engine: a file name in content/engines. Example: llama-cpp.'),
    version: sentence
      .exactOptional()
      .describe('Version or build of the engine, as the source writes it. Example: b9010-d05fe1d7d.'),
    evidence: z
      .enum(['log', 'table', 'self-reported'])
      .describe("What the source shows: the engine's own log, a table made from logs, or figures that people sent in."),
    source: sourceKey.describe('Source of every run that names no other: a key of `sources`.'),
    memory: z.array(memoryRunSchema).readonly().exactOptional().describe('Runs whose memory was measured, one a line.'),
    speed: z
      .array(speedRunSchema)
      .readonly()
      .exactOptional()
      .describe('Runs whose decode speed was measured, one a line.'),
    sources,
    updated,
  })
  .refine(({ memory, speed }) => (memory?.length ?? 0) + (speed?.length ?? 0) > 0, {
    path: ['memory'],
    error: 'at least one run under `memory` or `speed`',
  });

export type MeasurementRecord = RecordOf<z.infer<typeof measurementSchema>>;
export type MemoryRun = NonNullable<MeasurementRecord['memory']>[number];
export type SpeedRun = NonNullable<MeasurementRecord['speed']>[number];

/** Where a run of `record` was read. */
export const sourceOfRun = (
  { sources: all, source }: MeasurementRecord,
  run: MemoryRun | SpeedRun,
): MeasurementRecord['sources'][string] | undefined => all[run.source ?? source];
