import type { PageMeta } from '../scenarios/views.ts';
import { SITE_NAME } from './config.ts';
import { absoluteUrl, openGraphImagePath } from './routes.ts';

/** The size of a page's picture that social networks ask for, in pixels. */
export const OPEN_GRAPH_SIZE = { width: 1200, height: 630 } as const;

/** One `<meta>`: search engines read `name`, Open Graph reads `property`. */
type MetaTag =
  | { readonly name: string; readonly content: string }
  | { readonly property: string; readonly content: string };

interface LinkTag {
  readonly rel: string;
  readonly href: string;
  readonly type?: string;
}

/** Everything that a page's head says about the page, in the order it is written. */
export interface HeadTags {
  readonly title: string;
  readonly metas: readonly MetaTag[];
  readonly links: readonly LinkTag[];
}

/**
 * Head of a page. A page that is not indexable still may be followed: its canonical names the page to index instead.
 * @param origin address of the deployment, e.g. "https://example.org"
 */
export function headTags(meta: PageMeta, origin: string): HeadTags {
  const image = absoluteUrl(openGraphImagePath(meta.path), origin);
  const isHome = meta.path === '/';
  return {
    title: isHome ? meta.title : `${meta.title} | ${SITE_NAME}`,
    metas: [
      { name: 'description', content: meta.description },
      { name: 'robots', content: robotsOf(meta) },
      { property: 'og:type', content: isHome ? 'website' : 'article' },
      { property: 'og:site_name', content: SITE_NAME },
      { property: 'og:title', content: meta.title },
      { property: 'og:description', content: meta.description },
      { property: 'og:url', content: absoluteUrl(meta.canonicalPath, origin) },
      { property: 'og:image', content: image },
      { property: 'og:image:width', content: String(OPEN_GRAPH_SIZE.width) },
      { property: 'og:image:height', content: String(OPEN_GRAPH_SIZE.height) },
      { property: 'og:image:alt', content: `${SITE_NAME}: ${meta.title}` },
      { name: 'twitter:card', content: 'summary_large_image' },
    ],
    links: [{ rel: 'canonical', href: absoluteUrl(meta.canonicalPath, origin) }],
  };
}

/**
 * Directive for crawlers. A page whose canonical is another page keeps `index`: `noindex` beside a foreign canonical
 * are two contradicting signals, and the canonical alone is the one that passes the page's links on.
 */
function robotsOf(meta: PageMeta): string {
  const follows = 'max-snippet:-1, max-image-preview:large';
  return meta.indexable || meta.canonicalPath !== meta.path ? `index, follow, ${follows}` : 'noindex, follow';
}
