import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp, formatGB, schemeOf } from '../../src/vram/index.ts';
import { GOLDEN_PATH } from '../support/site.ts';
import { openSite, type Site } from '../support/visit.ts';

/** So low that the calculator is below the first screen. */
const LOW_SCREEN = { viewport: { width: 390, height: 300 } };

describe('the golden page in a browser', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  test('shows its figures: the rule of thumb, and what llama.cpp allocates', async () => {
    const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../..'));
    const architecture = catalog.byId.models.get('deepseek-v4-pro')?.architecture;
    if (architecture === undefined) throw new Error('deepseek-v4-pro has no architecture');
    const { device } = estimateLlamaCpp(architecture, schemeOf('Q4_K_M'), { ...DEFAULT_SETTINGS, context: 1048576 });
    const { page, complaints } = await site.visit(GOLDEN_PATH);
    // biome-ignore lint/performance/useDomNodeTextContent: text that nobody sees does not count
    const text = await page.innerText('main');
    for (const figure of [
      '1012 GB',
      '896 GB',
      '24.2 GB',
      '92.0 GB',
      formatGB(device.total),
      formatGB(device.weights),
      formatGB(device.kvCache),
    ]) {
      expect(text).toContain(figure);
    }
    expect(await page.title()).toContain('DeepSeek V4 Pro');
    expect(complaints).toEqual([]);
  });

  test('loads the calculator when it comes into view, and no script before', async () => {
    const { page, requests, complaints } = await site.visit(GOLDEN_PATH, LOW_SCREEN);
    await page.waitForLoadState('networkidle');
    expect(requests).toEqual([]);
    await page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await page.locator('vram-calculator[data-ready]').waitFor();
    expect(requests).toContain('/api/v1/calculator.json');
    expect(complaints).toEqual([]);
  });

  test("can be read without JavaScript: the answer, the calculator's figures, no dead controls", async () => {
    const { page } = await site.visit(GOLDEN_PATH, { javaScriptEnabled: false });
    const main = await page.locator('main').textContent();
    expect(main).toContain('1012 GB');
    const calculator = page.locator('vram-calculator');
    expect(await calculator.locator('[data-part="plan-for"]').textContent()).toContain('1012 GB');
    expect(await calculator.locator(':is(select, input, button):enabled').count()).toBe(0);
    expect(await calculator.locator('noscript').count()).toBe(1);
  });
});
