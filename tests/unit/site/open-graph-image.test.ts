import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openGraphKeys, openGraphView } from '../../../src/scenarios/open-graph.ts';
import { gpuPage, modelPage } from '../../../src/scenarios/pages.ts';
import { openGraphImage } from '../../../src/site/open-graph-image.ts';
import { openGraphImagePath } from '../../../src/site/routes.ts';
import { catalog } from '../scenarios/catalog.ts';

const fonts = [400, 700].map(
  (weight) =>
    new Uint8Array(readFileSync(`node_modules/@fontsource/gelasio/files/gelasio-latin-${weight}-normal.woff2`)),
);
const keys = openGraphKeys(catalog);

describe('pictures for social networks', () => {
  it('are there for every model, device, memory size and guide', () => {
    const paths = new Set(keys.map(({ kind, id }) => `/og/${kind}/${id}.png`));
    expect(paths.size).toBe(keys.length);
    for (const { id } of catalog.estimableModels)
      expect(paths).toContain(openGraphImagePath(`/models/${id}/q4-k-m/8k/`));
    for (const { id } of catalog.gpus) expect(paths).toContain(openGraphImagePath(`/gpus/${id}/`));
    for (const path of ['/vram/24gb/', '/vram/mac-64gb/', '/guides/kv-cache/', '/methodology/', '/about/'])
      expect(paths, path).toContain(openGraphImagePath(path));
    expect(paths).not.toContain(openGraphImagePath('/accuracy/'));
  });

  it('say what the pages say', () => {
    for (const id of ['qwen3-8b', 'deepseek-v4-pro', 'gpt-oss-120b']) {
      const { figures } = openGraphView(catalog, { kind: 'models', id });
      const page = modelPage(catalog, id);
      expect(page.meta.title).toContain(figures[0]?.amount);
      expect(page.meta.description).toContain(figures[1]?.amount);
    }
    // A Mac leaves less of its memory than a card of the same size.
    const usable = (id: string): number =>
      Number.parseFloat(openGraphView(catalog, { kind: 'vram', id }).figures[1]?.amount ?? '');
    expect(usable('mac-64gb')).toBeLessThan(usable('64gb'));
    const { figures, note } = openGraphView(catalog, { kind: 'gpus', id: 'rtx-4090' });
    const answer = gpuPage(catalog, 'rtx-4090').answer.join(' ');
    expect(answer).toContain(figures[1]?.amount);
    expect(note).toMatch(/^The largest: /);
  });

  it('have words for every key', () => {
    for (const key of keys) {
      const view = openGraphView(catalog, key);
      expect(JSON.stringify(view), `${key.kind}/${key.id}`).not.toMatch(/undefined|NaN|Infinity/);
      expect(view.name).not.toBe('');
    }
  });

  it('are PNG of 1200 x 630, and the same bytes twice', async () => {
    const view = openGraphView(catalog, { kind: 'models', id: 'qwen3-8b' });
    const first = await openGraphImage(view, fonts);
    const again = await openGraphImage(view, [...fonts]);
    expect(Buffer.from(first.subarray(1, 4)).toString()).toBe('PNG');
    const header = new DataView(first.buffer, first.byteOffset);
    expect([header.getUint32(16), header.getUint32(20)]).toEqual([1200, 630]);
    expect(Buffer.compare(first, again)).toBe(0);
    const other = await openGraphImage(openGraphView(catalog, { kind: 'models', id: 'qwen3-14b' }), fonts);
    expect(Buffer.compare(first, other)).not.toBe(0);
  });
});
