/**
 * Every URL of the site is made here, as a site path: it starts with "/", and a page's path ends with "/".
 * Ids are the catalogue's (file names), contexts are labels of `contextLabel` ("128k", "1m").
 */

export const homePath = (): string => '/';

/** Id of a section of a list, by its place from 0. */
export const listSectionId = (place: number): string => `section-${place + 1}`;

export const modelListPath = (): string => '/models/';
/** The section of a size class, by its place among them. */
export const modelListSectionPath = (place: number): string => `${modelListPath()}#${listSectionId(place)}`;
export const modelPath = (model: string): string => `/models/${model}/`;
export const modelQuantPath = (model: string, quant: string): string => `/models/${model}/${quant}/`;
/** @param context a label, e.g. "128k" */
export const scenarioPath = (model: string, quant: string, context: string): string =>
  `/models/${model}/${quant}/${context}/`;

export const familyListPath = (): string => '/families/';
export const familyPath = (family: string): string => `/families/${family}/`;

export const quantListPath = (): string => '/quants/';
export const quantPath = (quant: string): string => `/quants/${quant}/`;

export const gpuListPath = (): string => '/gpus/';
export const gpuPath = (gpu: string): string => `/gpus/${gpu}/`;

export const vramTierListPath = (): string => '/vram/';
/** @param gigabytes memory as it is sold, e.g. 24 */
export const vramTierPath = (gigabytes: number): string => `/vram/${gigabytes}gb/`;
/** @param gigabytes memory of the whole machine, e.g. 64 */
export const macTierPath = (gigabytes: number): string => `/vram/mac-${gigabytes}gb/`;

export const compareListPath = (): string => '/compare/';
/** Two models, or two devices. */
export const comparePath = (first: string, second: string): string => `/compare/${first}-vs-${second}/`;

export const guideListPath = (): string => '/guides/';
/** Guides with an address of their own, by id. */
export const OWN_ADDRESS: Readonly<Record<string, string>> = { methodology: '/methodology/', about: '/about/' };
export const guidePath = (guide: string): string => OWN_ADDRESS[guide] ?? `/guides/${guide}/`;
export const methodologyPath = (): string => guidePath('methodology');
export const aboutPath = (): string => guidePath('about');

/** Estimates against measured runs. */
export const accuracyPath = (): string => '/accuracy/';

export const calculatorPath = (): string => '/calculator/';
export const dataPath = (): string => '/data/';
export const searchPath = (): string => '/search/';

/** Static JSON of one model with every scenario. */
export const modelApiPath = (model: string): string => `/api/v1/models/${model}.json`;
/** Static JSON that lists every model of the API. */
export const apiIndexPath = (): string => '/api/v1/models.json';
/** Architectures, quants and devices for the calculator in the browser. */
export const calculatorDataPath = (): string => '/api/v1/calculator.json';

/** Every measured run with the estimate for it. */
export const measurementApiPath = (): string => '/api/v1/measurements.json';
/** Names of files and repositories for the commands of the calculator's page. */
export const calculatorMoreDataPath = (): string => '/api/v1/calculator-commands.json';
/** JSON Schema of the files of the API. */
export const apiSchemaPath = (): string => '/api/v1/schema.json';
/** Names and pages for the search box. */
export const searchDataPath = (): string => '/api/v1/search.json';
/** A model's page as plain text. */
export const modelTextPath = (model: string): string => `/models/${model}.md`;
/** Records that changed, newest first. */
export const feedPath = (): string => '/feed.xml';

export const sitemapPath = (): string => '/sitemap-index.xml';
/** What the page build tells the sitemap; it is taken out of the built site again. */
export const sitemapDataPath = (): string => '/sitemap-data.json';
export const llmsTextPath = (): string => '/llms.txt';
export const iconPath = (): string => '/icon.svg';
/**
 * The picture that social networks show for a page: a model's on all its pages, a device's, a memory size's or a guide's
 * own, the site's elsewhere.
 */
export function openGraphImagePath(path: string): string {
  const guide = Object.keys(OWN_ADDRESS).find((own) => OWN_ADDRESS[own] === path);
  if (guide !== undefined) return `/og/guides/${guide}.png`;
  const [, kind, id] = /^\/(models|gpus|guides|vram)\/([^/]+)\//.exec(path) ?? [];
  return id === undefined ? '/og.png' : `/og/${kind}/${id}.png`;
}

/** Origins without a slash at their end, by the address of a deployment: a page has nine addresses, and one origin. */
const origins = new Map<string, string>();

/**
 * Absolute URL of a site path as this module makes them: it begins with a slash and needs no encoding.
 * @param origin address of the deployment, e.g. "https://example.org"
 */
export function absoluteUrl(path: string, origin: string): string {
  let known = origins.get(origin);
  if (known === undefined) {
    known = new URL(origin).origin;
    origins.set(origin, known);
  }
  return `${known}${path}`;
}
