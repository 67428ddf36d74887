import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type Site } from '../support/visit.ts';

const BOX = 'search input';

describe('the search box', () => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site.close());

  test('loads nothing before it is touched; "/" moves into it, Enter goes to the page that the query names', async () => {
    const { page, requests, complaints } = await site.visit('/about/');
    const before = requests.length;
    expect(requests.some((path) => path.endsWith('.json'))).toBe(false);
    await page.keyboard.press('/');
    await page.locator('search form[data-ready]').waitFor();
    expect(requests.length).toBeGreaterThan(before);
    await page.keyboard.type('v4 pro q4 1m');
    expect(await page.locator(BOX).inputValue()).toBe('v4 pro q4 1m');
    const offers = await page
      .locator('#search-offers option')
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
    expect(offers[0]).toBe('DeepSeek V4 Pro, Q4_K_M, 1M context');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/models/deepseek-v4-pro/q4-k-m/1m/');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('where its script cannot be loaded, the next touch tries again', async () => {
    const { page } = await site.visit('/about/');
    await page.route('**/_astro/search.*', (route) => route.abort());
    const failed = page.waitForEvent('requestfailed');
    await page.locator(BOX).focus();
    await failed;
    expect(await page.locator('search form[data-ready]').count()).toBe(0);
    await page.unroute('**/_astro/search.*');
    await page.locator(BOX).blur();
    await page.locator(BOX).focus();
    await page.locator('search form[data-ready]').waitFor();
    await page.context().close();
  });

  test('a query that names no page shows results', async () => {
    const { page, complaints } = await site.visit('/search/?q=deepsek');
    await page.locator('[data-search-results] a').first().waitFor();
    expect(await page.locator('[data-search-results] a').first().textContent()).toContain('DeepSeek');
    expect(await page.locator('[data-search-results] h2').textContent()).toBe('Pages for "deepsek"');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('a query that nothing is called by leads to the lists', async () => {
    const { page } = await site.visit('/search/?q=zzzz');
    await page.locator('[data-search-results] h2').waitFor();
    const text = await page.locator('[data-search-results]').textContent();
    expect(text).toBe('Nothing is called "zzzz"Every page is in the lists below.');
    await page.context().close();
  });

  test('text in a query stays text', async () => {
    const { page } = await site.visit('/search/?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E');
    await page.locator('[data-search-results] h2').waitFor();
    expect(await page.locator('[data-search-results] img').count()).toBe(0);
    await page.context().close();
  });

  test('without JavaScript the form leads to the page of all hubs', async () => {
    const { page } = await site.visit('/about/', { javaScriptEnabled: false });
    await page.locator(BOX).fill('qwen');
    await page.locator(BOX).press('Enter');
    await page.waitForURL('**/search/?q=qwen');
    expect(await page.locator('main a[href^="/models/"]').count()).toBeGreaterThan(5);
    await page.context().close();
  });
});
