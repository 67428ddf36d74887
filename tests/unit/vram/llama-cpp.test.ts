/** The engine against what llama.cpp v0.5.0 itself planned to allocate, in bytes. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../../src/catalog/from-disk.ts';
import {
  type Allocation,
  type Architecture,
  DEFAULT_SETTINGS,
  EstimateError,
  estimateLlamaCpp,
  type KvType,
  type Settings,
  schemeOf,
} from '../../../src/vram/index.ts';
import { planned, plannedModel, readRows } from './weights-fixtures.ts';

const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../../..'));

const architectureOf = (id: string) => catalog.byId.models.get(id)?.architecture as Architecture;

type Row = Record<string, string>;

const number = (row: Row, column: string): number => Number(row[column]);

function settingsOf(row: Row): Settings {
  const type = (row.kvType ?? 'f16') as KvType;
  return {
    ...DEFAULT_SETTINGS,
    context: number(row, 'context'),
    kType: type,
    vType: type,
    microBatch: number(row, 'microBatch'),
    flashAttention: (row.flashAttention ?? 'auto') as Settings['flashAttention'],
    outputs: number(row, 'outputs'),
    sequences: number(row, 'sequences'),
  };
}

function estimateRow(row: Row, settings: Settings): Allocation {
  return estimateLlamaCpp(plannedModel(row.model ?? ''), schemeOf(row.quant ?? ''), settings);
}

const errorOf = (mine: number, theirs: number): number => Math.abs(mine - theirs) / Math.max(theirs, 1);

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const rows = readRows('plans-memory.csv');
const accepted = rows.filter((row) => row.compute !== '');
const refused = rows.filter((row) => row.compute === '');

describe.each(Object.keys(planned))('%s on one device', (model) => {
  const own = accepted.filter((row) => row.model === model);
  const results = own.map((row) => ({ row, result: estimateRow(row, settingsOf(row)) }));

  test('weights, cache and state are exact', () => {
    expect(own.length).toBeGreaterThan(10);
    for (const { row, result } of results) {
      const { weights, kvCache, state } = result.device;
      expect({ row, weights, cache: kvCache + state, host: result.host.weights }).toEqual({
        row,
        weights: number(row, 'weights'),
        cache: number(row, 'kvCache') + number(row, 'state'),
        host: number(row, 'hostWeights'),
      });
    }
  });

  test('compute buffers are exact where one row of logits is kept', () => {
    for (const { row, result } of results) {
      if (row.outputs !== '1' || row.sequences !== '1') continue;
      expect({ row, device: result.device.compute, host: result.host.compute }).toEqual({
        row,
        device: number(row, 'compute'),
        host: number(row, 'hostCompute'),
      });
    }
  });

  test('compute buffers with more rows of logits and more sequences are within 0.11 %', () => {
    const errors = results.map(({ row, result }) => errorOf(result.device.compute, number(row, 'compute')));
    expect(quantile(errors, 0.5)).toBe(0);
    expect(Math.max(...errors)).toBeLessThan(0.0011);
    expect(
      Math.max(...results.map(({ row, result }) => errorOf(result.host.compute, number(row, 'hostCompute')))),
    ).toBe(0);
  });
});

test('settings that llama.cpp refuses are refused', () => {
  expect(refused.length).toBeGreaterThan(200);
  for (const row of refused) {
    let code = 'answered';
    try {
      estimateRow(row, settingsOf(row));
    } catch (error) {
      if (error instanceof EstimateError) code = error.code;
    }
    expect({ row, code }).toEqual({ row, code: 'refused-by-engine' });
  }
});

describe('several devices, layers and experts in RAM', () => {
  const cases = new Map<string, Row[]>();
  for (const row of readRows('offload-memory.csv')) {
    const key = [row.model, row.quant, row.scenario, row.devices, row.gpuLayers, row.context, row.microBatch].join(' ');
    cases.set(key, [...(cases.get(key) ?? []), row]);
  }
  const totals: number[] = [];
  test.each([...cases])('%s', (_name, devices) => {
    const first = devices[0] ?? {};
    const result = estimateRow(first, {
      ...DEFAULT_SETTINGS,
      context: number(first, 'context'),
      microBatch: number(first, 'microBatch'),
      devices: number(first, 'devices'),
      gpuLayers: number(first, 'gpuLayers'),
      cpuMoeLayers: first.scenario === 'experts on CPU' ? -1 : 0,
    });
    expect(result.perDevice).toHaveLength(devices.length);
    devices.forEach((row, index) => {
      const device = result.perDevice[index];
      if (!device) throw new Error(`no device ${index}`);
      expect({ weights: device.weights, cache: device.kvCache + device.state }).toEqual({
        weights: number(row, 'weights'),
        cache: number(row, 'cache'),
      });
      const theirs = number(row, 'weights') + number(row, 'cache') + number(row, 'compute');
      expect(errorOf(device.compute, number(row, 'compute'))).toBeLessThan(0.07);
      totals.push(errorOf(device.total, theirs));
    });
  });

  test('device totals: exact in the median, 1 % at worst', () => {
    expect(totals.length).toBeGreaterThan(300);
    expect(quantile(totals, 0.5)).toBe(0);
    expect(Math.max(...totals)).toBeLessThan(0.01);
  });
});

describe('refusals and bad requests', () => {
  const llama = plannedModel('Llama-3.1-8B');
  const deepseek = plannedModel('DeepSeek-V3');
  const codeOf = (settings: Partial<Settings>, architecture = llama): string => {
    try {
      estimateLlamaCpp(architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, ...settings });
    } catch (error) {
      return error instanceof EstimateError ? error.code : String(error);
    }
    return 'answered';
  };

  test('a quantized V cache needs FlashAttention', () => {
    expect(codeOf({ vType: 'q8_0', flashAttention: 'off' })).toBe('refused-by-engine');
    expect(codeOf({ kType: 'q8_0', flashAttention: 'off' })).toBe('answered');
    expect(codeOf({ vType: 'q8_0' })).toBe('answered');
  });

  test('multi-token prediction is loaded when asked for, and only where the model has it', () => {
    // Weights as llama.cpp's own memory breakdown has them with and without its blocks (DeepSeek V3, Q4_K_M).
    const bytes = (mtp: boolean) =>
      estimateLlamaCpp(
        { ...deepseek, nextTokenLayers: 1 },
        'Q4_K_M',
        { ...DEFAULT_SETTINGS, mtp },
        { mtpInFile: true },
      );
    expect(bytes(false).device.weights).toBe(402_994_944_896);
    expect(bytes(true).device.weights).toBe(411_548_279_040);
    // One latent row of 576 elements a token, in F16.
    expect(bytes(true).device.kvCache - bytes(false).device.kvCache).toBe(8192 * 576 * 2);
    expect(codeOf({ mtp: true })).toBe('bad-request');
  });

  // llama.cpp's "estimated memory usage of MTP context", F16 rows included (github.com/HilbertraumAI/HilbertRaum, issues 318 and 391).
  test.each([
    [8192, 512, 162.02],
    [8192, 1024, 292.03],
    [8192, 2048, 552.06],
    [32_768, 2048, 648.06],
  ])('the context that drafts for Qwen3.8 27B at %i tokens, in batches of %i', (context, microBatch, mebibytes) => {
    const at = (mtp: boolean) =>
      estimateLlamaCpp(
        architectureOf('qwen3-8-27b'),
        'Q4_K_M',
        { ...DEFAULT_SETTINGS, context, microBatch, mtp },
        { mtpInFile: true },
      );
    const { kvCache, compute } = at(true).device;
    const without = at(false).device;
    expect((kvCache - without.kvCache + compute - without.compute) / 2 ** 20).toBeCloseTo(mebibytes, 2);
    expect(at(true).notes).toEqual([expect.stringContaining('the compute buffer of its own context.')]);
  });

  test('with the experts in RAM, those of the block that drafts are there too', () => {
    const model = architectureOf('qwen3-6-35b-a3b');
    const at = (cpuMoeLayers: number) =>
      estimateLlamaCpp(model, 'Q4_K_M', { ...DEFAULT_SETTINGS, cpuMoeLayers, mtp: true }, { mtpInFile: true });
    expect(at(-1)).toEqual(at(model.layers + 1));
    expect(at(model.layers).device.weights).toBeGreaterThan(at(-1).device.weights);
  });

  // Logs of builds before v0.5.0: github.com/ggml-org/llama.cpp/issues/27953 and github.com/nibor1896/Crow/issues/159 ("200k").
  test.each([
    ['Q8_0', { context: 65_536, gpuLayers: 1 }, 1164],
    ['Q2_K', { context: 200_000, microBatch: 4096, cpuMoeLayers: 40 }, 11.62 * 1024],
  ] as const)('compute buffer of Qwen3.8 Flash Next, %s', (quant, settings, mebibytes) => {
    const { device } = estimateLlamaCpp(architectureOf('qwen3-8-flash-next'), quant, {
      ...DEFAULT_SETTINGS,
      ...settings,
    });
    expect(errorOf(device.compute / 2 ** 20, mebibytes)).toBeLessThan(0.02);
  });

  test('lightning attention takes decays for every pair of tokens', () => {
    const at = (microBatch: number) =>
      estimateLlamaCpp(architectureOf('minimax-m1-80k'), 'Q4_K_M', { ...DEFAULT_SETTINGS, microBatch });
    const pairs = (microBatch: number) => 64 * microBatch * microBatch * 4;
    expect(at(1024).host.compute - at(512).host.compute).toBeGreaterThan(pairs(1024) - pairs(512));
    expect(at(1024).device.compute).toBeGreaterThan(4 * pairs(1024));
  });

  test('says what the compute buffer rests on', () => {
    const notesOf = (id: string) => estimateLlamaCpp(architectureOf(id), 'Q4_K_M', DEFAULT_SETTINGS).notes;
    expect(notesOf('qwen3-8-27b')).toEqual([]);
    expect(notesOf('kimi-k3')).toEqual([expect.stringContaining('was not compared')]);
    for (const id of ['inkling', 'glm-5-3-flash']) {
      expect(notesOf(id)).toEqual([expect.stringContaining('is not known to load this model')]);
    }
  });

  // Types and widths that ggml/src/ggml-cuda/fattn.cu compiles without GGML_CUDA_FA_ALL_QUANTS.
  test.each([
    ['q8_0', 'q8_0', 'auto', undefined],
    ['q4_0', 'q4_0', 'on', undefined],
    ['q5_1', 'q5_1', 'auto', 'these cache types'],
    ['q8_0', 'q4_0', 'auto', 'these cache types'],
    ['q8_0', 'f16', 'on', 'these cache types'],
    // Without a quantized V, auto turns FlashAttention off instead.
    ['q8_0', 'f16', 'auto', undefined],
    ['q5_1', 'f16', 'off', undefined],
  ] as const)(
    'says where attention runs on the CPU: K %s, V %s, FlashAttention %s',
    (kType, vType, flashAttention, why) => {
      const { notes } = estimateLlamaCpp(llama, 'Q4_K_M', { ...DEFAULT_SETTINGS, kType, vType, flashAttention });
      expect(notes).toEqual(why ? [expect.stringMatching(new RegExp(`no FlashAttention kernel for ${why}`))] : []);
    },
  );

  test('a projector is on the first device, in the total, and nowhere else', () => {
    const settings = { ...DEFAULT_SETTINGS, devices: 2 };
    const projectorBytes = 931_146_432;
    const without = estimateLlamaCpp(llama, 'Q4_K_M', settings);
    const loaded = estimateLlamaCpp(llama, 'Q4_K_M', settings, { projectorBytes });
    expect(loaded.fileBytes).toBe(without.fileBytes);
    expect(loaded.device).toEqual({
      ...without.device,
      projector: projectorBytes,
      total: without.device.total + projectorBytes,
    });
    expect(loaded.perDevice[0]?.total).toBe((without.perDevice[0]?.total ?? 0) + projectorBytes);
    expect(loaded.perDevice[1]).toEqual(without.perDevice[1]);
    expect(without.device).not.toHaveProperty('projector');
  });

  test('latent attention keeps K and V in one row', () => {
    expect(codeOf({ kType: 'q8_0' }, deepseek)).toBe('refused-by-engine');
    expect(codeOf({ kType: 'q8_0', vType: 'q8_0' }, deepseek)).toBe('answered');
  });

  test('automatic FlashAttention is off where CUDA has no kernel', () => {
    const mixed = { ...DEFAULT_SETTINGS, kType: 'q8_0' } as const;
    // llama.cpp's own memory breakdown; the cache is made before the check, so values are turned around in the graph.
    expect(estimateLlamaCpp(llama, 'Q4_K_M', mixed).device.compute).toBe(595_667_072);
    expect(estimateLlamaCpp(llama, 'Q4_K_M', { ...mixed, flashAttention: 'off' }).device.compute).toBe(583_080_064);
  });

  test.each([
    [{ context: 0 }],
    [{ context: 1.5 }],
    [{ context: 2 ** 31 }],
    [{ microBatch: 0 }],
    [{ microBatch: 2 ** 21 }],
    [{ sequences: 0 }],
    [{ outputs: 0 }],
    [{ devices: 0 }],
    [{ gpuLayers: -2 }],
    [{ cpuMoeLayers: -2 }],
  ])('%o is no setting', (settings) => {
    expect(codeOf(settings)).toBe('bad-request');
  });

  test('limits of the engine', () => {
    expect(codeOf({ devices: 17 })).toBe('refused-by-engine');
    expect(estimateLlamaCpp(llama, 'Q4_K_M', { ...DEFAULT_SETTINGS, devices: 16 }).notes.join()).toContain(
      'at most 15',
    );
    expect(estimateLlamaCpp(llama, 'Q4_K_M', { ...DEFAULT_SETTINGS, devices: 15 }).notes).toEqual([]);
    expect(codeOf({ sequences: 257 })).toBe('refused-by-engine');
  });

  test('errors say what to do', () => {
    expect(() =>
      estimateLlamaCpp(llama, 'Q4_K_M', { ...DEFAULT_SETTINGS, vType: 'q4_0', flashAttention: 'off' }),
    ).toThrow(/q4_0.*turn FlashAttention on, or keep V at f16/);
  });
});

test('the answer adds up', () => {
  const result = estimateLlamaCpp(plannedModel('Qwen3-30B-A3B'), 'Q4_K_M', { ...DEFAULT_SETTINGS, devices: 3 });
  const { device, perDevice } = result;
  for (const part of ['weights', 'kvCache', 'state', 'compute', 'overhead', 'total'] as const) {
    expect(perDevice.reduce((sum, own) => sum + own[part], 0)).toBe(device[part]);
  }
  expect(device.total).toBe(device.weights + device.kvCache + device.state + device.compute);
  expect(result.bitsPerWeight).toBeCloseTo((result.fileBytes * 8) / result.parameters, 12);
  expect(result.engine).toEqual({ name: 'llama.cpp', version: 'v0.5.0' });
});
