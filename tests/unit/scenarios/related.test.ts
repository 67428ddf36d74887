import { describe, expect, it } from 'vitest';
import { defaultContextOf, defaultQuantOf } from '../../../src/scenarios/expand.ts';
import { peersOf, relatedTo } from '../../../src/scenarios/related.ts';
import { computeScenario, needOf } from '../../../src/scenarios/scenario.ts';
import { formatGB } from '../../../src/vram/index.ts';
import { catalog, keyOf } from './catalog.ts';

const groupsAt = (path: string) => relatedTo(catalog, computeScenario(catalog, keyOf(path)));

describe('more scenarios', () => {
  it('are other quants, other contexts, siblings and one level up', () => {
    const groups = groupsAt('deepseek-v4-flash/q4-k-m/128k');
    expect(groups.map(({ title }) => title)).toEqual([
      'DeepSeek V4 Flash with 128K context, other quants',
      'DeepSeek V4 Flash Q4_K_M, other contexts',
      'More DeepSeek V4 scenarios',
      'One level up',
    ]);
  });

  it('carry the Plan for of the page they lead to', () => {
    for (const { href, figure } of groupsAt('qwen3-32b/q4-k-m/32k').flatMap(({ links }) => links)) {
      const [, kind = '', model = '', quant = '', label = ''] = href.split('/');
      if (kind !== 'models' || !label) continue;
      expect(figure, href).toBe(formatGB(computeScenario(catalog, keyOf(`${model}/${quant}/${label}`)).planForBytes));
    }
  });

  it('lead to a sibling at the longest context it has', () => {
    // Gemma 3 1B ends at 32K, its siblings at 128K.
    const links = groupsAt('gemma-3-4b/q4-k-m/128k').flatMap((group) => group.links);
    expect(links.find(({ text }) => text.startsWith('Gemma 3 1B'))).toMatchObject({
      text: 'Gemma 3 1B, at 32K',
      href: '/models/gemma-3-1b/q4-k-m/32k/',
    });
  });

  it('never lead to the page itself', () => {
    const path = '/models/qwen3-32b/q4-k-m/32k/';
    expect(
      groupsAt('qwen3-32b/q4-k-m/32k')
        .flatMap(({ links }) => links)
        .some(({ href }) => href === path),
    ).toBe(false);
  });
});

describe('models that need about as much', () => {
  it('are of other families', () => {
    const model = catalog.estimableModels.find(({ id }) => id === 'qwen3-32b');
    if (!model) throw new Error('qwen3-32b');
    const peers = peersOf(catalog, model);
    expect(peers).toHaveLength(4);
    for (const { href } of peers)
      expect(catalog.byId.models.get(href.split('/')[2] ?? '')?.family).not.toBe(model.family);
  });

  it('are left out where none takes between two thirds and one and a half times as much', () => {
    for (const model of catalog.estimableModels) {
      const key = { model: model.id, quant: defaultQuantOf(catalog, model).id, context: defaultContextOf(model) };
      const own = needOf(catalog, key).planForBytes / 1e9;
      for (const { figure } of peersOf(catalog, model)) {
        const other = Number.parseFloat(figure.replace(',', ''));
        expect(Math.max(own / other, other / own), `${model.id}: ${figure}`).toBeLessThan(1.51);
      }
    }
  });
});
