import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import { modelApiPath, modelListPath, modelPath, modelQuantPath, scenarioPath } from '../../site/routes.ts';
import {
  bytesPerParameterOf,
  contextLabel,
  formatBytes,
  formatGB,
  formatHundredths,
  formatMemory,
  formatParameters,
  formatPercent,
} from '../../vram/index.ts';
import { classAccuracies } from '../accuracy.ts';
import { heldParts, partOf, scenarioBar } from '../bars.ts';
import { cacheNote } from '../cache-note.ts';
import { calculationSteps, ruleOfThumbCacheDetail } from '../calculation.ts';
import { calculatorPreset } from '../calculator-preset.ts';
import { cheaperWays } from '../cheaper.ts';
import { commandsOf } from '../commands.ts';
import { engineName, scenarioEngines } from '../engine-table.ts';
import { isPublishedInMxfp4, type ScenarioKey } from '../expand.ts';
import { type Facts, factsOf } from '../facts.ts';
import { faqOf } from '../faq.ts';
import { expertsInRamText, hardwareGroups, hardwareIntro, orWithExpertsInRam, tightText } from '../hardware.ts';
import { canonicalPathOf } from '../index-policy.ts';
import { kvTypesOf } from '../kv-types.ts';
import { besideCard, bestOf, namedSets, setNames } from '../named-devices.ts';
import { partsOf } from '../parts.ts';
import { scenarioPlot } from '../plot.ts';
import { relatedTo } from '../related.ts';
import { computeScenario, type ModelAtQuant, type Scenario } from '../scenario.ts';
import { spare, verdictOf } from '../verdict.ts';
import type { ScenarioPage } from '../views.ts';
import {
  contextTitle,
  HEADROOM_TEXT,
  nameAgainst,
  nameForBytes,
  nameWithMemory,
  tokensText,
  withArticle,
} from '../words.ts';
import { engineRecord, engineUpdated, metaOf, sourceLinks } from './meta.ts';

/**
 * The page of one model at one quant and one context.
 * @throws {EstimateError} where a record of the key is missing or llama.cpp refuses the settings.
 */
export function scenarioPage(catalog: Catalog, key: ScenarioKey): ScenarioPage {
  const scenario = computeScenario(catalog, key);
  const facts = factsOf(catalog, scenario);
  const { model, quant, contextTokens, allocation, planForBytes, needsBytes } = scenario;
  const context = contextTitle(contextTokens);
  const path = scenarioPath(model.id, quant.id, contextLabel(contextTokens));
  const faq = faqOf(facts);
  const planFor = formatMemory(planForBytes);
  const needs = formatMemory(needsBytes);
  const engine = engineName(allocation);
  const note = cacheNote(scenario);
  const experts = expertsInRamText(facts);
  const groups = hardwareGroups(facts);
  const kvTypes = kvTypesOf(facts);
  return {
    kind: 'scenario',
    meta: metaOf({
      path,
      canonicalPath: canonicalPathOf(catalog, key),
      title: `${model.name} ${quant.name} at ${context}: ${planFor.gb} VRAM`,
      description: [
        `${model.name} at ${quant.name} with ${context} context: plan for ${planFor.gb} of VRAM, llama.cpp allocates ${needs.gb}.`,
        runsShort(facts),
      ],
      crumbs: [
        { text: 'Models', href: modelListPath() },
        { text: model.name, href: modelPath(model.id) },
        { text: quant.name, href: modelQuantPath(model.id, quant.id) },
      ],
      name: context,
      questions: faq,
      updated: newest(model.updated, quant.updated, engineUpdated(catalog)),
    }),
    modelName: model.name,
    quantName: quant.name,
    contextLabel: contextLabel(contextTokens),
    heading: `How much VRAM does ${model.name} need at ${quant.name} with ${context} context?`,
    hook: model.hook,
    answer: [
      `${model.name} at ${quant.name} with ${tokensText(contextTokens)} of context needs ${needs.gb} of VRAM in ${engine}; plan for ${planFor.gb}.`,
      `${runs(facts)}${orWithExpertsInRam(facts)}`,
    ],
    planFor,
    needs,
    parts: partsOf(scenario),
    bar: scenarioBar(allocation.device, planForBytes),
    ruleOfThumb: ruleOfThumbOf(scenario),
    calculator: calculatorPreset(facts),
    accuracy: accuracyOf(catalog, scenario),
    cheaper: cheaperWays(facts),
    ...(kvTypes && { kvTypes }),
    plot: scenarioPlot(facts),
    ...(note && { cacheNote: note }),
    hardware: {
      intro: `${hardwareIntro(facts)}${tightText(groups)}`,
      held: heldParts(allocation.device),
      groups,
      ...(experts && { expertsInRam: { text: experts } }),
    },
    commands: commandsOf(facts),
    engines: scenarioEngines(facts),
    calculation: calculationSteps(scenario),
    verdict: verdictOf(facts),
    related: relatedTo(catalog, scenario),
    faq,
    engine,
    sources: sourceLinks(model, engineRecord(catalog) ?? {}),
    apiHref: modelApiPath(model.id),
  };
}

