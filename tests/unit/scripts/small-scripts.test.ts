import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shortened, shortNames, withoutWrapper } from '../../../scripts/small-scripts.ts';

describe('short names', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'short-names-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  test('are those of members that only the estimator knows, the shortest for the most used', () => {
    write(
      'src/vram/graph.ts',
      `export interface Tensor { viewOf?: Tensor; readonly bytes: number; residence: string; forEach: boolean; kept: boolean }
       export class Graph { overwriting(one: Tensor) { return one.residence + one.residence + one.viewOf; } }
       export const kinds = (tensor: Tensor) => ['kept'].filter((name) => name in tensor);`,
    );
    write('src/vram/later.ts', 'export interface Later { repeat(): void }\nexport function repeat() {}');
    write('src/vram/tensors.ts', 'export interface Packed { readonly outside: number; readonly residence?: number }');
    write('src/islands/form.ts', 'export const shown = (row: { bytes: number }) => row.bytes;');
    expect(Object.entries(shortNames(root))).toEqual([
      ['viewOf', 'a'],
      ['overwriting', 'b'],
    ]);
    write('src/vram/tensors.ts', 'export interface Packed { readonly outside: number }');
    // Whatever mentions it may use it.
    write('src/components/Plot.astro', '<!-- overwriting -->');
    expect(Object.entries(shortNames(root))).toEqual([
      ['residence', 'a'],
      ['viewOf', 'b'],
    ]);
  });

  test('are of no field of a config.json that readers paste', () => {
    const project = join(import.meta.dirname, '../../..');
    const shortened = new Set(Object.keys(shortNames(project)));
    const fields = new Set<string>();
    JSON.parse(readFileSync(join(project, 'tests/fixtures/configs/configs.json'), 'utf8'), (key, value) => {
      fields.add(key);
      return value;
    });
    expect(fields).toContain('num_hidden_layers');
    expect(shortened.size).toBeGreaterThan(100);
    expect([...shortened.intersection(fields)]).toEqual([]);
  });

  test('stand for the same in every script', async () => {
    const names = { overwriting: 'a', viewOf: 'b' };
    const made = shortened(
      'made.js',
      'export const made = { overwriting: 2, viewOf: { "own name": 3 }, layers: 5 };',
      names,
    );
    const read = shortened(
      'read.js',
      'export const read = ({ overwriting, viewOf, ...others }) => [overwriting, viewOf, others];',
      names,
    );
    expect(made + read).not.toMatch(/overwriting:|viewOf:/);
    const load = (code: string) => import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
    const [{ made: value }, { read: reader }] = await Promise.all([load(made), load(read)]);
    expect(reader(value)).toEqual([2, { 'own name': 3 }, { layers: 5 }]);
  });

  test('are refused for what is no script', () => {
    expect(() => shortened('broken.js', 'const = 1;', { overwriting: 'a' })).toThrow(/^broken\.js: /);
  });
});

describe('imports', () => {
  test('stand without what Vite wraps them in', () => {
    const wrapped = `import { t as __vitePreload } from "./preload-helper-!~{004}~.js";
const load = () => __vitePreload(() => import("./search-!~{00d}~.js"), __VITE_PRELOAD__);
__vitePreload(async () => {
  const { start } = await import("./start.js");
  return { start };
}, __VITE_PRELOAD__).then(({ start }) => start());`;
    expect(withoutWrapper(wrapped)).toBe(`const load = () => (() => import("./search-!~{00d}~.js"))();
(async () => {
  const { start } = await import("./start.js");
  return { start };
})().then(({ start }) => start());`);
  });

  test('that are wrapped in another way are an error', () => {
    expect(() => withoutWrapper('__vitePreload(load, [])')).toThrow('Vite wraps imports in another way');
  });
});
