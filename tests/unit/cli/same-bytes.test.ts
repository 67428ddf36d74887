/** The browser's, the command line's and the pages' way to the same figures, each on code of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { type CalculatorState, firstState } from '../../../src/islands/calculator/state.ts';
import { ModelAtQuant } from '../../../src/scenarios/scenario.ts';
import { calculatorCatalog } from '../../../src/site/calculator-data.ts';
import { sharesRows } from '../../../src/vram/browser.ts';
import { type Allocation, EstimateError, type Settings } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

const PROGRAM = join(import.meta.dirname, '../../../src/cli/estimate.ts');
const SEED = 20261128;
const COUNT = 1000;

interface Answer extends Allocation {
  readonly ok: boolean;
  readonly error?: { readonly code: string };
  readonly planForBytes: number;
  readonly pool?: unknown;
  readonly placement?: {
    readonly fit: string;
    readonly headroomBytes: number;
    readonly largestContext: number;
  };
}

type Figures = Pick<Allocation, 'fileBytes' | 'device' | 'host' | 'perDevice'> | 'refused';

/** What the calculator's script is given: its data came over the network. */
const data = JSON.parse(JSON.stringify(calculatorCatalog(catalog))) as CalculatorData;

const kvTypes = fc.constantFrom('f16', 'f16', 'bf16', 'q8_0', 'q5_1', 'q4_0') as fc.Arbitrary<Settings['kType']>;
const settings: fc.Arbitrary<Settings> = fc.record({
  context: fc.integer({ min: 64, max: 262_144 }),
  kType: kvTypes,
  vType: kvTypes,
  microBatch: fc.constantFrom(128, 256, 512, 1024, 2048, 4096),
  flashAttention: fc.constantFrom('auto', 'on', 'off') as fc.Arbitrary<Settings['flashAttention']>,
  outputs: fc.constantFrom(1, 1, 16, 512),
  sequences: fc.integer({ min: 1, max: 8 }),
  devices: fc.integer({ min: 1, max: 8 }),
  gpuLayers: fc.constantFrom(-1, -1, 0, 7, 30),
  cpuMoeLayers: fc.constantFrom(0, 0, -1, 9),
  mtp: fc.boolean(),
});
const cases = fc
  .sample(
    fc.record({
      model: fc.constantFrom(...data.models),
      quant: fc.constantFrom(...data.quants),
      settings,
      projector: fc.boolean(),
    }),
    { numRuns: COUNT, seed: SEED },
  )
  .map(({ model, quant, settings: own, projector }) => ({
    model,
    quant,
    settings: { ...own, mtp: own.mtp && model.architecture.nextTokenLayers !== undefined },
    projectorBytes: projector ? (model.projectorBytes ?? 0) : 0,
  }));

