/** Joins each folder of content/ to its schema. What is wrong across records is found by `catalog/check.ts`. */
import { defineCollection } from 'astro:content';
import { glob, type Loader } from 'astro/loaders';
import { SCHEMAS } from './catalog/kinds.ts';
import { type Kind, recordEnding } from './catalog/record.ts';

/** Texts are compiled where they are shown: modules of them would be most of what is bundled. */
function withoutModules({ load, ...loader }: Loader): Loader {
  return {
    ...loader,
    load: ({ store, ...context }) =>
      load({ ...context, store: { ...store, set: ({ deferredRender: _, ...entry }) => store.set(entry) } }),
  };
}

function recordsOf<K extends Kind>(kind: K) {
  return defineCollection({
    loader: withoutModules(
      glob({
        base: `./content/${kind}`,
        pattern: `*${recordEnding(kind)}`,
        generateId: ({ entry }) => entry.slice(0, -recordEnding(kind).length),
      }),
    ),
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
