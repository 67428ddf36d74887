import { describe, expect, it } from 'vitest';
import { devicesOf, roomOf } from '../../../src/scenarios/devices.ts';
import { scenarioKeys } from '../../../src/scenarios/expand.ts';
import { modelPage, scenarioPage } from '../../../src/scenarios/pages.ts';
import { needOf } from '../../../src/scenarios/scenario.ts';
import type { ScenarioPage } from '../../../src/scenarios/views.ts';
import { modelApi } from '../../../src/site/api.ts';
import { headTags } from '../../../src/site/metadata.ts';
import { structuredData } from '../../../src/site/structured-data.ts';
import { contextLabel, formatBytes, overheadOf } from '../../../src/vram/index.ts';
import { catalog } from './catalog.ts';

const ORIGIN = 'https://example.org';
/** One of so many scenarios beside one of each model: primes, so that quants and contexts vary. */
const SAMPLE_STEP = 131;
const MODEL_STEP = 37;
const keys = scenarioKeys(catalog);
const ofEachModel = catalog.estimableModels.flatMap(({ id }, index) => {
  const own = keys.filter(({ model }) => model === id);
  return own[(index * MODEL_STEP) % own.length] ?? [];
});
const sample = [...new Set([...ofEachModel, ...keys.filter((_, index) => index % SAMPLE_STEP === 0)])];

const sampled = new Set(sample.map(({ model }) => model));
const apis = new Map(
  catalog.estimableModels
    .filter(({ id }) => sampled.has(id))
    .map((model) => [model.id, modelApi(catalog, model, ORIGIN)]),
);

/** Statements of a page that hold a figure: sentences, and cells with the head of their row. */
function factsIn(page: ScenarioPage): string[] {
  return [
    ...page.answer,
    ...page.parts.map(({ label, memory }) => `${label} ${memory.gb}`),
    ...page.cheaper,
    ...(page.plot.text ?? []),
    ...(page.plot.marks ?? []).map(({ label }) => label),
    page.ruleOfThumb.intro,
    ...page.ruleOfThumb.parts.map(({ label, memory }) => `${label} by rule of thumb ${memory.gb}`),
    page.hardware.intro,
    ...(page.hardware.expertsInRam?.text ?? []),
    ...page.commands.map(({ note }) => note ?? ''),
    ...(page.kvTypes?.rows ?? []).flatMap(({ type, ...cells }) =>
      Object.values(cells).map((cell) => `${type} ${cell}`),
    ),
    ...page.hardware.groups.flatMap(({ rows }) => rows.map(({ label, headroom }) => `${label} ${headroom}`)),
    ...page.calculation.map(({ term, result }) => `${term} ${result}`),
    ...page.verdict,
    ...page.faq.map(({ answer }) => answer),
  ].filter((text) => /\d/.test(text));
}

