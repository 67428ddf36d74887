import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadCatalogFromDisk } from '../../../src/catalog/from-disk.ts';
import { packTensors, tellTensors } from '../../../src/vram/index.ts';
import { tensorsOf as tensorsInUse } from '../../../src/vram/tensor-lists.ts';
import { tensorsOf } from '../../../src/vram/tensors.ts';

const catalog = loadCatalogFromDisk(join(import.meta.dirname, '../../..'));

describe('packed tensors', () => {
  test.each([false, true])(
    'unpack to the tensors they were made of, for every model (next-token blocks: %s)',
    (nextToken) => {
      for (const { id, architecture } of catalog.estimableModels) {
        const packed: unknown = JSON.parse(JSON.stringify(packTensors(architecture)));
        const copy = structuredClone(architecture);
        tellTensors(copy, packed as ReturnType<typeof packTensors>);
        expect(tensorsInUse(copy, nextToken), id).toEqual(tensorsOf(architecture, { nextToken }));
      }
    },
  );

  test('list blocks that are alike once', () => {
    const llama = catalog.byId.models.get('llama-3-1-8b')?.architecture;
    const packed = llama && packTensors(llama);
    expect(packed?.blocks).toHaveLength(1);
    expect(packed?.order).toEqual(Array(32).fill(0));
  });
});
