import type { Catalog } from '../../catalog/catalog.ts';
import type { GpuRecord } from '../../catalog/gpu.schema.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { usableMemoryOf } from '../../catalog/usable-memory.ts';
import {
  calculatorPath,
  familyListPath,
  familyPath,
  gpuListPath,
  gpuPath,
  guideListPath,
  guidePath,
  modelListPath,
  quantListPath,
  quantPath,
  searchPath,
  vramTierListPath,
} from '../../site/routes.ts';
import { formatBandwidth, formatGB, formatMeasured, GiB } from '../../vram/index.ts';
import { deviceOf } from '../devices.ts';
import { maximumContext, namedParameters } from '../expand.ts';
import type { Grid, ListPage } from '../views.ts';
import { contextTitle } from '../words.ts';
import { metaOf } from './meta.ts';
import {
  largestModelOn,
  modelHead,
  planForCell,
  SIZE_CLASSES,
  smallestDeviceText,
  textCell,
  usualOf,
} from './shared.ts';

interface ListParts {
  readonly path: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly heading: string;
  readonly answer: readonly string[];
  readonly sections: ListPage['sections'];
}

function listPage(
  catalog: Catalog,
  { path, name, title, description, heading, answer, sections }: ListParts,
): ListPage {
  return {
    kind: 'list',
    meta: metaOf({ path, title, description: [description], crumbs: [], name, updated: catalog.updated }),
    heading,
    answer,
    sections: sections.filter(({ grid }) => grid.rows.length > 0),
  };
}

const MODEL_COLUMNS: readonly string[] = ['Usual quant', 'Plan for at 8K', 'Longest context', 'Smallest device'];

function modelGrid(catalog: Catalog, caption: string, models: readonly EstimableModel[]): Grid {
  return {
    caption,
    corner: 'Model',
    columns: MODEL_COLUMNS,
    rows: models.map((model) => {
      const { at, quant, contextTokens } = usualOf(catalog, model);
      return {
        ...modelHead(model),
        cells: [
          textCell(quant.name),
          planForCell(catalog, model, quant, contextTokens),
          textCell(contextTitle(maximumContext(model))),
          textCell(smallestDeviceText(catalog, at, contextTokens)),
        ],
      };
    }),
  };
}

/** All models, by size. */
export function modelListPage(catalog: Catalog): ListPage {
  const models = catalog.estimableModels;
  let from = 0;
  const sections = SIZE_CLASSES.map(({ title, below }) => {
    const own = models.filter((model) => namedParameters(model) >= from && namedParameters(model) < below);
    from = below;
    return {
      title: `${title} parameters`,
      grid: modelGrid(catalog, `Models, ${title.charAt(0).toLowerCase()}${title.slice(1)}`, own),
    };
  });
  return listPage(catalog, {
    path: modelListPath(),
    name: 'Models',
    title: `VRAM requirements of ${models.length} open-weight models`,
    description: `How much VRAM ${models.length} open-weight models need at their usual quant with 8K context, and the smallest device that holds each.`,
    heading: 'Models and the memory they need',
    answer: [
      `${models.length} models in groups of size, the most looked-up first in each. What to plan for is given at the usual quant (Q4_K_M; MXFP4_MOE where experts are published so) with 8K tokens of context. A device has its memory in GiB where the plan is for more GB than its label says.`,
    ],
    sections,
  });
}

/** All quantization formats. */
export function quantListPage(catalog: Catalog): ListPage {
  return listPage(catalog, {
    path: quantListPath(),
    name: 'Quants',
    title: `Quants compared: ${catalog.quants.length} formats by bits`,
    description: `${catalog.quants.length} quantization formats from fewest bits to most, with what each is for and the quality loss that was measured.`,
    heading: 'Quantization formats',
    answer: [
      `${catalog.quants.length} formats, fewest bits first. Nominal bits are those of the base block; real files have more, because some tensors keep a finer type.`,
      'KL divergence is how far the answers move from those of the 16-bit model: the mean, in nats, on the model named beside it.',
    ],
    sections: QUANT_SECTIONS.map(({ title, caption, engines }) => ({
      title,
      grid: quantGrid(
        caption,
        catalog.quants.filter(({ engine }) => engines.includes(engine)),
      ),
    })),
  });
}

/** Formats by what reads them: ids of engines. */
const QUANT_SECTIONS: readonly {
  readonly title: string;
  readonly caption: string;
  readonly engines: readonly string[];
}[] = [
  {
    title: 'GGUF files, for llama.cpp and the programs around it',
    caption: 'Types of llama-quantize',
    engines: ['llama-cpp'],
  },
  { title: 'Checkpoints for vLLM', caption: 'Formats that vLLM loads', engines: ['vllm'] },
  { title: 'Checkpoints for ExLlamaV3', caption: 'Formats that ExLlamaV3 writes', engines: ['exllamav3'] },
  { title: 'Checkpoints for MLX on Macs', caption: 'Formats that mlx-lm writes', engines: ['mlx'] },
];

function quantGrid(caption: string, quants: readonly QuantRecord[]): Grid {
  return {
    caption: `${caption}, by bits per weight`,
    corner: 'Format',
    columns: ['Nominal bits', 'KL divergence', 'What it is'],
    rows: quants.map((quant) => {
      const loss = (quant.quality ?? []).find(({ metric }) => metric === 'mean KL divergence');
      return {
        head: { text: quant.name, href: quantPath(quant.id) },
        cells: [
          textCell(String(quant.nominalBits)),
          loss ? textCell(formatMeasured(loss.value), loss.model) : null,
          textCell(quant.summary),
        ],
      };
    }),
  };
}

