import { describe, expect, it } from 'vitest';
import { scenarioPage } from '../../../src/scenarios/pages.ts';
import { structuredData } from '../../../src/site/structured-data.ts';
import { catalog, keyOf } from './catalog.ts';

/**
 * DeepSeek V4 Pro at Q4_K_M with 1M tokens. The rule of thumb's figures and device counts are those that circulate for it
 * (techcompare.app); cache and weights are what llama.cpp allocates by its own source.
 */
const page = scenarioPage(catalog, keyOf('deepseek-v4-pro/q4-k-m/1m'));
const part = (name: string) => page.parts.find((own) => own.part === name)?.memory;

describe('the golden page', () => {
  it('plans for 1012 GB, by the rule of thumb', () => {
    expect(page.planFor.gb).toBe('1012 GB');
    expect(page.ruleOfThumb.total.gb).toBe('1012 GB');
    expect(page.ruleOfThumb.parts.map(({ memory }) => memory.gb)).toEqual(['896 GB', '24.2 GB', '92.0 GB']);
  });

  it('shows the formulas behind those figures', () => {
    const [weights, cache, overhead] = page.ruleOfThumb.parts.map(({ detail }) => detail);
    expect(weights).toBe('1.6T parameters x 0.56 bytes');
    expect(cache).toBe('80 layers x 2 x 1 x 288 x 2 bytes x 1,048,576 tokens x 0.25');
    expect(overhead).toBe('10 % of both');
  });

  it('needs what llama.cpp allocates: about 963 GB', () => {
    expect(part('weights')?.gb).toBe('951 GB');
    // 2 B x (61 x 512 x 768 + 30 x 640 x 262,144 + 31 x 512 x 8,192) + 4 B x (30 x 20,480 + 31 x 131,072)
    expect(part('kv-cache')?.bytes).toBe(
      2 * (61 * 512 * 768 + 30 * 640 * 262_144 + 31 * 512 * 8192) + 4 * (30 * 20_480 + 31 * 131_072),
    );
    expect(part('kv-cache')?.gb).toBe('10.4 GB');
    expect(part('compute')?.bytes).toBeGreaterThan(1e9);
    expect(part('compute')?.bytes).toBeLessThan(3.5e9);
    expect(page.needs.bytes / 1e9).toBeCloseTo(963, -0.5);
  });

  it('says that no single GPU holds it, and how many do', () => {
    expect(page.answer.join(' ')).toContain('No single GPU holds it: it takes 13 x H100 80GB or 8 x H200 141GB.');
    expect(page.hardware.intro).toMatch(/^No single GPU of the \d+ in the catalogue holds 1012 GB\./);
    expect(page.meta.description).toContain('13 x H100 80GB or 8 x H200 141GB');
    expect(page.verdict[0]).toContain('13 x H100 80GB (2 servers) or 8 x H200 141GB (one full server)');
    const several = page.hardware.groups
      .flatMap(({ rows }) => rows)
      .filter(({ count, fit }) => count > 1 && fit === 'fits');
    expect(several.map(({ label }) => label)).toEqual(expect.arrayContaining(['13 x H100 80GB', '8 x H200 141GB']));
  });

  it('runs on the set within one server', () => {
    const command = page.commands.find(({ tool }) => tool === 'llama-server, 8 x H200 141GB')?.command ?? '';
    expect(command).toContain('-c 1048576');
  });

  it('answers whether eight H100 do', () => {
    const answer = page.faq.find(({ question }) => question.includes('8 x H100'))?.answer;
    expect(answer).toMatch(/^No\. 1012 GB to plan for exceeds the 640 GB of eight 80 GB cards\./);
  });

  it('says what experts in RAM take', () => {
    const text = page.hardware.expertsInRam?.text.join(' ') ?? '';
    expect(text).toMatch(
      /--cpu-moe\), about (2|3|4)\d\.\d GB stay on the GPU, .* included, and 9[34]\d GB move to RAM/,
    );
  });

  it('explains the compressed cache', () => {
    expect(page.cacheNote?.title).toBe('A compressed cache: CSA and HCA');
    expect(page.cacheNote?.text.join(' ')).toContain('30 layers keep one row for every 4 tokens');
    expect(page.cacheNote?.text.join(' ')).toContain('31 keep one for every 128');
    expect(page.cacheNote?.text.join(' ')).toContain('24.2 GB');
  });

  it('names V4 Flash on one MI300X as the practical sibling', () => {
    expect(page.verdict.join(' ')).toMatch(/DeepSeek V4 Flash is the practical choice: .* one MI300X \(192 GB\)\./);
    expect(
      page.related.flatMap(({ links }) => links).some(({ href }) => href === '/models/deepseek-v4-flash/q4-k-m/1m/'),
    ).toBe(true);
  });

  it('says that the published format is smaller than this quant', () => {
    expect(page.verdict.join(' ')).toContain('865 GB, smaller than this 951 GB file');
  });

  it('has the questions of the page, and no others, in its structured data', () => {
    const graph = JSON.stringify(structuredData(page, 'https://example.org'));
    for (const { question, answer } of page.faq) {
      expect(graph).toContain(JSON.stringify(question));
      expect(graph).toContain(JSON.stringify(answer));
    }
    expect(graph.match(/"@type":"Question"/g)).toHaveLength(page.faq.length);
  });

  it('is indexable under its own address', () => {
    expect(page.meta.path).toBe('/models/deepseek-v4-pro/q4-k-m/1m/');
    expect(page.meta.canonicalPath).toBe(page.meta.path);
    expect(page.meta.indexable).toBe(true);
  });
});
