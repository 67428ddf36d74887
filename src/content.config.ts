/** Joins each folder of content/ to its schema. What is wrong across records is found by `catalog/check.ts`. */
import { defineCollection } from 'astro:content';
import { glob } from 'astro/loaders';
import { SCHEMAS } from './catalog/kinds.ts';
import { type Kind, recordEnding } from './catalog/record.ts';

function recordsOf<K extends Kind>(kind: K) {
  return defineCollection({
    loader: glob({
      base: `./content/${kind}`,
      pattern: `*${recordEnding(kind)}`,
      generateId: ({ entry }) => entry.slice(0, -recordEnding(kind).length),
    }),
    schema: SCHEMAS[kind],
  });
}

export const collections = {
  models: recordsOf('models'),
  families: recordsOf('families'),
  quants: recordsOf('quants'),
  gpus: recordsOf('gpus'),
  engines: recordsOf('engines'),
  measurements: recordsOf('measurements'),
  guides: recordsOf('guides'),
};
