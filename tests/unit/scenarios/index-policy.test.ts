import { describe, expect, it } from 'vitest';
import { devicesOf } from '../../../src/scenarios/devices.ts';
import {
  contextsOf,
  defaultContextOf,
  defaultQuantOf,
  modelQuantKeys,
  scenarioKeys,
} from '../../../src/scenarios/expand.ts';
import {
  canonicalModelQuantPath,
  hardwareClass,
  isIndexable,
  twinOfModel,
} from '../../../src/scenarios/index-policy.ts';
import { modelPage, modelQuantPage, scenarioPage } from '../../../src/scenarios/pages.ts';
import { modelAtQuant } from '../../../src/scenarios/scenario.ts';
import { modelPath, modelQuantPath } from '../../../src/site/routes.ts';
import { nonIndexablePaths } from '../../../src/site/sitemap.ts';
import { overheadOf } from '../../../src/vram/index.ts';
import { catalog, keyOf } from './catalog.ts';

const keys = scenarioKeys(catalog);
const singles = catalog.estimableModels.filter((model) => twinOfModel(catalog, model) === undefined);
const shown = keys.filter((key) => isIndexable(catalog, key));
const hidden = keys.filter((key) => !isIndexable(catalog, key));

/** Memory on the label of the smallest card that holds a scenario, counted from all cards; `undefined` where none does. */
function smallestCardGB(path: string): number | undefined {
  const { model, quant, context } = keyOf(path);
  const { planForBytes } = modelAtQuant(catalog, model, quant).need(context);
  const holding = devicesOf(catalog).cards.filter(
    ({ device }) => device.usableBytes - overheadOf(device) >= planForBytes,
  );
  return holding.length > 0 ? Math.min(...holding.map(({ gpu }) => gpu.memoryGB)) : undefined;
}

describe('which scenarios are indexed', () => {
  it('are some of all, and some of every model that has no twin', () => {
    expect(shown.length).toBeGreaterThan(keys.length / 5);
    expect(shown.length).toBeLessThan(keys.length / 2);
    expect(new Set(shown.map(({ model }) => model)).size).toBe(singles.length);
  });

  it('always are those people ask for: the usual quant at its usual context and at the native maximum', () => {
    for (const model of singles) {
      const quant = defaultQuantOf(catalog, model).id;
      for (const context of [defaultContextOf(model), model.context.native])
        expect(isIndexable(catalog, { model: model.id, quant, context }), model.id).toBe(true);
    }
  });

  it.each(['llama-3-1-8b/q8-0', 'qwen3-8b/q4-k-m', 'llama-3-3-70b/q4-k-m'])(
    '%s: beside the usual context those whose smallest card is another than next to them',
    (path) => {
      const [model = ''] = path.split('/');
      const record = catalog.byId.models.get(model);
      if (!record) throw new Error(model);
      const contexts = contextsOf(record).filter((context) => context > 8192);
      for (const context of contexts) {
        if (context === record.context.native) continue;
        const label = (tokens: number): string => `${path}/${tokens / 1024}k`;
        const shorter = contextsOf(record).findLast((other) => other < context) ?? 0;
        expect(isIndexable(catalog, keyOf(label(context))), label(context)).toBe(
          smallestCardGB(label(context)) !== smallestCardGB(label(shorter)),
        );
      }
    },
  );

  it('points the others at the page of the model at the quant, or of the model', () => {
    for (const key of hidden.filter((_, index) => index % 211 === 0)) {
      const { meta } = scenarioPage(catalog, key);
      expect(meta.indexable).toBe(false);
      expect(meta.canonicalPath).toBe(canonicalModelQuantPath(catalog, key.model, key.quant));
      expect([modelQuantPath(key.model, key.quant), modelPath(key.model)]).toContain(meta.canonicalPath);
    }
  });

  it('is what the sitemap leaves out', () => {
    const paths = nonIndexablePaths(catalog);
    const quants = modelQuantKeys(catalog).filter(
      ({ model, quant }) => canonicalModelQuantPath(catalog, model, quant) !== modelQuantPath(model, quant),
    );
    expect([...paths].filter((path) => path.startsWith('/models/'))).toHaveLength(hidden.length + quants.length);
    for (const key of hidden.filter((_, index) => index % 401 === 0))
      expect(paths).toContain(scenarioPage(catalog, key).meta.path);
  });
});

describe('which quants of a model are indexed', () => {
  it('leaves one of those that are as large as another: gpt-oss is published in 4 bits', () => {
    expect(modelQuantPage(catalog, 'gpt-oss-120b', 'mxfp4-moe').meta.indexable).toBe(true);
    // Requantized files of gpt-oss 120B are published at 62.6 to 65.4 GB for every k-quant.
    for (const quant of ['q3-k-m', 'q4-k-m', 'q5-k-m']) {
      const { meta } = modelQuantPage(catalog, 'gpt-oss-120b', quant);
      expect(meta.canonicalPath, quant).toBe('/models/gpt-oss-120b/');
    }
  });

  it('keeps the names people type where the sizes differ', () => {
    for (const quant of ['q2-k', 'q3-k-m', 'q4-k-m', 'q5-k-m', 'q6-k', 'q8-0'])
      expect(modelQuantPage(catalog, 'llama-3-1-8b', quant).meta.indexable, quant).toBe(true);
  });
});

describe('models that are the same in memory', () => {
  it('have one of them in the index, and say so on their own page', () => {
    // R1 and V3.1 are trained from V3: one config.json but for names. Qwen3.6 and 3.8 27B kept the layers of 3.5.
    for (const [id, twin] of [
      ['deepseek-v3-1', 'deepseek-r1'],
      ['llama-3-1-70b', 'llama-3-3-70b'],
      ['qwen3-5-27b', 'qwen3-8-27b'],
    ] as const) {
      const record = catalog.estimableModels.find((model) => model.id === id);
      expect(record && twinOfModel(catalog, record)?.id).toBe(twin);
      const scenario = scenarioPage(catalog, { model: id, quant: 'q4-k-m', context: 8192 });
      expect(scenario.meta.canonicalPath).toBe(modelPath(id));
      expect(scenario.planFor).toEqual(scenarioPage(catalog, { model: twin, quant: 'q4-k-m', context: 8192 }).planFor);
      expect(modelPage(catalog, id).related[0]?.links[0]?.href).toBe(modelPath(twin));
    }
  });
});

describe('the class of hardware', () => {
  it.each([
    ['llama-3-1-8b/q4-k-m/8k', '8 GB card'],
    ['llama-3-1-70b/q4-k-m/8k', '48 GB card'],
    ['deepseek-v4-pro/q4-k-m/1m', '13 x a100-80gb-sxm'],
  ])('of %s is %s', (path, name) => {
    expect(hardwareClass(catalog, keyOf(path))).toBe(name);
  });
});
