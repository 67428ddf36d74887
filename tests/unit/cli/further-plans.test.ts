/**
 * Models that the plans of v0.5.0 do not have, against llama.cpp's memory breakdown in its no-allocation mode: commit
 * 82bb48500 of August 2026, Q4_K_M, CUDA's supported operations and sizes without its kernels. Buffers of models with
 * experts count the lifetimes that v0.5.0 gives to tensors of fused operations, which that commit did not have yet.
 * Models whose graph or cache changed between the two are not listed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, EstimateError, estimateLlamaCpp, type Settings } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

type Row = Readonly<Record<string, string>>;

const [header = '', ...lines] = readFileSync(join(import.meta.dirname, '../../fixtures/plans-further.csv'), 'utf8')
  .trimEnd()
  .split('\n');
const names = header.split(',');
const rows = lines.map((line): Row => Object.fromEntries(line.split(',').map((value, index) => [names[index], value])));

function settingsOf(row: Row): Settings {
  return {
    ...DEFAULT_SETTINGS,
    context: Number(row['context']),
    kType: row['k_type'] as Settings['kType'],
    vType: row['v_type'] as Settings['vType'],
    microBatch: Number(row['micro_batch']),
    flashAttention: row['flash_attention'] as Settings['flashAttention'],
    outputs: Number(row['outputs']),
    sequences: Number(row['sequences']),
    devices: Number(row['devices']),
    gpuLayers: Number(row['gpu_layers']),
    cpuMoeLayers: Number(row['cpu_moe_layers']),
  };
}

interface Plan {
  /** To the byte. */
  readonly resident: readonly string[];
  /** Compute buffers of the devices and of the host. */
  readonly compute: readonly number[];
}

function planOf(row: Row): Plan | 'refused' {
  const model = catalog.estimableModels.find(({ id }) => id === row['model']);
  if (!model) throw new Error(`no model "${row['model']}"`);
  try {
    const { perDevice, host } = estimateLlamaCpp(model.architecture, 'Q4_K_M', settingsOf(row), {
      mtpInFile: model.mtpInFile === true,
    });
    return {
      resident: [
        perDevice.map(({ weights }) => weights).join(' '),
        perDevice.map(({ kvCache, state }) => kvCache + state).join(' '),
        String(host.weights),
        String(host.kvCache),
      ],
      compute: [...perDevice.map(({ compute }) => compute), host.compute],
    };
  } catch (error) {
    if (error instanceof EstimateError && error.code === 'refused-by-engine') return 'refused';
    throw error;
  }
}

function expectedOf(row: Row): Plan | 'refused' {
  const { weights = '', cache = '', host_weights = '', host_cache = '', compute = '', host_compute = '' } = row;
  if (weights === 'refused') return 'refused';
  return {
    resident: [weights, cache, host_weights, host_cache],
    compute: `${compute} ${host_compute}`.split(' ').map(Number),
  };
}

/** All but GLM-5.2 with layers in RAM (0.20 %) are within 0.02 %. */
const COMPUTE_TOLERANCE = 0.0025;

describe.each([...new Set(rows.map((row) => row['model'] ?? ''))])('%s', (model) => {
  const own = rows.filter((row) => row['model'] === model);
  test.each(own)(
    '$context tokens, $k_type/$v_type, $devices devices, $gpu_layers layers, $cpu_moe_layers in RAM, FlashAttention $flash_attention',
    (row) => {
      const plan = planOf(row);
      const expected = expectedOf(row);
      if (plan === 'refused' || expected === 'refused') {
        expect(plan).toBe(expected);
        return;
      }
      expect(plan.resident).toEqual(expected.resident);
      expect(plan.compute).toHaveLength(expected.compute.length);
      plan.compute.forEach((bytes, buffer) => {
        const planned = expected.compute[buffer] ?? 0;
        expect(Math.abs(bytes - planned) / planned).toBeLessThanOrEqual(COMPUTE_TOLERANCE);
      });
    },
  );
});
