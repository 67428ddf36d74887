import type { Catalog } from '../../catalog/catalog.ts';
import type { EngineRecord } from '../../catalog/engine.schema.ts';
import { SITE_NAME } from '../../site/config.ts';
import { homePath } from '../../site/routes.ts';
import { memoized } from '../memoized.ts';
import type { Link, PageMeta, Question } from '../views.ts';

const LONGEST_DESCRIPTION = 155;

interface MetaParts {
  readonly path: string;
  readonly title: string;
  /** Sentences in the order of their weight: as many as search results show are kept whole. */
  readonly description: readonly string[];
  /** Crumbs between the home page and this one. */
  readonly crumbs: readonly Link[];
  /** Name of this page in its own breadcrumbs. */
  readonly name: string;
  readonly questions?: readonly Question[];
  readonly canonicalPath?: string;
  readonly updated: string;
}

/** Head data of a page. The page is indexable where it is its own canonical. */
export function metaOf(parts: MetaParts): PageMeta {
  const { path, title, crumbs, name, questions = [], canonicalPath = path, updated } = parts;
  return {
    path,
    canonicalPath,
    indexable: canonicalPath === path,
    title,
    description: shortened(parts.description),
    breadcrumbs: [{ text: SITE_NAME, href: homePath() }, ...crumbs, { text: name, href: path }],
    questions,
    updated,
  };
}

/** The first sentence, and those after it that still fit into what search results show. */
function shortened(sentences: readonly string[]): string {
  const [first = '', ...others] = sentences.filter((sentence) => sentence !== '');
  let text = first;
  for (const sentence of others) {
    if (text.length + 1 + sentence.length <= LONGEST_DESCRIPTION) text = `${text} ${sentence}`;
  }
  return text;
}

interface Sourced {
  readonly sources?: Readonly<Record<string, { readonly title: string; readonly url: string }>>;
}

const linksOf = memoized(({ sources }: Sourced): readonly Link[] =>
  Object.values(sources ?? {}).map(({ title, url }) => ({ text: title, href: url })),
);

/** Sources of records as links, in the order they are written, each address once. */
export function sourceLinks(...records: readonly Sourced[]): readonly Link[] {
  const seen = new Set<string>();
  return records.flatMap(linksOf).filter(({ href }) => seen.size < seen.add(href).size);
}

/** One source of a record as a link; absent where the record has no such key. */
export function sourceLink(record: Sourced, key: string | undefined): Link | undefined {
  const source = key === undefined ? undefined : record.sources?.[key];
  return source && { text: source.title, href: source.url };
}

/** The engine behind every figure; absent where the catalogue has no record of it. */
export const engineRecord = ({ byId }: Catalog): EngineRecord | undefined => byId.engines.get('llama-cpp');

/** The day its record last changed. */
export const engineUpdated = (catalog: Catalog): string | undefined => engineRecord(catalog)?.updated;
