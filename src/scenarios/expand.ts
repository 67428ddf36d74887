import type { Catalog } from '../catalog/catalog.ts';
import type { ModelRecord } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { memoized } from './memoized.ts';

/** One scenario: ids of the catalogue and tokens of context. */
export interface ScenarioKey {
  readonly model: string;
  readonly quant: string;
  readonly context: number;
}

/** The contexts that people ask for, in tokens. */
export const CONTEXT_LADDER: readonly number[] = [4, 8, 16, 32, 64, 128, 256, 512, 1024].map((k) => k * 1024);

/** Context of a hub's headline figures: the most that a chat with a document or two needs, and small on every card. */
export const DEFAULT_CONTEXT = 8192;

/** The count that pages print: the vendor's round figure where it is another than that of the tensors. */
export const namedParameters = ({ parameters: { published, total } }: ModelRecord): number => published ?? total;

/**
 * Most tokens that a page assumes: the published extension (YaRN and the like) where the record has one with a source,
 * because it is what the vendor documents and people run; otherwise the native maximum.
 */
export const maximumContext = (model: ModelRecord): number =>
  Math.max(model.context.native, model.context.extended ?? 0);

/** The ladder up to the model's maximum, its native and its extended maximum, ascending, in tokens. */
export const contextsOf = memoized((model: ModelRecord): readonly number[] => {
  const maximum = maximumContext(model);
  const stops = new Set([...CONTEXT_LADDER.filter((tokens) => tokens <= maximum), model.context.native, maximum]);
  return [...stops].sort((a, b) => a - b);
});

/** Whether the experts of a model are published in MXFP4, which every converter keeps (gpt-oss). */
export const isPublishedInMxfp4 = ({ architecture }: ModelRecord): boolean =>
  architecture?.nativeExpertFormat === 'mxfp4';

/** Whether a quant changes the type of experts: a dense model has none. */
export const isForExperts = ({ scheme }: QuantRecord): boolean => scheme === 'MXFP4_MOE';

/** Quants with pages for this model, fewest bits first. Left out is only what no file can exist for. */
export function quantsOf(catalog: Catalog, model: ModelRecord): readonly QuantRecord[] {
  return model.architecture?.feedForward.experts ? scenarioQuants(catalog) : denseQuants(catalog);
}

/** Quants that scenario pages are made for, fewest bits first. */
export const scenarioQuants = memoized((catalog: Catalog): readonly QuantRecord[] =>
  catalog.quants.filter((quant) => quant.scenarioPages === true),
);

const denseQuants = memoized((catalog: Catalog): readonly QuantRecord[] =>
  scenarioQuants(catalog).filter((quant) => !isForExperts(quant)),
);

/** Formats that lose more at the same size than their newer neighbours: they have pages, but no page recommends them. */
const OUTDATED_SCHEMES: ReadonlySet<string> = new Set(['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1']);

/**
 * Quants that pages recommend for a model: without the outdated ones. Of a model whose experts are published in MXFP4 it is
 * that one alone, because every other keeps those experts and changes the small rest.
 */
export function recommendedQuants(catalog: Catalog, model: ModelRecord): readonly QuantRecord[] {
  return isPublishedInMxfp4(model) ? quantsForExperts(catalog) : recommendedElsewhere(catalog);
}

const quantsForExperts = memoized((catalog: Catalog): readonly QuantRecord[] =>
  scenarioQuants(catalog).filter(isForExperts),
);
const recommendedElsewhere = memoized((catalog: Catalog): readonly QuantRecord[] =>
  denseQuants(catalog).filter(({ scheme }) => !OUTDATED_SCHEMES.has(scheme)),
);

/** The context of a model's headline figures: {@link DEFAULT_CONTEXT}, or the model's maximum where that is shorter. */
export const defaultContextOf = (model: ModelRecord): number => Math.min(DEFAULT_CONTEXT, maximumContext(model));

/**
 * The quant of a model's headline figures: MXFP4_MOE where the experts are published in MXFP4, because requantizing the
 * rest saves next to nothing; otherwise Q4_K_M, the quant most people run.
 */
export function defaultQuantOf(catalog: Catalog, model: ModelRecord): QuantRecord {
  const quants = quantsOf(catalog, model);
  const native = isPublishedInMxfp4(model) ? quants.find(isForExperts) : undefined;
  const chosen = native ?? quants.find(({ scheme }) => scheme === 'Q4_K_M') ?? quants[0];
  if (!chosen)
    throw new Error(`${model.id}: no quant has scenario pages; set scenarioPages: true in one of content/quants`);
  return chosen;
}

/** Every scenario with a page: models in the catalogue's order, quants by bits, contexts ascending. */
export function scenarioKeys(catalog: Catalog): readonly ScenarioKey[] {
  return catalog.estimableModels.flatMap((model) =>
    quantsOf(catalog, model).flatMap((quant) =>
      contextsOf(model).map((context) => ({ model: model.id, quant: quant.id, context })),
    ),
  );
}

/** Every model at a quant with a page of its own. */
export function modelQuantKeys(catalog: Catalog): readonly { readonly model: string; readonly quant: string }[] {
  return catalog.estimableModels.flatMap((model) =>
    quantsOf(catalog, model).map((quant) => ({ model: model.id, quant: quant.id })),
  );
}
