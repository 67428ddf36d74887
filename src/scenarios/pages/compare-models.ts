/** Two models side by side: memory, context, speed, and reasons to take one or the other. */
import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { compareListPath, familyPath, gpuPath, modelPath } from '../../site/routes.ts';
import { formatBytes, formatGB, formatParameters, formatTimes } from '../../vram/index.ts';
import type { ModelPair } from '../comparisons.ts';
import { type CatalogDevice, devicesOf, holds } from '../devices.ts';
import { contextsOf, maximumContext, namedParameters, quantsOf } from '../expand.ts';
import { tierFor } from '../facts.ts';
import { shortContext } from '../hardware.ts';
import { speedText } from '../speed.ts';
import type { ComparePage } from '../views.ts';
import { contextTitle, counted, FIT_TEXT, joinWords, nameWithMemory, tokensText, withArticle } from '../words.ts';
import { LESS, MORE, otherPairs, pairName, pairPath, sideBySide, speedOn, textRow } from './compare-shared.ts';
import { engineUpdated, metaOf } from './meta.ts';
import { type Cell, planForCell, type Row, smallestDeviceText, textCell, type Usual, usualOf } from './shared.ts';

/** Contexts of the table, in tokens. */
const CONTEXTS: readonly number[] = [8, 32, 128].map((k) => k * 1024);
/** Ranges of speed overlap: a smaller lead is none. */
const FASTER = 1.3;
/** Where no figure speaks for a side. */
const NOTHING = 'You like its answers better: no figure of memory, context or speed speaks for it here.';

interface ModelSide {
  readonly model: EstimableModel;
  readonly usual: Usual;
  /** KV cache of 1,024 further tokens at long contexts, in bytes. */
  readonly bytesPer1K: number;
}

function modelSide(catalog: Catalog, model: EstimableModel): ModelSide {
  const usual = usualOf(catalog, model);
  const longer = maximumContext(model);
  const shorter = contextsOf(model).at(-2) ?? Math.floor(longer / 2);
  const kvAt = (context: number): number => usual.at.allocate(context).device.kvCache;
  return { model, usual, bytesPer1K: ((kvAt(longer) - kvAt(shorter)) / (longer - shorter)) * 1024 };
}

/** "8K"; "2K and 8K" where the usual contexts differ. */
const usualContexts = (a: ModelSide, b: ModelSide): string =>
  joinWords([...new Set([a, b].map(({ usual }) => contextTitle(usual.contextTokens)))]);

