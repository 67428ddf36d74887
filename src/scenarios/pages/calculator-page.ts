import type { Catalog } from '../../catalog/catalog.ts';
import { calculatorMoreDataPath, calculatorPath } from '../../site/routes.ts';
import { calculatorPreset } from '../calculator-preset.ts';
import { devicesOf } from '../devices.ts';
import { headroomText, shortContext } from '../hardware.ts';
import type { CalculatorPage } from '../views.ts';
import { contextTitle } from '../words.ts';
import { metaOf } from './meta.ts';
import { GRID_CONTEXTS, modelHead, mostLookedUp, planForCell, textCell, usualFacts, usualOf } from './shared.ts';

const MOST_MODELS = 30;

/** The calculator: every setting of the estimator, and a table for readers without JavaScript. */
export function calculatorPage(catalog: Catalog): CalculatorPage {
  const first = mostLookedUp(catalog);
  const facts = usualFacts(catalog, first);
  const card = devicesOf(catalog).bestKnown;
  const models = catalog.estimableModels.length;
  return {
    kind: 'calculator',
    meta: metaOf({
      path: calculatorPath(),
      title: 'LLM VRAM calculator: any model, quant, context and GPU',
      description: [
        `VRAM of ${models} models, or of any config.json, in llama.cpp, vLLM or MLX: cache types, sequences, micro-batch, tensor parallel, experts in RAM.`,
      ],
      crumbs: [],
      name: 'Calculator',
      updated: catalog.updated,
    }),
    heading: 'VRAM calculator',
    answer: [
      `Choose one of ${models} models or paste a config.json; every change is answered at once, with the bytes that llama.cpp, vLLM or MLX allocates. Nothing you enter leaves your browser, but for the name of a repository that you ask it to read from Hugging Face.`,
    ],
    calculator: calculatorPreset(facts),
    dataHref: calculatorMoreDataPath(),
    table: {
      caption: `Memory to plan for, the ${Math.min(MOST_MODELS, models)} most looked-up models at their usual quant`,
      corner: 'Model',
      columns: [
        'Quant',
        ...GRID_CONTEXTS.map(contextTitle),
        ...(card ? [`Largest context, ${card.gpu.shortName}`] : []),
      ],
      rows: catalog.estimableModels.slice(0, MOST_MODELS).map((model) => {
        const { quant, at, contextTokens } = usualOf(catalog, model);
        const held = card && at.fitOn(card.device, 1, contextTokens);
        return {
          ...modelHead(model),
          cells: [
            textCell(quant.name),
            ...GRID_CONTEXTS.map((context) => planForCell(catalog, model, quant, context)),
            ...(held
              ? [textCell(held.fit === 'no' ? headroomText(held, 1) : shortContext(at.largestContext(card.device, 1)))]
              : []),
          ],
        };
      }),
    },
  };
}
