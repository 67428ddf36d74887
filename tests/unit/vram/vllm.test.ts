/** vLLM against the start-up logs of real runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Architecture,
  DEFAULT_VLLM_SETTINGS,
  EstimateError,
  estimateVllm,
  formatOf,
  GiB,
  kvPoolIn,
  type VllmSettings,
} from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

/** A start-up log of content/measurements; figures of one GPU. */
interface Log {
  readonly model: string;
  readonly format: string;
  readonly settings: Partial<VllmSettings> & { readonly context: number };
  readonly weightsGiB: number | undefined;
  readonly poolGiB: number | undefined;
  readonly tokens: number | undefined;
  readonly concurrency: number | undefined;
  readonly tokenLine: 'blocks' | 'requests';
}

const { refusals, budgets, packedPages } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/vllm-logs.json'), 'utf8'),
) as {
  readonly refusals: readonly (Pick<Log, 'model' | 'settings'> & { readonly needsGiB: number })[];
  readonly budgets: readonly (Pick<Log, 'model' | 'format' | 'settings'> & {
    readonly totalGiB: number;
    readonly poolGiB: number;
    readonly tokens: number;
  })[];
  readonly packedPages: { readonly bytes: readonly number[] };
};

const runs = catalog.measurements.filter(({ engine }) => engine === 'vllm').flatMap(({ memory = [] }) => memory);

const rows = runs.map((run): Log => {
  const { tokenLine = 'requests', ...own } = run.vllm ?? {};
  const { devices = 1, MiB: measured } = run;
  const gib = (mib: number | undefined) => (mib === undefined ? undefined : mib / 1024 / devices);
  const comparable = run.differs === undefined;
  return {
    model: run.model,
    format: run.format ?? catalog.byId.quants.get(run.quant)?.scheme ?? '',
    settings: { ...own, context: run.context, tensorParallel: devices },
    weightsGiB: run.recipe === undefined ? gib(measured.weights) : undefined,
    poolGiB: comparable && run.cacheTokens !== undefined ? gib(measured.kvCache) : undefined,
    tokens: run.cacheTokens,
    concurrency: run.concurrency,
    tokenLine,
  };
});

function architectureOf(id: string): Architecture {
  const architecture = catalog.byId.models.get(id)?.architecture;
  if (!architecture) throw new Error(`${id} has no architecture`);
  return architecture;
}

const settingsOf = (model: string, changes: Log['settings']): VllmSettings => ({
  ...DEFAULT_VLLM_SETTINGS,
  positions: catalog.byId.models.get(model)?.context.native ?? 0,
  ...changes,
});

const poolOf = ({ model, settings }: Pick<Log, 'model' | 'settings'>, bytes: number) =>
  kvPoolIn(architectureOf(model), bytes, { maxBatchedTokens: 2048, ...settingsOf(model, settings) });

const errorOf = (mine: number, theirs: number): number => Math.abs(mine - theirs) / theirs;

const withWeights = rows.filter(({ weightsGiB }) => weightsGiB !== undefined);
const withTokens = rows.filter(({ poolGiB }) => poolGiB !== undefined);

test('every figure of a log is checked, or its record says why it cannot be', () => {
  for (const { MiB: measured, recipe, cacheTokens, differs, note } of runs) {
    if (measured.weights !== undefined && recipe !== undefined) expect(note).toContain('Weights:');
    const hasPool = measured.kvCache !== undefined && cacheTokens !== undefined;
    if (!hasPool && differs === undefined) expect(note).toContain('Cache:');
  }
  // The guide on methodology names these numbers.
  expect(withWeights).toHaveLength(9);
  expect(withTokens).toHaveLength(14);
});

test.each(withWeights)('$model, $format: weights per GPU within 0.7 % of $weightsGiB GiB', (row) => {
  const { perDevice } = estimateVllm(
    architectureOf(row.model),
    formatOf(row.format),
    settingsOf(row.model, row.settings),
  );
  expect(errorOf((perDevice[0]?.weights ?? 0) / GiB, row.weightsGiB ?? 0)).toBeLessThan(0.007);
});

