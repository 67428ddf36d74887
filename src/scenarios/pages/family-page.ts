import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { FamilyRecord } from '../../catalog/family.schema.ts';
import { type EstimableModel, isEstimable } from '../../catalog/model.schema.ts';
import { familyListPath, familyPath, modelPath } from '../../site/routes.ts';
import { formatBytes, formatGB, formatParameters } from '../../vram/index.ts';
import { devicesOf } from '../devices.ts';
import { maximumContext } from '../expand.ts';
import { needOf } from '../scenario.ts';
import type { FamilyPage, Grid, Question } from '../views.ts';
import { allOf, contextTitle, counted, joinWords } from '../words.ts';
import { metaOf, sourceLinks } from './meta.ts';
import {
  FEWEST_GOOD_BITS,
  holdsUsual,
  largestQuantOn,
  modelHead,
  planForCell,
  shorterContextNote,
  smallestDeviceText,
  textCell,
  usualOf,
} from './shared.ts';

/** "Gemma 3 model", "DeepSeek R1 distill": one of a family, whose name may be a plural. */
const memberOf = ({ name }: FamilyRecord): string => (/ .*[a-z]s$/.test(name) ? name.slice(0, -1) : `${name} model`);

/**
 * A family: its members by size.
 * @throws {RangeError} where there is no such family
 */
export function familyPage(catalog: Catalog, id: string): FamilyPage {
  const family = catalog.byId.families.get(id);
  if (!family) throw new RangeError(`Found family "${id}"; expected the id of a record in content/families.`);
  const members = catalog.membersOf(id);
  const estimable = members.filter(isEstimable);
  const [smallest] = estimable;
  const largest = estimable.at(-1);
  const range = smallest && largest ? rangeText(catalog, smallest, largest) : '';
  const announced = members.filter((model) => !isEstimable(model));
  const faq = questionsOf(catalog, family, estimable);
  return {
    kind: 'family',
    id,
    meta: metaOf({
      path: familyPath(id),
      title: `${family.name} VRAM requirements: ${members.length === 1 ? 'the one model' : `${allOf(members.length).toLowerCase()} models`}`,
      description: [
        `${counted(members.length, memberOf(family))} by ${family.vendor} and the memory ${members.length === 1 ? 'it needs' : 'they need'}.`,
        range,
        family.summary,
      ],
      crumbs: [{ text: 'Families', href: familyListPath() }],
      name: family.name,
      questions: faq,
      updated: newest(family.updated, ...members.map(({ updated }) => updated)),
    }),
    heading: `How much VRAM do ${memberOf(family)}s need?`,
    answer: [range, family.summary].filter(Boolean),
    grid: membersGrid(catalog, family, id),
    announced: announced.map((model) => ({ id: model.id, name: model.name })),
    faq,
    related: [
      {
        title: 'Other families',
        links: family.related.flatMap((other) => {
          const record = catalog.byId.families.get(other);
          return record
            ? [
                {
                  text: record.name,
                  href: familyPath(other),
                  figure: counted(catalog.membersOf(other).length, 'model'),
                },
              ]
            : [];
        }),
      },
    ].filter(({ links }) => links.length > 0),
    sources: sourceLinks(...announced),
  };
}

function rangeText(catalog: Catalog, smallest: EstimableModel, largest: EstimableModel): string {
  const figure = (model: EstimableModel, names = model.name): string => {
    const { quant, planForBytes, contextTokens } = usualOf(catalog, model);
    return `${formatGB(planForBytes)} for ${names} (${quant.name}, ${contextTitle(contextTokens)})`;
  };
  if (smallest === largest) return `Plan for ${figure(smallest)}.`;
  return figure(smallest, '') === figure(largest, '')
    ? `Plan for ${figure(smallest, `${smallest.name} and ${largest.name} alike`)}.`
    : `Plan for ${figure(smallest)} up to ${figure(largest)}.`;
}

function membersGrid(catalog: Catalog, family: FamilyRecord, id: string): Grid {
  return {
    caption: `${memberOf(family)}s by size`,
    corner: 'Model',
    columns: ['Usual quant', 'Plan for at 8K', 'KV cache at 8K', 'Longest context', 'Smallest device'],
    rows: catalog.membersOf(id).map((model) => {
      if (!isEstimable(model)) {
        return {
          head: { text: model.name, href: `${familyPath(id)}#${model.id}` },
          note: `${formatParameters(model.parameters.total)}, not estimable yet: ${model.notEstimableBecause ?? 'its architecture is not published'}`,
          cells: [null, null, null, textCell(contextTitle(maximumContext(model))), null],
        };
      }
      const { at, quant, contextTokens } = usualOf(catalog, model);
      return {
        ...modelHead(model),
        cells: [
          { text: quant.name, href: modelPath(model.id) },
          planForCell(catalog, model, quant, contextTokens),
          {
            ...textCell(formatBytes(at.allocation(contextTokens).device.kvCache)),
            ...shorterContextNote(contextTokens),
          },
          textCell(contextTitle(maximumContext(model))),
          textCell(smallestDeviceText(catalog, at, contextTokens)),
        ],
      };
    }),
  };
}

function questionsOf(catalog: Catalog, family: FamilyRecord, members: readonly EstimableModel[]): readonly Question[] {
  // The desktop card of that size that leaves least.
  const own = devicesOf(catalog).consumer.find(({ gpu }) => gpu.memoryGB === 24);
  if (!own) return [];
  const held = members.flatMap((model) => {
    const { quant: usual, contextTokens } = usualOf(catalog, model);
    const quant = holdsUsual(catalog, own, model)
      ? usual
      : largestQuantOn(catalog, model, contextTokens, own, ({ nominalBits }) => nominalBits >= FEWEST_GOOD_BITS);
    return quant ? [{ model, quant, contextTokens }] : [];
  });
  const planOf = ({ model, quant, contextTokens }: (typeof held)[number]): number =>
    needOf(catalog, { model: model.id, quant: quant.id, context: contextTokens }).planForBytes;
  const largest = held.at(-1);
  const [smallest] = members;
  if (!smallest || members.length < 2) return [];
  return [
    {
      question: `Which ${memberOf(family)} fits a 24 GB card?`,
      answer: largest
        ? `${largest.model.name} is the largest that does: ${formatGB(planOf(largest))} at ${largest.quant.name} with ${contextTitle(largest.contextTokens)} of context.${held.length > 1 ? ` ${joinWords(held.slice(0, -1).map(({ model }) => model.name))} ${held.length > 2 ? 'fit' : 'fits'} too.` : ''}`
        : `None at four bits: the smallest needs ${formatGB(usualOf(catalog, smallest).planForBytes)}.`,
    },
  ];
}
