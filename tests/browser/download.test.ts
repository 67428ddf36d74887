import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { scenarioPath } from '../../src/site/routes.ts';
import type { Architecture } from '../../src/vram/index.ts';
import { type BuiltSite, openSite as readSite } from '../support/site.ts';
import { openSite, type Site } from '../support/visit.ts';
import { compressedBytes } from '../support/weight.ts';

const SCRIPT_BUDGET_BYTES = 25_000;

/** What decides which code the estimator needs. */
function kindOf({ attention, residualStreams, perLayerEmbeddingSize }: Architecture): string {
  const linear = attention.kind === 'linear-hybrid' ? attention.linear.type : '';
  const indexed = 'indexer' in attention && attention.indexer !== undefined ? 'indexer' : '';
  return [attention.kind, linear, indexed, residualStreams ? 'streams' : '', perLayerEmbeddingSize ? 'per-layer' : '']
    .join(' ')
    .trim();
}

const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../..'));
const models = new Map(catalog.estimableModels.toReversed().map((model) => [kindOf(model.architecture), model.id]));

describe('JavaScript that a scenario page downloads when its calculator is used, compressed', () => {
  let site: Site;
  let files: BuiltSite;
  beforeAll(async () => {
    files = readSite('dist');
    site = await openSite();
  });
  afterAll(() => site.close());

  test.each([...models])('%s (%s)', async (_kind, model) => {
    const { page, requests, complaints } = await site.visit(scenarioPath(model, 'q4-k-m', '8k'));
    await page.locator('vram-calculator').scrollIntoViewIfNeeded();
    await page.locator('vram-calculator[data-ready]').waitFor();
    const expectFewScripts = (): void => {
      const scripts = new Set(requests.filter((path) => path.endsWith('.js')));
      const sizes = [...scripts].map((path) => [path, compressedBytes(files, path)] as const);
      const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
      expect(scripts.size).toBeGreaterThan(2);
      expect(total, sizes.map((size) => size.join(' ')).join('\n')).toBeLessThanOrEqual(SCRIPT_BUDGET_BYTES);
    };
    expectFewScripts();
    await page.getByText('More settings').click();
    await page.getByRole('combobox', { name: 'Quantization' }).selectOption('q8-0');
    await page.getByRole('combobox', { name: 'Type of K' }).selectOption('q8_0');
    await page.getByRole('spinbutton', { name: 'Number of devices' }).fill('3');
    await page.getByRole('combobox', { name: 'Context' }).fill('4k');
    // The address follows the answer.
    await expect.poll(() => page.evaluate(() => location.hash)).toMatch(/q=q8-0&c=4k&k=q8_0.*n=3/);
    await page.waitForLoadState('networkidle');
    expectFewScripts();
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
