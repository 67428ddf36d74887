import type { BreadcrumbList, Dataset, FAQPage, Graph, TechArticle, Thing, WebApplication, WebSite } from 'schema-dts';
import type { Link, Page, PageMeta, Question } from '../scenarios/views.ts';
import { keepUnits } from '../vram/index.ts';
import { CONTENT_LICENSE, SITE_LANGUAGE, SITE_NAME, SITE_TAGLINE } from './config.ts';
import { absoluteUrl, apiIndexPath, homePath } from './routes.ts';

/**
 * JSON-LD of a page: one graph, made of the same page object as the visible text.
 * Every page has its breadcrumbs (the home page the site itself), pages with questions a FAQ, guides an article,
 * model hubs and the page of the data a data set whose distribution is the JSON API, the calculator an application.
 * @param origin address of the deployment, e.g. "https://example.org"
 */
export function structuredData(page: Page, origin: string): Graph {
  const { meta } = page;
  const things: Thing[] = [];
  if (page.kind === 'home') things.push(webSite(origin));
  else things.push(breadcrumbList(meta.breadcrumbs, origin));
  if (meta.questions.length > 0) things.push(faqPage(meta.questions, meta, origin));
  if (page.kind === 'guide') things.push(techArticle(page.heading, meta, origin));
  if (page.kind === 'calculator') things.push(webApplication(page.heading, meta, origin));
  if (page.kind === 'data') things.push(dataset(page.heading, apiIndexPath(), meta, origin));
  if (page.kind === 'model') things.push(dataset(page.heading, page.apiHref, meta, origin));
  return { '@context': 'https://schema.org', '@graph': things };
}

/** A JSON-LD graph as the text of a script element: `<` is escaped, so no value can close the element. */
export function structuredDataText(graph: Graph): string {
  // As the visible text has them, so that a page is compressed better.
  return keepUnits(JSON.stringify(graph)).replaceAll('<', '\\u003c');
}

function webSite(origin: string): WebSite {
  return {
    '@type': 'WebSite',
    '@id': `${absoluteUrl(homePath(), origin)}#website`,
    name: SITE_NAME,
    description: SITE_TAGLINE,
    url: absoluteUrl(homePath(), origin),
    inLanguage: SITE_LANGUAGE,
  };
}

function breadcrumbList(crumbs: readonly Link[], origin: string): BreadcrumbList {
  return {
    '@type': 'BreadcrumbList',
    itemListElement: crumbs.map((crumb, index) => ({
      '@type': 'ListItem',
      position: index + 1,
      name: crumb.text,
      item: absoluteUrl(crumb.href, origin),
    })),
  };
}

function faqPage(questions: readonly Question[], meta: PageMeta, origin: string): FAQPage {
  return {
    '@type': 'FAQPage',
    '@id': `${absoluteUrl(meta.path, origin)}#faq`,
    inLanguage: SITE_LANGUAGE,
    dateModified: meta.updated,
    mainEntity: questions.map(({ question, answer }) => ({
      '@type': 'Question',
      name: question,
      acceptedAnswer: { '@type': 'Answer', text: answer },
    })),
  };
}

function webApplication(heading: string, meta: PageMeta, origin: string): WebApplication {
  return {
    '@type': 'WebApplication',
    name: heading,
    description: meta.description,
    url: absoluteUrl(meta.path, origin),
    applicationCategory: 'UtilitiesApplication',
    operatingSystem: 'Any',
    isAccessibleForFree: true,
    inLanguage: SITE_LANGUAGE,
  };
}

function techArticle(heading: string, meta: PageMeta, origin: string): TechArticle {
  return {
    '@type': 'TechArticle',
    headline: heading,
    description: meta.description,
    url: absoluteUrl(meta.path, origin),
    dateModified: meta.updated,
    inLanguage: SITE_LANGUAGE,
    license: CONTENT_LICENSE.url,
  };
}

function dataset(heading: string, apiHref: string, meta: PageMeta, origin: string): Dataset {
  return {
    '@type': 'Dataset',
    name: heading,
    description: meta.description,
    url: absoluteUrl(meta.path, origin),
    dateModified: meta.updated,
    license: CONTENT_LICENSE.url,
    creator: { '@type': 'Organization', name: SITE_NAME, url: absoluteUrl(homePath(), origin) },
    distribution: {
      '@type': 'DataDownload',
      encodingFormat: 'application/json',
      contentUrl: absoluteUrl(apiHref, origin),
    },
  };
}
