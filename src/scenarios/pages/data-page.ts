import type { Catalog } from '../../catalog/catalog.ts';
import { apiScenarioSchema } from '../../site/api.schema.ts';
import { CONTENT_LICENSE, SITE_NAME } from '../../site/config.ts';
import {
  apiIndexPath,
  apiSchemaPath,
  calculatorDataPath,
  dataPath as dataPagePath,
  feedPath,
  llmsTextPath,
  measurementApiPath,
  modelApiPath,
  modelTextPath,
} from '../../site/routes.ts';
import { formatCount } from '../../vram/index.ts';
import { scenarioKeys } from '../expand.ts';
import type { DataPage, Grid } from '../views.ts';
import { metaOf } from './meta.ts';
import { mostLookedUp, textCell } from './shared.ts';

/** What the site publishes for programs, with the fields of a scenario as the schema says them. */
export function dataPage(catalog: Catalog): DataPage {
  const first = mostLookedUp(catalog);
  const models = catalog.estimableModels.length;
  const scenarios = formatCount(scenarioKeys(catalog).length);
  const file = (path: string, what: string, form: string): Grid['rows'][number] => ({
    head: { text: path, href: path },
    cells: [textCell(what), textCell(form)],
  });
  return {
    kind: 'data',
    meta: metaOf({
      path: dataPagePath(),
      title: `Data: ${scenarios} scenarios as JSON, ${CONTENT_LICENSE.name}`,
      description: [
        `Every scenario of ${models} models in whole bytes, as static JSON with a published schema, free under ${CONTENT_LICENSE.name}.`,
      ],
      crumbs: [],
      name: 'Data',
      updated: catalog.updated,
    }),
    heading: 'Data',
    answer: [
      `Each of the ${scenarios} scenarios stands in a JSON file, one file a model, in whole bytes: the same figures as on its page.`,
      `${CONTENT_LICENSE.name}: use them for anything and name ${SITE_NAME}. No key, no limit, readable from other sites.`,
    ],
    files: {
      caption: 'Addresses of the files',
      corner: 'Address',
      columns: ['What it has', 'Form'],
      rows: [
        file(apiIndexPath(), 'The models, with the address and date of each file', 'JSON'),
        file(
          modelApiPath(first.id),
          `One model: every quant and context. Here ${first.name}; one for each model`,
          'JSON',
        ),
        file(measurementApiPath(), 'Measured runs of memory and decode speed, each with the estimate', 'JSON'),
        file(apiSchemaPath(), 'JSON Schema of these three', 'JSON'),
        file(calculatorDataPath(), 'Architectures, quants and devices, as the calculator reads them', 'JSON'),
        file(modelTextPath(first.id), "A model's page as plain text", 'Markdown'),
        file(feedPath(), 'Records that changed, newest first', 'RSS'),
        file(llmsTextPath(), 'What the site has, for language models', 'text'),
      ],
    },
    fields: {
      caption: 'What each field says, amounts in bytes',
      corner: 'Field',
      columns: ['Meaning'],
      rows: Object.entries(apiScenarioSchema.unwrap().shape).map(([name, { description = '' }]) => ({
        head: { text: name, href: '' },
        cells: [textCell(description)],
      })),
    },
    example: {
      tool: 'Needs of every context at Q4_K_M',
      command: `curl -s "$SITE${modelApiPath(first.id)}" | jq '.quants[] | select(.name == "Q4_K_M") | .scenarios[] | [.contextTokens, .needsBytes]'`,
      note: '$SITE is the address of this site.',
    },
    notes: [
      'Fields are added without notice. One that changes its name or meaning raises the version in the path, and the old files stay.',
      'A file changes when the record of its model, a quant or the engine does; each names the day.',
    ],
  };
}