test('the median of those weights is within 0.1 %', () => {
  const errors = withWeights
    .map((row) => {
      const settings = settingsOf(row.model, row.settings);
      const { perDevice } = estimateVllm(architectureOf(row.model), formatOf(row.format), settings);
      return errorOf((perDevice[0]?.weights ?? 0) / GiB, row.weightsGiB ?? 0);
    })
    .sort((a, b) => a - b);
  expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(0.001);
});

test.each(withTokens)('$model, $poolGiB GiB: $tokens tokens within 1 %', (row) => {
  const { groups, blocks, blockTokens, tokens, concurrency } = poolOf(row, (row.poolGiB ?? 0) * GiB);
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const line = row.tokenLine === 'requests' ? tokens : Math.floor(blocks / count) * blockTokens;
  expect(errorOf(line, row.tokens ?? 0)).toBeLessThan(0.01);
  if (row.concurrency !== undefined) expect(errorOf(concurrency, row.concurrency)).toBeLessThan(0.02);
});

test('blocks of attention are as long as the states of the other layers make them', () => {
  const row = withTokens.find(({ model }) => model === 'qwen3-8-27b');
  if (!row) throw new Error('no log of Qwen3.8 27B');
  // "Setting attention block size to 1568 tokens" in the same log.
  expect(poolOf(row, (row.poolGiB ?? 0) * GiB).blockTokens).toBe(1568);
});

test('most of those pools are right to the token', () => {
  const exact = withTokens.filter((row) => {
    const { groups, blocks, blockTokens, tokens } = poolOf(row, (row.poolGiB ?? 0) * GiB);
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    return row.tokens === (row.tokenLine === 'requests' ? tokens : Math.floor(blocks / count) * blockTokens);
  });
  // The others differ by what the log rounds off its GiB.
  expect(exact.length).toBeGreaterThanOrEqual(9);
});

test.each(refusals)('$model: one request needs $needsGiB GiB, as the refusal says', ({ model, settings, needsGiB }) => {
  const allocation = estimateVllm(architectureOf(model), formatOf('FP8'), settingsOf(model, settings));
  expect(allocation.device.kvCache / GiB).toBeCloseTo(needsGiB, 2);
});

test.each(budgets)('$model at $settings.context: pool and tokens from the card alone', (row) => {
  const { pool } = estimateVllm(architectureOf(row.model), formatOf(row.format), {
    ...settingsOf(row.model, row.settings),
    gpu: { bytes: row.totalGiB * GiB, isA100: false },
  });
  expect(errorOf((pool?.bytes ?? 0) / GiB, row.poolGiB)).toBeLessThan(0.05);
  expect(errorOf(pool?.tokens ?? 0, row.tokens)).toBeLessThan(0.05);
});

describe('DeepSeek V4', () => {
  const flash = architectureOf('deepseek-v4-flash');
  const paged = {
    kvType: 'auto',
    tensorParallel: 1,
    maxBatchedTokens: 0,
    draftTokens: 0,
    prefixCaching: true,
  } as const;

  test('pages are those of an engine log, to the byte', () => {
    const { groups, poolBlockBytes } = kvPoolIn(flash, 0, { ...paged, context: 1 });
    expect(groups.map(({ poolBlocks }) => poolBlocks * poolBlockBytes)).toEqual(packedPages.bytes);
  });

  test('a token adds 3,915 bytes', () => {
    const at = (context: number): number => {
      const { bytes, concurrency } = kvPoolIn(flash, 2 ** 40, { ...paged, context });
      return bytes / concurrency;
    };
    expect((at(1_048_576) - at(524_288)) / 524_288).toBeCloseTo(3915, 0);
  });
});

