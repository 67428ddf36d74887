/** The order in which the calculator computes, told by what it plans. */
import { expect, test, vi } from 'vitest';
import { computeAnswer } from '../../../src/islands/calculator/answer.ts';
import type { CalculatorData } from '../../../src/islands/calculator/data.ts';
import { type CalculatorState, firstState, planKeyOf } from '../../../src/islands/calculator/state.ts';
import { calculatorCatalog } from '../../../src/site/calculator-data.ts';
import type * as Scheduler from '../../../src/vram/ggml/scheduler.ts';
import { atOnce, DEFAULT_SETTINGS, estimateLlamaCpp, formatBytes, overheadOf } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

/** Devices of every graph that was planned. */
const { planned } = vi.hoisted(() => ({ planned: [] as number[] }));

vi.mock('../../../src/vram/ggml/scheduler.ts', async (original) => {
  const scheduler = await original<typeof Scheduler>();
  const planGraph: typeof Scheduler.planGraph = (graph, placing, marked) => {
    planned.push(placing.devices);
    return scheduler.planGraph(graph, placing, marked);
  };
  return { ...scheduler, planGraph };
});

const data = JSON.parse(JSON.stringify(calculatorCatalog(catalog))) as CalculatorData;

test.each([
  ['deepseek-v4-pro', 8],
  ['kimi-k3', 13],
  ['gpt-oss-120b', 2],
])('the figures of %s do not wait until %i devices are planned', (id, devices) => {
  const model = data.models.find((own) => own.id === id);
  if (!model) throw new Error(`no model ${id}`);
  const state = {
    ...firstState(data),
    model: id,
    quant: 'q4-k-m',
    context: 20_000,
    kType: 'q8_0',
    vType: 'q8_0',
    gpu: 'h200-sxm',
    devices,
  };
  planned.length = 0;
  const { rows, placed, largestContext } = computeAnswer(data, state);
  expect(new Set(planned)).toEqual(new Set([1]));

  planned.length = 0;
  const { fit, headroom } = placed();
  expect(planned).toEqual([devices]);
  expect(atOnce(largestContext())).toMatch(/ tokens/);

  const settings = { ...DEFAULT_SETTINGS, context: 20_000, kType: 'q8_0', vType: 'q8_0' } as const;
  const file = { mtpInFile: model.mtpInFile === true };
  const whole = estimateLlamaCpp(model.architecture, 'Q4_K_M', settings, file).device;
  const split = estimateLlamaCpp(model.architecture, 'Q4_K_M', { ...settings, devices }, file);
  expect(rows.needs.bytes).toBe(whole.total);
  const gpu = data.devices.find((own) => own.id === state.gpu);
  if (!gpu) throw new Error(`no device ${state.gpu}`);
  const room = gpu.usableBytes - overheadOf(gpu);
  const fullest = Math.max(...split.perDevice.map(({ total }) => total));
  expect(fit).toBe('fits');
  expect(headroom).toBe(`${formatBytes(room - fullest)} free each`);
});

test('the largest context is found in steps that plan little', () => {
  const state = { ...firstState(data), model: 'llama-4-scout', quant: 'q4-k-m', gpu: 'h200-sxm', context: 20_000 };
  const answer = computeAnswer(data, { ...state, devices: 8, experts: 10, kType: 'q5_0' });
  answer.placed();
  const tries = answer.largestContext();
  const plans: number[] = [];
  let step: IteratorResult<unknown, string>;
  do {
    planned.length = 0;
    step = tries.next();
    plans.push(planned.length);
  } while (!step.done);
  expect(step.value).toMatch(/ tokens/);
  expect(plans.length).toBeGreaterThan(2);
  // One of a single device, one of all.
  expect(Math.max(...plans)).toBeLessThanOrEqual(2);
});

/** What is planned for a whole answer. */
function plannedFor(state: CalculatorState): number[] {
  planned.length = 0;
  const { placed, largestContext } = computeAnswer(data, state);
  placed();
  atOnce(largestContext());
  return [...planned];
}

test('settings of one plan are answered without another', () => {
  const state = { ...firstState(data), model: 'qwen3-30b-a3b', quant: 'q4-k-m', gpu: 'rtx-4090', context: 32_768 };
  expect(plannedFor({ ...state, devices: 3 })).toContain(3);
  for (const change of [{ quant: 'q5-k-m' }, { gpu: 'rtx-3090' }, { context: 16_384 }, { reserve: 900 }]) {
    const changed = { ...state, devices: 3, ...change };
    expect(planKeyOf(changed)).toBe(planKeyOf({ ...state, devices: 3 }));
    expect(plannedFor(changed), JSON.stringify(change)).toEqual([]);
  }
  plannedFor({ ...state, experts: 8 });
  for (const change of [{ kType: 'q8_0' }, { sequences: 2 }, { microBatch: 256 }, { devices: 2 }, { experts: 9 }]) {
    expect(planKeyOf({ ...state, ...change })).not.toBe(planKeyOf(state));
    expect(plannedFor({ ...state, ...change }).length, JSON.stringify(change)).toBeGreaterThan(0);
  }
});
