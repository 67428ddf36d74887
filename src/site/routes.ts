/**
 * Every URL of the site is made here, as a site path: it starts with "/", and a page's path ends with "/".
 * Ids are the catalogue's (file names), contexts are labels of `contextLabel` ("128k", "1m").
 */

export const homePath = (): string => '/';

export const modelListPath = (): string => '/models/';
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

export const guideListPath = (): string => '/guides/';
/** The methodology is a guide with an address of its own. */
export const guidePath = (guide: string): string =>
  guide === METHODOLOGY_GUIDE ? methodologyPath() : `/guides/${guide}/`;
export const METHODOLOGY_GUIDE = 'methodology';
export const methodologyPath = (): string => '/methodology/';

/** Estimates against measured runs. */
export const accuracyPath = (): string => '/accuracy/';

/** The calculator stands on the home page. */
export const calculatorPath = (): string => '/#calculator';

/** Static JSON of one model with every scenario. */
export const modelApiPath = (model: string): string => `/api/v1/models/${model}.json`;
/** Static JSON that lists every model of the API. */
export const apiIndexPath = (): string => '/api/v1/models.json';
/** Architectures, quants and devices for the calculator in the browser. */
export const calculatorDataPath = (): string => '/api/v1/calculator.json';

/** Every measured run with the estimate for it. */
export const measurementApiPath = (): string => '/api/v1/measurements.json';

export const sitemapPath = (): string => '/sitemap-index.xml';
/** What the page build tells the sitemap; it is taken out of the built site again. */
export const sitemapDataPath = (): string => '/sitemap-data.json';
export const robotsPath = (): string => '/robots.txt';
export const llmsTextPath = (): string => '/llms.txt';
export const iconPath = (): string => '/icon.svg';
/** The picture that social networks show; one for the whole site until models have their own. */
export const openGraphImagePath = (): string => '/og.png';

/**
 * Absolute URL of a site path.
 * @param origin address of the deployment, e.g. "https://example.org"
 */
export const absoluteUrl = (path: string, origin: string): string => new URL(path, origin).href;
