import { describe, expect, it } from 'vitest';
import * as routes from '../../../src/site/routes.ts';

describe('site paths', () => {
  it('are those of the design', () => {
    expect(routes.homePath()).toBe('/');
    expect(routes.modelPath('deepseek-v4-pro')).toBe('/models/deepseek-v4-pro/');
    expect(routes.modelQuantPath('deepseek-v4-pro', 'q4-k-m')).toBe('/models/deepseek-v4-pro/q4-k-m/');
    expect(routes.scenarioPath('deepseek-v4-pro', 'q4-k-m', '1m')).toBe('/models/deepseek-v4-pro/q4-k-m/1m/');
    expect(routes.familyPath('deepseek-v4')).toBe('/families/deepseek-v4/');
    expect(routes.quantPath('q4-k-m')).toBe('/quants/q4-k-m/');
    expect(routes.gpuPath('rtx-4090')).toBe('/gpus/rtx-4090/');
    expect(routes.vramTierPath(24)).toBe('/vram/24gb/');
    expect(routes.macTierPath(64)).toBe('/vram/mac-64gb/');
    expect(routes.comparePath('rtx-5090', 'rtx-4090')).toBe('/compare/rtx-5090-vs-rtx-4090/');
    expect(routes.modelTextPath('deepseek-v4-pro')).toBe('/models/deepseek-v4-pro.md');
    expect(routes.modelApiPath('deepseek-v4-pro')).toBe('/api/v1/models/deepseek-v4-pro.json');
  });

  it('end in a slash for pages, and in a file name for files', () => {
    const pages = [
      routes.modelListPath(),
      routes.familyListPath(),
      routes.quantListPath(),
      routes.gpuListPath(),
      routes.vramTierListPath(),
      routes.guideListPath(),
      routes.methodologyPath(),
      routes.aboutPath(),
      routes.calculatorPath(),
      routes.compareListPath(),
      routes.dataPath(),
      routes.searchPath(),
      routes.guidePath('kv-cache'),
    ];
    for (const path of pages) expect(path).toMatch(/^\/[a-z0-9/-]+\/$/);
    const files = [
      routes.apiIndexPath(),
      routes.calculatorDataPath(),
      routes.apiSchemaPath(),
      routes.calculatorMoreDataPath(),
      routes.searchDataPath(),
      routes.feedPath(),
      routes.sitemapPath(),
      routes.llmsTextPath(),
      routes.iconPath(),
      ...['/', '/models/', '/models/m/q4-k-m/8k/', '/gpus/rtx-4090/', '/vram/24gb/'].map(routes.openGraphImagePath),
    ];
    for (const path of files) expect(path).toMatch(/^\/[a-z0-9/.-]+\.[a-z]+$/);
  });

  it('give the methodology its own address', () => {
    expect(routes.guidePath('methodology')).toBe('/methodology/');
    expect(routes.guidePath('moe-offload')).toBe('/guides/moe-offload/');
  });

  it('become absolute at the address of the deployment', () => {
    expect(routes.absoluteUrl('/gpus/', 'https://example.org')).toBe('https://example.org/gpus/');
    expect(routes.absoluteUrl('/gpus/', 'https://example.org/')).toBe('https://example.org/gpus/');
  });
});
