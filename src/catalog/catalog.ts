/** The catalogue: every record, checked, sorted, indexed, and never changed afterwards. */
import { dayOf, newest } from './dates.ts';
import type { EngineRecord } from './engine.schema.ts';
import type { FamilyRecord } from './family.schema.ts';
import { type GpuRecord, gpuSchema } from './gpu.schema.ts';
import type { GuideRecord } from './guide.schema.ts';
import type { RecordByKind, Records } from './kinds.ts';
import type { MeasurementRecord } from './measurement.schema.ts';
import { type EstimableModel, isEstimable, type ModelRecord } from './model.schema.ts';
import { namesOfGpu, namesOfModel, namesOfQuant, resolver } from './names.ts';
import { CatalogError } from './problem.ts';
import type { QuantRecord } from './quant.schema.ts';
import { KINDS, type Kind } from './record.ts';
import { RULES } from './rules/index.ts';

export interface Catalog {
  /** Most looked-up first, then by name. */
  readonly models: readonly ModelRecord[];
  /** The models that scenario pages exist for, in the same order. */
  readonly estimableModels: readonly EstimableModel[];
  /** By name. */
  readonly families: readonly FamilyRecord[];
  /** Fewest bits first. */
  readonly quants: readonly QuantRecord[];
  /** By class in the order of the schema, then memory, then name. */
  readonly gpus: readonly GpuRecord[];
  /** By name. */
  readonly engines: readonly EngineRecord[];
  /** By id. */
  readonly measurements: readonly MeasurementRecord[];
  /** By title. */
  readonly guides: readonly GuideRecord[];
  readonly byId: { readonly [K in Kind]: ReadonlyMap<string, RecordByKind[K]> };
  /** The model of an id, a name, a repository, an Ollama tag or an alias; separators and capitals make no difference. */
  readonly resolveModel: (name: string) => ModelRecord | undefined;
  readonly resolveQuant: (name: string) => QuantRecord | undefined;
  readonly resolveGpu: (name: string) => GpuRecord | undefined;
  /** Models of a family, smallest first. */
  readonly membersOf: (familyId: string) => readonly ModelRecord[];
  /** The latest `updated` of any record, YYYY-MM-DD. */
  readonly updated: string;
}

const collator = new Intl.Collator('en', { numeric: true });

function byName(
  a: { readonly name: string; readonly id: string },
  b: { readonly name: string; readonly id: string },
): number {
  return collator.compare(a.name, b.name) || collator.compare(a.id, b.id);
}

function sorted<T>(records: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  return Object.freeze([...records].sort(compare));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/**
 * The catalogue of `records`. Throws a {@link CatalogError} that carries every broken rule.
 * The records are frozen.
 */
export function buildCatalog(records: Records): Catalog {
  const problems = RULES.flatMap((rule) => rule(records));
  if (problems.some(({ level }) => level === 'error')) throw new CatalogError(problems);
  deepFreeze(records);

  const rank = (model: ModelRecord): number => model.popularityRank ?? Number.POSITIVE_INFINITY;
  const models = sorted(records.models, (a, b) => (rank(a) === rank(b) ? byName(a, b) : rank(a) - rank(b)));
  const members = new Map<string, readonly ModelRecord[]>(
    records.families.map(({ id }) => [
      id,
      sorted(
        models.filter(({ family }) => family === id),
        (a, b) => a.parameters.total - b.parameters.total || byName(a, b),
      ),
    ]),
  );
  const place = (gpu: GpuRecord): number => gpuSchema.shape.class.options.indexOf(gpu.class);
  const mapOf = <R extends { readonly id: string }>(list: readonly R[]): ReadonlyMap<string, R> =>
    new Map(list.map((record) => [record.id, record]));
  const gpus = sorted(records.gpus, (a, b) => place(a) - place(b) || a.memoryGB - b.memoryGB || byName(a, b));
  const quants = sorted(records.quants, (a, b) => a.order - b.order || byName(a, b));

  const catalog: Catalog = {
    models,
    estimableModels: Object.freeze(models.filter(isEstimable)),
    families: sorted(records.families, byName),
    quants,
    gpus,
    engines: sorted(records.engines, byName),
    measurements: sorted(records.measurements, (a, b) => collator.compare(a.id, b.id)),
    guides: sorted(records.guides, (a, b) => collator.compare(a.title, b.title)),
    byId: Object.freeze({
      models: mapOf(records.models),
      families: mapOf(records.families),
      quants: mapOf(records.quants),
      gpus: mapOf(records.gpus),
      engines: mapOf(records.engines),
      measurements: mapOf(records.measurements),
      guides: mapOf(records.guides),
    }),
    resolveModel: resolver(models, namesOfModel),
    resolveQuant: resolver(quants, namesOfQuant),
    resolveGpu: resolver(gpus, namesOfGpu),
    membersOf: (familyId) => members.get(familyId) ?? [],
    updated: newest(...KINDS.flatMap((kind) => records[kind].map(dayOf))),
  };
  return Object.freeze(catalog);
}
