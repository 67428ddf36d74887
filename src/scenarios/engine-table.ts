/** "Engines side by side" in words: one row a format, under the engine that reads it. */
import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { modelQuantPath, quantPath } from '../site/routes.ts';
import { DEFAULT_VLLM_SETTINGS, formatBytes, formatGB, formatWholePercent, MOST_DEVICES } from '../vram/index.ts';
import { type EngineRow, engineRowsBeside, enginesOf, figuresOf, MOST_SERVED_GPUS, type RunsOn } from './engines.ts';
import { defaultContextOf } from './expand.ts';
import type { Facts } from './facts.ts';
import { bestOf, namedSets } from './named-devices.ts';
import type { Grid, ModelPage, ScenarioPage } from './views.ts';
import { contextTitle, deviceLabel, joinWords, nameWithMemory, tokensText } from './words.ts';

/** "llama.cpp v0.5.0". */
export const engineName = ({ engine }: Pick<EngineRow, 'engine'>): string => `${engine.name} ${engine.version}`;

/** "RTX 4090 24GB", "8 x H200 141GB". */
export const runsOnText = ({ engine, runsOn }: Pick<EngineRow, 'engine' | 'runsOn'>): string => {
  if (!runsOn) return `more than ${engine.name === 'llama.cpp' ? MOST_DEVICES : MOST_SERVED_GPUS} GPUs`;
  return runsOn.count === 1 ? nameWithMemory(runsOn.own.gpu) : deviceLabel(runsOn.own.gpu, runsOn.count);
};

/** What vLLM takes of each GPU of a group, for the cell that names the group. */
export function shareNote({ engine, totalBytes, runsOn }: EngineRow): { readonly note?: string } {
  return engine.name === 'vLLM' && runsOn && runsOn.count > 1
    ? { note: `${formatGB(totalBytes / runsOn.count)} each` }
    : {};
}

const COLUMNS: Grid['columns'] = ['Total', 'Runs on', 'Weights', 'Cache', 'Compute'];

function hrefOf(model: EstimableModel, { quant }: EngineRow): string {
  if (!quant) return '';
  return quant.engine === 'llama-cpp' ? modelQuantPath(model.id, quant.id) : quantPath(quant.id);
}

function rowOf(model: EstimableModel, row: EngineRow): Grid['rows'][number] {
  const text = (words: string) => ({ text: words, href: '' });
  const runsOn = row.engine.name === 'MLX' && !row.runsOn ? 'no Mac' : runsOnText(row);
  return {
    head: { text: row.published ? `${row.format}, as published` : row.format, href: hrefOf(model, row) },
    note: engineName(row),
    cells: [
      text(formatGB(row.totalBytes)),
      { ...text(runsOn), ...shareNote(row) },
      text(formatGB(row.weightsBytes)),
      text(formatGB(row.cacheBytes)),
      text(formatGB(row.computeBytes)),
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
      `For ${tokensText(context)} of ${model.name}, ${formatName(least)} in ${engineName(least)} needs least, ${formatGB(least.totalBytes)}, and ${formatName(most)} in ${engineName(most)} most, ${formatGB(most.totalBytes)}.`,
      ...(rows.some(({ engine }) => engine.name === 'vLLM') ? [VLLM_SHARE] : []),
    ].join(' '),
    grid: {
      caption: `${model.name} by engine and format, ${contextTitle(context)} of context, one request`,
      corner: 'Format',
      columns: COLUMNS,
      rows: rows.map((row) => rowOf(model, row)),
    },
  };
}

const VLLM_SHARE = `vLLM fills ${formatWholePercent(DEFAULT_VLLM_SETTINGS.gpuMemoryUtilization)} of a GPU whatever it needs; its total is the least that this share of all its GPUs must hold, and the rest holds more requests.`;

/** The scenario under its own engine and the others, each in the format nearest to the quant; `undefined` where no other has one. */
export function scenarioEngines(facts: Facts): ScenarioPage['engines'] {
  const { catalog, scenario } = facts;
  const { model, quant, contextTokens, allocation } = scenario;
  const rows = engineRowsBeside(catalog, scenario);
  if (rows.length === 0) return undefined;
  const own: EngineRow = {
    ...figuresOf(allocation),
    format: quant.name,
    quant,
    published: false,
    ...runsOnOf(facts),
  };
  return {
    intro: [against(own, rows), ...vllmShare(rows)].join(' '),
    grid: {
      caption: `${model.name} with ${contextTitle(contextTokens)} of context by engine`,
      corner: 'Format',
      columns: COLUMNS,
      rows: [own, ...rows].map((row) => rowOf(model, row)),
    },
  };
}

/** What the page names as the hardware of the scenario. */
function runsOnOf(facts: Facts): { readonly runsOn?: RunsOn } {
  const { card, unified } = facts;
  const tier = card ?? unified;
  const runsOn = tier ? { own: bestOf(tier), count: 1 } : namedSets(facts).at(-1);
  return runsOn ? { runsOn } : {};
}

/** Share of a difference below which weights do not explain it. */
const WORTH_A_REASON = 0.05;

/** "Against Q4_K_M in llama.cpp, AWQ in vLLM takes 2.1 GB more (weights 1.9 GB of it) and MLX 4-bit 0.1 GB less." */
function against(own: EngineRow, rows: readonly EngineRow[]): string {
  const parts = rows.map((row, index) => {
    const difference = row.totalBytes - own.totalBytes;
    const weights = row.weightsBytes - own.weightsBytes;
    const explained =
      Math.sign(weights) === Math.sign(difference) &&
      Math.abs(weights) < Math.abs(difference) &&
      Math.abs(weights) >= WORTH_A_REASON * Math.abs(difference);
    const takes = index === 0 ? ' takes' : '';
    const reason = explained ? ` (weights ${formatBytes(Math.abs(weights))} of it)` : '';
    return `${formatIn(row)}${takes} ${formatBytes(Math.abs(difference))} ${difference < 0 ? 'less' : 'more'}${reason}`;
  });
  return `Against ${own.format} in ${own.engine.name}, ${joinWords(parts)}.`;
}

/** A format in a sentence: without the list of what else is in a checkpoint. */
const formatName = ({ published, format }: EngineRow): string =>
  published ? 'the published checkpoint' : (format.split(',')[0] ?? format);

const formatIn = (row: EngineRow): string =>
  row.format.startsWith(row.engine.name) ? row.format : `${formatName(row)} in ${row.engine.name}`;

/** vLLM fills its share of each GPU whatever the model needs. */
function vllmShare(rows: readonly EngineRow[]): readonly string[] {
  const row = rows.find(({ engine }) => engine.name === 'vLLM');
  if (!row?.runsOn) return [];
  const { own, count } = row.runsOn;
  const share = formatGB(own.device.usableBytes * DEFAULT_VLLM_SETTINGS.gpuMemoryUtilization);
  if (count === 1)
    return [
      `vLLM fills ${share} of the ${own.gpu.shortName} whatever it needs: its total is the least that must fit in there.`,
    ];
  return [
    `vLLM needs ${formatGB(row.totalBytes / count)} on each of ${deviceLabel(own.gpu, count)} and fills ${share} of each whatever it needs.`,
    ...(row.cacheOnceBytes === undefined
      ? []
      : [
          `The GPUs repeat the cache: ${formatGB(row.cacheBytes)} in all, where one GPU would keep ${formatGB(row.cacheOnceBytes)}.`,
        ]),
  ];
}
