import { describe, expect, it } from 'vitest';
import { modelPage, scenarioPage } from '../../../src/scenarios/pages.ts';
import { llmsText } from '../../../src/site/llms-text.ts';
import { lastModifiedByPath } from '../../../src/site/sitemap.ts';
import { catalog, keyOf } from '../scenarios/catalog.ts';

describe('dates of the sitemap', () => {
  const dates = lastModifiedByPath(catalog);

  it('are those the pages show', () => {
    for (const path of ['deepseek-v4-pro/q4-k-m/1m', 'llama-3-1-8b/q8-0/8k']) {
      const { meta } = scenarioPage(catalog, keyOf(path));
      expect(dates.get(meta.path)).toBe(meta.updated);
    }
    expect(dates.get('/models/llama-3-1-8b/')).toBeDefined();
    expect(dates.get('/models/')).toBeUndefined();
  });

  it('never lie after the newest record', () => {
    for (const date of dates.values()) expect(date <= catalog.updated).toBe(true);
    expect(modelPage(catalog, 'llama-3-1-8b').meta.updated <= catalog.updated).toBe(true);
  });
});

describe('llms.txt', () => {
  it('has a heading, absolute links and the two figures', () => {
    const text = llmsText(catalog, 'https://example.org');
    expect(text).toMatch(/^# VRAM Atlas\n/);
    expect(text).toContain('Needs is the sum of weights, KV cache, recurrent state and compute buffer');
    expect(text).toContain('Needs plus 5 %. GB is 10^9 bytes');
    expect(text).toContain('what fits 6 to 512 GB');
    for (const [, href = ''] of text.matchAll(/\]\(([^)]+)\)/g)) expect(href).toMatch(/^https:\/\/example\.org\//);
    expect([...text.matchAll(/\]\(/g)].length).toBeGreaterThan(40);
    expect(text).toContain('https://example.org/api/v1/schema.json');
  });
});
