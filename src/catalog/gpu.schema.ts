/** A device: one file in content/gpus. */
import { z } from 'astro/zod';
import {
  aliases,
  caveats,
  comparedWith,
  count,
  dayOrMonth,
  proseSources,
  sentence,
  sourceKey,
  sources,
  updated,
} from './fields.ts';
import type { RecordOf } from './record.ts';

const positive = z.number().positive('a number above 0');

export const gpuSchema = z.strictObject({
  name: sentence.describe('Full name. Example: "GeForce RTX 4090".'),
  shortName: sentence.describe('Name people say. Example: "RTX 4090".'),
  vendor: z.enum(['NVIDIA', 'AMD', 'Intel', 'Apple', 'Google', 'Huawei']).describe('Maker of the chip.'),
  class: z
    .enum(['consumer', 'laptop', 'workstation', 'datacenter', 'apple', 'unified'])
    // Lists have the groups in this order.
    .describe('Group in lists; `unified` = a PC whose GPU shares the memory (Strix Halo, DGX Spark).'),
  architecture: sentence.describe('Generation of the chip. Example: "Ada Lovelace".'),
  memoryGB: positive.describe('Memory as sold: the number on the label. Example: 24.'),
  memoryGiB: positive
    .exactOptional()
    .describe('Capacity in GiB where the label does not mean GiB. Example: 140.4 for a "141 GB" card.'),
  memoryType: sentence.exactOptional().describe('Example: GDDR6X.'),
  usable: z
    .strictObject({
      bytes: count.describe(
        'Bytes that programs can allocate, as the driver reports them; of shared memory what an idle system leaves, or what is set aside. Example: 25246564352.',
      ),
      basis: sentence.describe('What reported it, where. Example: "CUDA-visible total of 24077 MiB on Linux".'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('Usable memory where a report documents it. Absent: the rule of `usableMemoryOf` applies.'),
  bandwidth: z
    .strictObject({
      GBps: positive.describe('Peak memory bandwidth in GB/s (1 GB = 10^9 bytes). Example: 1008.'),
      source: sourceKey,
    })
    .exactOptional()
    .describe('Memory bandwidth.'),
  link: z
    .strictObject({
      bus: sentence.describe('How it is attached to the host. Example: "PCIe 4.0 x16".'),
      peer: z
        .strictObject({
          name: sentence.describe('Example: NVLink.'),
          GBps: positive
            .exactOptional()
            .describe('Bandwidth to the peers in GB/s, both directions together. Example: 900.'),
        })
        .exactOptional()
        .describe('Direct link between devices; absent where there is none.'),
    })
    .exactOptional()
    .describe('Links to the host and to other devices.'),
  nodeSize: count.exactOptional().describe('Devices in the board it is sold on. Example: 8 for an HGX H100.'),
  unifiedMemory: z.boolean().describe('The GPU uses the memory of the whole machine.'),
  nativeFormats: z
    .array(z.enum(['fp8', 'fp4']))
    .readonly()
    .exactOptional()
    .describe('Number formats below 16 bits that its matrix units compute in.'),
  fp16Tflops: positive.exactOptional().describe('Dense FP16 rate of the matrix units in TFLOPS. Example: 165.'),
  tdpWatts: positive.exactOptional().describe('Board power in watts. Example: 450.'),
  specificationSource: sourceKey.describe(
    'Source of architecture, memoryGB, memoryGiB, memoryType, link, nodeSize, nativeFormats, fp16Tflops and tdpWatts: a key of `sources`.',
  ),
  launch: z
    .strictObject({
      date: dayOrMonth.exactOptional().describe('Day, or month, it went on sale. Example: "2022-10-12".'),
      priceUsd: positive.exactOptional().describe('List price at launch in US dollars. Example: 1599.'),
      source: sourceKey,
      priceSource: sourceKey.exactOptional().describe('Source of `priceUsd`, where not `source`.'),
    })
    .exactOptional()
    .describe('Launch date and price.'),
  released: z.boolean().describe('false = announced only; listed, but not offered as an answer.'),
  aliases,
  comparedWith,
  caveats,
  proseSources,
  sources,
  updated,
});

export type GpuRecord = RecordOf<z.infer<typeof gpuSchema>>;
