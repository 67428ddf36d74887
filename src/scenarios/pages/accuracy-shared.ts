/** What the memory and the speed of the accuracy page have in common. */
import type { Catalog } from '../../catalog/catalog.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { modelPath, scenarioPath } from '../../site/routes.ts';
import { contextLabel, perMille } from '../../vram/index.ts';
import { contextsOf, quantsOf } from '../expand.ts';
import type { Plot } from '../views.ts';

/** The scenario page that is nearest to a run: its context, or the next longer one that has a page. */
export function scenarioLink(
  catalog: Catalog,
  {
    model,
    quant,
    run,
  }: {
    readonly model: EstimableModel;
    readonly quant: QuantRecord;
    readonly run: { readonly context?: number; readonly depth?: number };
  },
): string {
  if (!quantsOf(catalog, model).some(({ id }) => id === quant.id)) return modelPath(model.id);
  const contexts = contextsOf(model);
  const tokens = run.context ?? run.depth ?? 0;
  const context = contexts.find((own) => own >= tokens) ?? contexts.at(-1);
  return context === undefined ? modelPath(model.id) : scenarioPath(model.id, quant.id, contextLabel(context));
}

/** A scale from 10^`from` to 10^`to`, in per mille. */
export const logScale =
  (from: number, to: number) =>
  (value: number): number =>
    perMille((Math.log10(value) - from) / (to - from));

/** The line on which estimate and measurement are equal. */
export const EQUAL: Plot['series'][number] = {
  label: 'estimate equals measurement',
  points: [
    [0, 0],
    [1000, 1000],
  ],
};
