/** The catalogue of a running Astro build or server. The only module of the lower layers that knows Astro. */
import { getCollection } from 'astro:content';
import type { Catalog } from './catalog.ts';
import { loadCatalogFromDisk } from './from-disk.ts';
import { KINDS } from './record.ts';

/** Changes with every record of the collections. */
async function digestOfCollections(): Promise<string> {
  const collections = await Promise.all(KINDS.map((kind) => getCollection(kind)));
  return collections
    .flat()
    .map(({ collection, id, digest }) => `${collection}/${id} ${digest}`)
    .join();
}

let loaded: { readonly digest: string; readonly catalog: Catalog } | undefined;

/**
 * The catalogue. A build makes it once; the development server again when a record has changed. Collections say when that
 * is, but Astro keeps its parse of unchanged files even when a schema has changed, and no places in files.
 * Throws a {@link CatalogError} with every problem of the records and where it is.
 */
export async function getCatalog(): Promise<Catalog> {
  if (import.meta.env.PROD && loaded) return loaded.catalog;
  const digest = await digestOfCollections();
  if (loaded?.digest !== digest) loaded = { digest, catalog: loadCatalogFromDisk(process.cwd()) };
  return loaded.catalog;
}
