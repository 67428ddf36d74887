import { describe, expect, test } from 'vitest';
import { classAccuracies, errorText } from '../../../src/scenarios/accuracy.ts';
import { scenarioKeys } from '../../../src/scenarios/expand.ts';
import { memoryComparisons } from '../../../src/scenarios/measured-memory.ts';
import { accuracyPage, scenarioPage } from '../../../src/scenarios/pages.ts';
import { accuracyPath, modelPath, scenarioPath } from '../../../src/site/routes.ts';
import { contextLabel } from '../../../src/vram/index.ts';
import { catalog, keyOf } from './catalog.ts';

const page = accuracyPage(catalog);

describe('the accuracy page', () => {
  test('every compared run stands in one of the two tables, the largest error first', () => {
    const { misses, others } = page.memory;
    expect(misses.rows.length + others.rows.length).toBe(memoryComparisons(catalog).length);
    const errorOf = (row: (typeof misses.rows)[number]): number =>
      Math.max(
        ...row.cells.slice(0, 4).map((cell) => Math.abs(Number.parseFloat(cell?.text.replace('−', '-') ?? '0'))),
      );
    const errors = misses.rows.map(errorOf);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(Math.min(...errors)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...others.rows.map(errorOf))).toBeLessThanOrEqual(5);
  });

  test('runs link to pages that exist', () => {
    const paths = new Set([
      ...scenarioKeys(catalog).map(({ model, quant, context }) => scenarioPath(model, quant, contextLabel(context))),
      ...catalog.estimableModels.map(({ id }) => modelPath(id)),
    ]);
    const { memory, speed } = page;
    const heads = [memory.misses, memory.others, speed.misses].flatMap(({ rows }) => rows.map(({ head }) => head.href));
    expect(heads.filter((href) => !paths.has(href))).toEqual([]);
  });

  test('every kind of attention has a row, measured or not', () => {
    const rows = page.memory.classes.rows.map(({ head, cells }) => `${head.text}: ${cells[0]?.text ?? ''}`);
    expect(rows).toContain('Latent attention (MLA): not measured yet');
    expect(rows.filter((row) => row.startsWith('Sliding-window attention')).length).toBeGreaterThan(0);
  });

  test('says what the range promises', () => {
    expect(page.speed.intro.join(' ')).toContain('about three runs in four');
    expect(page.speed.classes.rows[0]?.head.text).toBe('Device left out of the fit');
  });
});

describe('the accuracy note of a scenario page', () => {
  test('gives the error of its own kind of attention, and links the page', () => {
    const { accuracy } = scenarioPage(catalog, keyOf('gemma-3-27b/q4-k-m/8k'));
    expect(accuracy.measured).toContain('sliding-window attention');
    expect(accuracy.measured).toMatch(/weights .* off/);
    expect(accuracy.link.href).toBe(accuracyPath());
  });

  test('says so where nothing is measured', () => {
    const { accuracy } = scenarioPage(catalog, keyOf('deepseek-v3-1/q4-k-m/8k'));
    expect(accuracy.measured).toBe('Models with latent attention (MLA): not measured yet.');
  });

  test('is computed once for all pages', () => {
    expect(classAccuracies(catalog)).toBe(classAccuracies(catalog));
  });
});

test.each([
  [0, 'under 0.05 %'],
  [0.0004, 'under 0.05 %'],
  [0.0026, '0.3 %'],
  [0.0344, '3.4 %'],
  [0.412, '41 %'],
])('an error of %d is "%s"', (share, text) => {
  expect(errorText(share)).toBe(text);
});
