/**
 * The site by keyboard alone. Counted are presses of keys that act: Tab, Enter, "/", arrows. Text that names the model
 * is the question itself and is not counted letter by letter, but for the test that says so.
 */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { modelAtQuant } from '../../src/scenarios/scenario.ts';
import { openSite, type Site } from '../support/visit.ts';

const MOST_PRESSES = 12;
const ANSWER = /^Qwen3\.5 27B at Q4_K_M with 8K tokens of context needs [\d.]+\sGB/;
const MODEL_PAGE = '**/models/qwen3-5-27b/';

/** Counts what is pressed. */
class Keyboard {
  presses = 0;
  readonly #page: Page;
  constructor(page: Page) {
    this.#page = page;
  }

  async press(key: string): Promise<void> {
    this.presses += 1;
    await this.#page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.#page.keyboard.type(text);
  }
}

describe('from the home page, by keyboard', () => {
  const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../..'));
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  async function atHome(): Promise<{ readonly page: Page; readonly keyboard: Keyboard }> {
    const { page } = await site.visit('/');
    await page.locator('vram-calculator[data-ready]').waitFor();
    return { page, keyboard: new Keyboard(page) };
  }

  /** Enter leads to the model's page, with its answer in the first screen. */
  async function expectAnswerTo(page: Page, keyboard: Keyboard): Promise<void> {
    await keyboard.press('Enter');
    await page.waitForURL(MODEL_PAGE);
    const answer = page.locator('main p').filter({ hasText: ANSWER }).first();
    await answer.waitFor();
    const box = await answer.boundingBox();
    expect((box?.y ?? Number.POSITIVE_INFINITY) + (box?.height ?? 0)).toBeLessThan(page.viewportSize()?.height ?? 0);
    expect(keyboard.presses).toBeLessThanOrEqual(MOST_PRESSES);
    await page.context().close();
  }

  test('search: "/", the question, Enter', async () => {
    const { page, keyboard } = await atHome();
    await keyboard.press('/');
    await page.locator('search form[data-ready]').waitFor();
    await keyboard.type('qwen3.5 27b');
    await expectAnswerTo(page, keyboard);
  });

  test('search with every letter counted', async () => {
    const { page, keyboard } = await atHome();
    await keyboard.press('/');
    await page.locator('search form[data-ready]').waitFor();
    for (const letter of '3.5 27b') await keyboard.press(letter === ' ' ? 'Space' : letter);
    await expectAnswerTo(page, keyboard);
  });

  test('search, reached by Tab instead of "/"', async () => {
    const { page, keyboard } = await atHome();
    const box = page.locator('search input');
    while (!(await box.evaluate((own) => own === document.activeElement))) await keyboard.press('Tab');
    await page.locator('search form[data-ready]').waitFor();
    await keyboard.type('qwen3.5 27b');
    await expectAnswerTo(page, keyboard);
  });

  test('calculator: past the navigation, to the model, its name', async () => {
    const { page, keyboard } = await atHome();
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    const model = page.locator('vram-calculator [name="m"]');
    expect(await model.evaluate((own) => own === document.activeElement)).toBe(true);
    await keyboard.type('Qwen3.5 27B');
    expect(await model.inputValue()).toBe('qwen3-5-27b');
    await expect.poll(() => page.evaluate(() => location.hash)).toContain('m=qwen3-5-27b&q=q4-k-m&c=8k');
    const needs = page.locator('vram-calculator [data-part="needs"] data');
    const { needsBytes } = modelAtQuant(catalog, 'qwen3-5-27b', 'q4-k-m').need(8192);
    await expect.poll(() => needs.getAttribute('value')).toBe(String(needsBytes));
    expect(keyboard.presses).toBeLessThanOrEqual(MOST_PRESSES);
    await page.context().close();
  });

  test('the skip link is the first stop, shows itself, and leads past the navigation', async () => {
    const { page, keyboard } = await atHome();
    const skip = page.getByRole('link', { name: 'Skip to the answer' });
    await keyboard.press('Tab');
    expect(await skip.evaluate((own) => own === document.activeElement)).toBe(true);
    const shown = await skip.boundingBox();
    expect(shown?.y).toBeGreaterThanOrEqual(0);
    expect(shown?.height).toBeGreaterThan(10);
    await keyboard.press('Enter');
    await keyboard.press('Tab');
    expect(await page.evaluate(() => document.querySelector('main')?.contains(document.activeElement))).toBe(true);
    await page.context().close();
  });

  test.each(['/', '/models/qwen3-5-27b/', '/gpus/rtx-4090/', '/calculator/'])(
    'every stop of the first screens of %s can be seen, in light and dark',
    async (path) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await site.visit(path, { colorScheme });
        const unseen: string[] = [];
        for (let stop = 0; stop < 25; stop++) {
          await page.keyboard.press('Tab');
          const problem = await page.evaluate(() => {
            const own = document.activeElement;
            if (!own || own === document.body) return undefined;
            const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(own);
            const { top, bottom, left, right } = own.getBoundingClientRect();
            const inView = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
            const marked = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
            const clear = outlineColor !== getComputedStyle(document.body).backgroundColor;
            return inView && marked && clear ? undefined : own.outerHTML.slice(0, 80);
          });
          if (problem !== undefined) unseen.push(problem);
        }
        expect(unseen).toEqual([]);
        await page.context().close();
      }
    },
  );
});