export function modelsPage(catalog: Catalog, pair: ModelPair): ComparePage {
  const a = modelSide(catalog, pair.first);
  const b = modelSide(catalog, pair.second);
  const sides = [a, b] as const;
  const path = pairPath(pair);
  const [nameA, nameB] = [a.model.name, b.model.name];
  const [light, heavy] = a.usual.planForBytes <= b.usual.planForBytes ? [a, b] : [b, a];
  const common = devicesOf(catalog).compared.find((own) => holds(own, heavy.usual));
  const contexts = usualContexts(a, b);
  const quants = a.usual.quant.id === b.usual.quant.id ? a.usual.quant.name : 'their usual quants';
  const saved = heavy.usual.planForBytes - light.usual.planForBytes;
  return {
    kind: 'compare',
    meta: metaOf({
      path,
      title: `${nameA} vs ${nameB}: VRAM, context and speed`,
      description: [
        `With ${contexts} of context plan for ${formatGB(a.usual.planForBytes)} (${nameA}) and ${formatGB(b.usual.planForBytes)} (${nameB}).`,
        `1K more costs ${formatBytes(a.bytesPer1K)} and ${formatBytes(b.bytesPer1K)}.`,
      ],
      crumbs: [{ text: 'Compare', href: compareListPath() }],
      name: pairName(pair),
      updated: newest(a.model.updated, b.model.updated, engineUpdated(catalog)),
    }),
    heading: `${nameA} or ${nameB}: which one fits?`,
    answer: [
      `With ${contexts} of context at ${quants}, plan for ${formatGB(a.usual.planForBytes)} for ${nameA} and ${formatGB(b.usual.planForBytes)} for ${nameB}${
        light.usual.planForBytes < LESS * heavy.usual.planForBytes
          ? `: ${light.model.name} saves ${formatGB(saved)}`
          : ': no difference that decides which card you need'
      }.`,
      startSentence(catalog, a, b),
      contextSentence(a, b),
      ...(common ? [speedSentence(a, b, common)] : []),
    ].filter((text) => text !== ''),
    table: sideBySide(nameA, nameB, [
      textRow(
        'Parameters',
        sides.map(({ model }) =>
          textCell(
            formatParameters(namedParameters(model)),
            model.parameters.active === undefined ? 'dense' : `${formatParameters(model.parameters.active)} active`,
          ),
        ),
      ),
      ...CONTEXTS.map((context) =>
        textRow(
          `Plan for at ${contextTitle(context)}`,
          sides.map(({ model, usual }) => withNote(planForCell(catalog, model, usual.quant, context), usual.quant)),
        ),
      ),
      ...sameQuantRow(catalog, a, b),
      textRow(
        'Each further 1K of context',
        sides.map(({ bytesPer1K }) => textCell(formatBytes(bytesPer1K), 'of KV cache')),
      ),
      textRow(
        'Longest context',
        sides.map(({ model }) => textCell(contextTitle(maximumContext(model)))),
      ),
      textRow(
        `Smallest device at ${contexts}`,
        sides.map(({ usual }) => textCell(smallestDeviceText(catalog, usual.at, usual.contextTokens))),
      ),
      ...(common
        ? [
            textRow(
              `Decode speed, ${common.gpu.shortName}`,
              sides.map(({ usual }) => textCell(speedText(usual.at, common, 1) ?? 'unknown')),
              gpuPath(common.gpu.id),
            ),
          ]
        : []),
      textRow(
        'Reads',
        sides.map(({ model }) => textCell(model.modalities.join(', '))),
      ),
      textRow(
        'Released',
        sides.map(({ model }) => textCell(model.released)),
      ),
      textRow(
        'Licence',
        sides.map(({ model }) => (model.license ? textCell(model.license.name) : null)),
      ),
    ]),
    pair: 'models',
    choose: [
      { link: { text: nameA, href: modelPath(a.model.id) }, reasons: modelReasons(catalog, a, b, common) },
      { link: { text: nameB, href: modelPath(b.model.id) }, reasons: modelReasons(catalog, b, a, common) },
    ].filter(({ reasons }) => reasons.length > 0),
    held: {
      title: 'On the same devices',
      grid: {
        caption: `Largest context at ${quants}, by device`,
        corner: 'Device',
        columns: [nameA, nameB],
        rows: Object.values(devicesOf(catalog).reference)
          .flat()
          .flatMap((own) => {
            const cells = sides.map(({ usual }): Cell => {
              const { fit } = usual.at.fitOn(own.device, 1, usual.contextTokens);
              if (fit === 'no') return { ...textCell(FIT_TEXT.no), fit };
              const speed = speedText(usual.at, own, 1);
              return {
                ...textCell(
                  fit === 'tight' ? FIT_TEXT.tight : shortContext(usual.at.largestContext(own.device, 1)),
                  speed,
                ),
                fit,
              };
            });
            if (cells.every(({ fit }) => fit === 'no')) return [];
            return [{ head: { text: nameWithMemory(own.gpu), href: gpuPath(own.gpu.id) }, cells }];
          }),
      },
    },
    related: [
      {
        title: 'Both models',
        links: [
          ...sides.map(({ model, usual }) => ({
            text: model.name,
            href: modelPath(model.id),
            figure: `${formatGB(usual.planForBytes)} at ${contextTitle(usual.contextTokens)}`,
          })),
          ...[...new Set(sides.map(({ model }) => model.family))].flatMap((id) => {
            const family = catalog.byId.families.get(id);
            return family
              ? [
                  {
                    text: `${family.name} family`,
                    href: familyPath(id),
                    figure: counted(catalog.membersOf(id).length, 'model'),
                  },
                ]
              : [];
          }),
        ],
      },
      { title: 'Also compared', links: otherPairs(catalog, pair) },
    ].filter(({ links }) => links.length > 0),
  };
}

const withNote = (cell: Cell | null, quant: QuantRecord): Cell | null => cell && { ...cell, note: quant.name };

/** Both at one quant that is nobody's usual one: where the usual ones differ Q4_K_M, else Q8_0. */
function sameQuantRow(catalog: Catalog, a: ModelSide, b: ModelSide): readonly Row[] {
  const scheme = a.usual.quant.id === b.usual.quant.id ? 'Q8_0' : 'Q4_K_M';
  const quant = catalog.quants.find((own) => own.scheme === scheme);
  if (!quant || [a, b].some(({ model }) => !quantsOf(catalog, model).includes(quant))) return [];
  return [
    textRow(
      `Plan for at ${quant.name}, ${usualContexts(a, b)}`,
      [a, b].map(({ model, usual }) => planForCell(catalog, model, quant, usual.contextTokens)),
    ),
  ];
}

