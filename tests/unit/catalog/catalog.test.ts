import { expect, test } from 'vitest';
import { buildCatalog } from '../../../src/catalog/catalog.ts';
import { CatalogError } from '../../../src/catalog/problem.ts';
import { engine, family, gpu, guide, model, quant, records } from './made-up.ts';

const nine = { total: 9, active: 3, source: 'page' };

const catalog = buildCatalog(
  records({
    models: [
      model({ id: 'no-rank-b', name: 'B 10', hook: 'b' }),
      model({ id: 'no-rank-a', name: 'B 9', hook: 'a' }),
      model({ id: 'second', name: 'Second', popularityRank: 2, hook: 'c' }),
      (() => {
        const { architecture, architectureSource, ...rest } = model({
          id: 'first',
          name: 'First',
          popularityRank: 1,
          hook: 'd',
          parameters: nine,
          estimable: false,
          notEstimableBecause: 'Announced only.',
        });
        return rest;
      })(),
    ],
    quants: [quant({ id: 'q8-0', name: 'Q8_0', scheme: 'Q8_0', nominalBits: 8.5, order: 20 }), quant()],
    gpus: [
      gpu({ id: 'h100', name: 'H100', shortName: 'H100', class: 'datacenter', memoryGB: 80 }),
      gpu({ id: 'rtx-5090', name: 'GeForce RTX 5090', shortName: 'RTX 5090', memoryGB: 32 }),
      gpu(),
    ],
    measurements: [],
    guides: [guide({ id: 'z', title: 'A guide', reviewed: '2026-11-26' }), guide()],
  }),
);

test('records are sorted: models by rank then name, quants by bits, devices by class and memory', () => {
  expect(catalog.models.map(({ id }) => id)).toEqual(['first', 'second', 'no-rank-a', 'no-rank-b']);
  expect(catalog.quants.map(({ id }) => id)).toEqual(['q4-k-m', 'q8-0']);
  expect(catalog.gpus.map(({ id }) => id)).toEqual(['rtx-4090', 'rtx-5090', 'h100']);
  expect(catalog.guides.map(({ id }) => id)).toEqual(['z', 'method']);
});

test('models without an estimate are listed and left out of the estimable ones', () => {
  expect(catalog.estimableModels.map(({ id }) => id)).toEqual(['second', 'no-rank-a', 'no-rank-b']);
});

test('records are found by id and by the names people type', () => {
  expect(catalog.byId.families.get('small')?.name).toBe('Small');
  expect(catalog.byId.families.get('none')).toBeUndefined();
  expect(catalog.resolveModel('SECOND')?.id).toBe('second');
  expect(catalog.resolveQuant('q4_k_m')?.id).toBe('q4-k-m');
  expect(catalog.resolveGpu('geforce rtx 4090')?.id).toBe('rtx-4090');
});

test('members of a family come smallest first', () => {
  expect(catalog.membersOf('small').map(({ id }) => id)).toEqual(['first', 'no-rank-a', 'no-rank-b', 'second']);
  expect(catalog.membersOf('none')).toEqual([]);
});

test('the latest day of any record is the day of the catalogue', () => {
  expect(catalog.updated).toBe('2026-11-26');
});

test('nothing in it can be changed', () => {
  const [first] = catalog.models;
  expect(() => Object.assign(first?.parameters ?? {}, { total: 1 })).toThrow(TypeError);
  expect(() => (catalog.models as unknown[]).push(1)).toThrow(TypeError);
  expect(() => Object.assign(catalog, { models: [] })).toThrow(TypeError);
});

test('broken rules stop it, and the error names every one', () => {
  const broken = records({
    models: [model({ family: 'none' })],
    quants: [quant({ engine: 'none' })],
    families: [family({ id: 'far-away' })],
    engines: [engine({ released: '2027-01-01' })],
  });
  const problems = (() => {
    try {
      buildCatalog(broken);
      return [];
    } catch (error) {
      return error instanceof CatalogError ? error.problems : [];
    }
  })();
  expect(problems.map(({ file, path }) => `${file} ${path.join('.')}`)).toEqual([
    'content/engines/llama-cpp.mdx released',
    'content/families/far-away.mdx ',
    'content/models/tiny.mdx family',
    'content/quants/q4-k-m.mdx engine',
  ]);
});
