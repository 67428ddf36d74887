import type { Catalog } from '../../catalog/catalog.ts';
import { isEstimable } from '../../catalog/model.schema.ts';
import { usableMemoryOf } from '../../catalog/usable-memory.ts';
import { familyPath, gpuPath, guidePath, modelPath, quantPath, scenarioPath, searchPath } from '../../site/routes.ts';
import { contextLabel, formatGB } from '../../vram/index.ts';
import { pairsOf } from '../comparisons.ts';
import type { LinkWithFigure, SearchPage } from '../views.ts';
import { counted } from '../words.ts';
import { pairName, pairPath } from './compare-shared.ts';
import { metaOf } from './meta.ts';
import { usualOf } from './shared.ts';
import { macTierLink, macTiersOf, tierLink, tiersOf } from './vram-tier-page.ts';

/** Members with figures; a family may have none yet. */
function familyFigure(catalog: Catalog, id: string): string {
  const members = catalog.membersOf(id).filter(isEstimable).length;
  return members === 0 ? 'announced' : counted(members, 'model');
}

/** Every hub as a link, with its one figure; results of a query come above them where JavaScript runs. */
export function searchPage(catalog: Catalog): SearchPage {
  const { estimableModels: models, gpus, quants, families, guides } = catalog;
  const pairs = pairsOf(catalog);
  const [first] = models;
  const example = first && usualOf(catalog, first);
  const link = (text: string, href: string, figure = ''): LinkWithFigure => ({ text, href, figure });
  return {
    kind: 'search',
    meta: {
      ...metaOf({
        path: searchPath(),
        title: 'Search: models, quants, GPUs and memory sizes',
        description: [
          `${counted(models.length, 'model')}, ${counted(gpus.length, 'device')}, ${counted(quants.length, 'quant')} and ${counted(pairs.length, 'comparison')}, each with a page.`,
        ],
        crumbs: [],
        name: 'Search',
        updated: catalog.updated,
      }),
      // Lists of results are not for search engines: the hubs are.
      indexable: false,
    },
    heading: 'Search',
    answer: [
      'The box above takes a model with a quant and a context (v4 pro q4 128k), an Ollama tag (qwen3-coder:30b), a device (4090), a memory size (24gb) or two of a kind (4090 vs 5090), and leads to its page. Below are all memory sizes, models, devices, quants, families, comparisons and guides.',
    ],
    examples: example
      ? [
          {
            text: `${first.name} ${example.quant.name} ${contextLabel(example.contextTokens)}`,
            href: scenarioPath(first.id, example.quant.id, contextLabel(example.contextTokens)),
          },
        ]
      : [],
    groups: [
      {
        id: 'memory',
        title: 'Memory sizes, with the models that fit at their usual quant',
        links: [
          ...tiersOf(catalog).map((tier) => tierLink(catalog, tier)),
          ...macTiersOf(catalog).map((tier) => macTierLink(catalog, tier)),
        ],
      },
      {
        id: 'models',
        title: 'Models, with what to plan for at the usual quant and 8K',
        links: models.map((model) =>
          link(model.name, modelPath(model.id), formatGB(usualOf(catalog, model).planForBytes)),
        ),
      },
      {
        id: 'devices',
        title: 'Devices, with their usable memory',
        links: gpus.map((gpu) => link(gpu.shortName, gpuPath(gpu.id), formatGB(usableMemoryOf(gpu).bytes))),
      },
      {
        id: 'quants',
        title: 'Quants',
        links: quants.map(({ id, name, nominalBits }) => link(name, quantPath(id), `${nominalBits} bits`)),
      },
      {
        id: 'families',
        title: 'Families',
        links: families.map(({ id, name }) => link(name, familyPath(id), familyFigure(catalog, id))),
      },
      { id: 'compare', title: 'Comparisons', links: pairs.map((pair) => link(pairName(pair), pairPath(pair))) },
      { id: 'guides', title: 'Guides', links: guides.map(({ id, title }) => link(title, guidePath(id))) },
    ],
  };
}
