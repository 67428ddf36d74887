import type { Catalog } from '../catalog/catalog.ts';
import { scenarioKeys, scenarioQuants } from '../scenarios/expand.ts';
import { tiersOf } from '../scenarios/pages/vram-tier-page.ts';
import { HEADROOM_TEXT } from '../scenarios/words.ts';
import { formatCount } from '../vram/index.ts';
import { CONTENT_LICENSE, SITE_NAME, SITE_TAGLINE } from './config.ts';
import {
  absoluteUrl,
  accuracyPath,
  apiIndexPath,
  apiSchemaPath,
  calculatorPath,
  compareListPath,
  dataPath,
  familyListPath,
  gpuListPath,
  guideListPath,
  measurementApiPath,
  methodologyPath,
  modelApiPath,
  modelListPath,
  modelPath,
  modelTextPath,
  quantListPath,
  vramTierListPath,
} from './routes.ts';

const MOST_MODELS = 40;

/** The text of /llms.txt: what the site has, where its pages and JSON files are, and how to read the two figures. */
export function llmsText(catalog: Catalog, origin: string): string {
  const link = (text: string, path: string, note: string): string =>
    `- [${text}](${absoluteUrl(path, origin)}): ${note}`;
  const models = catalog.estimableModels;
  const tiers = tiersOf(catalog);
  return [
    `# ${SITE_NAME}`,
    '',
    `> ${SITE_TAGLINE}. ${models.length} models at ${scenarioQuants(catalog).length} GGUF quants and every context: ${formatCount(scenarioKeys(catalog).length)} scenarios, each with what llama.cpp allocates (Needs) and what to plan for (Plan for).`,
    '',
    `Needs is the sum of weights, KV cache, recurrent state and compute buffer on the GPU. Plan for is the larger of the usual rule of thumb and Needs plus ${HEADROOM_TEXT}. GB is 10^9 bytes, GiB 2^30.`,
    `Scenario pages: ${absoluteUrl(modelListPath(), origin)}MODEL/QUANT/CONTEXT/ with contexts such as 8k, 128k, 1m. Text and data: ${CONTENT_LICENSE.name}.`,
    '',
    '## Data',
    '',
    link('Models of the API', apiIndexPath(), 'list of the JSON files, one a model, with every scenario in bytes'),
    link('Measured runs', measurementApiPath(), 'memory and decode speed of real runs, each with the estimate'),
    link('Schema', apiSchemaPath(), 'JSON Schema of the models and the measured runs'),
    link('About the data', dataPath(), 'files, fields, licence'),
    link('Example', modelApiPath(models[0]?.id ?? ''), models[0]?.name ?? ''),
    '',
    '## Ways in',
    '',
    link('Models', modelListPath(), 'by size'),
    link('GPUs and Macs', gpuListPath(), 'what runs on each'),
    link('By memory', vramTierListPath(), `what fits ${tiers.at(0)} to ${tiers.at(-1)} GB`),
    link('Comparisons', compareListPath(), 'model against model, GPU against GPU'),
    link('Quants', quantListPath(), 'bits, quality, memory'),
    link('Families', familyListPath(), 'siblings by size'),
    link('Guides', guideListPath(), 'hand-written'),
    link('Methodology', methodologyPath(), 'how every figure is made'),
    link('Accuracy', accuracyPath(), 'estimates against measured runs'),
    link('Calculator', calculatorPath(), 'any combination, in the browser'),
    '',
    '## Most looked-up models',
    '',
    `The same page as plain text: the address with .md in place of the last slash, e.g. ${absoluteUrl(modelTextPath(models[0]?.id ?? ''), origin)}.`,
    '',
    ...models.slice(0, MOST_MODELS).map((model) => link(model.name, modelPath(model.id), model.hook)),
    '',
  ].join('\n');
}
