/** Rules that every page of the built site keeps. Each says what is wrong in one line that names the page. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOf, elementTexts, textOf } from './html.ts';
import {
  type BuiltPage,
  type BuiltSite,
  exists,
  isIndexable,
  pageFiles,
  readPage,
  sitemapAddresses,
  siteUrl,
} from './site.ts';

interface Check {
  /** Problems of one page. */
  visit(page: BuiltPage): Iterable<string>;
  /** Problems that show when all pages were seen. */
  finish?(): Iterable<string>;
}

type Rule = (site: BuiltSite) => Check;

const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  area: ['href'],
  form: ['action'],
  iframe: ['src'],
  img: ['src'],
  link: ['href'],
  script: ['src'],
  source: ['src'],
  use: ['href'],
};

/** Links and assets of the site itself lead to a file, fragments to an element. `#key=value` is the calculator's state. */
const linksResolve: Rule = (site) => {
  const ids = new Map<string, ReadonlySet<string>>();
  const fragments = new Map<string, string>();
  const good = new Set<string>();
  return {
    *visit(page) {
      const own = new Set<string>();
      for (const tag of page.tags) {
        const id = tag.attributes.get('id');
        if (id !== undefined) own.add(copyOf(id));
        for (const attribute of LINKS[tag.name] ?? []) {
          const address = tag.attributes.get(attribute);
          if (address === undefined || /^(mailto|data|tel):/.test(address)) continue;
          if (address === '') {
            yield `${page.path}: <${tag.name} ${attribute}=""> is empty`;
            continue;
          }
          if (good.has(address)) continue;
          const url = siteUrl(address, page.path, site);
          if (url === undefined) {
            if (!address.startsWith('https://')) yield `${page.path}: ${address} is not https`;
            continue;
          }
          if (!exists(url.pathname, site)) {
            yield `${page.path}: ${address} leads nowhere`;
          } else if (url.hash !== '' && !url.hash.includes('=')) {
            fragments.set(copyOf(url.pathname + url.hash), page.path);
          } else if (address.startsWith('/')) {
            good.add(copyOf(address));
          }
        }
      }
      ids.set(page.path, own);
    },
    *finish() {
      for (const [target, from] of fragments) {
        const [path = '', id = ''] = target.split('#');
        if (!ids.get(path)?.has(decodeURIComponent(id))) yield `${from}: ${target} has no such element`;
      }
    },
  };
};

/** One title, one description, one h1, a language, a viewport; the Open Graph tags say the same. */
const headIsComplete: Rule = (site) => ({
  *visit(page) {
    const titles = elementTexts(page.markup.slice(0, page.markup.indexOf('</head>')), 'title');
    if (titles.length !== 1 || titles[0] === '') yield `${page.path}: ${titles.length} titles`;
    if (!page.description) yield `${page.path}: no description`;
    const headings = elementTexts(page.markup, 'h1');
    if (headings.length !== 1 || headings[0] === '') yield `${page.path}: ${headings.length} h1`;
    if (!page.tags.some((tag) => tag.name === 'html' && tag.attributes.get('lang') === 'en'))
      yield `${page.path}: no lang`;
    const meta = new Map(
      page.tags
        .filter((tag) => tag.name === 'meta')
        .map(({ attributes }) => [
          attributes.get('property') ?? attributes.get('name'),
          attributes.get('content') ?? '',
        ]),
    );
    if (!meta.get('viewport')?.includes('width=device-width')) yield `${page.path}: no viewport`;
    if (!page.title?.includes(meta.get('og:title') ?? '\0')) yield `${page.path}: og:title is not in the title`;
    if (meta.get('og:description') !== page.description) yield `${page.path}: og:description is not the description`;
    if (meta.get('og:url') !== page.canonicals[0]) yield `${page.path}: og:url is not the canonical`;
    const image = siteUrl(meta.get('og:image') ?? 'about:blank', page.path, site);
    if (image === undefined || !exists(image.pathname, site)) yield `${page.path}: og:image leads nowhere`;
  },
});