describe('tensor parallelism', () => {
  const { model, settings } = { model: 'qwen3-32b', settings: { context: 32_768 } };
  const at = (tensorParallel: number, changes: Partial<VllmSettings> = {}) =>
    estimateVllm(
      architectureOf(model),
      formatOf('BF16'),
      settingsOf(model, { ...settings, tensorParallel, ...changes }),
    );

  test('splits matrices and heads, and repeats key/value heads where there are fewer than GPUs', () => {
    const [one, two, eight, sixteen] = [1, 2, 8, 16].map((count) => at(count).perDevice[0]);
    expect(two?.kvCache).toBe((one?.kvCache ?? 0) / 2);
    expect(eight?.kvCache).toBe((one?.kvCache ?? 0) / 8);
    expect(sixteen?.kvCache).toBe(eight?.kvCache);
    expect((two?.weights ?? 0) * 2).toBeGreaterThan(one?.weights ?? 0);
    expect((two?.weights ?? 0) * 2).toBeLessThan((one?.weights ?? 0) * 1.002);
  });

  test('refuses what does not divide the heads', () => {
    expect(() => at(3)).toThrow(EstimateError);
    expect(() => at(3)).toThrow('64');
  });

  test('latent rows are on every GPU whole', () => {
    const own = (tensorParallel: number): number =>
      estimateVllm(
        architectureOf('deepseek-v3-1'),
        formatOf('FP8_BLOCK'),
        settingsOf('deepseek-v3-1', { context: 8192, tensorParallel }),
      ).perDevice[0]?.kvCache ?? 0;
    // One row of 512 + 64 values in 16 bits a layer and token.
    expect(own(8)).toBe(61 * 1152 * 8192);
    expect(own(1)).toBe(own(8));
  });

  test('a share that is none, a format of another engine and a drafter that is not there are refused', () => {
    expect(() => at(1, { gpuMemoryUtilization: 1.2 })).toThrow('gpuMemoryUtilization is 1.2');
    expect(() => at(1, { draftTokens: 1 })).toThrow('multi-token-prediction');
    expect(() => estimateVllm(architectureOf(model), formatOf('MLX_4BIT'), settingsOf(model, settings))).toThrow(
      'does not load MLX_4BIT',
    );
  });
});

test('every model: more context never needs less, and two GPUs together never less than one', () => {
  let checked = 0;
  for (const { id, architecture } of catalog.estimableModels) {
    const total = (context: number, tensorParallel: number): number | undefined => {
      try {
        return estimateVllm(architecture, formatOf('AWQ'), settingsOf(id, { context, tensorParallel })).device.total;
      } catch (error) {
        if (error instanceof EstimateError) return undefined;
        throw error;
      }
    };
    const totals = [1, 100, 4096, 4097, 65_536, 1_000_000].map((context) => total(context, 1) ?? 0);
    expect(totals, id).toEqual(totals.toSorted((a, b) => a - b));
    const both = total(4096, 2);
    if (both === undefined) continue;
    expect(both, id).toBeGreaterThan(total(4096, 1) ?? Number.POSITIVE_INFINITY);
    checked += 1;
  }
  expect(checked).toBeGreaterThan(100);
});

test('a larger share holds more tokens, and weights of fewer bits leave more of it', () => {
  const tokens = (format: string, gpuMemoryUtilization: number): number =>
    estimateVllm(architectureOf('qwen3-14b'), formatOf(format), {
      ...settingsOf('qwen3-14b', { context: 8192, gpuMemoryUtilization }),
      gpu: { bytes: 48 * GiB, isA100: false },
    }).pool?.tokens ?? 0;
  expect(tokens('BF16', 0.95)).toBeGreaterThan(tokens('BF16', 0.9));
  expect(tokens('FP8', 0.9)).toBeGreaterThan(tokens('BF16', 0.9));
  expect(tokens('AWQ', 0.9)).toBeGreaterThan(tokens('FP8', 0.9));
});
