import { describe, expect, it, vi } from 'vitest';
import { type Architecture, graphFamilyOf } from '../../../src/vram/index.ts';
import { catalog } from '../scenarios/catalog.ts';

const byClass = new Map<string, Architecture>();
for (const { architecture } of catalog.estimableModels) {
  const { className, attention, residualStreams } = architecture;
  byClass.set(`${className}, ${attention.kind}${residualStreams === undefined ? '' : ', streams'}`, architecture);
}

describe('the browser loads the graph of', () => {
  it.each([...byClass])('%s, and of nothing else', async (_name, architecture) => {
    vi.resetModules();
    const { loadGraph } = await import('../../../src/vram/browser.ts');
    const { hasGraph } = await import('../../../src/vram/llama-graphs/classes.ts');
    expect(hasGraph(architecture)).toBe(false);
    await loadGraph(architecture, graphFamilyOf(architecture));
    expect(hasGraph(architecture)).toBe(true);
  });
});