/** One absolute canonical that leads to an indexable page: the page itself, or one that is its own canonical. */
const canonicalsResolve: Rule = (site) => {
  const foreign = new Map<string, string>();
  const indexable = new Set<string>();
  return {
    *visit(page) {
      const [canonical, ...more] = page.canonicals;
      if (canonical === undefined || more.length > 0) {
        yield `${page.path}: ${page.canonicals.length} canonicals`;
        return;
      }
      if (!canonical.startsWith(`${site.origin}/`))
        yield `${page.path}: canonical ${canonical} is not an address of ${site.origin}`;
      if (!/\b(index|noindex)\b/.test(page.robots)) yield `${page.path}: robots is "${page.robots}"`;
      if (isIndexable(page, site)) indexable.add(copyOf(canonical));
      else if (canonical !== site.origin + page.path) {
        foreign.set(page.path, copyOf(canonical));
        if (/\bnoindex\b/.test(page.robots)) yield `${page.path}: noindex beside the canonical of another page`;
      }
    },
    *finish() {
      for (const [path, canonical] of foreign) {
        if (!indexable.has(canonical)) yield `${path}: canonical ${canonical} is not an indexable page`;
      }
    },
  };
};

/** No two pages share a title or a description, indexable or not. */
const textsAreUnique: Rule = () => {
  const seen = { title: new Map<string, string>(), description: new Map<string, string>() };
  return {
    *visit(page) {
      for (const field of ['title', 'description'] as const) {
        const text = page[field];
        if (text === undefined) continue;
        const other = seen[field].get(text);
        if (other === undefined) seen[field].set(copyOf(text), page.path);
        else yield `${page.path}: ${field} of ${other}, "${text}"`;
      }
    },
  };
};

