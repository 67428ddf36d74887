import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp, type Settings, schemeOf } from '../../src/vram/index.ts';
import { GOLDEN_PATH } from '../support/site.ts';
import { openSite, type Site, type Visit } from '../support/visit.ts';

const PARTS = ['plan-for', 'needs', 'weights', 'kv-cache', 'state', 'compute'];

describe('the calculator', () => {
  const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../..'));
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  /** The estimator's own bytes, without the browser. */
  function needsOf(id: string, scheme: string, changes: Partial<Settings>): number {
    const model = catalog.byId.models.get(id);
    if (model?.architecture === undefined) throw new Error(`${id} has no architecture`);
    const settings = { ...DEFAULT_SETTINGS, ...changes };
    return estimateLlamaCpp(model.architecture, schemeOf(scheme), settings, { mtpInFile: model.mtpInFile === true })
      .device.total;
  }

  async function openCalculator(path: string): Promise<Visit> {
    const visit = await site.visit(path);
    await visit.page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await visit.page.locator('vram-calculator[data-ready]').waitFor();
    return visit;
  }

  async function bytesOf(page: Page, part: string): Promise<number> {
    return Number(await page.locator(`vram-calculator [data-part="${part}"] data`).getAttribute('value'));
  }

  async function figuresOf(page: Page): Promise<unknown> {
    const parts = await Promise.all(PARTS.map(async (part) => [part, await bytesOf(page, part)] as const));
    // biome-ignore lint/performance/useDomNodeTextContent: text that nobody sees does not count
    const text = await page.locator('vram-calculator .card').innerText();
    return { ...Object.fromEntries(parts), text };
  }

  test('starts with exactly what the page says', async () => {
    const plain = await site.visit(GOLDEN_PATH, { javaScriptEnabled: false });
    const live = await openCalculator(GOLDEN_PATH);
    expect(await figuresOf(live.page)).toEqual(await figuresOf(plain.page));
    expect(await bytesOf(live.page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q4_K_M', { context: 1048576 }));
    expect(live.complaints).toEqual([]);
  });

  test('follows quant, context, types and model to the byte', async () => {
    const { page, complaints } = await openCalculator(GOLDEN_PATH);
    await page.getByRole('combobox', { name: 'Quantization' }).selectOption({ label: 'Q8_0' });
    await page.getByRole('combobox', { name: 'Context' }).fill('32k');
    expect(await bytesOf(page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q8_0', { context: 32768 }));

    await page.getByRole('combobox', { name: 'Model' }).selectOption({ label: 'Llama 3.1 8B' });
    await page.getByText('More settings').click();
    await page.getByRole('combobox', { name: 'Type of K' }).selectOption('q8_0');
    await page.getByRole('combobox', { name: 'Type of V' }).selectOption('q4_0');
    await page.getByRole('spinbutton', { name: 'Parallel sequences' }).fill('4');
    await page.getByRole('spinbutton', { name: 'Micro-batch' }).fill('1024');
    const settings: Partial<Settings> = {
      context: 32768,
      kType: 'q8_0',
      vType: 'q4_0',
      sequences: 4,
      microBatch: 1024,
    };
    expect(await bytesOf(page, 'needs')).toBe(needsOf('llama-3-1-8b', 'Q8_0', settings));
    expect(complaints).toEqual([]);
  });

  test('the device and its number decide the fit', async () => {
    const { page } = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    const fit = page.locator('[data-part="fit-text"]');
    const context = page.locator('[data-part="largest-context"]');
    await page.getByRole('combobox', { name: 'Device' }).selectOption('rtx-3090');
    expect(await fit.textContent()).toBe('fits');
    expect(await context.textContent()).toContain('128K tokens, the maximum');
    await page.getByRole('combobox', { name: 'Quantization' }).selectOption({ label: 'BF16' });
    await page.getByRole('combobox', { name: 'Context' }).fill('128k');
    expect(await fit.textContent()).toBe('does not fit');
    await page.getByRole('spinbutton', { name: 'Number of devices' }).fill('2');
    expect(await fit.textContent()).toBe('fits');
  });

  test('says why the engine refuses, and recovers', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    await page.getByRole('combobox', { name: 'Model' }).selectOption('llama-3-1-8b');
    await page.getByText('More settings').click();
    await page.getByRole('combobox', { name: 'FlashAttention' }).selectOption('off');
    await page.getByRole('combobox', { name: 'Type of V' }).selectOption('q8_0');
    const error = page.locator('[data-part="error"]');
    expect(await error.textContent()).toContain('FlashAttention');
    expect(await page.locator('[data-part="answer"]').isVisible()).toBe(false);
    await page.getByRole('combobox', { name: 'FlashAttention' }).selectOption('auto');
    expect(await error.isVisible()).toBe(false);
    await page.getByRole('combobox', { name: 'Context' }).fill('many');
    expect(await error.textContent()).toContain('Context takes tokens');
  });

  test('a context beyond the next model is cut to its longest', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    await page.getByRole('combobox', { name: 'Model' }).selectOption('llama-3-1-8b');
    expect(await page.getByRole('combobox', { name: 'Context' }).inputValue()).toBe('128k');
    const needs = needsOf('llama-3-1-8b', 'Q4_K_M', { context: 131072 });
    // The graph of another family is loaded first.
    await expect.poll(() => bytesOf(page, 'needs')).toBe(needs);
  });

  test('its settings travel in the address; parts that make no sense are ignored', async () => {
    const first = await openCalculator(GOLDEN_PATH);
    await first.page.getByRole('combobox', { name: 'Quantization' }).selectOption({ label: 'Q5_K_M' });
    await first.page.getByRole('combobox', { name: 'Context' }).fill('20000');
    await first.page.getByRole('spinbutton', { name: 'Number of devices' }).fill('4');
    const hash = await first.page.evaluate(() => location.hash);
    expect(hash).toContain('c=20000');

    const shared = await openCalculator(`/models/llama-3-1-8b/q4-k-m/8k/${hash}`);
    expect(await figuresOf(shared.page)).toEqual(await figuresOf(first.page));

    const plain = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/');
    const spoiled = await openCalculator('/models/llama-3-1-8b/q4-k-m/8k/#m=nothing&q=<b>&c=-5&n=1e9&k=f17&g=');
    expect(await figuresOf(spoiled.page)).toEqual(await figuresOf(plain.page));
    expect(spoiled.complaints).toEqual([]);

    await first.page.getByRole('button', { name: 'Reset' }).click();
    expect(await first.page.evaluate(() => location.hash)).toBe('');
    expect(await bytesOf(first.page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q4_K_M', { context: 1048576 }));
  });

  test('works by keyboard alone', async () => {
    const { page } = await openCalculator(GOLDEN_PATH);
    const before = await bytesOf(page, 'needs');
    await page.getByRole('combobox', { name: 'Context' }).focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('8k');
    expect(await bytesOf(page, 'needs')).toBe(needsOf('deepseek-v4-pro', 'Q4_K_M', { context: 8192 }));
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('q');
    await page.keyboard.press('ArrowUp');
    expect(await bytesOf(page, 'needs')).not.toBe(before);
  });
});
