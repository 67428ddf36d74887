import type { Catalog } from '../../catalog/catalog.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { modelPath } from '../../site/routes.ts';
import { type Fit, formatParameters, formatTokens, overheadOf } from '../../vram/index.ts';
import { type CatalogDevice, devicesOf } from '../devices.ts';
import {
  contextsOf,
  DEFAULT_CONTEXT,
  defaultContextOf,
  defaultQuantOf,
  maximumContext,
  recommendedQuants,
} from '../expand.ts';
import { type Facts, factsOf, tierFor } from '../facts.ts';
import { memoized } from '../memoized.ts';
import { scenarioTarget } from '../related.ts';
import { computeScenario, type ModelAtQuant, modelAtQuant, needOf } from '../scenario.ts';
import { bestOf } from '../verdict.ts';
import type { Grid } from '../views.ts';
import { contextTitle, deviceLabel, joinWords, nameForBytes } from '../words.ts';

export type Cell = NonNullable<Grid['rows'][number]['cells'][number]>;
export type Row = Grid['rows'][number];

/** Contexts that hub grids show, in tokens. */
export const GRID_CONTEXTS: readonly number[] = [8, 32, 128].map((k) => k * 1024);

/** Size classes of lists of models, by parameters. */
export const SIZE_CLASSES: readonly { readonly title: string; readonly below: number }[] = [
  { title: 'Up to 5B parameters', below: 5e9 },
  { title: '5B to 16B', below: 16e9 },
  { title: '16B to 40B', below: 40e9 },
  { title: '40B to 150B', below: 150e9 },
  { title: '150B to 500B', below: 500e9 },
  { title: 'Over 500B', below: Number.POSITIVE_INFINITY },
];

/** Memory that a device leaves to a model, in bytes. */
export const roomOf = (own: CatalogDevice): number => own.device.usableBytes - overheadOf(own.device);

/** A model at its usual quant and context. */
export interface Usual {
  readonly at: ModelAtQuant;
  readonly quant: QuantRecord;
  readonly contextTokens: number;
  readonly needsBytes: number;
  readonly planForBytes: number;
}

/** The figures that stand for a model in lists. */
export const usualOf = (catalog: Catalog, model: EstimableModel): Usual => usuals(catalog)(model);

const usuals = memoized((catalog: Catalog) =>
  memoized((model: EstimableModel): Usual => {
    const quant = defaultQuantOf(catalog, model);
    const contextTokens = defaultContextOf(model);
    const at = modelAtQuant(catalog, model.id, quant.id);
    return { at, quant, contextTokens, ...at.need(contextTokens) };
  }),
);

/** Reasons over a model at its usual quant and context. */
export const usualFacts = (catalog: Catalog, model: EstimableModel): Facts =>
  factsOf(
    catalog,
    computeScenario(catalog, {
      model: model.id,
      quant: defaultQuantOf(catalog, model).id,
      context: defaultContextOf(model),
    }),
  );

/** A text cell without a link. */
export const textCell = (text: string, note?: string): Cell => ({
  text,
  href: '',
  ...(note !== undefined && { note }),
});

/** What a cell under a head that says 8K notes where its model ends before: the context that it is for. */
export const shorterContextNote = (context: number): Pick<Cell, 'note'> =>
  context < DEFAULT_CONTEXT ? { note: `at ${contextTitle(context)}` } : {};

/** Plan for of a scenario, linked to its page; `null` where the model's context ends before. */
export function planForCell(
  catalog: Catalog,
  model: EstimableModel,
  quant: QuantRecord,
  context: number,
  fit?: Fit,
): Cell | null {
  if (!contextsOf(model).includes(context)) return null;
  const { href, figure } = scenarioTarget(modelAtQuant(catalog, model.id, quant.id), context);
  return {
    text: figure,
    href,
    ...(fit !== undefined && { fit }),
    ...shorterContextNote(context),
  };
}

/** Keeps a size and its unit on one line of a narrow cell. */
const inOneLine = (name: string): string => name.replace(/ (Gi?B\))$/, '\u00a0$1');

/** The smallest device that holds `planForBytes`, in words: a card, a machine with unified memory, or several GPUs. */
export function smallestDeviceText(catalog: Catalog, at: ModelAtQuant, context: number): string {
  const devices = devicesOf(catalog);
  const { planForBytes } = at.need(context);
  const card = tierFor(devices.cards, planForBytes);
  if (card) return inOneLine(nameForBytes(bestOf(card).gpu, planForBytes));
  const unified = tierFor(devices.unified, planForBytes);
  if (unified) return inOneLine(nameForBytes(bestOf(unified).gpu, planForBytes));
  const h200 = devices.byId.get('h200-sxm');
  const count = h200 && at.fewestDevices(h200.device, context);
  return h200 && count !== undefined ? deviceLabel(h200.gpu, count) : 'more than 16 GPUs';
}

const planTables = memoized((_: Catalog) => memoized((_model: EstimableModel) => new Map<number, readonly number[]>()));

