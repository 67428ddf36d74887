import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GOLDEN_PATH, onePageOfEachKind, openSite as readSite } from '../support/site.ts';
import { openSite, type Site } from '../support/visit.ts';

const KINDS = onePageOfEachKind(readSite('dist'));
const NARROW = { viewport: { width: 320, height: 640 } };

describe('one page of each kind', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  test.each(KINDS)(
    '%s: no serious accessibility issue in either theme, no complaint of the browser (%s)',
    async (_kind, path) => {
      const { page, complaints } = await site.visit(path, { colorScheme: 'light' });
      const light = await new AxeBuilder({ page }).analyze();
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await new AxeBuilder({ page }).withRules(['color-contrast']).analyze();
      const serious = [...light.violations, ...dark.violations]
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(
          ({ id, nodes }) =>
            `${id}: ${nodes
              .map(({ target }) => target.join(' '))
              .slice(0, 3)
              .join(', ')}`,
        );
      expect(serious).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  test('an answer that is about to be replaced can be read in either theme', async () => {
    const { page } = await site.visit(GOLDEN_PATH, { colorScheme: 'light' });
    await page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await page.locator('vram-calculator[data-ready]').waitFor();
    const later = page.locator('vram-calculator .later');
    const colour = (): Promise<string> => later.evaluate((element) => getComputedStyle(element).color);
    const settled = await colour();
    await page.locator('vram-calculator [role="status"]').evaluate((element) => {
      element.ariaBusy = 'true';
    });
    await expect.poll(colour).not.toBe(settled);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const { passes, violations } = await new AxeBuilder({ page })
        .include('vram-calculator .later')
        .withRules(['color-contrast'])
        .analyze();
      expect(violations).toEqual([]);
      expect(passes).toHaveLength(1);
    }
    await page.context().close();
  });

  test.each(KINDS)('%s: nothing is wider than a screen of 320 px (%s)', async (_kind, path) => {
    const { page } = await site.visit(path, NARROW);
    const { overflow, widest } = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      widest: [...document.querySelectorAll('main *')]
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 5)
        .map((element) => `${element.tagName} ${element.className}`),
    }));
    expect(overflow, widest.join(', ')).toBe(0);
    await page.context().close();
  });

  test('the theme follows the system until the reader chooses one, which is remembered', async () => {
    const { page } = await site.visit('/', { colorScheme: 'light' });
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    expect(dark).not.toBe(light);

    const button = page.locator('[data-theme-switch]');
    await button.click();
    await expect.poll(background).toBe(light);
    await button.click();
    await expect.poll(background).toBe(dark);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await background()).toBe(dark);
    await page.reload();
    expect(await background()).toBe(dark);
    await expect.poll(() => button.textContent()).toBe('Theme: dark');
    await button.click();
    await expect.poll(background).toBe(light);
  });

  test('a command is copied by the first click, without any script before it', async () => {
    const { page, requests } = await site.visit(GOLDEN_PATH, { permissions: ['clipboard-read', 'clipboard-write'] });
    const figure = page.locator('figure.cmd').first();
    expect(requests).toEqual([]);
    await figure.getByRole('button', { name: 'Copy' }).click();
    await expect.poll(() => figure.getByRole('button').textContent()).toBe('Copied');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toBe(await figure.locator('pre').textContent());
    expect(copied).toContain('-c 1048576');
    await page.context().close();
  });

  test('a link with settings, opened on the page itself, makes the calculator answer out of sight', async () => {
    const { page } = await site.visit('/models/qwen3-8b/q4-k-m/8k/', { viewport: { width: 800, height: 300 } });
    await page.evaluate(() => {
      location.hash = '#q=q8-0';
    });
    await expect.poll(() => page.getByRole('combobox', { name: 'Quantization' }).inputValue()).toBe('q8-0');
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.context().close();
  });
});
