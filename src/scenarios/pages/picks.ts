/** What a memory size is good for: the models to pick, by size, and what more memory adds. */
import type { Catalog } from '../../catalog/catalog.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { modelPath, scenarioPath } from '../../site/routes.ts';
import { contextLabel, formatGB } from '../../vram/index.ts';
import { type CatalogDevice, roomOf } from '../devices.ts';
import { contextsOf, namedParameters } from '../expand.ts';
import { shortContext } from '../hardware.ts';
import { modelAtQuant, needOf } from '../scenario.ts';
import { speedText } from '../speed.ts';
import type { Addition, Grid, LinkWithFigure } from '../views.ts';
import { counted } from '../words.ts';
import {
  FEWEST_GOOD_BITS,
  holdsUsual,
  largestQuantOn,
  modelHead,
  type Row,
  SIZE_CLASSES,
  textCell,
  usualOf,
} from './shared.ts';

/** Picks of each size class. */
const MOST_PICKS = 3;
const MOST_ADDED = 6;
/** A pick has so much context rather than a finer quant with less, in tokens. */
const PICK_CONTEXT = 32_768;

/**
 * The most looked-up models of each size class that fit with four bits a weight or more, largest class first.
 *
 * @param thing the memory that holds them, in a sentence
 * @param least the device that must hold them
 * @param known the one whose speed is told; absent = `least`
 */
export function picksGrid(catalog: Catalog, thing: string, least: CatalogDevice, known?: CatalogDevice): Grid {
  const rows = SIZE_CLASSES.map(({ title, below }, place) => {
    const from = SIZE_CLASSES[place - 1]?.below ?? 0;
    return catalog.estimableModels
      .filter((model) => namedParameters(model) >= from && namedParameters(model) < below)
      .flatMap((model) => pickOf(catalog, model, least) ?? [])
      .slice(0, MOST_PICKS)
      .map((pick) => pickRow(catalog, pick, title, least, known ?? least));
  });
  return {
    caption: `Most looked-up models of each size that fit ${thing} at ${FEWEST_GOOD_BITS} bits or more`,
    corner: 'Model',
    columns: ['Size', 'Quant', 'Largest context', known ? `Speed, ${known.gpu.shortName}` : 'Speed'],
    rows: rows.reverse().flat(),
  };
}

interface Picked {
  readonly model: EstimableModel;
  readonly quant: QuantRecord;
  readonly contextTokens: number;
}

/** The finest quant of a model that a device holds with {@link PICK_CONTEXT}, or else with the usual context. */
function pickOf(catalog: Catalog, model: EstimableModel, own: CatalogDevice): Picked | undefined {
  const usual = usualOf(catalog, model);
  for (const contextTokens of [PICK_CONTEXT, usual.contextTokens]) {
    if (!contextsOf(model).includes(contextTokens)) continue;
    // 16 bits answer as 8 do at half the pace: no pick.
    const good = ({ kind, nominalBits, order }: QuantRecord): boolean =>
      kind !== 'float' && (nominalBits >= FEWEST_GOOD_BITS || order >= usual.quant.order);
    const quant = largestQuantOn(catalog, model, contextTokens, own, good);
    if (quant) return { model, quant, contextTokens };
  }
  return undefined;
}

function pickRow(
  catalog: Catalog,
  { model, quant, contextTokens: context }: Picked,
  size: string,
  least: CatalogDevice,
  known: CatalogDevice,
): Row {
  const at = modelAtQuant(catalog, model.id, quant.id);
  const { planForBytes: planned } = needOf(catalog, { model: model.id, quant: quant.id, context });
  const { head, note } = modelHead(model);
  return {
    head,
    ...(note !== undefined && { note }),
    cells: [
      textCell(size),
      {
        text: quant.name,
        href: scenarioPath(model.id, quant.id, contextLabel(context)),
        // The line of a narrow cell ends before "at".
        note: `${formatGB(planned)} at\u00a0${contextLabel(context).toUpperCase()}`,
      },
      textCell(shortContext(at.largestContext(least.device, 1))),
      textCell(speedText(at, known, 1) ?? 'unknown'),
    ],
  };
}

/**
 * What a larger device holds at the usual quant with 8K and `own` does not.
 *
 * @param name of the larger one, in a sentence
 * @param more links behind those of the models
 */
export function addedBy(
  catalog: Catalog,
  name: string,
  larger: CatalogDevice,
  own: CatalogDevice,
  more: readonly LinkWithFigure[],
): Addition {
  const models = catalog.estimableModels.filter(
    (model) => holdsUsual(catalog, larger, model) && !holdsUsual(catalog, own, model),
  );
  const further = formatGB(roomOf(larger) - roomOf(own));
  return {
    title: `What ${name} adds`,
    text:
      models.length === 0
        ? `No further model fits at its usual quant: the ${further} more go to context and finer quants.`
        : `${counted(models.length, 'more model')} at the usual quant with 8K of context${models.length > MOST_ADDED ? ', the most looked-up of them below' : ''}. What fits already has ${further} more for context and finer quants.`,
    links: [
      ...models.slice(0, MOST_ADDED).map((model) => ({
        text: model.name,
        href: modelPath(model.id),
        figure: formatGB(usualOf(catalog, model).planForBytes),
      })),
      ...more,
    ],
  };
}
