import { expect, test } from 'vitest';
import { architectureConsistent } from '../../../../src/catalog/rules/architecture-consistent.ts';
import type { Architecture } from '../../../../src/vram/index.ts';
import { denseArchitecture, drafts, model } from '../made-up.ts';

const base = { ...denseArchitecture, layers: 4 };
const experts = { count: 8, used: 2, intermediateSize: 64, shared: 0, leadingDenseLayers: 0 };
const sliding: Architecture['attention'] = {
  kind: 'sliding-window',
  heads: 16,
  window: 1024,
  local: 'window',
  full: { kvHeads: 4, headDim: 128 },
  sliding: { kvHeads: 8, headDim: 128 },
};

function placesOf(changes: Partial<Architecture>): string[] {
  return architectureConsistent(drafts({ models: [model({ architecture: { ...base, ...changes } })] })).map(
    ({ path }) => path.slice(1).join('.'),
  );
}

test.each<[string, Partial<Architecture>]>([
  ['a dense stack', {}],
  ['experts in all layers', { feedForward: { experts } }],
  [
    'a dense layer before the experts',
    { feedForward: { intermediateSize: 96, experts: { ...experts, leadingDenseLayers: 1 } } },
  ],
  ['one width per layer', { feedForward: { intermediateSize: [1, 2, 3, 4] } }],
  ['windows and full layers', { attention: sliding, layerPattern: 'SF' }],
  [
    'an indexer in every layer',
    {
      attention: {
        kind: 'full',
        heads: 16,
        kvHeads: 8,
        headDim: 128,
        indexer: { layers: [0, 3], heads: 1, headDim: 64 },
      },
    },
  ],
])('%s agrees with itself', (_, changes) => {
  expect(placesOf(changes)).toEqual([]);
});

test.each<[string, Partial<Architecture>, string]>([
  ['a window layer without a window', { layerPattern: 'SF' }, 'layerPattern'],
  ['a compressed layer among windows', { attention: sliding, layerPattern: 'SC' }, 'layerPattern'],
  ['more letters than layers', { layerPattern: 'FFFFF' }, 'layerPattern'],
  ['a width too few', { feedForward: { intermediateSize: [1, 2, 3] } }, 'feedForward.intermediateSize'],
  ['no feed-forward at all', { feedForward: {} }, 'feedForward'],
  [
    'more experts used than there are',
    { feedForward: { experts: { ...experts, used: 9 } } },
    'feedForward.experts.used',
  ],
  [
    'more dense layers than layers',
    { feedForward: { intermediateSize: 96, experts: { ...experts, leadingDenseLayers: 5 } } },
    'feedForward.experts.leadingDenseLayers',
  ],
  [
    'a dense layer without a width',
    { feedForward: { experts: { ...experts, every: 2 } } },
    'feedForward.intermediateSize',
  ],
  [
    'an indexer in a layer that is not there',
    {
      attention: { kind: 'full', heads: 16, kvHeads: 8, headDim: 128, indexer: { layers: [4], heads: 1, headDim: 64 } },
    },
    'attention.indexer.layers',
  ],
  [
    'key heads that do not divide the query heads',
    { attention: { kind: 'full', heads: 16, kvHeads: 5, headDim: 128 } },
    'attention.kvHeads',
  ],
  [
    'the same in the window layers',
    { attention: { ...sliding, sliding: { kvHeads: 6, headDim: 128 } }, layerPattern: 'SF' },
    'attention.sliding.kvHeads',
  ],
])('%s is a problem', (_, changes, place) => {
  expect(placesOf(changes)).toEqual([place]);
});
