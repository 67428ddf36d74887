import { beforeAll, describe, expect, test } from 'vitest';
import { type BuiltSite, fileOf, GOLDEN_PATH, openSite, pageFiles, readPage } from '../support/site.ts';
import { compressedBytes, scriptsOf, styleSheetsOf } from '../support/weight.ts';

const KB = 1000;
const PAGE_BUDGET_BYTES = 14 * KB;
/** A loader, the theme switch and the like. */
const EAGER_SCRIPT_BUDGET_BYTES = 2 * KB;
const EVERY = 50;

describe('what a visitor downloads, compressed', () => {
  let site: BuiltSite;
  beforeAll(() => {
    site = openSite('dist');
  });

  test('HTML and CSS of a scenario page', () => {
    const scenarios = pageFiles(site).filter((file) => /^\/models\/[^/]+\/[^/]+\/[^/]+\/index\.html$/.test(file));
    const sample = scenarios.filter((file, index) => index % EVERY === 0 || file === fileOf(GOLDEN_PATH));
    const tooHeavy = sample.flatMap((file) => {
      const page = readPage(site, file);
      const bytes = [file, ...styleSheetsOf(page, site)].reduce((sum, path) => sum + compressedBytes(site, path), 0);
      return bytes > PAGE_BUDGET_BYTES ? [`${page.path}: ${bytes} bytes`] : [];
    });
    expect(sample.length).toBeGreaterThanOrEqual(scenarios.length / EVERY);
    expect(tooHeavy).toEqual([]);
  });

  test('JavaScript before the calculator is seen', () => {
    const page = readPage(site, fileOf(GOLDEN_PATH));
    const eager = scriptsOf(page, site);
    const bytes = eager.reduce((sum, path) => sum + compressedBytes(site, path), 0);
    expect(eager.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(EAGER_SCRIPT_BUDGET_BYTES);
  });
});
