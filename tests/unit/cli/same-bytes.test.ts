/** The browser's, the command line's and the pages' way to the same figures, each on code of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { ModelAtQuant } from '../../../src/scenarios/scenario.ts';
import { calculatorCatalog } from '../../../src/site/api.ts';
import { type Allocation, DEFAULT_SETTINGS, EstimateError, type Settings } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

const PROGRAM = join(import.meta.dirname, '../../../src/cli/estimate.ts');
const SEED = 20261128;
const COUNT = 1000;

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
  mtp: fc.constant(false),
});
const cases = fc.sample(
  fc.record({ model: fc.constantFrom(...data.models), quant: fc.constantFrom(...data.quants), settings }),
  { numRuns: COUNT, seed: SEED },
);

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
  const lines = cases.map(({ model, quant, settings: { mtp: _, ...fields } }) =>
    JSON.stringify({ model: model.id, quant: quant.id, allowBeyondMaximum: true, ...fields }),
  );
  const { stdout, status } = spawnSync(process.execPath, [PROGRAM, '--jsonl'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  expect(status).toBe(0);
  const answered = stdout.trimEnd().split('\n');
  expect(answered).toHaveLength(COUNT);

  // Modules anew: what the pages' code registered is unknown to the browser's.
  vi.resetModules();
  const browser = await import('../../../src/vram/browser.ts');
  const { prepareModel } = await import('../../../src/islands/calculator/data.ts');
  const device = { vendor: 'nvidia', usableBytes: 2 ** 40, overheadBytes: 0 } as const;

  const models = new Map<string, ModelAtQuant>();
  let refused = 0;
  for (const [index, { model, quant, settings: own }] of cases.entries()) {
    const key = `${model.id} ${quant.id}`;
    const record = catalog.estimableModels.find(({ id }) => id === model.id);
    const format = catalog.quants.find(({ id }) => id === quant.id);
    if (!record || !format) throw new Error(key);
    const page = models.get(key) ?? new ModelAtQuant(record, format);
    models.set(key, page);
    const onPage = figuresOf(() => page.allocate(own.context, own));

    await prepareModel(model);
    const file = {
      architecture: model.architecture,
      scheme: quant.scheme,
      mtpInFile: model.mtpInFile === true,
      publishedParameters: model.publishedParameters,
    };
    const inBrowser = figuresOf(() => browser.placeOn(file, own, device).allocation);

    const answer = JSON.parse(answered[index] ?? '') as Allocation & { ok: boolean; error?: { code: string } };
    const onCommandLine = answer.ok ? figuresOf(() => answer) : 'refused';
    if (!answer.ok) expect(answer.error?.code).toBe('refused-by-engine');

    expect(withoutOverhead(onCommandLine), `command line: ${lines[index]}`).toEqual(withoutOverhead(onPage));
    expect(withoutOverhead(inBrowser), `browser: ${lines[index]}`).toEqual(withoutOverhead(onPage));
    if (onPage === 'refused') refused += 1;
  }
  expect(DEFAULT_SETTINGS.mtp).toBe(false);
  expect(refused).toBeGreaterThan(COUNT / 50);
  expect(refused).toBeLessThan(COUNT / 2);
}, 300_000);

/** The driver's own context is the device's, not the engine's. */
function withoutOverhead(figures: Figures): unknown {
  if (figures === 'refused') return figures;
  const bare = ({ overhead: _, ...own }: Allocation['device']) => own;
  return { ...figures, device: bare(figures.device), perDevice: figures.perDevice.map(bare) };
}