/** Plan for of every recommended quant at a context, in bytes, in the order of the quants. */
function plansOf(catalog: Catalog, model: EstimableModel, context: number): readonly number[] {
  const known = planTables(catalog)(model);
  let plans = known.get(context);
  if (!plans) {
    plans = recommendedQuants(catalog, model).map(
      (quant) => needOf(catalog, { model: model.id, quant: quant.id, context }).planForBytes,
    );
    known.set(context, plans);
  }
  return plans;
}

/** Of the recommended quants that `accepts` takes, the one with the most bits whose Plan for is within `roomBytes` at a context; `undefined` where none is. */
export function largestQuantWithin(
  catalog: Catalog,
  model: EstimableModel,
  context: number,
  roomBytes: number,
  accepts: (quant: QuantRecord) => boolean = () => true,
): QuantRecord | undefined {
  const plans = plansOf(catalog, model, context);
  return recommendedQuants(catalog, model).findLast(
    (quant, place) => (plans[place] ?? Number.POSITIVE_INFINITY) <= roomBytes && accepts(quant),
  );
}

/** A quant with fewer bits per weight, unless the model's usual one, is no recommendation. */
export const FEWEST_GOOD_BITS = 4;

/** Row head of a model: its hub, with its parameters. */
export function modelHead(model: EstimableModel): Pick<Row, 'head' | 'note'> {
  const { active } = model.parameters;
  const total = formatParameters(model.parameters.published ?? model.parameters.total);
  return {
    head: { text: model.name, href: modelPath(model.id) },
    note: active === undefined ? total : `${total}, ${formatParameters(active)} active`,
  };
}

/** Which quant fits at each of {@link GRID_CONTEXTS}, for every model of which some does, most looked-up first. */
export function whatFitsRows(
  catalog: Catalog,
  roomBytes: number,
  extra: (model: EstimableModel, quant: QuantRecord) => Cell | null = () => null,
): readonly Row[] {
  return catalog.estimableModels.flatMap((model) => {
    const shortest = Math.min(GRID_CONTEXTS[0] ?? 0, maximumContext(model));
    const atShortest = largestQuantWithin(catalog, model, shortest, roomBytes);
    if (!atShortest) return [];
    const held = (quant: QuantRecord, context: number): Cell => {
      const { href, figure } = scenarioTarget(modelAtQuant(catalog, model.id, quant.id), context);
      return { text: quant.name, href, note: figure };
    };
    const cells = GRID_CONTEXTS.map((context, place): Cell | null => {
      if (!contextsOf(model).includes(context)) {
        const most = formatTokens(maximumContext(model));
        if (place > 0) return textCell(`max ${most}`);
        // A model that ends before the first column is there for what it does hold.
        const cell = held(atShortest, shortest);
        return { ...cell, note: `${cell.note} at ${most}` };
      }
      const quant = largestQuantWithin(catalog, model, context, roomBytes);
      return quant ? held(quant, context) : textCell('none');
    });
    return [{ ...modelHead(model), cells: [...cells, ...[extra(model, atShortest)].filter((cell) => cell !== null)] }];
  });
}

/** Column heads of {@link whatFitsRows}. */
export const WHAT_FITS_COLUMNS: readonly string[] = GRID_CONTEXTS.map(
  (context) => `Largest quant at ${contextTitle(context)}`,
);

/** Plan for of every estimable model at 8K, in bytes: at its smallest recommended quant, and at its usual one. */
const plansAtDefault = memoized((catalog: Catalog) => ({
  any: catalog.estimableModels.map((model) => Math.min(...plansOf(catalog, model, defaultContextOf(model)))),
  usual: catalog.estimableModels.map((model) => usualOf(catalog, model).planForBytes),
}));

/** How many estimable models fit `roomBytes` at 8K: in any quant, and at their usual one. */
export function countWithin(catalog: Catalog, roomBytes: number): { readonly any: number; readonly usual: number } {
  const { any, usual } = plansAtDefault(catalog);
  const within = (plans: readonly number[]): number => plans.filter((bytes) => bytes <= roomBytes).length;
  return { any: within(any), usual: within(usual) };
}

/** Few enough models to name. */
const MOST_NAMED = 5;

/** " Too large at any quant: …" where only a few estimable models fit `roomBytes` in none at 8K; empty otherwise. */
export function tooLargeText(catalog: Catalog, roomBytes: number): string {
  const { any } = plansAtDefault(catalog);
  const names = catalog.estimableModels.flatMap(({ name }, place) => ((any[place] ?? 0) > roomBytes ? [name] : []));
  return names.length > 0 && names.length <= MOST_NAMED ? ` Too large at any quant: ${joinWords(names)}.` : '';
}

/** The model with most parameters that fits at its usual quant and 8K. */
export function largestModelWithin(catalog: Catalog, roomBytes: number): EstimableModel | undefined {
  return catalog.estimableModels
    .filter((model) => usualOf(catalog, model).planForBytes <= roomBytes)
    .reduce<EstimableModel | undefined>(
      (best, model) => (best && best.parameters.total >= model.parameters.total ? best : model),
      undefined,
    );
}
