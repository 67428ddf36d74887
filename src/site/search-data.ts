import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { namesOfGpu, namesOfModel, namesOfQuant } from '../catalog/names.ts';
import { pairsOf, sideOf } from '../scenarios/comparisons.ts';
import { contextsOf, defaultContextOf, defaultQuantOf, isForExperts, quantsOf } from '../scenarios/expand.ts';
import { SIZE_CLASSES } from '../scenarios/pages/shared.ts';
import { allTiersOf, tierPath } from '../scenarios/pages/vram-tier-page.ts';
import { contextLabel } from '../vram/index.ts';
import {
  accuracyPath,
  calculatorPath,
  compareListPath,
  comparePath,
  dataPath,
  familyListPath,
  familyPath,
  gpuListPath,
  gpuPath,
  guideListPath,
  guidePath,
  modelListPath,
  modelListSectionPath,
  modelPath,
  modelQuantPath,
  quantListPath,
  quantPath,
  scenarioPath,
  vramTierListPath,
} from './routes.ts';

/** A page that a query may name, with every name people type for what it is about. */
export interface NamedPage {
  readonly id: string;
  readonly name: string;
  readonly href: string;
  readonly names: readonly string[];
}

/** What the search box knows. Lists are in the order of their weight. */
export interface SearchData {
  readonly version: 1;
  readonly models: readonly (NamedPage & {
    /** Labels of the contexts with a page, ascending. */
    readonly contexts: readonly string[];
    /** Usual quant and context, as in URLs. */
    readonly quant: string;
    readonly context: string;
    /** It has pages at formats for mixtures of experts. */
    readonly experts?: true;
    readonly family: string;
    /** What kind of model it is, in words that people type. */
    readonly kinds: readonly string[];
  })[];
  readonly quants: readonly (NamedPage & {
    /** Absent = models have no pages at it. */
    readonly pages?: 'all' | 'experts';
  })[];
  readonly gpus: readonly NamedPage[];
  readonly families: readonly NamedPage[];
  readonly tiers: readonly { readonly gigabytes: number; readonly mac: boolean; readonly href: string }[];
  readonly pairs: readonly { readonly ids: readonly string[]; readonly href: string }[];
  /** Models by size: the class whose `below` is the first above a size in parameters; absent = no limit. */
  readonly sizes: readonly { readonly below?: number; readonly text: string; readonly href: string }[];
  /** Guides and pages of the site, by what people type. */
  readonly topics: readonly NamedPage[];
  /** Addresses with {model}, {quant} and {context} to fill in. */
  readonly paths: { readonly scenario: string; readonly modelQuant: string };
}

/** What people type for pages that no record stands for. */
const SITE_TOPICS: readonly NamedPage[] = [
  {
    id: 'calculator',
    name: 'VRAM calculator',
    href: calculatorPath(),
    names: [
      'calculator',
      'vram calculator',
      'ollama vram calculator',
      'memory calculator',
      'kv cache calculator',
      'context length calculator',
    ],
  },
  {
    id: 'vllm-calculator',
    name: 'VRAM calculator, vLLM',
    href: `${calculatorPath()}#e=vllm`,
    names: ['vllm calculator', 'vllm memory calculator', 'vllm vram calculator', 'kv cache calculator vllm'],
  },
  {
    id: 'mlx-calculator',
    name: 'VRAM calculator, MLX',
    href: `${calculatorPath()}#e=mlx`,
    names: ['mlx calculator', 'mac calculator', 'mlx memory calculator'],
  },
  {
    id: 'by-memory',
    name: 'What runs in how much memory',
    href: vramTierListPath(),
    names: ['vram chart', 'vram table', 'by memory', 'best local llm'],
  },
  {
    id: 'models',
    name: 'Models and the memory they need',
    href: modelListPath(),
    names: ['models', 'ollama model vram requirements', 'model vram requirements', 'model list'],
  },
  {
    id: 'gpus',
    name: 'Devices and what they hold',
    href: gpuListPath(),
    names: ['gpus', 'which gpu', 'which gpu runs which llm', 'cheapest gpu', 'best gpu'],
  },
  { id: 'quants', name: 'Quantization formats', href: quantListPath(), names: ['quants', 'quantization formats'] },
  { id: 'families', name: 'Model families', href: familyListPath(), names: ['families', 'model families'] },
  { id: 'comparisons', name: 'Comparisons', href: compareListPath(), names: ['compare', 'comparisons'] },
  { id: 'guides', name: 'Guides', href: guideListPath(), names: ['guides'] },
  {
    id: 'accuracy',
    name: 'Accuracy of the figures',
    href: accuracyPath(),
    names: ['accuracy of the figures', 'estimate accuracy', 'measured memory'],
  },
  { id: 'data', name: 'Data and API', href: dataPath(), names: ['api', 'json', 'data', 'download'] },
];