/** The second sentence of the answer: what runs it. */
export function runs(facts: Facts): string {
  const { card, unified, tight, usualCard, scenario } = facts;
  if (card) {
    const own = bestOf(card);
    const also =
      tight && tight.gpu.memoryGB < card.memoryGB
        ? `; ${withArticle(nameWithMemory(tight.gpu))} is tight`
        : usualCard
          ? `, ${withArticle(nameWithMemory(usualCard.own.gpu))} with ${spare(facts, usualCard.own)}`
          : '';
    return `One ${nameAgainst(own, scenario.planForBytes)} holds it with ${spare(facts, own)} to spare${also}.${besideCard(facts)}`;
  }
  if (unified)
    return `No single graphics card holds it; ${withArticle(nameAgainst(bestOf(unified), scenario.planForBytes))} does, or ${setNames(namedSets(facts))}.`;
  if (facts.datacenterSets.length > 0) return `No single GPU holds it: it takes ${setNames(namedSets(facts))}.`;
  return 'Not even sixteen of the largest GPUs, the most llama.cpp uses, hold it.';
}

/** The same for search results. */
function runsShort(facts: Facts): string {
  const { card, unified } = facts;
  if (card) return `Fits one ${nameForBytes(bestOf(card).gpu, facts.scenario.planForBytes)}.`;
  if (unified) return `Fits ${withArticle(nameForBytes(bestOf(unified).gpu, facts.scenario.planForBytes))}.`;
  return facts.datacenterSets.length > 0 ? `Takes ${setNames(namedSets(facts))}.` : '';
}

/** Why fewer parameters count than are published, or a parameter fewer bytes than the quant's nominal ones. */
function countedReason({ model, quant, file, publishedParameters }: ModelAtQuant, counted: number): string {
  if (counted < publishedParameters)
    return ` ${formatParameters(publishedParameters - counted)} parameters of embeddings per layer stay in RAM and are left out.`;
  return isPublishedInMxfp4(model) && bytesPerParameterOf(file.scheme) > bytesPerParameterOf('MXFP4_MOE')
    ? ` The experts stay in MXFP4 at ${quant.name} too, so no parameter counts more than MXFP4's bytes.`
    : '';
}

function ruleOfThumbOf(scenario: Scenario): ScenarioPage['ruleOfThumb'] {
  const { ruleOfThumb, needsBytes, planForBytes, at } = scenario;
  const { parameters, weights, kvCache, overhead, total, bytesPerParameter } = ruleOfThumb;
  const distance = Math.abs(total / needsBytes - 1);
  const against =
    total >= planForBytes
      ? `That is ${formatPercent(distance)} above what llama.cpp allocates, so it sets Plan for.`
      : total >= needsBytes
        ? `That is only ${formatPercent(distance)} above what llama.cpp allocates, so Plan for is Needs plus ${HEADROOM_TEXT}.`
        : `That is ${formatPercent(distance)} below what llama.cpp allocates, so Plan for is Needs plus ${HEADROOM_TEXT}.`;
  const reason = at.model.ruleOfThumb ? ` ${at.model.ruleOfThumb.reason}` : countedReason(at, parameters);
  return {
    intro: `Published parameters times nominal bytes, a 16-bit cache and 10 % on top make ${formatGB(total)}. ${against}${reason}`,
    parts: [
      partOf(
        'weights',
        weights,
        `${formatParameters(parameters)} parameters x ${formatHundredths(bytesPerParameter)} bytes`,
      ),
      partOf('kv-cache', kvCache, ruleOfThumbCacheDetail(scenario)),
      { ...partOf('overhead', overhead, '10 % of both'), label: 'Overhead' },
    ],
    total: formatMemory(total),
  };
}

function accuracyOf(catalog: Catalog, { allocation, needsBytes, model }: Scenario): ScenarioPage['accuracy'] {
  const { weights, kvCache, compute, overhead } = allocation.device;
  const { text: measured, link } = classAccuracies(catalog)[model.architecture.attention.kind];
  const text =
    `Weights (${formatGB(weights)}) and KV cache (${formatBytes(kvCache)}) are counted tensor by tensor, as ${engineName(allocation)} ` +
    `allocates them for a file that llama-quantize writes; files with another recipe, such as Unsloth's UD quants, differ. ` +
    `The compute buffer (${formatBytes(compute)}, ${formatPercent(compute / needsBytes)} of the total) changes with the engine's version. ` +
    `The driver takes about ${formatBytes(overhead)} more on each GPU; it is not part of Needs, but counted when a device is called fitting.`;
  return { text, measured, link };
}
