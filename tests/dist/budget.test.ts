import { beforeAll, describe, expect, test } from 'vitest';
import { type BuiltPage, type BuiltSite, fileOf, GOLDEN_PATH, openSite, pageFiles, readPage } from '../support/site.ts';
import { compressedBytes, scriptsOf, styleSheetsOf } from '../support/weight.ts';

const KB = 1000;
const PAGE_BUDGET_BYTES = 14 * KB;
const EVERY = 50;

describe('what a visitor of a scenario page downloads, compressed, before the calculator is seen', () => {
  let site: BuiltSite;
  let sample: BuiltPage[];
  beforeAll(() => {
    site = openSite('dist');
    const scenarios = pageFiles(site).filter((file) => /^\/models\/[^/]+\/[^/]+\/[^/]+\/index\.html$/.test(file));
    sample = scenarios
      .filter((file, index) => index % EVERY === 0 || file === fileOf(GOLDEN_PATH))
      .map((file) => readPage(site, file));
    expect(sample.length).toBeGreaterThanOrEqual(scenarios.length / EVERY);
    expect(sample.length).toBeGreaterThan(100);
  });

  test('HTML and CSS', () => {
    const tooHeavy = sample.flatMap((page) => {
      const files = [fileOf(page.path), ...styleSheetsOf(page, site)];
      const bytes = files.reduce((sum, file) => sum + compressedBytes(site, file), 0);
      return bytes > PAGE_BUDGET_BYTES ? [`${page.path}: ${bytes} bytes`] : [];
    });
    expect(tooHeavy).toEqual([]);
  });

  test('no file of JavaScript', () => {
    expect(sample.flatMap((page) => scriptsOf(page, site))).toEqual([]);
  });
});
