import { describe, expect, test } from 'vitest';
import {
  contextLabel,
  formatBandwidth,
  formatBytes,
  formatCount,
  formatFactor,
  formatGB,
  formatGiB,
  formatHundredths,
  formatMeasured,
  formatMemory,
  formatMiB,
  formatParameters,
  formatPercent,
  formatPowerOfTen,
  formatRoundGB,
  formatSpeedRange,
  formatTokens,
  formatWholePercent,
  GB,
  GiB,
  MiB,
  parseContextLabel,
  perMille,
  roundBitsPerWeight,
  roundBytes,
} from '../../../src/vram/index.ts';

describe('amounts of memory', () => {
  test.each([
    [1012.4e9, '1012 GB'],
    [963.15e9, '963 GB'],
    [12_345e9, '12,345 GB'],
    [100e9, '100 GB'],
    [99.96e9, '100 GB'],
    [99.94e9, '99.9 GB'],
    [92.02e9, '92.0 GB'],
    [24.16e9, '24.2 GB'],
    [9.996e9, '10.0 GB'],
    [9.87e9, '9.87 GB'],
    [0.85e9, '0.85 GB'],
    [0.042e9, '0.042 GB'],
    [0, '0 GB'],
    [-3.2e9, '-3.20 GB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatGB(bytes)).toBe(text);
  });

  test.each([
    [0, '0 GB'],
    [0.5e9, '0.5 GB'],
    [3 * 0.1e9, '0.3 GB'],
    [50e9, '50 GB'],
    [100e9, '100 GB'],
    [1500e9, '1500 GB'],
  ])('%d bytes are %s at an axis', (bytes, text) => {
    expect(formatRoundGB(bytes)).toBe(text);
  });

  test('GB counts in tens, GiB in twos', () => {
    expect(GB).toBe(1e9);
    expect(GiB).toBe(1_073_741_824);
    expect(formatMemory(963.15e9)).toEqual({ bytes: 963.15e9, gb: '963 GB', gib: '897 GiB' });
    expect(formatGiB(GiB)).toBe('1.00 GiB');
    expect(formatMiB(150 * MiB)).toBe('150 MiB');
  });

  test('bytes take the unit that suits them', () => {
    expect(formatBytes(117e6)).toBe('117 MB');
    expect(formatBytes(999.6e6)).toBe('1.00 GB');
    expect(formatBytes(9850)).toBe('9.85 KB');
    expect(formatBytes(512)).toBe('512 bytes');
  });
});

describe('contexts', () => {
  test.each([
    [8192, '8k', '8K'],
    [40_960, '40k', '40K'],
    [131_072, '128k', '128K'],
    [1_048_576, '1m', '1M'],
    [10_485_760, '10m', '10M'],
    [202_752, '198k', '198K'],
    [1_000_000, '1000000', '1,000,000'],
    [512, '512', '512'],
  ])('%d tokens are %s in a URL and %s in text', (tokens, label, text) => {
    expect(contextLabel(tokens)).toBe(label);
    expect(formatTokens(tokens)).toBe(text);
    expect(parseContextLabel(label)).toBe(tokens);
    expect(parseContextLabel(label.toUpperCase())).toBe(tokens);
  });

  test.each(['', 'k', '0k', '08k', '8 k', '1.5m', '8kb', '-8k', '99999999999'])('"%s" is no context', (label) => {
    expect(parseContextLabel(label)).toBeUndefined();
  });
});

test.each([
  [596_049_920, '596M'],
  [8_030_261_312, '8.03B'],
  [27.8e9, '27.8B'],
  [999.6e6, '1B'],
  [1.573e12, '1.57T'],
  [640, '640'],
])('%d parameters are %s', (parameters, text) => {
  expect(formatParameters(parameters)).toBe(text);
});

test('shares, counts, bandwidths and speeds', () => {
  expect([0.98, 0.0423, 0.0005, 0].map(formatPercent)).toEqual(['98 %', '4.2 %', '0.05 %', '0 %']);
  expect(formatCount(1_048_576)).toBe('1,048,576');
  expect(formatBandwidth(1008)).toBe('1008 GB/s');
  expect(formatSpeedRange(34.6, 71.2)).toBe('35-71 tokens/s');
  expect(formatSpeedRange(0.82, 0.823)).toBe('0.82 tokens/s');
});

test('ratios, measured figures and places on a drawing', () => {
  expect([1.66, 12.3, 128.4, 3].map(formatFactor)).toEqual(['1.7', '12', '130', '3']);
  expect([0.976, 2].map(formatHundredths)).toEqual(['0.98', '2.00']);
  expect([0.652, 0.004, 0].map(formatWholePercent)).toEqual(['65 %', '1 %', '0 %']);
  expect([0.028_16, 6.234, 0.2].map(formatMeasured)).toEqual(['0.0282', '6.23', '0.2']);
  expect([-3, 0, 2].map(formatPowerOfTen)).toEqual(['0.001', '1', '100']);
  expect(roundBitsPerWeight(4.844_849)).toBe(4.8448);
  expect(roundBytes(1e9 / 3)).toBe(333_333_333);
  expect(perMille(2 / 3)).toBe(667);
});
