import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSite } from '../../support/site.ts';
import { checkSite, SITE_RULES, type SiteRule } from '../../support/site-rules.ts';

const ORIGIN = 'https://atlas.test';

function pageOf(
  path: string,
  { title = `Title of ${path}`, canonical = path, robots = 'index, follow', body = '' } = {},
): string {
  const crumbs = JSON.stringify({
    '@graph': [
      { '@type': 'BreadcrumbList', itemListElement: [{ position: 1, name: 'Here', item: ORIGIN + path }] },
      {
        '@type': 'FAQPage',
        mainEntity: [
          { '@type': 'Question', name: 'Does it fit?', acceptedAnswer: { '@type': 'Answer', text: 'Yes & no.' } },
        ],
      },
    ],
  });
  return `<!DOCTYPE html><html lang="en"><head><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="${robots}">
<meta name="description" content="About ${path}"><meta property="og:description" content="About ${path}">
<meta property="og:title" content="${title}"><meta property="og:url" content="${ORIGIN}${canonical}">
<meta property="og:image" content="${ORIGIN}/og.png"><link rel="canonical" href="${ORIGIN}${canonical}">
<script type="application/ld+json">${crumbs}</script></head><body><h1 id="top">Heading</h1>${body}
<section><h2 id="faq">Questions</h2><h3>Does it fit?</h3><p>Yes &amp; no.</p></section></body></html>`;
}

function sitemapOf(paths: readonly string[]): string {
  return `<urlset>${paths.map((path) => `<url><loc>${ORIGIN}${path}</loc></url>`).join('')}</urlset>`;
}

/** The hash is that of "answer()" by OpenSSL. */
const POLICY =
  "/*\n  Content-Security-Policy: default-src 'none'; script-src 'self' 'sha256-eXUXAHVAyJwRc9Fpd5oAQEORyDWi5S063C1Qgmi5CcU='; style-src 'self'\n";

const GOOD: Readonly<Record<string, string>> = {
  'index.html': pageOf('/', {
    body: '<a href="/a/#top">a</a> <a href="a/">a</a> <a href="https://elsewhere.test/x">x</a>',
  }),
  'a/index.html': pageOf('/a/', { body: '<a href="/#m=x&amp;q=y">share</a><img src="/og.png" alt="">' }),
  'b/index.html': pageOf('/b/', { canonical: '/a/', body: '<script>answer()</script>' }),
  _headers: POLICY,
  '404.html': pageOf('/404.html', { robots: 'noindex' }),
  'og.png': '',
  'sitemap-index.xml': `<sitemapindex><sitemap><loc>${ORIGIN}/sitemap-0.xml</loc></sitemap></sitemapindex>`,
  'sitemap-0.xml': sitemapOf(['/', '/a/']),
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'site-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function problemsOf(changes: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  for (const [file, text] of Object.entries({ ...GOOD, ...changes })) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  const { problems } = checkSite(openSite(directory));
  return Object.fromEntries(Object.entries(problems).filter(([, list]) => list.length > 0));
}

/** A scenario page whose calculator says `planFor`, and whose calculation says nothing. */
const scenario = (planFor: string): string =>
  pageOf('/models/m/q/8k/', {
    canonical: '/a/',
    title: 'M Q at 8K: 6.13 GB VRAM',
    body: `<div class="answer"><p>Plan for 6.13 GB.</p></div><dt>Plan for</dt><dd>6.13 GB <small>5.71 GiB</small></dd>
<dt>Plan for</dt><dd><data value="1">${planFor}</data> <small>5.71 GiB</small></dd><ol class="steps"></ol>`,
  });