/** What the command line answers to requests, in order. */
function answersTo(requests: readonly object[]): readonly Answer[] {
  const { stdout, status } = spawnSync(process.execPath, [PROGRAM, '--jsonl'], {
    input: requests.map((request) => `${JSON.stringify(request)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  expect(status).toBe(0);
  const answers = stdout.trimEnd().split('\n');
  expect(answers).toHaveLength(requests.length);
  return answers.map((answer) => JSON.parse(answer) as Answer);
}

/** Figures, or that llama.cpp refuses the settings; any other error is one of the program. */
function figuresOf(allocate: () => Allocation): Figures {
  try {
    const { fileBytes, device, host, perDevice } = allocate();
    return { fileBytes, device, host, perDevice };
  } catch (error) {
    if (error instanceof Error && error.name === EstimateError.name && 'code' in error) {
      expect(error.code).toBe('refused-by-engine');
      return 'refused';
    }
    throw error;
  }
}

test(`${COUNT} random settings give the same bytes in the browser, on the command line and on pages`, async () => {
  const requests = cases.map(({ model, quant, settings: fields, projectorBytes }) => ({
    model: model.id,
    quant: quant.id,
    allowBeyondMaximum: true,
    ...fields,
    ...(projectorBytes > 0 && { projector: true }),
  }));
  const answers = answersTo(requests);
  expect(cases.filter((own) => own.settings.mtp).length).toBeGreaterThan(COUNT / 20);
  expect(cases.filter(({ projectorBytes }) => projectorBytes > 0).length).toBeGreaterThan(COUNT / 100);

  // Modules anew: what the pages' code registered is unknown to the browser's.
  vi.resetModules();
  const browser = await import('../../../src/vram/browser.ts');
  const { prepareModel } = await import('../../../src/islands/calculator/data.ts');
  const device = { vendor: 'nvidia', usableBytes: 2 ** 40, overheadBytes: 0 } as const;

  const models = new Map<string, ModelAtQuant>();
  let refused = 0;
  let apart = 0;
  for (const [index, { model, quant, settings: own, projectorBytes }] of cases.entries()) {
    const key = `${model.id} ${quant.id}`;
    const record = catalog.estimableModels.find(({ id }) => id === model.id);
    const format = catalog.quants.find(({ id }) => id === quant.id);
    if (!record || !format) throw new Error(key);
    const page = models.get(key) ?? new ModelAtQuant(record, format);
    models.set(key, page);
    // Pages have no projector.
    const onPage = projectorBytes > 0 ? undefined : figuresOf(() => page.allocate(own.context, own));

    await prepareModel(model, { manySettings: index % 2 === 0 });
    const file = {
      architecture: model.architecture,
      scheme: quant.scheme,
      mtpInFile: model.mtpInFile === true,
      projectorBytes,
      publishedParameters: model.publishedParameters,
    };
    const inBrowser = figuresOf(() => browser.placeOn(file, own, device).allocation);

    const answer = answers[index];
    const onCommandLine = answer?.ok ? figuresOf(() => answer) : 'refused';
    if (!answer?.ok) expect(answer?.error?.code).toBe('refused-by-engine');

    const request = JSON.stringify(requests[index]);
    if (sharesRows(model.architecture) && own.kType !== own.vType) {
      // The calculator's form has one type then, so that its estimator need not refuse two.
      expect(onCommandLine, request).toBe('refused');
      apart += 1;
    } else expect(withoutOverhead(inBrowser), `browser: ${request}`).toEqual(withoutOverhead(onCommandLine));
    if (onPage) expect(withoutOverhead(onPage), `page: ${request}`).toEqual(withoutOverhead(onCommandLine));
    if (onCommandLine === 'refused') refused += 1;
  }
  expect(refused).toBeGreaterThan(COUNT / 50);
  expect(refused).toBeLessThan(COUNT / 2);
  expect(apart).toBeGreaterThan(COUNT / 50);
  expect(apart).toBeLessThan(COUNT / 4);
}, 300_000);

/** The driver's own context is the device's, not the engine's. */
function withoutOverhead(figures: Figures): unknown {
  if (figures === 'refused') return figures;
  const bare = ({ overhead: _, ...own }: Allocation['device']) => own;
  return { ...figures, device: bare(figures.device), perDevice: figures.perDevice.map(bare) };
}

const SERVED_COUNT = 600;

/** What the calculator of a vLLM or MLX user shows beside the bytes. */
const served = fc.record({
  model: fc.constantFrom(...data.models),
  context: fc.integer({ min: 64, max: 131_072 }),
  sequences: fc.integer({ min: 1, max: 16 }),
  devices: fc.constantFrom(1, 1, 2, 3, 4, 8),
  reserve: fc.constantFrom(0, 0, 512, 3072),
  percent: fc.integer({ min: 50, max: 100 }),
  mtp: fc.boolean(),
  pick: fc.nat(),
});

test.each([
  ['vllm', 'vLLM', ['auto', 'fp8', 'fp8_e5m2', 'int8_per_token_head']],
  ['mlx', 'MLX', ['f16', 'bf16', 'q8', 'q4']],
] as const)(
  `${SERVED_COUNT} random settings of %s give the same bytes and the same fit in the browser and on the command line`,
  async (engine, name, kvTypes) => {
    vi.resetModules();
    const { EstimateError: OwnError } = await import('../../../src/vram/browser.ts');
    const { prepareModel } = await import('../../../src/islands/calculator/data.ts');
    const { deviceOf } = await import('../../../src/islands/calculator/answer.ts');
    const { formatsFor, placeInMlx, placeInVllm } = await import('../../../src/islands/calculator/served.ts');
    const devices = data.devices.filter(({ vendor }) => (vendor === 'apple') === (engine === 'mlx'));
    const states = fc.sample(served, { numRuns: SERVED_COUNT, seed: SEED }).map((own) => {
      const formats = formatsFor(name, own.model);
      const state: CalculatorState = {
        ...firstState(data),
        engine,
        model: own.model.id,
        quant: formats[own.pick % formats.length]?.id ?? '',
        gpu: devices[own.pick % devices.length]?.id ?? '',
        context: Math.min(own.context, own.model.maxContext),
        kType: kvTypes[own.pick % kvTypes.length] ?? '',
        sequences: own.sequences,
        devices: engine === 'vllm' ? own.devices : 1,
        reserve: own.reserve,
        limit: engine === 'vllm' ? own.percent : 0,
        projector: own.model.towerBytes !== undefined && own.pick % 2 === 0 ? 1 : 0,
        mtp: own.mtp && own.model.architecture.nextTokenLayers !== undefined ? 1 : 0,
      };
      return { model: own.model, state };
    });
    const requests = states.map(({ state }) => ({
      engine: name,
      model: state.model,
      quant: state.quant,
      gpu: state.gpu,
      context: state.context,
      kvType: state.kType,
      sequences: state.sequences,
      displayReserveBytes: state.reserve * 2 ** 20,
      ...(engine === 'vllm' && {
        tensorParallel: state.devices,
        gpuMemoryUtilization: state.limit / 100,
        draftTokens: state.mtp,
        ...(state.projector > 0 && { projector: true }),
      }),
    }));
    let refused = 0;
    for (const [index, answer] of answersTo(requests).entries()) {
      const own = states[index];
      if (!own) throw new Error('an answer without a request');
      await prepareModel(own.model);
      const request = JSON.stringify(requests[index]);
      try {
        const device = deviceOf(data, own.state);
        const placed = (engine === 'vllm' ? placeInVllm : placeInMlx)({ ...own, device });
        const { allocation, fit, headroomBytes, largestContext, planForBytes } = placed;
        expect(answer.ok, request).toBe(true);
        const { pool } = allocation as { readonly pool?: unknown };
        expect(
          {
            device: allocation.device,
            fileBytes: allocation.fileBytes,
            pool,
            planForBytes,
            fit,
            headroomBytes,
            largestContext,
          },
          request,
        ).toEqual({
          device: answer.device,
          fileBytes: answer.fileBytes,
          pool: answer.pool,
          planForBytes: answer.planForBytes,
          fit: answer.placement?.fit,
          headroomBytes: answer.placement?.headroomBytes,
          largestContext: answer.placement?.largestContext,
        });
      } catch (error) {
        if (!(error instanceof OwnError)) throw error;
        expect(answer.error?.code, request).toBe(error.code);
        refused += 1;
      }
    }
    expect(refused).toBeLessThan(SERVED_COUNT / 2);
  },
  300_000,
);
