import type { Grid, ModelPage } from '../scenarios/views.ts';
import { CONTENT_LICENSE, SITE_NAME } from './config.ts';
import { absoluteUrl } from './routes.ts';

/** Text for a cell of a Markdown table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(grid: Grid): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [
    line([grid.corner, ...grid.columns]),
    line(['---', ...grid.columns.map(() => '--:')]),
    ...grid.rows.map(({ head, cells }) =>
      line([head.text, ...cells.map((own) => (own ? [own.text, own.note].filter(Boolean).join(' ') : '-'))]),
    ),
  ].join('\n');
}

/** A model's page as Markdown: the same page object, without pictures and controls. */
export function modelText(page: ModelPage, origin: string): string {
  const absolute = (href: string): string => (href.startsWith('/') ? absoluteUrl(href, origin) : href);
  const link = (text: string, href: string): string => `[${text}](${absolute(href)})`;
  const parts = [
    `# ${page.heading}`,
    `${page.hook}.`,
    page.answer.join('\n\n'),
    `## ${page.grid.caption}`,
    table(page.grid),
    '## Hardware',
    page.hardware.intro,
    ...(page.cacheNote ? [`## ${page.cacheNote.title}`, page.cacheNote.text.join('\n\n')] : []),
    '## Facts',
    page.facts.map(({ term, text }) => `- ${term}: ${text}`).join('\n'),
    ...(page.faq.length > 0
      ? ['## Questions', ...page.faq.map(({ question, answer }) => `### ${question}\n\n${answer}`)]
      : []),
    '## Sources',
    page.sources.map(({ text, href }) => `- ${link(text, href)}`).join('\n'),
    `${SITE_NAME}, ${page.engine}, updated ${page.meta.updated}. ${link('The page', page.meta.path)}, ${link('as JSON', page.apiHref)}. Text and data: ${CONTENT_LICENSE.name}.`,
  ];
  return `${parts.join('\n\n')}\n`;
}
