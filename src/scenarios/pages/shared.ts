import type { Catalog } from '../../catalog/catalog.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { modelPath } from '../../site/routes.ts';
import { type Fit, formatParameters, formatTokens, MOST_DEVICES, type Need } from '../../vram/index.ts';
import { type CatalogDevice, devicesOf, holds } from '../devices.ts';
import {
  contextsOf,
  DEFAULT_CONTEXT,
  defaultContextOf,
  defaultQuantOf,
  maximumContext,
  namedParameters,
  recommendedQuants,
} from '../expand.ts';
import { type Facts, factsOf, tierFor } from '../facts.ts';
import { memoized } from '../memoized.ts';
import { bestOf } from '../named-devices.ts';
import { scenarioTarget } from '../related.ts';
import { computeScenario, type ModelAtQuant, modelAtQuant, needOf } from '../scenario.ts';
import type { Grid } from '../views.ts';
import { contextTitle, deviceLabel, joinWords, nameForBytes } from '../words.ts';

export type Cell = NonNullable<Grid['rows'][number]['cells'][number]>;
export type Row = Grid['rows'][number];

/** Contexts that hub grids show, in tokens. */
export const GRID_CONTEXTS: readonly number[] = [8, 32, 128].map((k) => k * 1024);

/** Size classes of lists of models, by parameters. */
export const SIZE_CLASSES: readonly { readonly title: string; readonly below: number }[] = [
  { title: 'Up to 5B', below: 5e9 },
  { title: '5B to 16B', below: 16e9 },
  { title: '16B to 40B', below: 40e9 },
  { title: '40B to 150B', below: 150e9 },
  { title: '150B to 500B', below: 500e9 },
  { title: 'Over 500B', below: Number.POSITIVE_INFINITY },
];

/** The model that stands for all where a page shows one. */
export function mostLookedUp({ estimableModels: [first] }: Catalog): EstimableModel {
  if (!first) throw new Error('the catalogue has no model with an architecture');
  return first;
}

/** A model at its usual quant and context. */
export interface Usual extends Need {
  readonly at: ModelAtQuant;
  readonly quant: QuantRecord;
  readonly contextTokens: number;
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
  const { planForBytes, hostBytes } = at.need(context);
  const card = tierFor(devices.cards, planForBytes);
  if (card) return inOneLine(nameForBytes(bestOf(card).gpu, planForBytes));
  const unified = tierFor(devices.unified, planForBytes, hostBytes);
  if (unified) return inOneLine(nameForBytes(bestOf(unified).gpu, planForBytes));
  const { countedIn } = devices;
  const count = countedIn && at.fewestDevices(countedIn.device, context);
  return countedIn && count !== undefined ? deviceLabel(countedIn.gpu, count) : `more than ${MOST_DEVICES} GPUs`;
}

const needTables = memoized((_: Catalog) => memoized((_model: EstimableModel) => new Map<number, readonly Need[]>()));

/** What every recommended quant needs at a context, in the order of the quants. */
function needsOf(catalog: Catalog, model: EstimableModel, context: number): readonly Need[] {
  const known = needTables(catalog)(model);
  let needs = known.get(context);
  if (!needs) {
    needs = recommendedQuants(catalog, model).map(({ id }) => needOf(catalog, { model: model.id, quant: id, context }));
    known.set(context, needs);
  }
  return needs;
}

/** Of the recommended quants that `accepts` takes, the one with the most bits that a device holds at a context; `undefined` where it holds none. */
export function largestQuantOn(
  catalog: Catalog,
  model: EstimableModel,
  context: number,
  own: CatalogDevice,
  accepts: (quant: QuantRecord) => boolean = () => true,
): QuantRecord | undefined {
  const needs = needsOf(catalog, model, context);
  return recommendedQuants(catalog, model).findLast((quant, place) => {
    const need = needs[place];
    return need !== undefined && holds(own, need) && accepts(quant);
  });
}

/** A quant with fewer bits per weight, unless the model's usual one, is no recommendation. */
export const FEWEST_GOOD_BITS = 4;

/** Row head of a model: its hub, with its parameters. */
export function modelHead(model: EstimableModel): Pick<Row, 'head' | 'note'> {
  const { active } = model.parameters;
  const total = formatParameters(namedParameters(model));
  return {
    head: { text: model.name, href: modelPath(model.id) },
    note: active === undefined ? total : `${total}, ${formatParameters(active)} active`,
  };
}

/** Which quant fits a device at each of {@link GRID_CONTEXTS}, for every model of which some does, most looked-up first. */
export function whatFitsRows(
  catalog: Catalog,
  own: CatalogDevice,
  extra: (model: EstimableModel, quant: QuantRecord) => Cell | null = () => null,
): readonly Row[] {
  return catalog.estimableModels.flatMap((model) => {
    const shortest = Math.min(GRID_CONTEXTS[0] ?? 0, maximumContext(model));
    const atShortest = largestQuantOn(catalog, model, shortest, own);
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
      const quant = largestQuantOn(catalog, model, context, own);
      return quant ? held(quant, context) : textCell('none');
    });
    return [{ ...modelHead(model), cells: [...cells, ...[extra(model, atShortest)].filter((cell) => cell !== null)] }];
  });
}

/** Column heads of {@link whatFitsRows}. */
export const WHAT_FITS_COLUMNS: readonly string[] = GRID_CONTEXTS.map(
  (context) => `Largest quant at ${contextTitle(context)}`,
);

/** Whether a device holds a model at its usual quant and 8K. */
export const holdsUsual = (catalog: Catalog, own: CatalogDevice, model: EstimableModel): boolean =>
  holds(own, usualOf(catalog, model));

/** Estimable models that a device holds at 8K in no quant. */
const tooLargeFor = memoized((catalog: Catalog) =>
  memoized((own: CatalogDevice) =>
    catalog.estimableModels.filter((model) =>
      needsOf(catalog, model, defaultContextOf(model)).every((need) => !holds(own, need)),
    ),
  ),
);

/** How many estimable models a device holds at 8K: in any quant, and at their usual one. */
export function countOn(catalog: Catalog, own: CatalogDevice): { readonly any: number; readonly usual: number } {
  const models = catalog.estimableModels;
  return {
    any: models.length - tooLargeFor(catalog)(own).length,
    usual: models.filter((model) => holdsUsual(catalog, own, model)).length,
  };
}

/** Few enough models to name. */
const MOST_NAMED = 5;

/** " Too large at any quant: …" where a device holds all but a few estimable models in some quant at 8K; empty otherwise. */
export function tooLargeText(catalog: Catalog, own: CatalogDevice): string {
  const names = tooLargeFor(catalog)(own).map(({ name }) => name);
  return names.length > 0 && names.length <= MOST_NAMED ? ` Too large at any quant: ${joinWords(names)}.` : '';
}

/** The model with most parameters that a device holds at its usual quant and 8K. */
export function largestModelOn(catalog: Catalog, own: CatalogDevice): EstimableModel | undefined {
  return catalog.estimableModels
    .filter((model) => holdsUsual(catalog, own, model))
    .reduce<EstimableModel | undefined>(
      (best, model) => (best && namedParameters(best) >= namedParameters(model) ? best : model),
      undefined,
    );
}