interface LinkedThing {
  readonly '@type'?: string;
  readonly '@graph'?: readonly LinkedThing[];
  readonly itemListElement?: readonly { readonly position?: number; readonly name?: string; readonly item?: string }[];
  readonly mainEntity?: readonly { readonly name?: string; readonly acceptedAnswer?: { readonly text?: string } }[];
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Text between the heading with the id "faq" and the end of its section; absent without such a heading. */
function visibleFaq(page: BuiltPage): string | undefined {
  const heading = page.tags.find((tag) => tag.attributes.get('id') === 'faq');
  if (heading === undefined) return undefined;
  const start = page.markup.indexOf(`</${heading.name}>`, heading.end);
  return withoutSpace(textOf(page.markup.slice(start, page.markup.indexOf('</section>', start))));
}

/** JSON-LD parses, its breadcrumbs lead to pages and end at this one, its FAQ is the visible FAQ and nothing else. */
const structuredDataIsTrue: Rule = (site) => ({
  *visit(page) {
    const things: LinkedThing[] = [];
    for (const text of page.jsonLd) {
      try {
        const thing = JSON.parse(text) as LinkedThing;
        things.push(...(thing['@graph'] ?? [thing]));
      } catch (error) {
        yield `${page.path}: JSON-LD does not parse: ${error instanceof Error ? error.message : error}`;
      }
    }
    const crumbs = things.filter((thing) => thing['@type'] === 'BreadcrumbList');
    if (page.path !== '/' && page.path !== '/404.html' && crumbs.length !== 1)
      yield `${page.path}: ${crumbs.length} breadcrumb lists`;
    for (const list of crumbs) {
      const items = list.itemListElement ?? [];
      if (items.some((item, index) => item.position !== index + 1 || !item.name))
        yield `${page.path}: breadcrumbs are not numbered or named`;
      for (const { item } of items) {
        const url = item === undefined ? undefined : siteUrl(item, page.path, site);
        if (url === undefined || !exists(url.pathname, site)) yield `${page.path}: breadcrumb ${item} leads nowhere`;
      }
      if (items.at(-1)?.item !== site.origin + page.path)
        yield `${page.path}: breadcrumbs end at ${items.at(-1)?.item}`;
    }
    const faqs = things.filter((thing) => thing['@type'] === 'FAQPage');
    const told = faqs
      .flatMap((faq) => faq.mainEntity ?? [])
      .map((question) => withoutSpace(`${question.name}${question.acceptedAnswer?.text}`))
      .join('');
    const visible = visibleFaq(page) ?? '';
    if (told !== visible) yield `${page.path}: the FAQ of the JSON-LD is not the visible one`;
  },
});

/** Nothing that the content security policy would block: style attributes, event handlers, inline scripts that it does not name. */
const policyBlocksNothing: Rule = (site) => {
  const headers = readFileSync(join(site.directory, '_headers'), 'utf8');
  const sources = /script-src ([^;]*)/.exec(headers)?.[1]?.split(' ') ?? [];
  const allowed = (script: string): boolean =>
    sources.includes(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return {
    *visit(page) {
      for (const { name, attributes, end } of page.tags) {
        for (const [attribute, value] of attributes) {
          if (attribute === 'style' || attribute.startsWith('on'))
            yield `${page.path}: <${name} ${attribute}="${value}">`;
          if (value.startsWith('javascript:')) yield `${page.path}: <${name} ${attribute}="${value}">`;
        }
        if (name === 'style') yield `${page.path}: a <style> element`;
        const type = attributes.get('type') ?? '';
        if (name !== 'script' || attributes.has('src') || type.endsWith('json')) continue;
        const script = page.html.slice(end, page.html.indexOf('</script>', end));
        if (!allowed(script)) yield `${page.path}: an inline script that the policy does not name`;
      }
    },
  };
};

/** The sitemap lists the indexable pages, each once, and nothing else. */
const sitemapIsExact: Rule = (site) => {
  const indexable = new Set<string>();
  return {
    visit(page) {
      if (isIndexable(page, site)) indexable.add(site.origin + page.path);
      return [];
    },
    *finish() {
      const listed = new Set<string>();
      for (const address of sitemapAddresses(site)) {
        if (listed.has(address)) yield `${address} is listed twice`;
        if (!indexable.has(address)) yield `${address} is listed but is not an indexable page`;
        listed.add(address);
      }
      for (const address of indexable) if (!listed.has(address)) yield `${address} is indexable but not listed`;
    },
  };
};

/** A scenario page has one Plan for: in its title, description, answer, card, calculator and calculation. */
const planForIsOne: Rule = () => ({
  *visit(page) {
    if (!/^\/models\/[^/]+\/[^/]+\/[^/]+\/$/.test(page.path)) return;
    const planFor = /: ([\d.,]+ [MGT]B) VRAM/.exec(page.title ?? '')?.[1];
    if (planFor === undefined) {
      yield `${page.path}: the title has no Plan for`;
      return;
    }
    const cards = [...page.markup.matchAll(/<dt>Plan for<\/dt>\s*<dd>([\s\S]*?)<small>/g)].map(([, own = '']) =>
      textOf(own),
    );
    if (cards.length !== 2) yield `${page.path}: ${cards.length} cards`;
    for (const own of cards) if (own !== planFor) yield `${page.path}: a card says ${own}, the title ${planFor}`;
    const said = {
      description: page.description ?? '',
      answer: /<div class="answer">([\s\S]*?)<\/div>/.exec(page.markup)?.[1] ?? '',
      calculation: /<ol class="steps">([\s\S]*?)<\/ol>/.exec(page.markup)?.[1] ?? '',
    };
    for (const [where, text] of Object.entries(said))
      if (!textOf(text).includes(planFor)) yield `${page.path}: the ${where} does not say ${planFor}`;
  },
});

export const SITE_RULES = {
  linksResolve,
  headIsComplete,
  canonicalsResolve,
  textsAreUnique,
  structuredDataIsTrue,
  policyBlocksNothing,
  sitemapIsExact,
  planForIsOne,
} as const satisfies Record<string, Rule>;

export type SiteRule = keyof typeof SITE_RULES;

export interface SiteReport {
  readonly pages: number;
  readonly problems: Readonly<Record<SiteRule, readonly string[]>>;
}

/** Reads every page once and asks every rule. */
export function checkSite(site: BuiltSite): SiteReport {
  const checks = Object.entries(SITE_RULES).map(([name, rule]) => ({
    name,
    check: rule(site),
    problems: [] as string[],
  }));
  const files = pageFiles(site);
  for (const file of files) {
    const page = readPage(site, file);
    for (const { check, problems } of checks) problems.push(...check.visit(page));
  }
  for (const { check, problems } of checks) problems.push(...(check.finish?.() ?? []));
  return {
    pages: files.length,
    problems: Object.fromEntries(
      checks.map(({ name, problems }) => [name, problems]),
    ) as unknown as SiteReport['problems'],
  };
}
