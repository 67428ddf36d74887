/** The catalogue of a running Astro build or server. The only module of the lower layers that knows Astro. */
import { getCollection } from 'astro:content';
import { buildCatalog, type Catalog } from './catalog.ts';
import { checkRecords, type RawRecord } from './check.ts';
import { CatalogError } from './problem.ts';
import { KINDS } from './record.ts';

interface Entry {
  readonly id: string;
  readonly data: unknown;
  readonly body?: string | undefined;
  readonly digest?: string | number | undefined;
}

async function readCollections(): Promise<{ records: RawRecord[]; digest: string }> {
  const collections = await Promise.all(
    KINDS.map(async (kind) => ({ kind, entries: (await getCollection(kind)) as readonly Entry[] })),
  );
  return {
    // Astro parses records in development only, and keeps its parse of unchanged files even when a schema has changed.
    records: collections.flatMap(({ kind, entries }) =>
      entries.map(({ id, data, body }) => ({ kind, id, data, body: body?.trim() ?? '' })),
    ),
    digest: collections
      .flatMap(({ kind, entries }) => entries.map(({ id, digest }) => `${kind}/${id} ${digest}`))
      .join(),
  };
}

function catalogOf(records: readonly RawRecord[]): Catalog {
  const checked = checkRecords(records);
  if (checked.records === undefined) throw new CatalogError(checked.problems);
  return buildCatalog(checked.records);
}

let built: Promise<Catalog> | undefined;
let served: { readonly digest: string; readonly catalog: Catalog } | undefined;

/**
 * The catalogue. A build makes it once; the development server again when a record has changed.
 * Throws a {@link CatalogError} with every problem.
 */
export function getCatalog(): Promise<Catalog> {
  if (import.meta.env.PROD) {
    built ??= readCollections().then(({ records }) => catalogOf(records));
    return built;
  }
  return readCollections().then(({ records, digest }) => {
    if (served?.digest !== digest) served = { digest, catalog: catalogOf(records) };
    return served.catalog;
  });
}
