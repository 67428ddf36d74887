import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { EstimableModel, ModelRecord } from '../../catalog/model.schema.ts';
import { familyPath, modelApiPath, modelListPath, modelPath, modelQuantPath, scenarioPath } from '../../site/routes.ts';
import {
  contextLabel,
  formatBytes,
  formatCount,
  formatGB,
  formatNumberOfGB,
  formatParameters,
  type Need,
} from '../../vram/index.ts';
import type { AttentionKind } from '../accuracy.ts';
import { heldParts, scenarioBar } from '../bars.ts';
import { cacheNote, layerCounts } from '../cache-note.ts';
import { calculatorPreset } from '../calculator-preset.ts';
import { type CatalogDevice, holds } from '../devices.ts';
import { engineName, engineTable } from '../engine-table.ts';
import { contextsOf, defaultContextOf, defaultQuantOf, quantsOf } from '../expand.ts';
import { type Facts, factsOf } from '../facts.ts';
import { faqOf } from '../faq.ts';
import { hardwareGroups, hardwareTables, hubHardwareIntro, orWithExpertsInRam } from '../hardware.ts';
import { twinOfModel } from '../index-policy.ts';
import { contextPlot } from '../plot.ts';
import { qualityPlot } from '../quality-plot.ts';
import { peersOf, scenarioLink, siblingGroup } from '../related.ts';
import { computeScenario, estimableModel, modelAtQuant, needOf, type Scenario } from '../scenario.ts';
import type { Fact, Grid, ModelPage, Question } from '../views.ts';
import { contextTitle, joinWords, tokensText } from '../words.ts';
import { engineUpdated, metaOf, sourceLink, sourceLinks } from './meta.ts';
import { runs } from './scenario-page.ts';
import { tierDevices } from './vram-tier-page.ts';

const MOST_GENERAL_QUESTIONS = 4;
/** Memory sizes that people own, in GB as sold: those a reader may mark in the grid. */
const COMMON_SIZES: readonly number[] = [6, 8, 12, 16, 24, 32, 48, 80, 96, 128, 192, 256, 512];
/** As many as `styles/hubs.css` has rules for. */
const MOST_SIZES = 8;

/**
 * The hub of a model: the head query, answered for its usual quant and context.
 * @throws {EstimateError} `unknown-model`
 */
export function modelPage(catalog: Catalog, id: string): ModelPage {
  const model = estimableModel(catalog, id);
  const quant = defaultQuantOf(catalog, model);
  const context = defaultContextOf(model);
  const scenario = computeScenario(catalog, { model: id, quant: quant.id, context });
  const facts = factsOf(catalog, scenario);
  const faq = questionsOf(model, facts);
  const path = modelPath(id);
  const quality = qualityPlot(catalog, model);
  const twin = twinOfModel(catalog, model);
  const elsewhere = twin
    ? ` ${model.name} takes as much memory as ${twin.name}; every device is on the page of ${twin.name}.`
    : '';
  const groups = twin ? hardwareGroups(facts) : hardwareTables(scenario, catalog);
  const planFor = formatGB(scenario.planForBytes);
  const needs = formatGB(scenario.needsBytes);
  const note = cacheNote(computeScenario(catalog, { model: id, quant: quant.id, context: model.context.native }));
  const engine = engineName(scenario.allocation);
  return {
    kind: 'model',
    id,
    meta: metaOf({
      path,
      title: `${model.name} VRAM requirements: ${planFor} at ${quant.name}`,
      description: [
        `${model.name} needs ${needs} of VRAM at ${quant.name} with ${contextTitle(context)} context; plan for ${planFor}.`,
        runs(facts),
        'Every quant and context, with devices.',
      ],
      crumbs: [{ text: 'Models', href: modelListPath() }],
      name: model.name,
      questions: faq,
      updated: newest(model.updated, engineUpdated(catalog)),
    }),
    heading: `How much VRAM does ${model.name} need?`,
    hook: model.hook,
    answer: [
      `${model.name} at ${quant.name} with ${tokensText(context)} of context needs ${needs} of VRAM in ${engine}; plan for ${planFor}.`,
      span(catalog, model, context),
      `${runs(facts)}${orWithExpertsInRam(facts)}`,
    ],
    bar: scenarioBar(scenario.allocation.device, scenario.planForBytes),
    grid: quantGrid(catalog, model, scenario),
    engines: engineTable(catalog, model),
    plot: contextPlot(catalog, model),
    ...(quality && { quality }),
    hardware: {
      intro: `At ${quant.name} with ${tokensText(context)} of context. ${hubHardwareIntro(facts, groups)}${elsewhere}`,
      held: heldParts(scenario.allocation.device),
      groups,
    },
    ...(note && { cacheNote: note }),
    facts: factList(catalog, model, scenario),
    aliases: model.aliases,
    faq,
    related: [
      {
        title: 'As large in memory',
        links: twin ? [{ text: twin.name, href: modelPath(twin.id), figure: planFor }] : [],
      },
      {
        title: `${model.name} at ${quant.name}`,
        links: contextsOf(model).map((tokens) => scenarioLink(scenario.at, tokens, contextTitle(tokens))),
      },
      siblingGroup(catalog, model, quant, context),
      { title: 'Models that need about as much', links: peersOf(catalog, model) },
    ].filter(({ links }) => links.length > 0),
    calculator: calculatorPreset(facts),
    sources: sourceLinks(model),
    engine,
    apiHref: modelApiPath(id),
  };
}

