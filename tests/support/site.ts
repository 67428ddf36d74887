/** The built site as files: what is there, and every HTML page read once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { decodeEntities, elementTexts, markupOf, scriptsOfType, type Tag, tagsOf } from './html.ts';

export interface BuiltPage {
  /** Site path: "/models/x/", "/404.html". */
  readonly path: string;
  readonly html: string;
  /** `html` with comments and the inside of scripts and styles blanked. */
  readonly markup: string;
  readonly tags: readonly Tag[];
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** `content` of the robots meta. */
  readonly robots: string;
  readonly canonicals: readonly string[];
  readonly jsonLd: readonly string[];
}

export interface BuiltSite {
  readonly directory: string;
  /** Site paths of all files: "/models/x/index.html". */
  readonly files: ReadonlySet<string>;
  /** Address that the canonical of the home page names, without the slash at its end. */
  readonly origin: string;
}

/** Site path of an HTML file: "/models/x/index.html" is "/models/x/". */
function pagePathOf(file: string): string {
  return file.replace(/\/index\.html$/, '/');
}

export function readPage(site: Pick<BuiltSite, 'directory'>, file: string): BuiltPage {
  const html = readFileSync(join(site.directory, file), 'utf8');
  const markup = markupOf(html);
  const tags = tagsOf(markup);
  const meta = (name: string): string | undefined =>
    tags.find((tag) => tag.name === 'meta' && tag.attributes.get('name') === name)?.attributes.get('content');
  return {
    path: pagePathOf(file),
    html,
    markup,
    tags,
    title: elementTexts(markup, 'title')[0],
    description: meta('description'),
    robots: meta('robots') ?? '',
    canonicals: tags
      .filter((tag) => tag.name === 'link' && tag.attributes.get('rel') === 'canonical')
      .map((tag) => tag.attributes.get('href') ?? ''),
    jsonLd: scriptsOfType(html, 'application/ld+json'),
  };
}

/** @throws Error where `directory` holds no built site */
export function openSite(directory: string): BuiltSite {
  if (!existsSync(join(directory, 'index.html'))) {
    throw new Error(`There is no built site in ${directory}/. Run \`npm run build\` first.`);
  }
  const files = new Set(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `/${relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/')}`),
  );
  const canonical = readPage({ directory }, '/index.html').canonicals[0];
  if (canonical === undefined) throw new Error('The home page has no canonical link.');
  return { directory, files, origin: new URL(canonical).origin };
}

/** Files of the site's pages, sorted. */
export function pageFiles(site: BuiltSite): string[] {
  return [...site.files].filter((file) => file.endsWith('.html')).sort();
}

/** Whether a page asks to be indexed under its own address. */
export function isIndexable(page: BuiltPage, site: BuiltSite): boolean {
  return !/\bnoindex\b/.test(page.robots) && page.canonicals[0] === site.origin + page.path;
}

/**
 * Site path of an address that is the site's own, `undefined` for another site's.
 * @param base site path of the page that names the address
 */
export function siteUrl(address: string, base: string, site: BuiltSite): URL | undefined {
  const url = new URL(address, site.origin + base);
  return url.origin === site.origin ? url : undefined;
}

/** Whether a site path names a file, or a folder by its "/" at the end. */
export function exists(path: string, site: BuiltSite): boolean {
  const file = decodeURI(path);
  return site.files.has(file.endsWith('/') ? `${file}index.html` : file);
}

/** Addresses in the sitemap, through its index. */
export function sitemapAddresses(site: BuiltSite): string[] {
  const locations = (path: string): string[] =>
    [...readFileSync(join(site.directory, path), 'utf8').matchAll(/<loc>([^<]*)<\/loc>/g)].map((match) =>
      decodeEntities(match[1] ?? ''),
    );
  return locations('sitemap-index.xml').flatMap((address) => locations(new URL(address).pathname));
}

/** The page everything is pinned to. */
export const GOLDEN_PATH = '/models/deepseek-v4-pro/q4-k-m/1m/';

const KINDS: Readonly<Record<string, RegExp>> = {
  home: /^\/$/,
  'model list': /^\/models\/$/,
  model: /^\/models\/[^/]+\/$/,
  'model at a quant': /^\/models\/[^/]+\/[^/]+\/$/,
  scenario: /^\/models\/[^/]+\/[^/]+\/[^/]+\/$/,
  'family list': /^\/families\/$/,
  family: /^\/families\/[^/]+\/$/,
  'quant list': /^\/quants\/$/,
  quant: /^\/quants\/[^/]+\/$/,
  'device list': /^\/gpus\/$/,
  device: /^\/gpus\/[^/]+\/$/,
  'memory list': /^\/vram\/$/,
  'memory size': /^\/vram\/[^/]+\/$/,
  'guide list': /^\/guides\/$/,
  guide: /^\/guides\/[^/]+\/$/,
  accuracy: /^\/accuracy\/$/,
  'comparison list': /^\/compare\/$/,
  comparison: /^\/compare\/[^/]+\/$/,
  calculator: /^\/calculator\/$/,
  search: /^\/search\/$/,
  data: /^\/data\/$/,
  about: /^\/about\/$/,
  methodology: /^\/methodology\/$/,
  'not found': /^\/404\.html$/,
};

/** Kind of page and the site path of one such page: one with a long name where there is a choice, the golden page for scenarios. */
export function onePageOfEachKind(site: BuiltSite): (readonly [kind: string, path: string])[] {
  const paths = pageFiles(site).map(pagePathOf);
  return Object.entries(KINDS).flatMap(([kind, pattern]) => {
    const [first] = paths
      .filter((path) => pattern.test(path))
      .sort((a, b) => Number(b === GOLDEN_PATH) - Number(a === GOLDEN_PATH) || b.length - a.length || (a < b ? -1 : 1));
    return first === undefined ? [] : [[kind, first] as const];
  });
}

/** Kinds of page that the site must have. */
export const PAGE_KINDS: readonly string[] = Object.keys(KINDS);

/** File of a page path. */
export function fileOf(path: string): string {
  return path.endsWith('/') ? `${path}index.html` : path;
}
