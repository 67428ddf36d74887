import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contextsOf, quantsOf } from '../../../src/scenarios/expand.ts';
import { apiIndex, measurementsOf, modelApi } from '../../../src/site/api.ts';
import { calculatorCatalog } from '../../../src/site/calculator-data.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp, schemeOf } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

const ORIGIN = 'https://example.org';
const model = catalog.estimableModels.find(({ id }) => id === 'deepseek-v4-pro');
if (!model) throw new Error('deepseek-v4-pro');
const api = modelApi(catalog, model, ORIGIN);

describe('the JSON of a model', () => {
  it('has every quant and context once', () => {
    expect(api.quants.map(({ quant }) => quant)).toEqual(quantsOf(catalog, model).map(({ id }) => id));
    for (const { scenarios } of api.quants)
      expect(scenarios.map(({ contextTokens }) => contextTokens)).toEqual(contextsOf(model));
  });

  it('has the golden figures', () => {
    const quant = api.quants.find(({ name }) => name === 'Q4_K_M');
    const scenario = quant?.scenarios.at(-1);
    expect(scenario).toMatchObject({
      planFor: '1012 GB',
      needs: '963 GB',
      contextTokens: 1_048_576,
      url: `${ORIGIN}/models/deepseek-v4-pro/q4-k-m/1m/`,
    });
    expect(scenario?.ruleOfThumb).toMatchObject({ weightsBytes: 896e9 });
    expect(
      (quant?.weightsBytes ?? 0) +
        (scenario?.kvCacheBytes ?? 0) +
        (scenario?.stateBytes ?? 0) +
        (scenario?.computeBytes ?? 0),
    ).toBe(scenario?.needsBytes);
  });

  it('has nothing but whole bytes, and says version, licence and engine', () => {
    for (const { scenarios } of api.quants)
      for (const { needsBytes, planForBytes } of scenarios)
        expect([needsBytes, planForBytes].every(Number.isSafeInteger)).toBe(true);
    expect(api).toMatchObject({ version: 1, license: 'CC BY 4.0', engine: { name: 'llama.cpp', version: 'v0.5.0' } });
    expect(JSON.parse(JSON.stringify(api))).toEqual(api);
  });
});

describe('the index of the API', () => {
  it('has the day of each file: the newest of the model, its quants and the engine', () => {
    const dates = (model: string, quant: string, engine: string) => {
      const changed = {
        ...catalog,
        quants: catalog.quants.map((own) => ({ ...own, updated: quant })),
        byId: {
          ...catalog.byId,
          engines: new Map([...catalog.byId.engines].map(([id, own]) => [id, { ...own, updated: engine }])),
        },
        estimableModels: catalog.estimableModels.slice(0, 1).map((own) => ({ ...own, updated: model })),
      };
      const [listed] = apiIndex(changed, ORIGIN).models;
      return listed?.updated;
    };
    expect(dates('2026-01-03', '2026-01-02', '2026-01-01')).toBe('2026-01-03');
    expect(dates('2026-01-01', '2026-01-03', '2026-01-02')).toBe('2026-01-03');
    expect(dates('2026-01-01', '2026-01-02', '2026-01-03')).toBe('2026-01-03');
    const listed = apiIndex(catalog, ORIGIN).models.find(({ id }) => id === model.id);
    expect(listed?.updated).toBe(api.updated);
  });

  it('lists every model with its file', () => {
    const { models } = apiIndex(catalog, ORIGIN);
    expect(models).toHaveLength(catalog.estimableModels.length);
    expect(models.every(({ json, id }) => json === `${ORIGIN}/api/v1/models/${id}.json`)).toBe(true);
  });
});

