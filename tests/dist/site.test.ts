import { beforeAll, describe, expect, test } from 'vitest';
import { type BuiltSite, exists, GOLDEN_PATH, onePageOfEachKind, openSite, PAGE_KINDS } from '../support/site.ts';
import { checkSite, SITE_RULES, type SiteReport, type SiteRule } from '../support/site-rules.ts';

/** Enough to see what is wrong; a broken template breaks thousands of pages. */
const SHOWN = 20;

describe('every page of the built site', () => {
  let site: BuiltSite;
  let report: SiteReport;
  beforeAll(() => {
    site = openSite('dist');
    report = checkSite(site);
  });

  test.each(Object.keys(SITE_RULES) as SiteRule[])('%s', (rule) => {
    expect(report.problems[rule].slice(0, SHOWN)).toEqual([]);
  });

  test('there are pages of every kind, 5,000 and more scenarios, and the golden page', () => {
    expect(onePageOfEachKind(site).map(([kind]) => kind)).toEqual(PAGE_KINDS);
    expect(report.pages).toBeGreaterThan(5000);
    expect(exists(GOLDEN_PATH, site)).toBe(true);
  });

  test.each(['/robots.txt', '/sitemap-index.xml', '/_headers', '/404.html', '/api/v1/calculator.json'])(
    '%s is there',
    (file) => {
      expect(site.files.has(file)).toBe(true);
    },
  );
});
