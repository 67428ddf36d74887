import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import { modelListPath, modelPath, modelQuantPath, quantPath, scenarioPath } from '../../site/routes.ts';
import {
  contextLabel,
  formatBitsPerWeight,
  formatBytes,
  formatGB,
  formatMeasured,
  formatParameters,
} from '../../vram/index.ts';
import { heldParts, scenarioBar } from '../bars.ts';
import { commandsOf } from '../commands.ts';
import { engineName } from '../engine-table.ts';
import { contextsOf, defaultContextOf } from '../expand.ts';
import { type Facts, factsOf } from '../facts.ts';
import { FAQ_RULES } from '../faq.ts';
import { hardwareGroups, hubHardwareIntro } from '../hardware.ts';
import { canonicalModelQuantPath } from '../index-policy.ts';
import { lossIn } from '../quality.ts';
import { relatedTo, scenarioLink } from '../related.ts';
import { computeScenario, estimableModel } from '../scenario.ts';
import { verdictOf } from '../verdict.ts';
import type { Fact, ModelQuantPage, Question } from '../views.ts';
import { contextTitle, tokensText, withArticle } from '../words.ts';
import { engineUpdated, metaOf, sourceLink, sourceLinks } from './meta.ts';
import { runs } from './scenario-page.ts';
import { smallestDeviceText, textCell } from './shared.ts';

/** Questions that belong to a quant whatever the context. */
const QUESTIONS: ReadonlySet<string> = new Set([
  'runs-on-a-card',
  'short-of-a-card',
  'which-quant',
  'experts-in-vram',
  'ram-beside-vram',
]);

/**
 * A model at one quant: every context in one table, the usual one in detail.
 * @throws {EstimateError} where a record is missing
 */
export function modelQuantPage(catalog: Catalog, modelId: string, quantId: string): ModelQuantPage {
  const context = defaultContextOf(estimableModel(catalog, modelId));
  const usual = computeScenario(catalog, { model: modelId, quant: quantId, context });
  const { at, quant, contextTokens } = usual;
  const facts = factsOf(catalog, usual);
  const contexts = contextsOf(at.model);
  const shortest = contexts[0] ?? contextTokens;
  const longest = contexts.at(-1) ?? contextTokens;
  const name = at.model.name;
  const from = formatGB(at.need(shortest).planForBytes);
  const to = formatGB(at.need(longest).planForBytes);
  const range = from === to ? from : `${from} to ${to}`;
  const faq = questionsOf(facts);
  const groups = hardwareGroups(facts);
  const engine = engineName(usual.allocation);
  return {
    kind: 'model-quant',
    meta: metaOf({
      path: modelQuantPath(modelId, quantId),
      canonicalPath: canonicalModelQuantPath(catalog, modelId, quantId),
      title: `${name} ${quant.name} VRAM: ${range}`,
      description: [
        `${name} at ${quant.name}: ${withArticle(formatGB(usual.allocation.fileBytes))} file, ${formatGB(usual.planForBytes)} of VRAM to plan for at ${contextTitle(contextTokens)}${longest === contextTokens ? '' : `, ${to} at ${contextTitle(longest)}`}.`,
        runs(facts),
      ],
      crumbs: [
        { text: 'Models', href: modelListPath() },
        { text: name, href: modelPath(modelId) },
      ],
      name: quant.name,
      questions: faq,
      updated: newest(at.model.updated, quant.updated, engineUpdated(catalog)),
    }),
    heading: `How much VRAM does ${name} need at ${quant.name}?`,
    hook: at.model.hook,
    answer: [
      `${name} at ${quant.name} needs ${formatGB(usual.needsBytes)} of VRAM with ${tokensText(contextTokens)} of context in ${engine}; plan for ${formatGB(usual.planForBytes)}.`,
      from === to
        ? `That holds for every context up to ${contextTitle(longest)}.`
        : `From ${contextTitle(shortest)} to ${contextTitle(longest)} Plan for goes from ${from} to ${to}.`,
      ...verdictOf(facts).slice(0, 1),
    ],
    bar: scenarioBar(usual.allocation.device, usual.planForBytes),
    contexts: {
      caption: `${name} ${quant.name} by context`,
      corner: 'Context',
      columns: ['Plan for', 'Needs', 'KV cache', 'Smallest device'],
      rows: contexts.map((context) => {
        const { planForBytes, needsBytes } = at.need(context);
        const href = scenarioPath(modelId, quantId, contextLabel(context));
        return {
          head: { text: contextTitle(context), href },
          cells: [
            { text: formatGB(planForBytes), href },
            textCell(formatGB(needsBytes)),
            textCell(formatBytes(at.allocation(context).device.kvCache)),
            textCell(smallestDeviceText(catalog, at, context)),
          ],
        };
      }),
    },
    hardware: {
      intro: `With ${tokensText(contextTokens)} of context. ${hubHardwareIntro(facts, groups)}`,
      held: heldParts(usual.allocation.device),
      groups,
    },
    commands: commandsOf(facts),
    facts: factList(facts),
    faq,
    related: [
      {
        title: 'Contexts',
        links: contexts.map((context) => scenarioLink(at, context, contextTitle(context))),
      },
      ...relatedTo(catalog, usual)
        .filter(({ title }) => !title.endsWith('other contexts'))
        .map(({ title, links }) => ({
          title,
          links: links.filter(({ href }) => href !== modelQuantPath(modelId, quantId)),
        })),
    ],
    engine,
    sources: sourceLinks(at.model, quant),
  };
}

function questionsOf(facts: Facts): readonly Question[] {
  return FAQ_RULES.filter((rule) => QUESTIONS.has(rule.name) && rule.when(facts)).map((rule) => ({
    question: rule.ask(facts),
    answer: rule.say(facts),
  }));
}

function factList({ scenario }: Facts): readonly Fact[] {
  const { allocation, quant, model } = scenario;
  const bits = sourceLink(quant, quant.source);
  const evidence = lossIn(model, quant) && (quant.quality ?? []).find(({ metric }) => metric === 'mean KL divergence');
  const evidenceSource = evidence && sourceLink(quant, evidence.source);
  return [
    { term: 'File', text: `${formatGB(allocation.fileBytes)} of tensors` },
    {
      term: 'Bits per weight',
      text: `${formatBitsPerWeight(allocation.bitsPerWeight)} in this model, ${quant.nominalBits} nominally`,
      ...(bits && { source: bits }),
    },
    { term: 'Parameters', text: formatParameters(allocation.parameters) },
    { term: 'On the GPU', text: formatGB(allocation.device.weights) },
    { term: 'In RAM', text: formatBytes(allocation.host.weights) },
    ...(evidence
      ? [
          {
            term: 'Quality loss',
            text: `mean KL divergence ${formatMeasured(evidence.value)} on ${evidence.model}${evidence.imatrix ? ', with an importance matrix' : ''}: another model, for comparing quants`,
            ...(evidenceSource && { source: evidenceSource }),
          },
        ]
      : []),
    { term: quant.name, text: quant.summary, source: { text: `More on ${quant.name}`, href: quantPath(quant.id) } },
    ...(model.nativeFormat?.checkpointBytes === undefined
      ? []
      : [
          {
            term: 'Published checkpoint',
            text: `${formatGB(model.nativeFormat.checkpointBytes)}, ${model.nativeFormat.name}`,
          },
        ]),
  ];
}