describe('the data of the calculator', () => {
  const data = calculatorCatalog(catalog);

  it('is enough to compute what the pages say', () => {
    const own = data.models.find(({ id }) => id === 'deepseek-v4-pro');
    const quant = data.quants.find(({ id }) => id === 'q4-k-m');
    if (!own || !quant) throw new Error('the golden page is not in the data');
    const settings = { ...DEFAULT_SETTINGS, context: 1_048_576 };
    const { device } = estimateLlamaCpp(own.architecture, schemeOf(quant.scheme), settings, {
      mtpInFile: own.mtpInFile === true,
    });
    expect(device.total).toBe(api.quants.find(({ name }) => name === 'Q4_K_M')?.scenarios.at(-1)?.needsBytes);
    expect(own.ruleOfThumb).toEqual({ layers: 80, kvHeads: 1, headDim: 288, sequenceCompression: 0.25 });
    expect(own.publishedParameters).toBe(1.6e12);
  });

  it('offers released devices with their usable memory', () => {
    expect(data.devices.length).toBeGreaterThan(150);
    expect(data.devices.every(({ usableBytes }) => Number.isSafeInteger(usableBytes))).toBe(true);
    expect(data.devices.find(({ id }) => id === 'rtx-4090')).toMatchObject({
      name: 'RTX 4090',
      group: 'Desktop cards',
      vendor: 'nvidia',
      speedClass: 'nvidia',
      bandwidthGBps: 1008,
    });
    expect(data.devices.every(({ id }) => catalog.byId.gpus.get(id)?.released === true)).toBe(true);
  });

  it('stays small enough to load on demand', () => {
    expect(brotliCompressSync(JSON.stringify(data)).length).toBeLessThan(25_000);
  });
});

describe('the JSON of measured runs', () => {
  const data = measurementsOf(catalog);

  it('holds each run with its source, what was measured and what is estimated', () => {
    const run = data.memory.find(({ run }) => run.gpu === 'rtx-3070');
    // llama.cpp's notebook log of an RTX 3070: 4403.49 MiB of weights and 1024 MiB of cache.
    expect(run?.parts['weights']?.measuredBytes).toBe(Math.round(4403.49 * 2 ** 20));
    expect(run?.parts['kvCache']?.estimatedBytes).toBe(2 ** 30);
    for (const { source } of [...data.memory, ...data.speed]) expect(source).toMatch(/^https:/);
  });

  it('names the engine of each run, in the version of the estimate', () => {
    const engines = { 'llama-cpp': { name: 'llama.cpp', version: 'v0.5.0' }, vllm: catalog.byId.engines.get('vllm') };
    for (const { engine, memory = [], speed = [] } of catalog.measurements) {
      const runs = new Set<object>([...memory, ...speed]);
      const { name, version } = engines[engine as keyof typeof engines] ?? {};
      for (const own of [...data.memory, ...data.speed])
        if (runs.has(own.run)) expect(own.engine).toEqual({ name, version });
    }
    expect(data.memory.filter(({ engine }) => engine.name === 'vLLM').length).toBeGreaterThan(0);
  });

  it('keeps runs of two files apart', () => {
    // llama-bench on an RTX 4070 laptop: 30.4 tokens a second with a file of 15.83 GiB, 41.7 with one of 13.26 GiB.
    const own = data.speed.filter(({ run }) => run.gpu === 'rtx-4070-laptop' && run.model === 'gemma-4-26b-a4b');
    for (const [fileGiB, tokensPerSecond] of [
      [15.83, 30.4],
      [13.26, 41.7],
    ])
      expect(own.find(({ run }) => run.fileGiB === fileGiB)).toMatchObject({
        runs: 1,
        measuredTokensPerSecond: tokensPerSecond,
      });
  });

  it('counts every recorded speed once', () => {
    const recorded = catalog.measurements.flatMap(({ engine, speed }) => (engine === 'llama-cpp' ? (speed ?? []) : []));
    expect(data.speed.reduce((sum, { runs }) => sum + runs, 0)).toBe(recorded.length);
    for (const { estimatedTokensPerSecond: speed } of data.speed) expect(speed.low).toBeLessThan(speed.high);
  });
});
