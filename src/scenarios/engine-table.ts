/** "Engines side by side" in words: one row a format, under the engine that reads it. */
import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { modelQuantPath, quantPath } from '../site/routes.ts';
import { formatGB } from '../vram/index.ts';
import { type EngineRow, enginesOf, type RunsOn } from './engines.ts';
import { defaultContextOf } from './expand.ts';
import type { Grid, ModelPage } from './views.ts';
import { contextTitle, deviceLabel, nameWithMemory, tokensText } from './words.ts';

export const engineName = ({ engine }: EngineRow): string => `${engine.name} ${engine.version}`;

/** "RTX 4090 24GB", "8 x H200 141GB". */
export const runsOnText = (runsOn: RunsOn | undefined): string => {
  if (!runsOn) return 'more than 16 GPUs';
  return runsOn.count === 1 ? nameWithMemory(runsOn.own.gpu) : deviceLabel(runsOn.own.gpu, runsOn.count);
};

function hrefOf(model: EstimableModel, { quant }: EngineRow): string {
  if (!quant) return '';
  return quant.engine === 'llama-cpp' ? modelQuantPath(model.id, quant.id) : quantPath(quant.id);
}

function rowOf(model: EstimableModel, row: EngineRow): Grid['rows'][number] {
  const text = (words: string): Grid['rows'][number]['cells'][number] => ({ text: words, href: '' });
  const runsOn = row.engine.name === 'MLX' && !row.runsOn ? 'no Mac' : runsOnText(row.runsOn);
  return {
    head: { text: row.published ? `${row.format}, as published` : row.format, href: hrefOf(model, row) },
    note: engineName(row),
    cells: [
      text(formatGB(row.totalBytes)),
      text(runsOn),
      text(formatGB(row.weightsBytes)),
      text(formatGB(row.cacheBytes)),
    ],
  };
}

/** The section; `undefined` where llama.cpp is the only engine with a format for the model. */
export function engineTable(catalog: Catalog, model: EstimableModel): ModelPage['engines'] {
  const rows = enginesOf(catalog)(model);
  const [first] = rows;
  const cheapest = [...rows].sort((a, b) => a.totalBytes - b.totalBytes);
  const [least] = cheapest;
  const most = cheapest.at(-1);
  if (!first || !least || !most || rows.length === 1) return undefined;
  const context = defaultContextOf(model);
  return {
    intro: [
      `For ${tokensText(context)} of ${model.name}, ${least.format} in ${engineName(least)} needs least, ${formatGB(least.totalBytes)}, and ${most.format} in ${engineName(most)} most, ${formatGB(most.totalBytes)}.`,
      ...(rows.some(({ engine }) => engine.name === 'vLLM') ? [VLLM_SHARE] : []),
    ].join(' '),
    grid: {
      caption: `${model.name} by engine and format, ${contextTitle(context)} of context, one request`,
      corner: 'Format',
      columns: ['Total', 'Runs on', 'Weights', 'Cache'],
      rows: rows.map((row) => rowOf(model, row)),
    },
  };
}

const VLLM_SHARE =
  'vLLM fills 92 % of a GPU whatever it needs; its total is the least that this share must hold, and the rest holds more requests.';