/** Plan for of every quant and context, and the memory sizes between which the cells lie. */
function quantGrid(catalog: Catalog, model: EstimableModel, usual: Scenario): Grid {
  const contexts = contextsOf(model);
  const rows = quantsOf(catalog, model).map((quant) => {
    const at = modelAtQuant(catalog, model.id, quant.id);
    const { fileBytes } = at.allocation(usual.contextTokens);
    return { quant, fileBytes, needs: contexts.map((context) => at.need(context)) };
  });
  const sizes = sizesBetween(
    catalog,
    rows.flatMap(({ needs }) => needs),
    usual,
  );
  const smallest = (need: Need): { readonly size?: number } => {
    const size = sizes.findIndex(({ least }) => holds(least, need));
    return size < 0 ? {} : { size };
  };
  return {
    caption: `GB to plan for, ${model.name} by quant and context`,
    corner: 'Quant',
    columns: contexts.map(contextTitle),
    ...(sizes.length > 0 && {
      sizes: {
        labels: sizes.map(({ gigabytes }) => `${gigabytes} GB`),
        chosen: smallest(usual).size ?? sizes.length - 1,
      },
    }),
    rows: rows.map(({ quant, fileBytes, needs }) => ({
      head: { text: quant.name, href: modelQuantPath(model.id, quant.id) },
      note: `${formatGB(fileBytes)} file`,
      cells: needs.map((need, column) => ({
        text: formatNumberOfGB(need.planForBytes),
        href: scenarioPath(model.id, quant.id, contextLabel(contexts[column] ?? 0)),
        ...smallest(need),
      })),
    })),
  };
}

/** Up to {@link MOST_SIZES} memory sizes of which each holds more of the grid's cells than the one before, around the usual cell's; none where there is one, which is no choice. */
function sizesBetween(
  catalog: Catalog,
  cells: readonly Need[],
  usual: Need,
): readonly { readonly gigabytes: number; readonly least: CatalogDevice }[] {
  let held = 0;
  const sizes = COMMON_SIZES.flatMap((gigabytes) => {
    const [least] = tierDevices(catalog, gigabytes);
    if (!least) return [];
    const count = cells.filter((need) => holds(least, need)).length;
    if (count <= held) return [];
    held = count;
    return [{ gigabytes, least }];
  });
  if (sizes.length < 2) return [];
  const enough = sizes.findIndex(({ least }) => holds(least, usual));
  const start = Math.max(0, Math.min(enough - MOST_SIZES / 2, sizes.length - MOST_SIZES));
  return sizes.slice(start, start + MOST_SIZES);
}

/** From the quant with the least to plan for to the one with the most. */
function span(catalog: Catalog, model: EstimableModel, context: number): string {
  const planned = quantsOf(catalog, model)
    .map(({ id, name }) => ({ name, bytes: needOf(catalog, { model: model.id, quant: id, context }).planForBytes }))
    .sort((a, b) => a.bytes - b.bytes);
  const [low] = planned;
  const high = planned.at(-1);
  if (!low || !high) return '';
  return `The range is ${formatGB(low.bytes)} at ${low.name} to ${formatGB(high.bytes)} at ${high.name}.`;
}

