/** The rule of decode speed against published runs, on devices that the fit has not seen and through the command line. */
import { describe, expect, test } from 'vitest';
import { Estimator } from '../../../src/cli/estimate/answer.ts';
import { isPlain, medianOf, type SpeedCase, speedCases } from '../../../src/scenarios/measured-speed.ts';
import { fitRule, scoreOf, unseenEstimates } from '../../../src/scenarios/speed-fit.ts';
import { catalog } from './catalog.ts';

const all = speedCases(catalog);
const plain = all.filter(isPlain);

describe('published runs', () => {
  test('there are enough of them, on enough devices', () => {
    expect(plain.length).toBeGreaterThan(200);
    expect(scoreOf(plain).devices).toBeGreaterThanOrEqual(25);
  });

  test('a device left out of the fit: centre within 15 % in the median, range holds three in four', () => {
    const unseen = unseenEstimates(catalog);
    expect(unseen.size).toBe(plain.length);
    const score = scoreOf(plain, (own) => unseen.get(own) as SpeedCase['estimated']);
    expect(score.medianError).toBeLessThan(0.15);
    expect(score.covered).toBeGreaterThanOrEqual(0.75);
    const bandwidthAlone = scoreOf(plain, ({ estimateWith }) => estimateWith({ share: 0.56, layerMs: 0 }));
    expect(score.medianError).toBeLessThan(bandwidthAlone.medianError / 2);
  });

  test.each([
    ['with a filled cache', all.filter(({ run }) => (run.depth ?? 0) > 1100)],
    ['on several devices', all.filter(({ run }) => (run.devices ?? 1) > 1)],
    ['partly in RAM', all.filter(({ run }) => run.gpuLayers !== undefined || run.cpuMoeLayers !== undefined)],
  ])('%s: the same bounds', (_name, cases) => {
    const score = scoreOf(cases);
    expect(score.cases).toBeGreaterThan(50);
    expect(score.medianError).toBeLessThan(0.15);
    expect(score.covered).toBeGreaterThanOrEqual(0.75);
  });

  test('the command line answers with the same centre, at two digits', () => {
    const estimator = new Estimator(catalog);
    const cases = plain.filter(({ run }) => run.recipe === undefined);
    const answers = new Map(
      cases.map((own) => {
        const context = Math.max(own.run.depth ?? 0, 256);
        const request = { model: own.run.model, quant: own.run.quant, gpu: own.run.gpu, context };
        const answer = estimator.answer(request);
        const speed = answer.ok ? answer.placement?.decodeTokensPerSecond : undefined;
        if (!speed) throw new Error(`no speed for ${JSON.stringify(request)}`);
        expect(speed.centre).toBe(Number(speed.centre.toPrecision(2)));
        return [own, speed] as const;
      }),
    );
    const score = scoreOf(cases, (own) => answers.get(own) as SpeedCase['estimated']);
    expect(score.devices).toBeGreaterThanOrEqual(20);
    expect(score.medianError).toBeLessThan(0.15);
    expect(score.covered).toBeGreaterThanOrEqual(0.75);
  });
});

describe('fit and score', () => {
  /** A case on `gpu` that reads `gigabytes` at 1000 GB/s through `layers` layers, measured at a speed that `truth` gives. */
  function madeUp(
    gpu: string,
    gigabytes: number,
    layers: number,
    truth: { share: number; layerMs: number },
  ): SpeedCase {
    const speed = ({ share, layerMs }: { share: number; layerMs: number }) => {
      const centre = 1 / (gigabytes / (share * 1000) + (layers * layerMs) / 1000);
      return { low: 0.6 * centre, centre, high: 1.25 * centre };
    };
    const own = { run: { gpu }, measured: speed(truth).centre, estimated: speed(truth), estimateWith: speed };
    return own as unknown as SpeedCase;
  }

  test('the fit finds the constants that made the speeds', () => {
    const truth = { share: 0.785, layerMs: 0.12 };
    const cases = [
      madeUp('a', 1, 20, truth),
      madeUp('a', 5, 32, truth),
      madeUp('b', 20, 60, truth),
      madeUp('b', 40, 80, truth),
    ];
    const { share, layerMs } = fitRule(cases);
    expect(share).toBeCloseTo(0.785, 6);
    expect(layerMs).toBeCloseTo(0.12, 6);
  });

  test('without a case it stays where it was drawn to', () => {
    expect(fitRule([], { share: 0.5, layerMs: 0.2 })).toEqual({ share: 0.5, layerMs: 0.2 });
  });

  test('every device weighs the same, however many cases it has', () => {
    const truth = { share: 0.8, layerMs: 0.1 };
    const right = Array.from({ length: 9 }, () => madeUp('a', 5, 32, truth));
    const wrong = ['b', 'c'].map((gpu) => ({ ...madeUp(gpu, 5, 32, truth), measured: 1 }));
    const { devices, cases, covered } = scoreOf([...right, ...wrong]);
    expect({ devices, cases }).toEqual({ devices: 3, cases: 11 });
    expect(covered).toBeCloseTo(1 / 3, 9);
    expect(scoreOf([...right, ...wrong]).medianError).toBeGreaterThan(1);
  });

  test.each([
    [[3], 3],
    [[1, 9, 2], 2],
    [[4, 1, 2, 3], 2.5],
  ])('the median of %j is %d', (values, median) => {
    expect(medianOf(values)).toBe(median);
  });
});