/** Kinds of devices as heads of lists name them, in their order. */
export const CLASS_TITLES: Readonly<Record<GpuRecord['class'], string>> = {
  consumer: 'Desktop cards',
  laptop: 'Laptop GPUs',
  workstation: 'Workstation cards',
  datacenter: 'Datacenter GPUs',
  apple: 'Macs',
  unified: 'PCs with unified memory',
};

/** All devices, by class. */
export function gpuListPage(catalog: Catalog): ListPage {
  const sections = Object.entries(CLASS_TITLES).map(([kind, title]) => ({
    title,
    grid: {
      caption: title,
      corner: 'Device',
      columns: ['Sold with', 'Usable', 'Bandwidth', 'Largest model, usual quant at 8K'],
      rows: catalog.gpus
        .filter((gpu) => gpu.class === kind)
        .map((gpu) => {
          const own = deviceOf(gpu);
          const largest = own && largestModelOn(catalog, own);
          return {
            head: { text: gpu.shortName, href: gpuPath(gpu.id) },
            ...(gpu.released ? {} : { note: 'announced' }),
            cells: [
              textCell(`${gpu.memoryGB} GB`),
              textCell(formatGB(usableMemoryOf(gpu).bytes)),
              gpu.bandwidth ? textCell(formatBandwidth(gpu.bandwidth.GBps)) : null,
              own ? textCell(largest?.name ?? 'none') : null,
            ],
          };
        }),
    },
  }));
  return listPage(catalog, {
    path: gpuListPath(),
    name: 'GPUs',
    title: `${catalog.gpus.length} GPUs and Macs: usable memory for LLMs`,
    description: `Usable memory, bandwidth and the largest model that fits, for ${catalog.gpus.length} graphics cards, accelerators, Macs and PCs with unified memory.`,
    heading: 'Devices and what they hold',
    answer: [
      `Usable memory is what the driver reports to programs. Labels mean GiB: 24 GB as sold are ${formatGB(24 * GiB)}, of which the driver keeps some. Where no report is on record the share of the label counts that the device's page states. A dash: no figure on record, or no device for llama.cpp.`,
    ],
    sections,
  });
}

/** All families. */
export function familyListPage(catalog: Catalog): ListPage {
  return listPage(catalog, {
    path: familyListPath(),
    name: 'Families',
    title: `${catalog.families.length} model families and their VRAM`,
    description: `${catalog.families.length} families of open-weight models with their members, from smallest to largest.`,
    heading: 'Model families',
    answer: [
      `${catalog.families.length} families, with what to plan for where figures exist: for the smallest and the largest member, at the usual quant with 8K of context.`,
    ],
    sections: [
      {
        title: 'By name',
        grid: {
          caption: 'Model families',
          corner: 'Family',
          columns: ['Models', 'Smallest', 'Largest'],
          rows: catalog.families.map((family) => {
            const members = catalog.estimableModels
              .filter((model) => model.family === family.id)
              .sort((a, b) => a.parameters.total - b.parameters.total);
            const cell = (model: EstimableModel | undefined) => {
              if (!model) return null;
              const { quant, contextTokens } = usualOf(catalog, model);
              const figure = planForCell(catalog, model, quant, contextTokens);
              return figure && { ...figure, note: figure.note ? `${model.name} ${figure.note}` : model.name };
            };
            return {
              head: { text: family.name, href: familyPath(family.id) },
              note: family.vendor,
              cells: [
                textCell(String(catalog.membersOf(family.id).length)),
                cell(members[0]),
                cell(members.length > 1 ? members.at(-1) : undefined),
              ],
            };
          }),
        },
      },
    ],
  });
}

/** All guides. */
export function guideListPage(catalog: Catalog): ListPage {
  return listPage(catalog, {
    path: guideListPath(),
    name: 'Guides',
    title: 'Guides to running models in the memory you have',
    description: `${catalog.guides.length} guides: how the figures are made, and how to fit more model into less memory.`,
    heading: 'Guides',
    answer: ['Written by hand, with sources and the day they were last checked.'],
    sections: [
      {
        title: 'All guides',
        grid: {
          caption: 'Guides',
          corner: 'Guide',
          columns: ['What it answers', 'Checked'],
          rows: catalog.guides.map((guide) => ({
            head: { text: guide.title, href: guidePath(guide.id) },
            cells: [textCell(guide.description), textCell(guide.reviewed)],
          })),
        },
      },
    ],
  });
}

/** What a wrong address shows. */
export function notFoundPage(catalog: Catalog): ListPage {
  const path = '/404.html';
  return {
    kind: 'list',
    meta: {
      ...metaOf({
        path,
        title: 'Page not found',
        description: ['There is no page at this address.'],
        crumbs: [],
        name: 'Not found',
        updated: catalog.updated,
      }),
      indexable: false,
    },
    heading: 'There is no page at this address',
    answer: [
      "A context longer than a model can take has no page, nor has a quant that no file exists for. The model's own page lists what there is.",
    ],
    sections: [
      {
        title: 'Where to go from here',
        grid: {
          caption: 'Ways into the site',
          corner: 'Page',
          columns: ['What it has'],
          rows: [
            {
              head: { text: 'Calculator', href: calculatorPath() },
              cells: [textCell('Any model, quant, context and device')],
            },
            {
              head: { text: 'Models', href: modelListPath() },
              cells: [textCell(`${catalog.estimableModels.length} models`)],
            },
            { head: { text: 'GPUs', href: gpuListPath() }, cells: [textCell(`${catalog.gpus.length} devices`)] },
            {
              head: { text: 'Memory sizes', href: vramTierListPath() },
              cells: [textCell('What runs in 6 GB to 512 GB')],
            },
            { head: { text: 'All pages', href: searchPath() }, cells: [textCell('Every hub, and the search')] },
          ],
        },
      },
    ],
  };
}