/** Each breaks one rule: the changed file, and what the problem must name. */
const BROKEN: readonly [SiteRule, string, Record<string, string>][] = [
  ['linksResolve', '/missing/', { 'a/index.html': pageOf('/a/', { body: '<a href="/missing/">x</a>' }) }],
  ['linksResolve', '/b', { 'a/index.html': pageOf('/a/', { body: '<a href="/b">no slash</a>' }) }],
  [
    'linksResolve',
    '/gone.css',
    { 'a/index.html': pageOf('/a/', { body: '<link rel="stylesheet" href="/gone.css">' }) },
  ],
  ['linksResolve', 'no such element', { 'a/index.html': pageOf('/a/', { body: '<a href="/#nowhere">x</a>' }) }],
  ['linksResolve', 'not https', { 'a/index.html': pageOf('/a/', { body: '<a href="http://elsewhere.test/">x</a>' }) }],
  ['headIsComplete', '2 h1', { 'a/index.html': pageOf('/a/', { body: '<h1>Two</h1>' }) }],
  ['headIsComplete', '0 titles', { 'a/index.html': pageOf('/a/').replace(/<title>.*<\/title>/, '') }],
  [
    'headIsComplete',
    'no description',
    { 'a/index.html': pageOf('/a/').replace('<meta name="description"', '<meta name="d"') },
  ],
  [
    'headIsComplete',
    'og:url',
    { 'a/index.html': pageOf('/a/').replace(`og:url" content="${ORIGIN}/a/`, `og:url" content="${ORIGIN}/`) },
  ],
  ['canonicalsResolve', '0 canonicals', { 'a/index.html': pageOf('/a/').replace('rel="canonical"', 'rel="other"') }],
  ['canonicalsResolve', 'not an indexable page', { 'c/index.html': pageOf('/c/', { canonical: '/b/' }) }],
  ['canonicalsResolve', 'noindex beside', { 'b/index.html': pageOf('/b/', { canonical: '/a/', robots: 'noindex' }) }],
  ['textsAreUnique', 'title of /', { 'b/index.html': pageOf('/b/', { canonical: '/a/', title: 'Title of /a/' }) }],
  ['structuredDataIsTrue', 'does not parse', { 'a/index.html': pageOf('/a/').replace('{"@graph"', '{@graph') }],
  ['structuredDataIsTrue', 'not the visible one', { 'a/index.html': pageOf('/a/').replace('<p>Yes', '<p>Never') }],
  [
    'structuredDataIsTrue',
    'breadcrumbs end',
    { 'a/index.html': pageOf('/a/').replace(`"item":"${ORIGIN}/a/"`, `"item":"${ORIGIN}/"`) },
  ],
  ['policyBlocksNothing', 'style', { 'a/index.html': pageOf('/a/', { body: '<p style="color:red">x</p>' }) }],
  ['policyBlocksNothing', 'inline script', { 'a/index.html': pageOf('/a/', { body: '<script>alert(1)</script>' }) }],
  ['policyBlocksNothing', 'inline script', { _headers: POLICY.replace(/ 'sha256-.*'/, '') }],
  ['policyBlocksNothing', 'onclick', { 'a/index.html': pageOf('/a/', { body: '<button onclick="x()">x</button>' }) }],
  ['sitemapIsExact', 'not listed', { 'sitemap-0.xml': sitemapOf(['/']) }],
  ['sitemapIsExact', 'not an indexable page', { 'sitemap-0.xml': sitemapOf(['/', '/a/', '/b/']) }],
  ['planForIsOne', 'a card says 6.14 GB, the title 6.13 GB', { 'models/m/q/8k/index.html': scenario('6.14 GB') }],
  ['planForIsOne', 'the calculation does not say 6.13 GB', { 'models/m/q/8k/index.html': scenario('6.13 GB') }],
  ['sitemapIsExact', 'twice', { 'sitemap-0.xml': sitemapOf(['/', '/a/', '/a/']) }],
];

describe('rules of the built site', () => {
  test('a good site has no problem', () => {
    expect(problemsOf({})).toEqual({});
  });

  test.each(BROKEN)('%s finds: %s', (rule, words, changes) => {
    expect((problemsOf(changes)[rule] ?? []).join('\n')).toContain(words);
  });

  test('every rule is broken by an example', () => {
    expect(new Set(BROKEN.map(([rule]) => rule))).toEqual(new Set(Object.keys(SITE_RULES)));
  });

  test('a folder without a build is said to be one', () => {
    expect(() => openSite(directory)).toThrow('no built site');
  });
});
