/** What must hold whatever the settings. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, EstimateError, estimateLlamaCpp, type Settings } from '../../../src/vram/index.ts';
import { planned, plannedModel } from './weights-fixtures.ts';

const models = fc.constantFrom(...Object.keys(planned));
const contexts = fc.integer({ min: 1, max: 262_144 });
const settings = fc.record({
  context: contexts,
  kType: fc.constantFrom('f16', 'q8_0', 'q4_0'),
  microBatch: fc.constantFrom(64, 512, 2048),
  outputs: fc.constantFrom(1, 512),
  sequences: fc.constantFrom(1, 2, 4),
  devices: fc.integer({ min: 1, max: 4 }),
});
/** One setting with another value. */
const change: fc.Arbitrary<Partial<Settings>> = fc.oneof(
  fc.record({ context: contexts }),
  fc.record({ kType: fc.constantFrom('f16', 'q8_0', 'q4_0') }),
  fc.record({ microBatch: fc.constantFrom(64, 512, 2048) }),
  fc.record({ outputs: fc.constantFrom(1, 512) }),
  fc.record({ sequences: fc.constantFrom(1, 2, 4) }),
  fc.record({ devices: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ flashAttention: fc.constantFrom('on', 'off') }),
  fc.record({ gpuLayers: fc.integer({ min: 0, max: 30 }) }),
  fc.record({ cpuMoeLayers: fc.integer({ min: 1, max: 30 }) }),
);

function estimate(model: string, changes: Partial<Settings>, architecture = plannedModel(model)) {
  const type = changes.kType ?? 'f16';
  return estimateLlamaCpp(architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, ...changes, kType: type, vType: type });
}

/** The answer, `undefined` where llama.cpp refuses the settings. */
function answer(model: string, changes: Partial<Settings>, architecture = plannedModel(model)) {
  try {
    return estimate(model, changes, architecture);
  } catch (error) {
    if (error instanceof EstimateError && error.code === 'refused-by-engine') return undefined;
    throw error;
  }
}

describe('estimates', () => {
  test('every amount is a whole number of bytes, and parts make the sum', () => {
    fc.assert(
      fc.property(models, settings, (model, changes) => {
        const result = answer(model, changes);
        if (!result) return;
        for (const device of [result.device, ...result.perDevice]) {
          const { weights, kvCache, state, compute, total } = device;
          for (const part of [weights, kvCache, state, compute]) {
            expect(Number.isSafeInteger(part) && part >= 0).toBe(true);
          }
          expect(total).toBe(weights + kvCache + state + compute);
        }
        expect(result.perDevice).toHaveLength(changes.devices);
        expect(Number.isSafeInteger(result.host.compute)).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  test('cache and state never shrink with the context or the sequences', () => {
    fc.assert(
      fc.property(models, contexts, contexts, fc.integer({ min: 1, max: 8 }), (model, one, other, sequences) => {
        const [shorter, longer] = one < other ? [one, other] : [other, one];
        const less = estimate(model, { context: shorter }).device;
        const more = estimate(model, { context: longer }).device;
        expect(more.kvCache).toBeGreaterThanOrEqual(less.kvCache);
        expect(more.state).toBe(less.state);
        const many = estimate(model, { context: shorter, sequences }).device;
        expect(many.kvCache).toBeGreaterThanOrEqual(less.kvCache);
        expect(many.state).toBeGreaterThanOrEqual(less.state);
      }),
      { numRuns: 80 },
    );
  });

  test('four times the context needs more', () => {
    fc.assert(
      fc.property(models, fc.integer({ min: 2048, max: 65_536 }), (model, context) => {
        const total = (tokens: number): number => estimate(model, { context: tokens }).device.total;
        expect(total(4 * context)).toBeGreaterThan(total(context));
      }),
      { numRuns: 60 },
    );
  });

  test('several devices need no less than one, each of them less', () => {
    fc.assert(
      fc.property(models, fc.integer({ min: 2, max: 8 }), (model, devices) => {
        const one = estimate(model, {}).device;
        const split = estimate(model, { devices });
        expect(split.device.total).toBeGreaterThan(one.total);
        expect(split.device.weights).toBeGreaterThanOrEqual(one.weights);
        expect(split.device.kvCache).toBe(one.kvCache);
        for (const device of split.perDevice) expect(device.total).toBeLessThan(one.total);
      }),
      { numRuns: 60 },
    );
  });

  test('layers left in RAM leave the device', () => {
    fc.assert(
      fc.property(models, fc.integer({ min: 0, max: 100 }), (model, share) => {
        const { layers } = plannedModel(model);
        const gpuLayers = Math.floor((layers * share) / 100);
        const part = estimate(model, { gpuLayers });
        const whole = estimate(model, {});
        expect(part.device.weights).toBeLessThan(whole.device.weights);
        expect(part.device.kvCache + part.device.state + part.host.kvCache).toBe(
          whole.device.kvCache + whole.device.state,
        );
        expect(part.host.weights).toBeGreaterThan(whole.host.weights);
      }),
      { numRuns: 40 },
    );
  });

  test('an answer does not depend on what was asked before', () => {
    fc.assert(
      fc.property(models, settings, change, (model, before, changed) => {
        // What is kept from question to question is kept by architecture: a copy has none of it.
        const asked = structuredClone(plannedModel(model));
        answer(model, before, asked);
        const after = { ...before, ...changed };
        expect(answer(model, after, asked)).toEqual(answer(model, after, structuredClone(plannedModel(model))));
        expect(asked).toEqual(plannedModel(model));
      }),
      { numRuns: 150 },
    );
  });
});
