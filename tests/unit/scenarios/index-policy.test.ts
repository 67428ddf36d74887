import { describe, expect, it } from 'vitest';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import { contextsOf, scenarioKeys } from '../../../src/scenarios/expand.ts';
import { answerSignature, isIndexable } from '../../../src/scenarios/index-policy.ts';
import { scenarioPage } from '../../../src/scenarios/pages.ts';
import { modelAtQuant } from '../../../src/scenarios/scenario.ts';
import { modelQuantPath } from '../../../src/site/routes.ts';
import { nonIndexablePaths } from '../../../src/site/sitemap.ts';
import { formatGB } from '../../../src/vram/index.ts';
import { catalog, keyOf } from './catalog.ts';

const keys = scenarioKeys(catalog);
const hidden = keys.filter((key) => !isIndexable(catalog, key));

describe('which scenarios are indexed', () => {
  it('leaves out some, not most', () => {
    expect(hidden.length).toBeGreaterThan(0);
    expect(hidden.length).toBeLessThan(keys.length / 2);
  });

  it('always keeps the shortest context', () => {
    const shortest = keys.filter(
      ({ model, context }) => contextsOf(modelAtQuant(catalog, model, 'q4-k-m').model)[0] === context,
    );
    expect(shortest.every((key) => isIndexable(catalog, key))).toBe(true);
  });

  it.each(hidden.filter((_, index) => index % 29 === 0))(
    'leaves out $model $quant $context because its neighbour says the same',
    (key) => {
      const at = modelAtQuant(catalog, key.model, key.quant);
      const before =
        contextsOf(at.model)
          .filter((context) => context < key.context)
          .at(-1) ?? 0;
      const [own, neighbour] = [at.need(key.context), at.need(before)];
      expect(formatGB(own.planForBytes)).toBe(formatGB(neighbour.planForBytes));
      for (const { device } of devicesOf(catalog).all)
        expect(at.fitOn(device, 1, key.context).fit).toBe(at.fitOn(device, 1, before).fit);
      const { meta } = scenarioPage(catalog, key);
      expect(meta.indexable).toBe(false);
      expect(meta.canonicalPath).toBe(modelQuantPath(key.model, key.quant));
    },
  );

  it('keeps a scenario that a device tells from its neighbour', () => {
    const key = keyOf('llama-3-1-8b/q4-k-m/128k');
    expect(answerSignature(catalog, key)).not.toBe(answerSignature(catalog, keyOf('llama-3-1-8b/q4-k-m/64k')));
    expect(isIndexable(catalog, key)).toBe(true);
    expect(scenarioPage(catalog, key).meta.canonicalPath).toBe('/models/llama-3-1-8b/q4-k-m/128k/');
  });

  it('is what the sitemap leaves out', () => {
    const paths = nonIndexablePaths(catalog);
    const ofScenarios = [...paths].filter((path) => path.split('/').length === 6);
    expect(ofScenarios).toHaveLength(hidden.length);
    for (const key of hidden.filter((_, index) => index % 101 === 0))
      expect(paths).toContain(scenarioPage(catalog, key).meta.path);
  });
});
