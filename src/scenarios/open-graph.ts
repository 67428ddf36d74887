import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { SITE_TAGLINE } from '../site/config.ts';
import { OWN_ADDRESS } from '../site/routes.ts';
import { formatGB, overheadOf } from '../vram/index.ts';
import { deviceBar, scenarioBar } from './bars.ts';
import { devicesOf } from './devices.ts';
import { defaultContextOf, defaultQuantOf } from './expand.ts';
import { largestModelOn } from './pages/shared.ts';
import { allTiersOf, devicesAt, type MemorySize, tierPath } from './pages/vram-tier-page.ts';
import { computeScenario, type Scenario } from './scenario.ts';
import type { MemoryBar } from './views.ts';
import { contextTitle } from './words.ts';

/** What the picture of a page says. */
export interface OpenGraphView {
  /** What the page is about, small above the name. */
  readonly kicker: string;
  readonly name: string;
  /** The figures of the answer, largest first; a guide has none. */
  readonly figures: readonly { readonly term: string; readonly amount: string }[];
  /** The settings the figures are for, or what a guide says in a sentence. */
  readonly note: string;
  readonly bar?: MemoryBar;
}

/** Part of a picture's address, and what it shows. */
interface OpenGraphKey {
  readonly kind: 'models' | 'gpus' | 'vram' | 'guides';
  readonly id: string;
}

/** Every picture: of models, devices, memory sizes and hand-written pages. */
export function openGraphKeys(catalog: Catalog): readonly OpenGraphKey[] {
  return [
    ...catalog.estimableModels.map(({ id }) => ({ kind: 'models' as const, id })),
    ...catalog.gpus.map(({ id }) => ({ kind: 'gpus' as const, id })),
    ...allTiersOf(catalog).map((tier) => ({ kind: 'vram' as const, id: idOf(tier) })),
    ...catalog.guides.map(({ id }) => ({ kind: 'guides' as const, id })),
  ];
}

/** @throws {RangeError} where the catalogue has no such record */
export function openGraphView(catalog: Catalog, { kind, id }: OpenGraphKey): OpenGraphView {
  if (kind === 'models') {
    const model = catalog.estimableModels.find((own) => own.id === id);
    if (model) return modelView(catalog, model);
  }
  if (kind === 'gpus') {
    const gpu = catalog.byId.gpus.get(id);
    if (gpu) return deviceView(catalog, gpu.name, id, gpu.memoryGB);
  }
  if (kind === 'guides') {
    const guide = catalog.byId.guides.get(id);
    // A guide with an address of its own is no part of the guides to a reader.
    if (guide)
      return {
        kicker: id in OWN_ADDRESS ? SITE_TAGLINE : 'Guide',
        name: guide.title,
        figures: [],
        note: guide.description,
      };
  }
  if (kind === 'vram') {
    const tier = allTiersOf(catalog).find((own) => idOf(own) === id);
    if (tier) return tierView(catalog, tier);
  }
  throw new RangeError(`Found the picture ${kind}/${id}; expected a record of the catalogue.`);
}

function usualScenario(catalog: Catalog, model: EstimableModel): Scenario {
  return computeScenario(catalog, {
    model: model.id,
    quant: defaultQuantOf(catalog, model).id,
    context: defaultContextOf(model),
  });
}

const settings = ({ quant, contextTokens }: Scenario): string =>
  `${quant.name}, ${contextTitle(contextTokens)} context`;

function modelView(catalog: Catalog, model: EstimableModel): OpenGraphView {
  const scenario = usualScenario(catalog, model);
  const { planForBytes, needsBytes, allocation } = scenario;
  return {
    kicker: 'How much VRAM does it need?',
    name: model.name,
    figures: [
      { term: 'Plan for', amount: formatGB(planForBytes) },
      { term: 'Needs', amount: formatGB(needsBytes) },
    ],
    note: `${settings(scenario)}, llama.cpp ${allocation.engine.version}`,
    bar: scenarioBar(allocation.device, planForBytes),
  };
}

/** A device with the largest model laid over it that it holds at its usual quant and context. */
function deviceView(catalog: Catalog, name: string, id: string, memoryGB: number): OpenGraphView {
  const own = devicesOf(catalog).byId.get(id);
  const figures = [{ term: 'Sold as', amount: `${memoryGB} GB` }];
  if (!own) return { kicker: 'Which models does it hold?', name, figures, note: `${memoryGB} GB as sold` };
  const { usableBytes } = own.device;
  const largest = largestModelOn(catalog, own);
  const usable = { term: 'Usable', amount: formatGB(usableBytes) };
  if (!largest)
    return {
      kicker: 'Which models does it hold?',
      name,
      figures: [...figures, usable],
      note: 'Only the smallest models',
    };
  const scenario = usualScenario(catalog, largest);
  return {
    kicker: 'Which models does it hold?',
    name,
    figures: [...figures, usable],
    note: `The largest: ${largest.name} at ${settings(scenario)}`,
    bar: deviceBar(scenario.allocation.device, overheadOf(own.device), usableBytes, name),
  };
}

/** As in the address of the page. */
const idOf = (tier: MemorySize): string => tierPath(tier).split('/').at(-2) ?? '';

/** A memory size, counted as its page counts it: for the device of that size that leaves least usable. */
function tierView(catalog: Catalog, tier: MemorySize): OpenGraphView {
  const [least] = devicesAt(catalog, tier);
  const name = tier.mac ? `${tier.gigabytes} GB Mac` : `${tier.gigabytes} GB of memory`;
  const largest = least && largestModelOn(catalog, least);
  if (!largest) return { kicker: 'Which models fit?', name, figures: [], note: 'Only the smallest models' };
  const scenario = usualScenario(catalog, largest);
  const { usableBytes } = least.device;
  return {
    kicker: 'Which models fit?',
    name,
    figures: [
      { term: `Plan for ${largest.name}, the largest`, amount: formatGB(scenario.planForBytes) },
      { term: 'Usable', amount: formatGB(usableBytes) },
    ],
    note: settings(scenario),
    bar: deviceBar(scenario.allocation.device, overheadOf(least.device), usableBytes, name),
  };
}