describe.each(sample)('$model $quant $context', (key) => {
  const page = scenarioPage(catalog, key);
  const { planFor, needs } = page;

  it('carries one Plan for and one Needs everywhere', () => {
    const head = headTags(page.meta, ORIGIN);
    expect(page.meta.title).toContain(planFor.gb);
    expect(head.title).toContain(planFor.gb);
    expect(page.meta.description).toContain(planFor.gb);
    expect(page.meta.description).toContain(needs.gb);
    expect(page.answer[0]).toContain(planFor.gb);
    expect(page.answer[0]).toContain(needs.gb);
    expect(page.calculator).toMatchObject({ planForMemory: planFor, needsMemory: needs });
    expect(page.calculation.find(({ term }) => term === 'Needs')?.result).toBe(needs.gb);
    expect(page.calculation.find(({ term }) => term === 'Plan for')?.result).toBe(planFor.gb);
    const entry = apis
      .get(key.model)
      ?.quants.find(({ quant }) => quant === key.quant)
      ?.scenarios.find(({ contextTokens }) => contextTokens === key.context);
    expect(entry).toMatchObject({
      planFor: planFor.gb,
      needs: needs.gb,
      planForBytes: planFor.bytes,
      needsBytes: needs.bytes,
    });
    expect(entry?.url).toBe(`${ORIGIN}${page.meta.path}`);
  });

  it('says the same amounts in plot, cache types, verdict, questions and commands', () => {
    expect(page.plot.marks?.[0]?.label).toContain(planFor.gb);
    const [whole] = page.kvTypes?.rows ?? [];
    if (whole) {
      expect(whole).toMatchObject({ needs: needs.gb, planFor: planFor.gb });
      const cache = page.parts.find(({ part }) => part === 'kv-cache')?.memory.bytes ?? 0;
      expect(whole.cache).toBe(formatBytes(cache));
    }
    const prose = [...page.verdict, ...page.faq.map(({ answer }) => answer), ...page.answer].join('\n');
    for (const [, amount] of prose.matchAll(/([\d.,]+ [GM]B) to plan for(?:; llama| exceeds| and)/g))
      expect(amount).toBe(planFor.gb);
    for (const [, amount] of prose.matchAll(/([\d.,]+ [GM]B) that llama\.cpp allocates/g))
      expect(amount).toBe(needs.gb);
    // MLX has no flag for the context: its cache grows with use, and the note says to what.
    for (const { command } of page.commands.filter(({ tool }) => !tool.startsWith('MLX'))) {
      const [, context] = /(?: -c |--context-length |--max-model-len |CONTEXT_LENGTH=)(\d+)/.exec(command) ?? [];
      expect(Number(context), command).toBe(key.context);
    }
  });

  it('answers for a device in its questions as in its table', () => {
    const rows = page.hardware.groups.flatMap(({ rows: own }) => own).filter(({ count }) => count === 1);
    for (const { question, answer } of page.faq) {
      const row = rows.find(({ label }) => new RegExp(`^(Can I run|Is an?) .*\\b${label}\\b`).test(question));
      if (!row) continue;
      expect(answer.startsWith('Yes.'), question).toBe(row.fit === 'fits');
      expect(answer.startsWith('Just about.'), question).toBe(row.fit === 'tight');
    }
  });

  it('says what none of its siblings says, a dozen times and more', () => {
    if (!page.meta.indexable) return;
    const siblings = keys.filter(
      ({ model, quant, context }) => model === key.model && (quant === key.quant) !== (context === key.context),
    );
    const shared = new Set(siblings.flatMap((own) => factsIn(scenarioPage(catalog, own))));
    expect(factsIn(page).filter((fact) => !shared.has(fact)).length).toBeGreaterThanOrEqual(12);
  });

  it('sums up: the parts are Needs', () => {
    expect(page.parts.reduce((sum, { memory }) => sum + memory.bytes, 0)).toBe(needs.bytes);
    expect(page.ruleOfThumb.parts.reduce((sum, { memory }) => sum + memory.bytes, 0)).toBe(
      page.ruleOfThumb.total.bytes,
    );
    expect(planFor.bytes).toBe(Math.max(page.ruleOfThumb.total.bytes, Math.ceil(needs.bytes * 1.05)));
  });

  it('has the same questions on the page and in its structured data', () => {
    expect(page.meta.questions).toBe(page.faq);
    const graph = structuredData(page, ORIGIN);
    const faq = JSON.stringify(graph['@graph']);
    for (const { answer } of page.faq) expect(faq).toContain(JSON.stringify(answer));
    expect(new Set(page.faq.map(({ question }) => question)).size).toBe(page.faq.length);
  });

  it('says "no single GPU" only where none in the catalogue fits', () => {
    const { cards } = devicesOf(catalog);
    const holding = cards.filter(({ device }) => device.usableBytes - overheadOf(device) >= planFor.bytes);
    const text = [page.answer.join(' '), page.hardware.intro].join(' ');
    expect(/No single (GPU|graphics card)|Not even sixteen/.test(text)).toBe(holding.length === 0);
    if (holding.length > 0) {
      const smallest = Math.min(...holding.map(({ gpu }) => gpu.memoryGB));
      const named = holding
        .filter(({ gpu }) => gpu.memoryGB === smallest)
        .some(({ gpu }) => page.hardware.intro.includes(gpu.shortName));
      expect(named, page.hardware.intro).toBe(true);
    }
  });

  it('marks every device by the two figures', () => {
    const { byId } = devicesOf(catalog);
    const { hostBytes } = needOf(catalog, key);
    for (const row of page.hardware.groups.flatMap(({ rows }) => rows)) {
      if (row.count > 1) continue;
      const own = byId.get(row.device.href.split('/')[2] ?? '');
      const room = own ? roomOf(own, hostBytes) : 0;
      expect(row.fit, row.label).toBe(room >= planFor.bytes ? 'fits' : room >= needs.bytes ? 'tight' : 'no');
      const left = room - needs.bytes;
      expect(row.headroom, row.label).toBe(`${formatBytes(Math.abs(left))} ${left < 0 ? 'short' : 'free'}`);
    }
  });

  it('fits on the calculator what the page says', () => {
    const { gpu, devices, fit } = page.calculator;
    const row = page.hardware.groups
      .flatMap(({ rows }) => rows)
      .find(({ device, count }) => device.href === `/gpus/${gpu}/` && count === devices);
    if (row) expect(row).toMatchObject({ fit, headroom: page.calculator.headroom });
    if (/holds it with/.test(page.answer.join(' '))) expect(fit).toBe('fits');
  });
});

describe('the hub of a model', () => {
  it.each(catalog.estimableModels.filter((_, index) => index % 9 === 0).map(({ id }) => id))(
    '%s says in its grid what the scenario pages say',
    (id) => {
      const hub = modelPage(catalog, id);
      const cells = hub.grid.rows.flatMap(({ cells: own }) => own).filter((cell) => cell !== null);
      for (const cell of cells.filter((_, index) => index % 17 === 0)) {
        const [, , model = '', quant = '', label = ''] = cell.href.split('/');
        const key = scenarioKeys(catalog).find(
          (own) => own.model === model && own.quant === quant && contextLabel(own.context) === label,
        );
        expect(key && scenarioPage(catalog, key).planFor.gb).toBe(`${cell.text} GB`);
      }
      expect(hub.meta.title).toContain(hub.calculator.planForMemory.gb);
      expect(hub.answer[0]).toContain(hub.calculator.planForMemory.gb);
    },
  );
});
