import { expect, test } from 'vitest';
import { measuredFormats } from '../../../../src/catalog/rules/measured-formats.ts';
import { drafts, measurement, quant } from '../made-up.ts';

const run = { model: 'tiny', gpu: 'rtx-4090' };
const quants = [quant({ id: 'q4-k-m' }), quant({ id: 'awq', engine: 'vllm' })];

test('runs of llama.cpp with a GGUF format are none', () => {
  expect(measuredFormats(drafts({ quants, measurements: [measurement()] }))).toEqual([]);
});

test('runs of llama.cpp with a format of another engine are problems at their fields', () => {
  const measurements = [
    measurement({
      memory: [{ ...run, quant: 'awq', context: 4096, MiB: { kvCache: 1 } }],
      speed: [
        { ...run, quant: 'q4-k-m', tokensPerSecond: 1 },
        { ...run, quant: 'awq', tokensPerSecond: 1 },
      ],
    }),
  ];
  const problems = measuredFormats(drafts({ quants, measurements }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(['memory.0.quant', 'speed.1.quant']);
  expect(problems[0]?.found).toContain('vllm');
});

test('runs of other engines are kept, not compared', () => {
  const measurements = [measurement({ engine: 'vllm', speed: [{ ...run, quant: 'awq', tokensPerSecond: 1 }] })];
  expect(measuredFormats(drafts({ quants, measurements }))).toEqual([]);
});