type Attention = EstimableModel['architecture']['attention'];

const ATTENTION_WORDS: Readonly<Record<Attention['kind'], readonly string[]>> = {
  full: [],
  latent: ['mla', 'latent attention'],
  'sliding-window': ['sliding window', 'swa'],
  compressed: ['csa', 'hca', 'compressed attention'],
  'linear-hybrid': ['hybrid'],
};

const STATE_WORDS: Readonly<
  Record<Extract<Attention, { kind: 'linear-hybrid' }>['linear']['type'], readonly string[]>
> = {
  'gated-deltanet': ['gated deltanet', 'linear attention'],
  'kimi-delta': ['delta attention', 'linear attention'],
  lightning: ['lightning attention', 'linear attention'],
  mamba1: ['mamba', 'state space', 'ssm'],
  mamba2: ['mamba', 'mamba2', 'state space', 'ssm'],
  'short-convolution': ['short convolution'],
};

const MODALITY_WORDS: Readonly<Record<EstimableModel['modalities'][number], readonly string[]>> = {
  text: [],
  image: ['vision', 'images', 'multimodal'],
  audio: ['audio', 'speech'],
  video: ['video'],
};

/** Words for what a model is: how it attends, whether it is a mixture of experts, what it reads beside text. */
function kindsOf({ architecture: { attention, feedForward }, modalities }: EstimableModel): readonly string[] {
  return [
    ...(feedForward.experts ? ['moe', 'mixture of experts'] : ['dense']),
    ...ATTENTION_WORDS[attention.kind],
    ...(attention.kind === 'linear-hybrid' ? STATE_WORDS[attention.linear.type] : []),
    ...('indexer' in attention && attention.indexer ? ['sparse attention'] : []),
    ...modalities.flatMap((modality) => MODALITY_WORDS[modality]),
  ];
}

/** Names, ways and addresses for the search box; one file for the whole site. */
export function searchData(catalog: Catalog): SearchData {
  const texts = (names: readonly { readonly text: string }[]): readonly string[] => [
    ...new Set(names.map(({ text }) => text.toLowerCase())),
  ];
  return {
    version: 1,
    models: catalog.estimableModels.map((model) => ({
      id: model.id,
      name: model.name,
      href: modelPath(model.id),
      names: texts(namesOfModel(model)),
      contexts: contextsOf(model).map(contextLabel),
      quant: defaultQuantOf(catalog, model).id,
      context: contextLabel(defaultContextOf(model)),
      ...(quantsOf(catalog, model).some(isForExperts) && { experts: true as const }),
      family: model.family,
      kinds: kindsOf(model),
    })),
    quants: catalog.quants.map((quant) => ({
      id: quant.id,
      name: quant.name,
      href: quantPath(quant.id),
      names: texts(namesOfQuant(quant)),
      ...(quant.scenarioPages === true && {
        pages: isForExperts(quant) ? ('experts' as const) : ('all' as const),
      }),
    })),
    gpus: catalog.gpus.map((gpu) => ({
      id: gpu.id,
      name: gpu.shortName,
      href: gpuPath(gpu.id),
      names: texts(namesOfGpu(gpu)),
    })),
    families: catalog.families.map(({ id, name }) => ({
      id,
      name: `${name} family`,
      href: familyPath(id),
      names: texts([{ text: name }, { text: id }]),
    })),
    tiers: allTiersOf(catalog).map((tier) => ({ ...tier, href: tierPath(tier) })),
    pairs: pairsOf(catalog).map(({ first, second }) => {
      const ids = [sideOf(first).id, sideOf(second).id] as const;
      return { ids, href: comparePath(...ids) };
    }),
    sizes: SIZE_CLASSES.map(({ title, below }, index) => ({
      ...(Number.isFinite(below) && { below }),
      text: `Models, ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
      href: modelListSectionPath(index),
    })),
    topics: [
      ...SITE_TOPICS,
      ...catalog.guides.map((guide) => ({
        id: guide.id,
        name: guide.title,
        href: guidePath(guide.id),
        names: texts([{ text: guide.title }, ...(guide.aliases ?? []).map((text) => ({ text }))]),
      })),
    ],
    paths: {
      scenario: scenarioPath('{model}', '{quant}', '{context}'),
      modelQuant: modelQuantPath('{model}', '{quant}'),
    },
  };
}