function questionsOf(model: ModelRecord, facts: Facts): readonly Question[] {
  const own = (model.faq ?? []).map(({ question, answer }) => ({ question, answer }));
  const general = faqOf(facts).filter(({ question }) => own.every((other) => other.question !== question));
  return [...general.slice(0, MOST_GENERAL_QUESTIONS), ...own];
}

/** What the list of facts calls each kind of attention. */
const ATTENTION_FACTS: Readonly<Record<AttentionKind, string>> = {
  full: 'grouped-query attention',
  latent: 'multi-head latent attention (MLA)',
  'sliding-window': 'sliding-window hybrid',
  'linear-hybrid': 'linear-attention hybrid',
  compressed: 'compressed sparse attention (CSA and HCA)',
};

function factList(catalog: Catalog, model: EstimableModel, scenario: Scenario): readonly Fact[] {
  const { architecture, parameters, context } = model;
  const source = (key: string | undefined): Pick<Fact, 'source'> => {
    const link = sourceLink(model, key);
    return link ? { source: link } : {};
  };
  const { experts } = architecture.feedForward;
  const kvHere = scenario.allocation.device.kvCache;
  const longest = computeScenario(catalog, { ...scenario.key, context: context.native });
  const family = catalog.byId.families.get(model.family);
  const kinds = [...layerCounts(architecture)].map(([kind, count]) => `${count} ${kind}`);
  const facts: (Fact | undefined)[] = [
    {
      term: 'Parameters',
      text: `${formatParameters(parameters.total)} counted from the tensors${parameters.scope ? ` (${parameters.scope})` : ''}`,
      ...source(parameters.source),
    },
    parameters.published === undefined
      ? undefined
      : {
          term: 'As published',
          text: formatParameters(parameters.published),
          ...source(parameters.publishedSource ?? parameters.source),
        },
    parameters.active === undefined
      ? undefined
      : {
          term: 'Active per token',
          text: formatParameters(parameters.active),
          ...source(parameters.activeSource ?? parameters.source),
        },
    experts && {
      term: 'Experts',
      text: `${experts.used} of ${experts.count} per token${experts.shared > 0 ? `, ${experts.shared} shared` : ''}`,
      ...source(model.architectureSource),
    },
    {
      term: 'Layers',
      text: `${architecture.layers}, hidden size ${formatCount(architecture.hiddenSize)}${kinds.length > 1 ? ` (${kinds.length} kinds)` : ''}`,
      ...source(model.architectureSource),
    },
    { term: 'Attention', text: ATTENTION_FACTS[architecture.attention.kind], ...source(model.architectureSource) },
    {
      term: 'KV cache, 16 bits',
      text: `${formatBytes(kvHere)} at ${tokensText(scenario.contextTokens)}, ${formatBytes(longest.allocation.device.kvCache)} at ${tokensText(context.native)}`,
    },
    { term: 'Context', text: `${formatCount(context.native)} tokens`, ...source(context.source) },
    context.extended === undefined
      ? undefined
      : {
          term: 'Extended context',
          text: `${formatCount(context.extended)} tokens${context.extendedBy ? ` with ${context.extendedBy}` : ''}`,
          ...source(context.extendedSource ?? context.source),
        },
    model.nativeFormat && {
      term: 'Published as',
      text: `${model.nativeFormat.name}${model.nativeFormat.checkpointBytes === undefined ? '' : `, ${formatGB(model.nativeFormat.checkpointBytes)}`}`,
      ...source(model.nativeFormat.source),
    },
    { term: 'Reads', text: joinWords(model.modalities) },
    model.license && { term: 'Licence', text: model.license.name, ...source(model.license.source) },
    { term: 'Released', text: `${model.released}, ${model.vendor}`, ...source(model.releasedSource) },
    family && { term: 'Family', text: family.name, source: { text: family.name, href: familyPath(family.id) } },
    ...(model.caveats ?? []).map((text) => ({ term: 'Note', text })),
  ];
  return facts.filter((fact) => fact !== undefined);
}
