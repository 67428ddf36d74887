import { expect, test } from 'vitest';
import { measuredFormats } from '../../../../src/catalog/rules/measured-formats.ts';
import { drafts, engine, measurement, quant } from '../made-up.ts';

const run = { model: 'tiny', gpu: 'rtx-4090' };
const quants = [quant({ id: 'q4-k-m' }), quant({ id: 'awq', engine: 'vllm' })];
const engines = [engine(), engine({ id: 'vllm' })];

test('runs of llama.cpp with a GGUF format are none', () => {
  expect(measuredFormats(drafts({ engines, quants, measurements: [measurement()] }))).toEqual([]);
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
  const problems = measuredFormats(drafts({ engines, quants, measurements }));
  expect(problems.map(({ path }) => path.join('.'))).toEqual(['memory.0.quant', 'speed.1.quant']);
  expect(problems[0]?.found).toContain('vllm');
});

test('runs of other engines are kept, not compared', () => {
  const measurements = [measurement({ engine: 'vllm', speed: [{ ...run, quant: 'awq', tokensPerSecond: 1 }] })];
  expect(measuredFormats(drafts({ engines, quants, measurements }))).toEqual([]);
});

test('an engine without a record is reported once, with the format', () => {
  const unknown = [quant({ id: 'q4-k-m', engine: 'lama-cpp' })];
  expect(measuredFormats(drafts({ engines, quants: unknown, measurements: [measurement()] }))).toEqual([]);
});
