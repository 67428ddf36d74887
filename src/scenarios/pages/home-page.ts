import type { Catalog } from '../../catalog/catalog.ts';
import { SITE_NAME } from '../../site/config.ts';
import { homePath } from '../../site/routes.ts';
import { formatCount } from '../../vram/index.ts';
import { calculatorPreset } from '../calculator-preset.ts';
import { scenarioKeys, scenarioQuants } from '../expand.ts';
import type { HomePage } from '../views.ts';
import { contextTitle } from '../words.ts';
import { metaOf } from './meta.ts';
import {
  GRID_CONTEXTS,
  modelHead,
  mostLookedUp,
  planForCell,
  smallestDeviceText,
  textCell,
  usualFacts,
  usualOf,
} from './shared.ts';
import { tierLink, tiersOf } from './vram-tier-page.ts';

const MOST_POPULAR = 24;

/** The home page: the calculator, the most looked-up models, the way in by memory. */
export function homePage(catalog: Catalog): HomePage {
  const first = mostLookedUp(catalog);
  const facts = usualFacts(catalog, first);
  const scenarios = scenarioKeys(catalog).length;
  const models = catalog.estimableModels.length;
  const quants = scenarioQuants(catalog).length;
  return {
    kind: 'home',
    meta: {
      ...metaOf({
        path: homePath(),
        title: `${SITE_NAME}: how much VRAM does a model need?`,
        description: [
          `VRAM of ${models} open-weight models at ${quants} GGUF quants and every context, to the byte llama.cpp allocates, with what runs them.`,
        ],
        crumbs: [],
        name: SITE_NAME,
        updated: catalog.updated,
      }),
      breadcrumbs: [{ text: SITE_NAME, href: homePath() }],
    },
    heading: 'How much VRAM does your model need?',
    answer: [
      `${models} models, ${quants} GGUF quants, every context: the bytes that llama.cpp allocates, and the devices that hold them.`,
      'Each page gives two figures. Needs is what the engine takes; Plan for leaves room beside it.',
    ],
    calculator: calculatorPreset(facts),
    popular: {
      caption: 'Memory to plan for at the usual quant, by context',
      corner: 'Model',
      columns: ['Quant', ...GRID_CONTEXTS.map(contextTitle), 'Smallest device at 8K'],
      rows: catalog.estimableModels.slice(0, MOST_POPULAR).map((model) => {
        const usual = usualOf(catalog, model);
        return {
          ...modelHead(model),
          cells: [
            textCell(usual.quant.name),
            ...GRID_CONTEXTS.map((context) => planForCell(catalog, model, usual.quant, context)),
            textCell(smallestDeviceText(catalog, usual.at, usual.contextTokens)),
          ],
        };
      }),
    },
    byMemory: tiersOf(catalog).map((tier) => tierLink(catalog, tier)),
    counts: [
      { term: 'Models', text: formatCount(models) },
      { term: 'Scenarios', text: formatCount(scenarios) },
      { term: 'Devices', text: formatCount(catalog.gpus.length) },
      { term: 'Quants', text: formatCount(catalog.quants.length) },
    ],
  };
}
