/** The index of the search box: every page of {@link SearchData} as a document. */
import MiniSearch, { type SearchResult } from 'minisearch';
import { type Destination, type SearchData, understand, wordsOf } from './understand.ts';

interface Document extends Destination {
  readonly id: number;
  readonly names: string;
  readonly kinds: string;
}

/** Searches the pages for a text; the page that the text names comes first. */
export type Search = (text: string) => readonly Destination[];

const MOST_RESULTS = 20;

/** Found by what it is, not by what it is called. */
const isOfKind = ({ match }: SearchResult): boolean =>
  Object.values(match)
    .flat()
    .every((field) => field === 'kinds');

/** By score; then what is of a kind that was named, all alike, in the data's order. */
const inOrder = (hits: readonly SearchResult[]): readonly SearchResult[] => [
  ...hits.filter((hit) => !isOfKind(hit)),
  ...hits.filter(isOfKind).sort((a, b) => a.id - b.id),
];

/** Builds the search over all pages; pages named first in the data win where two match equally well. */
export function buildSearch(data: SearchData): Search {
  const others = [...data.families, ...data.gpus, ...data.quants, ...data.topics].map((page) => ({
    ...page,
    kinds: [],
  }));
  const documents: readonly Document[] = [...data.models, ...others].map(({ name, href, names, kinds }, id) => ({
    id,
    text: name,
    href,
    names: names.join(' '),
    kinds: kinds.join(' '),
  }));
  const index = new MiniSearch<Document>({
    fields: ['text', 'names', 'kinds'],
    storeFields: ['text', 'href'],
    tokenize: (text) => [...wordsOf(text)],
    searchOptions: {
      boost: { text: 2 },
      // The data's order is that of what people look up: it decides between like matches.
      boostDocument: (id) => 1.5 - Number(id) / (2 * documents.length),
      prefix: true,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    },
  });
  index.addAll(documents);
  return (text) => {
    const own = understand(text, data);
    const hits = index.search(text, { combineWith: 'AND' });
    const found = inOrder(hits.length > 0 ? hits : index.search(text))
      .slice(0, MOST_RESULTS)
      .map((hit): Destination => ({ text: String(hit['text']), href: String(hit['href']) }));
    return own ? [own, ...found.filter(({ href }) => href !== own.href)] : found;
  };
}
