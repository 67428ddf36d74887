import { describe, expect, it } from 'vitest';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import { tierFor } from '../../../src/scenarios/facts.ts';
import {
  hardwareGroups,
  hardwareIntro,
  hardwareTables,
  orWithExpertsInRam,
  partlyInRamText,
  tightText,
} from '../../../src/scenarios/hardware.ts';
import { computeScenario } from '../../../src/scenarios/scenario.ts';
import { overheadOf } from '../../../src/vram/index.ts';
import { catalog, factsAt, keyOf } from './catalog.ts';

const devices = devicesOf(catalog);
const labels = (path: string): readonly string[] =>
  hardwareGroups(factsAt(path)).flatMap(({ rows }) => rows.map(({ label }) => label));

describe('devices of the catalogue', () => {
  it('are released and run llama.cpp', () => {
    expect(devices.all.every(({ gpu }) => gpu.released)).toBe(true);
    expect(new Set(devices.all.map(({ device }) => device.vendor))).toEqual(
      new Set(['nvidia', 'amd', 'intel', 'apple']),
    );
    expect(devices.all.length).toBeGreaterThan(150);
  });

  it('have every device that pages name by id', () => {
    expect(devices.reference.consumer).toHaveLength(11);
    expect(devices.reference.professional).toHaveLength(14);
    expect(devices.reference.unified).toHaveLength(11);
    expect(devices.nodes).toHaveLength(6);
    expect(devices.multi).toHaveLength(6);
    expect(devices.asked).toHaveLength(6);
    expect(devices.usual).toHaveLength(4);
    expect(devices.plotted).toHaveLength(12);
    expect(devices.compared).toHaveLength(5);
    for (const role of ['bestKnown', 'askedNode', 'countedIn'] as const) expect(devices[role], role).toBeDefined();
  });

  it('calls no laptop and no Mac a card', () => {
    expect(
      devices.cards.some(({ gpu }) => gpu.class === 'laptop' || gpu.class === 'apple' || gpu.class === 'unified'),
    ).toBe(false);
  });
});

describe('the smallest device that holds an amount', () => {
  it.each([
    [5e9, 6],
    [20e9, 20],
    [24e9, 24],
    [60e9, 64],
    [210e9, 256],
  ])('%d bytes', (bytes, memoryGB) => {
    const tier = tierFor(devices.cards, bytes);
    expect(tier?.memoryGB).toBe(memoryGB);
    for (const { device } of tier?.devices ?? [])
      expect(device.usableBytes - overheadOf(device)).toBeGreaterThanOrEqual(bytes);
    const smaller = devices.cards.filter(({ gpu }) => gpu.memoryGB < memoryGB);
    for (const { device } of smaller) expect(device.usableBytes - overheadOf(device)).toBeLessThan(bytes);
  });

  it('is none where none is large enough', () => {
    expect(tierFor(devices.cards, 1e12)).toBeUndefined();
  });

  it('is a desktop card where one of that size is', () => {
    expect(tierFor(devices.cards, 20e9)?.devices[0]?.kind).toBe('consumer');
  });
});

describe('hardware of a scenario page', () => {
  it('shows cards on both sides of the boundary', () => {
    const rows = hardwareGroups(factsAt('qwen3-6-27b/q4-k-m/32k'))[0]?.rows ?? [];
    expect(rows.map(({ fit }) => fit)).toEqual(['no', 'no', 'fits', 'fits', 'fits']);
    expect(rows.map(({ label }) => label)).toContain('RX 7900 XT');
  });

  it('keeps to about 12 to 18 devices', () => {
    for (const path of [
      'llama-3-1-8b/q4-k-m/8k',
      'qwen3-6-27b/q4-k-m/32k',
      'gpt-oss-120b/mxfp4-moe/128k',
      'deepseek-v4-pro/q4-k-m/1m',
      'glm-5-3/iq4-xs/512k',
    ]) {
      expect(labels(path).length, path).toBeGreaterThanOrEqual(12);
      expect(labels(path).length, path).toBeLessThanOrEqual(18);
    }
  });

  it('names the pair of desktop cards that replaces a datacenter card', () => {
    expect(labels('llama-3-1-70b/q4-k-m/8k')).toEqual(expect.arrayContaining(['2 x RTX 3090', '2 x RTX 4090', 'L40S']));
    expect(hardwareIntro(factsAt('llama-3-1-70b/q4-k-m/8k'))).toContain('2 x RTX 3090');
  });

  it('does not list desktop cards that are hopelessly small', () => {
    expect(labels('deepseek-v4-pro/q4-k-m/1m').some((label) => label.startsWith('RTX'))).toBe(false);
  });

  it('says first how a desktop card runs a mixture of experts that none holds', () => {
    const facts = factsAt('gpt-oss-120b/mxfp4-moe/8k');
    expect(orWithExpertsInRam(facts)).toMatch(
      /^ With the experts of the first 2\d of 36 layers in RAM \(4\d\.\d GB\) one RTX 4090 \(24 GB\) runs it\.$/,
    );
    expect(partlyInRamText(facts)).toMatch(/^On an RTX 4090 keep the experts of the first 2\d of 36 layers in RAM/);
    expect(orWithExpertsInRam(factsAt('qwen3-30b-a3b/q4-k-m/8k'))).toBe('');
    expect(orWithExpertsInRam(factsAt('llama-3-3-70b/q4-k-m/8k'))).toBe('');
  });

  it('says what tight means where a row is', () => {
    expect(tightText(hardwareGroups(factsAt('nemotron-3-super-120b-a12b/q5-k-m/512k')))).toContain('Needs fits');
    expect(tightText(hardwareGroups(factsAt('llama-3-1-8b/q3-k-l/16k')))).toBe('');
  });

  it('calls the maximum of a model what its pages call it', () => {
    const [own] =
      hardwareGroups(factsAt('qwen3-5-27b/q4-k-m/1010000'))
        .find(({ title }) => /workstation or datacenter GPU/.test(title))
        ?.rows.filter(({ fit }) => fit === 'fits') ?? [];
    expect(own?.largestContext).toBe('1,010,000');
  });

  it('is complete on hubs', () => {
    const rows = hardwareTables(computeScenario(catalog, keyOf('llama-3-1-8b/q4-k-m/8k')), catalog).flatMap(
      (group) => group.rows,
    );
    expect(rows).toHaveLength(devices.cards.length + devices.unified.length);
    expect(new Set(rows.map(({ device }) => device.href)).size).toBe(rows.length);
  });
});

describe('what stays in RAM', () => {
  it('is named where it keeps a machine with unified memory from holding the scenario', () => {
    const [, gigabytes] =
      /On a machine with unified memory the ([\d.]+) GB that stay in RAM count too\./.exec(
        hardwareIntro(factsAt('gemma-4-e4b/bf16/8k')),
      ) ?? [];
    // 262,144 rows of 42 x 256 elements for the layers beside the 2,560 of the embedding, two bytes each, and a small buffer.
    expect(Number(gigabytes)).toBeCloseTo((262_144 * (42 * 256 + 2560) * 2) / 1e9, 0);
    expect(hardwareIntro(factsAt('qwen3-8-27b/q4-k-m/8k'))).not.toContain('count too');
  });
});
