/**
 * Holds the main text of every two indexable pages of the built site against each other and prints how similar the
 * nearest neighbours are. Fails where two pages say nearly the same.
 */
import { compareTexts } from '../tests/support/duplicates.ts';
import { copyOf, textOf } from '../tests/support/html.ts';
import { isIndexable, openSite, pageFiles, readPage } from '../tests/support/site.ts';

/** Two pages whose text is the same to this share are one page. */
const MOST_SIMILAR = 0.8;
/** 95 of 100 pages stay below this to their nearest neighbour. */
const MOST_SIMILAR_95 = 0.6;
const SHOWN = 15;

const site = openSite(process.argv[2] ?? 'dist');
const pages: { readonly name: string; readonly text: string }[] = [];
for (const file of pageFiles(site)) {
  const page = readPage(site, file);
  if (!isIndexable(page, site)) continue;
  const main = page.markup.slice(page.markup.indexOf('<main'), page.markup.indexOf('</main>'));
  pages.push({ name: page.path, text: copyOf(textOf(main)) });
}
const kindOf = (path: string): string => {
  const [section = '', ...rest] = path.split('/').filter((part) => part !== '');
  return section === 'models' ? (['models', 'model', 'model at a quant', 'scenario'][rest.length] ?? '') : section;
};
const { nearest, percentile95, median } = compareTexts(pages);
console.log(
  `${pages.length} indexable pages. Nearest neighbour, 5-gram Jaccard: median ${median.toFixed(3)}, 95th percentile ${percentile95.toFixed(3)}, highest ${(nearest[0]?.similarity ?? 0).toFixed(3)}.`,
);
for (const [kind, own] of Map.groupBy(pages, ({ name }) => kindOf(name))) {
  const similar = nearest.filter(({ names }) => kindOf(names[0]) === kind).map(({ similarity }) => similarity);
  const at = (share: number): string => (similar[Math.floor((1 - share) * own.length)] ?? 0).toFixed(2);
  console.log(`  ${kind || 'home'}: ${own.length} pages, median ${at(0.5)}, 95th ${at(0.95)}, highest ${at(1)}`);
}
for (const { similarity, names } of nearest.slice(0, SHOWN))
  console.log(`  ${similarity.toFixed(3)} ${names.join(' ')}`);
if ((nearest[0]?.similarity ?? 0) >= MOST_SIMILAR || percentile95 >= MOST_SIMILAR_95) {
  console.error(`Expected every pair below ${MOST_SIMILAR} and the 95th percentile below ${MOST_SIMILAR_95}.`);
  process.exitCode = 1;
}
