import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { isEstimable } from '../catalog/model.schema.ts';
import { type CatalogDevice, devicesOf } from './devices.ts';
import { twinOfModel } from './index-policy.ts';
import { memoized } from './memoized.ts';

/** Two records of a kind that have a page side by side. */
export interface ModelPair {
  readonly kind: 'models';
  readonly first: EstimableModel;
  readonly second: EstimableModel;
}
export interface DevicePair {
  readonly kind: 'gpus';
  readonly first: CatalogDevice;
  readonly second: CatalogDevice;
}
export type Pair = ModelPair | DevicePair;

/** Models that the rule looks at: the most looked-up ones. */
const LOOKED_UP = 40;
/** Two models are of one size while the larger has at most so many times the parameters of the smaller. */
const SAME_SIZE = 1.3;

/**
 * Every pair with a page: those that records name, then by rule
 * - models: each of the most looked-up ones, without twins of better-known ones, with the most looked-up model of another family that is of its size,
 *   and with the next larger member of its own family among them;
 * - devices: the ones people ask about most, each with the next larger of its kind.
 * Each pair once; the side named first is the one that names the other, or the one that comes first in the catalogue.
 */
export const pairsOf = memoized((catalog: Catalog): readonly Pair[] => {
  const seen = new Set<string>();
  const isNew = (a: string, b: string): boolean => {
    const key = [a, b].sort().join(' ');
    return a !== b && !seen.has(key) && seen.add(key).size > 0;
  };
  const models = modelPairs(catalog)
    .filter(([a, b]) => isNew(a.id, b.id))
    .map(([first, second]): ModelPair => ({ kind: 'models', first, second }));
  const devices = devicePairs(catalog)
    .filter(([a, b]) => isNew(a.gpu.id, b.gpu.id))
    .map(([first, second]): DevicePair => ({ kind: 'gpus', first, second }));
  return [...models, ...devices];
});

function modelPairs(catalog: Catalog): readonly (readonly [EstimableModel, EstimableModel])[] {
  const named = catalog.estimableModels.flatMap((model) =>
    (model.comparedWith ?? []).flatMap((id) => {
      const other = catalog.byId.models.get(id);
      return other && isEstimable(other) ? [[model, other] as const] : [];
    }),
  );
  const lookedUp = catalog.estimableModels.slice(0, LOOKED_UP);
  const byRule = lookedUp.flatMap((model, place) => {
    if (twinOfModel(catalog, model)) return [];
    const { total } = model.parameters;
    const rival = lookedUp.find(
      (other) =>
        other.family !== model.family &&
        Math.max(other.parameters.total, total) <= SAME_SIZE * Math.min(other.parameters.total, total),
    );
    const larger = lookedUp
      .filter((other) => other.family === model.family && other.parameters.total > total)
      .sort((a, b) => a.parameters.total - b.parameters.total)[0];
    const pairs = [rival, larger].filter((other) => other !== undefined);
    return pairs.map((other) =>
      lookedUp.indexOf(other) < place ? ([other, model] as const) : ([model, other] as const),
    );
  });
  return [...named, ...byRule];
}

function devicePairs(catalog: Catalog): readonly (readonly [CatalogDevice, CatalogDevice])[] {
  const { byId, reference } = devicesOf(catalog);
  const named = catalog.gpus.flatMap(({ id, comparedWith }) =>
    (comparedWith ?? []).flatMap((other) => {
      const [first, second] = [byId.get(id), byId.get(other)];
      return first && second ? [[first, second] as const] : [];
    }),
  );
  const byRule = Object.values(reference).flatMap((devices) =>
    devices.flatMap((own, place) => {
      const larger = devices.slice(place + 1).find(({ gpu }) => gpu.memoryGB > own.gpu.memoryGB);
      return larger ? [[own, larger] as const] : [];
    }),
  );
  return [...named, ...byRule];
}

/** Id and name of one side. */
export const sideOf = (side: EstimableModel | CatalogDevice): { readonly id: string; readonly name: string } =>
  'gpu' in side ? { id: side.gpu.id, name: side.gpu.shortName } : { id: side.id, name: side.name };
