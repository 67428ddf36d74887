import type { Catalog } from '../catalog/catalog.ts';
import { type EstimableModel, isEstimable } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { familyPath, modelPath, modelQuantPath, quantPath, scenarioPath } from '../site/routes.ts';
import { contextLabel, formatGB } from '../vram/index.ts';
import { contextsOf, defaultContextOf, defaultQuantOf, maximumContext, quantsOf } from './expand.ts';
import { memoized } from './memoized.ts';
import { type ModelAtQuant, modelAtQuant, needOf, type Scenario } from './scenario.ts';
import type { LinkWithFigure, RelatedGroup } from './views.ts';
import { allOf, contextTitle, counted } from './words.ts';

/** Quants shown on either side of the page's own. */
const QUANTS_EACH_SIDE = 3;
const MOST_SIBLINGS = 4;
const MOST_PEERS = 4;
/** So many times as much, or as little, is not about as much. */
const PEER_FACTOR = 1.5;

const targets = memoized((_: ModelAtQuant) => new Map<number, Omit<LinkWithFigure, 'text'>>());

/** Where a scenario's page is, and its Plan for. */
export function scenarioTarget(at: ModelAtQuant, context: number): Omit<LinkWithFigure, 'text'> {
  const known = targets(at);
  let target = known.get(context);
  if (!target) {
    const href = scenarioPath(at.model.id, at.quant.id, contextLabel(context));
    target = { href, figure: formatGB(at.need(context).planForBytes) };
    known.set(context, target);
  }
  return target;
}

/** A link to a scenario with its Plan for. */
export const scenarioLink = (at: ModelAtQuant, context: number, text: string): LinkWithFigure => ({
  text,
  ...scenarioTarget(at, context),
});

/** What a reader of a scenario may want next: every link with its Plan for. */
export function relatedTo(catalog: Catalog, scenario: Scenario): readonly RelatedGroup[] {
  const { at, model, quant, contextTokens } = scenario;
  const groups: RelatedGroup[] = [
    {
      title: `${model.name} with ${contextTitle(contextTokens)} context, other quants`,
      links: otherQuants(catalog, scenario),
    },
    {
      title: `${model.name} ${quant.name}, other contexts`,
      links: contextsOf(model)
        .filter((context) => context !== contextTokens)
        .map((context) => scenarioLink(at, context, contextTitle(context))),
    },
    siblingGroup(catalog, model, quant, contextTokens),
    {
      title: 'One level up',
      links: [
        {
          text: `${model.name}, all quants`,
          href: modelPath(model.id),
          figure: hubFigure(catalog, model),
        },
        {
          text: `${model.name} at ${quant.name}`,
          href: modelQuantPath(model.id, quant.id),
          figure: counted(contextsOf(model).length, 'context'),
        },
        { text: `${quant.name}: what it is`, href: quantPath(quant.id), figure: `${quant.nominalBits} bits` },
      ],
    },
  ];
  return groups.filter(({ links }) => links.length > 0);
}

function otherQuants(catalog: Catalog, { model, quant, contextTokens }: Scenario): readonly LinkWithFigure[] {
  const quants = quantsOf(catalog, model);
  const own = quants.indexOf(quant);
  const start = Math.max(0, Math.min(own - QUANTS_EACH_SIDE, quants.length - 2 * QUANTS_EACH_SIDE - 1));
  return quants
    .slice(start, start + 2 * QUANTS_EACH_SIDE + 1)
    .filter((other) => other !== quant)
    .map((other) => scenarioLink(modelAtQuant(catalog, model.id, other.id), contextTokens, other.name));
}

/** Members of the family at the same quant and context; where a member's context is shorter, at its maximum. */
export function siblingGroup(
  catalog: Catalog,
  model: EstimableModel,
  quant: QuantRecord,
  contextTokens: number,
): RelatedGroup {
  const members = catalog.membersOf(model.family).filter(isEstimable);
  const own = members.findIndex(({ id }) => id === model.id);
  const start = Math.max(0, Math.min(own - MOST_SIBLINGS / 2, members.length - MOST_SIBLINGS - 1));
  const links = members
    .slice(start, start + MOST_SIBLINGS + 1)
    .filter(({ id }) => id !== model.id)
    .map((member) => {
      const offered = quantsOf(catalog, member).includes(quant) ? quant : defaultQuantOf(catalog, member);
      const context = contextUpTo(member, contextTokens);
      const where = [
        offered.id === quant.id ? '' : offered.name,
        context === contextTokens ? '' : `at ${contextTitle(context)}`,
      ]
        .filter(Boolean)
        .join(' ');
      const at = modelAtQuant(catalog, member.id, offered.id);
      return scenarioLink(at, context, `${member.name}${where ? `, ${where}` : ''}`);
    });
  const family = catalog.byId.families.get(model.family);
  const all =
    family && members.length > 1
      ? [{ text: `${allOf(members.length)} ${family.name} models`, href: familyPath(family.id), figure: '' }]
      : [];
  return { title: `More ${family?.name ?? model.vendor} scenarios`, links: [...links, ...all] };
}

/** The longest context with a page that is no longer than `context`; where none is, the model's maximum. */
function contextUpTo(model: EstimableModel, context: number): number {
  return (
    contextsOf(model)
      .filter((own) => own <= context)
      .at(-1) ?? maximumContext(model)
  );
}

function hubFigure(catalog: Catalog, model: EstimableModel): string {
  const context = defaultContextOf(model);
  const at = modelAtQuant(catalog, model.id, defaultQuantOf(catalog, model).id);
  return `${scenarioTarget(at, context).figure} at ${contextTitle(context)}`;
}

/** Models of other families that need about as much at their usual quant and context. */
export function peersOf(catalog: Catalog, model: EstimableModel): readonly LinkWithFigure[] {
  const need = (own: EstimableModel): number =>
    needOf(catalog, { model: own.id, quant: defaultQuantOf(catalog, own).id, context: defaultContextOf(own) })
      .planForBytes;
  const own = need(model);
  const distance = (other: EstimableModel): number => Math.abs(Math.log(need(other) / own));
  return catalog.estimableModels
    .filter((other) => other.family !== model.family)
    .map((other) => ({ other, away: distance(other) }))
    .filter(({ away }) => away < Math.log(PEER_FACTOR))
    .sort((a, b) => a.away - b.away)
    .slice(0, MOST_PEERS)
    .map(({ other }) => ({ text: other.name, href: modelPath(other.id), figure: formatGB(need(other)) }));
}
