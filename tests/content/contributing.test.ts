import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkRecords } from '../../src/catalog/check.ts';
import { loadCatalogFromDisk } from '../../src/catalog/from-disk.ts';
import { measurementSchema } from '../../src/catalog/measurement.schema.ts';

describe('CONTRIBUTING.md', () => {
  it('shows a model record that the schema accepts', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1] ?? '';
    const { problems } = checkRecords([{ kind: 'models', id: 'qwen3-8b', data: parse(example), body: 'Text.' }]);
    // A family of its own record is the one thing that the example alone cannot have.
    expect(problems.filter(({ path }) => path[0] !== 'family')).toEqual([]);
    expect(parse(example)).toMatchObject({ name: 'Qwen3 8B', architecture: { layers: 36 } });
  });

  it('shows measured runs that the schema accepts, of records that exist', () => {
    const blocks = [...readFileSync('CONTRIBUTING.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)];
    const example = measurementSchema.parse(parse(blocks[1]?.[1] ?? ''));
    const { byId } = loadCatalogFromDisk('.');
    const runs = [...(example.memory ?? []), ...(example.speed ?? [])];
    expect(runs.length).toBeGreaterThan(3);
    for (const { model, quant, gpu } of runs) {
      expect([byId.models.has(model), byId.quants.has(quant), gpu === undefined || byId.gpus.has(gpu)]).toEqual([
        true,
        true,
        true,
      ]);
    }
  });
});