/** The smallest card of each, where they are not the same. */
function startSentence(catalog: Catalog, a: ModelSide, b: ModelSide): string {
  const { cards } = devicesOf(catalog);
  const [tierA, tierB] = [tierFor(cards, a.usual.planForBytes), tierFor(cards, b.usual.planForBytes)];
  const size = (gb: number): string => withArticle(`${gb} GB card`);
  if (!tierA && !tierB) return 'Neither fits a single card.';
  if (tierA?.memoryGB === tierB?.memoryGB) return tierA ? `Both start at ${size(tierA.memoryGB)}.` : '';
  const [small, large] =
    (tierA?.memoryGB ?? Number.POSITIVE_INFINITY) < (tierB?.memoryGB ?? Number.POSITIVE_INFINITY)
      ? [
          { ...a, tier: tierA },
          { ...b, tier: tierB },
        ]
      : [
          { ...b, tier: tierB },
          { ...a, tier: tierA },
        ];
  return `${small.model.name} starts at ${size(small.tier?.memoryGB ?? 0)}, ${large.model.name} ${
    large.tier ? `at ${size(large.tier.memoryGB)}` : 'needs several'
  }.`;
}

function contextSentence(a: ModelSide, b: ModelSide): string {
  const [cheap, dear] = a.bytesPer1K <= b.bytesPer1K ? [a, b] : [b, a];
  if (cheap.bytesPer1K >= LESS * dear.bytesPer1K)
    return `1K tokens of context cost the same, about ${formatBytes(cheap.bytesPer1K)}.`;
  return `1K more tokens cost ${formatBytes(cheap.bytesPer1K)} with ${cheap.model.name} and ${formatBytes(dear.bytesPer1K)} with ${dear.model.name}.`;
}

function speedSentence(a: ModelSide, b: ModelSide, own: CatalogDevice): string {
  const [speedA, speedB] = [speedText(a.usual.at, own, 1), speedText(b.usual.at, own, 1)];
  return speedA && speedB
    ? `On ${withArticle(own.gpu.shortName)} expect ${speedA} from ${a.model.name} and ${speedB} from ${b.model.name}.`
    : '';
}

/** Why one would take `own` and not `other`: what is measurably better, most decisive first. */
function modelReasons(
  catalog: Catalog,
  own: ModelSide,
  other: ModelSide,
  device: CatalogDevice | undefined,
): readonly string[] {
  const { cards } = devicesOf(catalog);
  const reasons: string[] = [];
  const [tier, otherTier] = [tierFor(cards, own.usual.planForBytes), tierFor(cards, other.usual.planForBytes)];
  if (tier && (otherTier?.memoryGB ?? Number.POSITIVE_INFINITY) > tier.memoryGB)
    reasons.push(
      `Your card has ${tier.memoryGB} GB${otherTier ? ` and not ${otherTier.memoryGB}` : ''}: ${own.usual.quant.name} with ${contextTitle(own.usual.contextTokens)} of context fits.`,
    );
  else if (own.usual.planForBytes < LESS * other.usual.planForBytes)
    reasons.push(
      `${formatGB(other.usual.planForBytes - own.usual.planForBytes)} more should stay free for context or other programs.`,
    );
  if (own.bytesPer1K < LESS * other.bytesPer1K)
    reasons.push(
      `You need long contexts: its cache grows by ${formatBytes(own.bytesPer1K)} with every 1K tokens, not ${formatBytes(other.bytesPer1K)}.`,
    );
  // Longer contexts than those of the training take settings that engines may not have.
  const [longest, otherLongest] = [own.model.context.native, other.model.context.native];
  if (longest > MORE * otherLongest)
    reasons.push(
      `You need more than ${tokensText(otherLongest)}: the other was trained for no more, this one for ${contextTitle(longest)}.`,
    );
  if (device) {
    const [speed = 0, otherSpeed = 0] = [speedOn(own.usual.at, device), speedOn(other.usual.at, device)];
    if (speed > FASTER * otherSpeed)
      reasons.push(
        `Speed counts: about ${formatTimes(speed / otherSpeed)} times as many tokens a second on the same ${device.gpu.shortName}.`,
      );
  }
  const kinds = own.model.modalities.filter((kind) => !other.model.modalities.includes(kind));
  if (kinds.length > 0)
    reasons.push(
      `You want to give it ${joinWords(kinds.map((kind) => (kind === 'image' ? 'images' : kind)))}, which ${other.model.name} does not read.`,
    );
  if (reasons.length === 0 && own.model.released > other.model.released)
    reasons.push(`You want the newer one: released ${own.model.released}, the other ${other.model.released}.`);
  return reasons.length > 0 ? reasons : [NOTHING];
}
