import { describe, expect, test } from 'vitest';
import type { Architecture } from '../../../src/vram/architecture.ts';
import { weighModel, weighTensors } from '../../../src/vram/index.ts';
import { elementsOf, fileBytes, tensorBytes } from '../../../src/vram/quantization/ggml-types.ts';
import { type QuantizationScheme, schemeOf } from '../../../src/vram/quantization/schemes.ts';
import { plannedModel, readJson, readRows } from './weights-fixtures.ts';

const MTP = '+MTP';

function weighPlanned(name: string, quant: string) {
  const architecture = plannedModel(name.replace(MTP, ''));
  return weighModel(architecture, schemeOf(quant), name.endsWith(MTP) ? { mtpInFile: true } : {});
}

describe('against llama.cpp v0.5.0', () => {
  test.each(readRows('weights-plans.csv'))('$model $quant to the byte', (row) => {
    const { parameters, fileBytes: file, deviceBytes, hostBytes } = weighPlanned(row.model ?? '', row.quant ?? '');
    expect({ parameters, file, deviceBytes, hostBytes }).toEqual({
      parameters: Number(row.parameters),
      file: Number(row.fileBytes),
      deviceBytes: Number(row.deviceBytes),
      hostBytes: Number(row.hostBytes),
    });
  });

  test.each(readRows('weights-offload.csv'))('$model $quant, -ngl $gpuLayers, experts on CPU $expertsOnCpu', (row) => {
    const { layers, nextTokenLayers, input, output, perDevice } = weighPlanned(row.model ?? '', row.quant ?? '');
    const expertsOnCpu = row.expertsOnCpu === '1';
    const blocks = layers.length + nextTokenLayers.length;
    const first = expertsOnCpu ? 0 : blocks + 1 - Number(row.gpuLayers);
    let device = output.device + perDevice.device;
    let host = input.host + (first > 0 ? perDevice.host : 0);
    layers.forEach(({ all, experts }, layer) => {
      if (layer < first) host += all.host;
      else device += expertsOnCpu ? all.device - experts.device : all.device;
      if (layer >= first && expertsOnCpu) host += experts.host;
    });
    expect({ device, host }).toEqual({ device: Number(row.deviceBytes), host: Number(row.hostBytes) });
  });
});

interface Published {
  readonly tensorBytes: readonly {
    readonly model: string;
    readonly quant: string;
    readonly bytes: number;
    readonly parameters: number;
    readonly architecture: Architecture;
    readonly mtpInFile?: boolean;
  }[];
  readonly fileBytes: readonly {
    readonly model: string;
    readonly architecture: Architecture;
    readonly files: Readonly<Record<string, number>>;
  }[];
}

const published = readJson<Published>('weights-published.json');

describe('against published files', () => {
  test.each(published.tensorBytes)('$model $quant to the byte', ({ quant, architecture, mtpInFile, ...expected }) => {
    const weighed = weighTensors(architecture, schemeOf(quant), mtpInFile === true ? { mtpInFile } : {});
    const bytes = weighed.reduce((sum, { type, tensor }) => sum + tensorBytes(type, tensor.shape), 0);
    const stored = weighed.filter(({ tensor }) => tensor.name !== 'rope_freqs.weight');
    const ropeFactors = weighed.length - stored.length;
    expect(bytes).toBe(expected.bytes);
    expect(weighed.reduce((sum, { tensor }) => sum + elementsOf(tensor.shape), 0)).toBe(expected.parameters);
    expect(ropeFactors).toBe(architecture.ropeFactors === undefined ? 0 : 1);
  });

  test.each(published.fileBytes)('$model: the same header before every quantization', ({ architecture, files }) => {
    const headers = Object.entries(files).map(
      ([quant, bytes]) => bytes - weighModel(architecture, quant as QuantizationScheme).fileBytes,
    );
    expect(new Set(headers).size).toBe(1);
    expect(headers[0]).toBeGreaterThan(1e6);
    expect(headers[0]).toBeLessThan(1e7);
  });
});

describe('groups', () => {
  const llama = plannedModel('Llama-3.1-8B');

  test('make up the file', () => {
    for (const name of ['Llama-3.1-8B', 'Qwen3.5-35B-A3B+MTP', 'GLM-4.5-Air', 'Gemma-2-9B']) {
      const { layers, nextTokenLayers, input, output, perDevice, fileBytes: whole } = weighPlanned(name, 'Q4_K_M');
      const parts = [...layers, ...nextTokenLayers].map(({ all }) => all.file);
      expect(parts.reduce((sum, bytes) => sum + bytes, input.file + output.file + perDevice.file)).toBe(whole);
    }
  });

  test('a tied embedding is stored once and placed twice', () => {
    const { input, output } = weighPlanned('Llama-3.2-3B', 'Q4_K_M');
    const norm = fileBytes('F32', [3072]);
    expect(output.file).toBe(norm);
    expect(output.device).toBe(norm + input.host);
    expect(output.host).toBe(norm);
  });

  test('a row that is no multiple of 512 is padded once per quantized tensor on a device', () => {
    const narrow: Architecture = { ...llama, layers: 1, feedForward: { intermediateSize: 14336 + 256 } };
    const { layers } = weighModel(narrow, 'Q4_K_M');
    // ffn_down is the only tensor with rows of 14,592 elements: 256 missing ones of Q6_K.
    expect((layers[0]?.all.device ?? 0) - (layers[0]?.all.host ?? 0)).toBe(210 + 46);
  });

  test('blocks for multi-token prediction are in the file only where asked for or where converters keep them', () => {
    const qwen = plannedModel('Qwen3.5-35B-A3B');
    expect(weighModel(qwen, 'Q4_K_M').nextTokenLayers).toHaveLength(0);
    expect(weighModel(qwen, 'Q4_K_M', { mtpInFile: true }).nextTokenLayers).toHaveLength(1);
    expect(weighModel(plannedModel('GLM-4.5-Air'), 'Q4_K_M').nextTokenLayers).toHaveLength(1);
    expect(weighModel(plannedModel('GLM-4.5-Air'), 'Q4_K_M', { mtpInFile: false }).nextTokenLayers).toHaveLength(0);
  });

  test('are computed once per architecture and scheme', () => {
    expect(weighModel(llama, 'Q4_K_M')).toBe(weighModel(llama, 'Q4_K_M'));
    expect(weighModel({ ...llama }, 'Q4_K_M')).toEqual(weighModel(llama, 'Q4_K_M'));
  });
});
