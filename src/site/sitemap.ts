import type { Catalog } from '../catalog/catalog.ts';
import { newest } from '../catalog/dates.ts';
import { modelQuantKeys, scenarioKeys } from '../scenarios/expand.ts';
import { canonicalModelQuantPath, canonicalPathOf } from '../scenarios/index-policy.ts';
import { engineUpdated } from '../scenarios/pages/meta.ts';
import { contextLabel } from '../vram/index.ts';
import {
  familyPath,
  gpuPath,
  guidePath,
  modelPath,
  modelQuantPath,
  quantPath,
  scenarioPath,
  searchPath,
} from './routes.ts';

/** What the sitemap says beside addresses, as JSON. */
interface SitemapData {
  readonly nonIndexable: readonly string[];
  readonly lastModified: Readonly<Record<string, string>>;
}

export const sitemapData = (catalog: Catalog): SitemapData => ({
  nonIndexable: [...nonIndexablePaths(catalog)],
  lastModified: Object.fromEntries(lastModifiedByPath(catalog)),
});

/** Site paths that exist but are kept out of the sitemap: their canonical is another page, or they list search results. */
export function nonIndexablePaths(catalog: Catalog): ReadonlySet<string> {
  const scenarios = scenarioKeys(catalog).map((key) => ({
    path: scenarioPath(key.model, key.quant, contextLabel(key.context)),
    canonical: canonicalPathOf(catalog, key),
  }));
  const quants = modelQuantKeys(catalog).map(({ model, quant }) => ({
    path: modelQuantPath(model, quant),
    canonical: canonicalModelQuantPath(catalog, model, quant),
  }));
  const moved = [...scenarios, ...quants].filter(({ path, canonical }) => path !== canonical);
  return new Set([searchPath(), ...moved.map(({ path }) => path)]);
}

/**
 * ISO date of the record that a page is about, by site path. Pages that list several records are left out:
 * a date that moves with any of them would say nothing.
 */
export function lastModifiedByPath(catalog: Catalog): ReadonlyMap<string, string> {
  const dates = new Map<string, string>();
  const { models, quants } = catalog.byId;
  for (const family of catalog.families) dates.set(familyPath(family.id), family.updated);
  for (const quant of catalog.quants) dates.set(quantPath(quant.id), quant.updated);
  for (const gpu of catalog.gpus) dates.set(gpuPath(gpu.id), gpu.updated);
  for (const guide of catalog.guides) dates.set(guidePath(guide.id), guide.reviewed);
  for (const model of catalog.estimableModels) dates.set(modelPath(model.id), model.updated);
  for (const { model, quant, context } of scenarioKeys(catalog)) {
    const date = newest(models.get(model)?.updated, quants.get(quant)?.updated, engineUpdated(catalog));
    dates.set(modelQuantPath(model, quant), date);
    dates.set(scenarioPath(model, quant, contextLabel(context)), date);
  }
  return dates;
}
