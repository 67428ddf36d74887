/** Each folder of content/ as a collection. Its records are checked by `catalog/check.ts`, not by Astro. */
import { defineCollection } from 'astro:content';
import { glob, type Loader } from 'astro/loaders';
import { type Kind, recordEnding } from './catalog/record.ts';

// Astro writes them down for completion in front matter; the estimator that they refer to is much to load for that alone.
const schemas = import.meta.env.DEV ? (await import('./catalog/kinds.ts')).SCHEMAS : undefined;

/** Texts are compiled where they are shown: modules of them would be most of what is bundled. */
function withoutModules({ load, ...loader }: Loader): Loader {
  return {
    ...loader,
    load: ({ store, ...context }) =>
      load({ ...context, store: { ...store, set: ({ deferredRender: _, ...entry }) => store.set(entry) } }),
  };
}

function recordsOf(kind: Kind) {
  return defineCollection({
    loader: withoutModules(
      glob({
        base: `./content/${kind}`,
        pattern: `*${recordEnding(kind)}`,
        generateId: ({ entry }) => entry.slice(0, -recordEnding(kind).length),
      }),
    ),
    ...(schemas && { schema: schemas[kind] }),
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
