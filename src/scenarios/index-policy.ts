import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { modelPath, modelQuantPath, scenarioPath } from '../site/routes.ts';
import { contextLabel, formatGB } from '../vram/index.ts';
import { devicesOf } from './devices.ts';
import { contextsOf, DEFAULT_CONTEXT, defaultContextOf, defaultQuantOf, quantsOf, type ScenarioKey } from './expand.ts';
import { tierFor } from './facts.ts';
import { memoized } from './memoized.ts';
import { type ModelAtQuant, modelAtQuant } from './scenario.ts';

/**
 * The smallest class of hardware that holds a scenario: "24 GB card", "512 GB unified", "8 x h200-sxm". What a reader
 * buys or rents changes where this changes.
 */
export function hardwareClass(catalog: Catalog, key: ScenarioKey): string {
  const at = modelAtQuant(catalog, key.model, key.quant);
  const known = classesOf(at);
  let name = known.get(key.context);
  if (name === undefined) {
    name = smallestClass(catalog, at, key.context);
    known.set(key.context, name);
  }
  return name;
}

const classesOf = memoized((_: ModelAtQuant): Map<number, string> => new Map());

function smallestClass(catalog: Catalog, at: ModelAtQuant, context: number): string {
  const { cards, unified, nodes } = devicesOf(catalog);
  const { planForBytes, hostBytes } = at.need(context);
  const card = tierFor(cards, planForBytes);
  if (card) return `${card.memoryGB} GB card`;
  const machine = tierFor(unified, planForBytes, hostBytes);
  if (machine) return `${machine.memoryGB} GB unified`;
  for (const { gpu, device } of nodes) {
    const count = at.fewestDevices(device, context);
    if (count !== undefined) return `${count} x ${gpu.id}`;
  }
  return 'none';
}

/**
 * Whether search engines should index a scenario's own page: at the usual context, and at every other where the class of
 * hardware is another than at the context next to it on the side of the usual one. At the model's usual quant the native
 * maximum counts too. Quants that are practically as large as a better-known one have no page in the index at all.
 */
export function isIndexable(catalog: Catalog, key: ScenarioKey): boolean {
  const { model, quant } = modelAtQuant(catalog, key.model, key.quant);
  if (!isModelQuantIndexable(catalog, model, quant)) return false;
  const usual = defaultContextOf(model);
  if (key.context === usual) return true;
  if (key.context === model.context.native && quant.id === defaultQuantOf(catalog, model).id) return true;
  const contexts = contextsOf(model);
  const neighbour = contexts[contexts.indexOf(key.context) + (key.context < usual ? 1 : -1)] ?? usual;
  return hardwareClass(catalog, key) !== hardwareClass(catalog, { ...key, context: neighbour });
}

/** The file of a quant must be so many times as large as that of another one in the index. */
const ANOTHER_SIZE = 1.05;
/** Quants that people look for by name, most asked-about first; of two sizes that are practically the same the first stays. */
const ASKED_SCHEMES: readonly string[] = [
  'Q4_K_M',
  'Q8_0',
  'Q5_K_M',
  'Q6_K',
  'Q3_K_M',
  'BF16',
  'IQ4_XS',
  'Q2_K',
  'IQ2_M',
];

/**
 * Whether search engines should index the page of a model at a quant: the usual quant, and every other whose file is not
 * practically as large as that of a better-known one. Models published in 4 bits have a dozen such quants.
 */
const isModelQuantIndexable = (catalog: Catalog, model: EstimableModel, quant: QuantRecord): boolean =>
  twinOfModel(catalog, model) === undefined && indexableQuants(catalog)(model).has(quant.id);

/**
 * The best-known model that takes as much memory as `model` in every figure a page shows: as many layers of one kind, and
 * the same Needs at the usual quant, short and long. `undefined` where `model` is that one itself. The scenarios of such a
 * twin differ in the name alone: they have pages, and the twin's own page stands for them in the index.
 */
export function twinOfModel(catalog: Catalog, model: EstimableModel): EstimableModel | undefined {
  const { first, signatures } = bestKnown(catalog);
  const known = first.get(signatures.get(model.id) ?? '');
  return known && known.id !== model.id ? known : undefined;
}

/** Contexts at which Needs is held against that of other models, in tokens. */
const COMPARED_CONTEXTS: readonly number[] = [DEFAULT_CONTEXT, 32_768];

function signatureOf(catalog: Catalog, model: EstimableModel): string {
  const at = modelAtQuant(catalog, model.id, defaultQuantOf(catalog, model).id);
  const { attention, layers } = model.architecture;
  const needs = COMPARED_CONTEXTS.map((context) => formatGB(at.need(Math.min(context, at.maximumContext)).needsBytes));
  return [attention.kind, layers, ...needs].join('/');
}

/** The best-known model of each signature, and the signature of each model. */
const bestKnown = memoized((catalog: Catalog) => {
  const first = new Map<string, EstimableModel>();
  const signatures = new Map<string, string>();
  for (const model of catalog.estimableModels) {
    const signature = signatureOf(catalog, model);
    signatures.set(model.id, signature);
    if (!first.has(signature)) first.set(signature, model);
  }
  return { first, signatures };
});

/** Ids of the quants of a model whose pages search engines should index. */
const indexableQuants = memoized((catalog: Catalog) =>
  memoized((model: EstimableModel) => chooseQuants(catalog, model)),
);

function chooseQuants(catalog: Catalog, model: EstimableModel): ReadonlySet<string> {
  const usual = defaultQuantOf(catalog, model);
  const context = defaultContextOf(model);
  const bytesOf = ({ id }: QuantRecord): number => modelAtQuant(catalog, model.id, id).allocation(context).fileBytes;
  const chosen = new Set([usual.id]);
  const sizes = [bytesOf(usual)];
  const place = ({ scheme }: QuantRecord): number => ASKED_SCHEMES.indexOf(scheme) >>> 0;
  for (const quant of [...quantsOf(catalog, model)].sort((a, b) => place(a) - place(b))) {
    const bytes = bytesOf(quant);
    if (sizes.some((size) => Math.max(size, bytes) < ANOTHER_SIZE * Math.min(size, bytes))) continue;
    chosen.add(quant.id);
    sizes.push(bytes);
  }
  return chosen;
}

/** Path of the page that search engines index for a scenario: its own, the model's at its quant, or the model's. */
export function canonicalPathOf(catalog: Catalog, key: ScenarioKey): string {
  if (isIndexable(catalog, key)) return scenarioPath(key.model, key.quant, contextLabel(key.context));
  return canonicalModelQuantPath(catalog, key.model, key.quant);
}

/** The same for a model at a quant. */
export function canonicalModelQuantPath(catalog: Catalog, modelId: string, quantId: string): string {
  const { model, quant } = modelAtQuant(catalog, modelId, quantId);
  return isModelQuantIndexable(catalog, model, quant) ? modelQuantPath(modelId, quantId) : modelPath(modelId);
}
