/** One model under several engines: what each needs for the same context, and the least hardware that runs it. */
import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import {
  type Allocation,
  type CheckpointFormat,
  DEFAULT_MLX_SETTINGS,
  DEFAULT_VLLM_SETTINGS,
  EstimateError,
  estimateMlx,
  estimateVllm,
  formatOf,
  placeVllm,
  planForBytes,
  type VllmSettings,
  weighCheckpoint,
} from '../vram/index.ts';
import { type CatalogDevice, devicesOf, preferenceOf } from './devices.ts';
import { defaultContextOf, defaultQuantOf, maximumContext } from './expand.ts';
import { tierFor } from './facts.ts';
import { memoized } from './memoized.ts';
import { bestOf } from './named-devices.ts';
import { modelAtQuant, type Scenario } from './scenario.ts';

/** The fewest devices of a kind that run a model. */
export interface RunsOn {
  readonly own: CatalogDevice;
  readonly count: number;
}

/** A model in one format, run by the engine that reads it. */
export interface EngineRow {
  readonly engine: Allocation['engine'];
  /** The format as its record or the model's publisher calls it. */
  readonly format: string;
  /** The record of the format; absent for a checkpoint in a format that only its maker writes. */
  readonly quant?: QuantRecord;
  /** The checkpoint is the one that the maker publishes. */
  readonly published: boolean;
  readonly fileBytes: number;
  readonly bitsPerWeight: number;
  readonly weightsBytes: number;
  /** KV cache and states of one request of the whole context. */
  readonly cacheBytes: number;
  readonly computeBytes: number;
  /** Weights, cache and compute buffer; in vLLM on all GPUs of `runsOn` together, which hold equal parts. */
  readonly totalBytes: number;
  /** Absent where neither a single device nor the most that are tried together is enough. */
  readonly runsOn?: RunsOn;
  /** The cache on a single GPU, where the GPUs of `runsOn` repeat it and hold more together. */
  readonly cacheOnceBytes?: number;
}

/** The estimator's format of a checkpoint as its maker publishes it, by the name in the model's record. */
const PUBLISHED_FORMATS: Readonly<Record<string, string>> = {
  BF16: 'BF16',
  FP8: 'FP8_BLOCK',
  'FP8 with FP4 experts': 'FP8_FP4_EXPERTS',
  'INT4 experts, BF16 elsewhere': 'INT4_EXPERTS',
  'MXFP4 experts, BF16 elsewhere': 'MXFP4_EXPERTS',
};

/** The format of a model's published checkpoint; `undefined` where none is recorded or its rule is not known. */
export function publishedFormatOf({ nativeFormat }: EstimableModel): CheckpointFormat | undefined {
  const name = nativeFormat && PUBLISHED_FORMATS[nativeFormat.name];
  return name === undefined ? undefined : formatOf(name);
}

/** Generations of NVIDIA GPUs without BF16, which vLLM's kernels for these formats want. */
const WITHOUT_BF16: ReadonlySet<string> = new Set(['Maxwell', 'Pascal', 'Volta', 'Turing']);

const vllmCards = memoized((catalog: Catalog): readonly CatalogDevice[] =>
  devicesOf(catalog).cards.filter(({ gpu }) => gpu.vendor === 'NVIDIA' && !WITHOUT_BF16.has(gpu.architecture)),
);

const macs = memoized((catalog: Catalog): readonly CatalogDevice[] =>
  devicesOf(catalog).unified.filter(({ gpu }) => gpu.vendor === 'Apple'),
);

/** What `estimate` answers; `undefined` where the engine refuses the model. */
function unlessRefused<T>(estimate: () => T): T | undefined {
  try {
    return estimate();
  } catch (error) {
    if (error instanceof EstimateError) return undefined;
    throw error;
  }
}

/**
 * Bytes of the parts of a model that read images or audio: what its published checkpoint has beyond the text model.
 * `undefined` where it reads text only, or where the size or the format of the checkpoint is not known.
 */
export function towerBytesOf(model: EstimableModel): number | undefined {
  const format = publishedFormatOf(model);
  const checkpointBytes = model.nativeFormat?.checkpointBytes;
  if (!format || checkpointBytes === undefined || model.modalities.every((kind) => kind === 'text')) return undefined;
  const bytes = checkpointBytes - weighCheckpoint(model.architecture, format, true).fileBytes;
  return bytes > 0 ? bytes : undefined;
}

function vllmSettings(model: EstimableModel, context: number): VllmSettings {
  const towerBytes = towerBytesOf(model);
  return {
    ...DEFAULT_VLLM_SETTINGS,
    context,
    positions: Math.max(model.context.native, context),
    ...(towerBytes !== undefined && { towerBytes }),
  };
}

type Figures = Omit<EngineRow, 'format' | 'quant' | 'published'>;
type ServedFigures = Figures & { readonly runsOn: RunsOn };

export function figuresOf({ engine, fileBytes, bitsPerWeight, device }: Allocation): Figures {
  return {
    engine,
    fileBytes,
    bitsPerWeight,
    weightsBytes: device.weights,
    cacheBytes: device.kvCache + device.state,
    computeBytes: device.compute,
    totalBytes: device.total,
  };
}

/** Beyond so many times one cache the GPUs of a group repeat it; less is the rounding to blocks. */
const REPEATED = 1.05;

/** vLLM on `count` of a GPU, with its defaults for that GPU; `undefined` where it does not start or refuses the model. */
function vllmOn(
  model: EstimableModel,
  format: CheckpointFormat,
  own: CatalogDevice,
  settings: VllmSettings,
  count = 1,
): ServedFigures | undefined {
  const { architecture } = model;
  const { device, gpu } = own;
  const onOne = { ...settings, gpu: { bytes: device.usableBytes, isA100: /\bA100\b/.test(gpu.name) } };
  const placed = unlessRefused(() =>
    placeVllm(architecture, format, { ...onOne, tensorParallel: count }, device, maximumContext(model)),
  );
  if (placed?.fit !== 'fits') return undefined;
  const figures = { ...figuresOf(placed.allocation), runsOn: { own, count } };
  if (count === 1) return figures;
  const { cacheBytes } = figuresOf(estimateVllm(architecture, format, onOne));
  return figures.cacheBytes > REPEATED * cacheBytes ? { ...figures, cacheOnceBytes: cacheBytes } : figures;
}

/** Servers of eight that share every layer of what no card holds, the usual one first, and pairs of them. */
const SERVED_BY: readonly (readonly [id: string, counts: readonly number[]])[] = [
  ['h200-sxm', [2, 4, 8]],
  ['b300-sxm', [4, 8]],
  ['h200-sxm', [16]],
  ['b300-sxm', [16]],
];

/** GPUs of the largest group that is tried. */
export const MOST_SERVED_GPUS = Math.max(...SERVED_BY.flatMap(([, counts]) => counts));

/** The smallest card that vLLM starts on, the best-known of its size; otherwise the fewest of {@link SERVED_BY}. */
function vllmRunsOn(
  catalog: Catalog,
  model: EstimableModel,
  format: CheckpointFormat,
  settings: VllmSettings,
  leastBytes: number,
): ServedFigures | undefined {
  const candidates = vllmCards(catalog).filter(
    ({ device }) => device.usableBytes * settings.gpuMemoryUtilization >= leastBytes,
  );
  const firstOf = (cards: readonly CatalogDevice[]): ServedFigures | undefined =>
    cards
      .values()
      .map((own) => vllmOn(model, format, own, settings))
      .find((served) => served !== undefined);
  const first = firstOf(candidates);
  if (first) {
    const alike = candidates
      .filter(({ gpu }) => gpu.memoryGB === first.runsOn.own.gpu.memoryGB)
      .sort((a, b) => preferenceOf(a.gpu) - preferenceOf(b.gpu));
    return firstOf(alike) ?? first;
  }
  for (const [id, counts] of SERVED_BY) {
    const own = devicesOf(catalog).byId.get(id);
    for (const count of own ? counts : []) {
      const served = own && vllmOn(model, format, own, settings, count);
      if (served) return served;
    }
  }
  return undefined;
}

function vllmFigures(
  catalog: Catalog,
  model: EstimableModel,
  format: CheckpointFormat,
  context: number,
): Figures | undefined {
  const settings = vllmSettings(model, context);
  const onOne = unlessRefused(() => estimateVllm(model.architecture, format, settings));
  if (!onOne) return undefined;
  const figures = figuresOf(onOne);
  return vllmRunsOn(catalog, model, format, settings, figures.totalBytes) ?? figures;
}

/**
 * Classes of config.json that mlx-lm 0.32.0 has a module for, of those in the catalogue.
 * Source: mlx_lm/models and MODEL_REMAPPING of mlx_lm/utils.py at d78bf58e.
 */
const MLX_CLASSES: ReadonlySet<string> = new Set(
  (
    'BailingMoeV2 Cohere DeciLM DeepseekV2 DeepseekV3 DeepseekV32 Ernie4_5_Moe Exaone4 ExaoneMoE FalconH1 Gemma2 Gemma3 Glm4Moe ' +
    'Glm4MoeLite GlmMoeDsa GptOss Granite GraniteMoeHybrid Jamba KimiLinear Laguna Lfm2 Lfm2Moe Llama MiMoV2Flash ' +
    'MiniMaxM2 Mistral Mixtral NemotronH Olmo2 Olmo3 Phi3 Qwen2 Qwen3 Qwen3Moe Qwen3Next Qwen3_5Moe SeedOss SmolLM3 Step3p5'
  )
    .split(' ')
    .map((name) => `${name}ForCausalLM`)
    .concat(
      'Gemma3 Gemma3n Gemma4 Gemma4Unified KimiK25 Llama4 Mistral3 Qwen3VL Qwen3VLMoe Qwen3_5 Qwen3_5Moe'
        .split(' ')
        .map((name) => `${name}ForConditionalGeneration`),
    ),
);

function mlxFigures(
  catalog: Catalog,
  model: EstimableModel,
  format: CheckpointFormat,
  context: number,
): Figures | undefined {
  if (!MLX_CLASSES.has(model.architecture.className)) return undefined;
  const allocation = unlessRefused(() => estimateMlx(model.architecture, format, { ...DEFAULT_MLX_SETTINGS, context }));
  if (!allocation) return undefined;
  const needed = planForBytes(allocation.device.total);
  const tier = tierFor(macs(catalog), needed);
  return { ...figuresOf(allocation), ...(tier && { runsOn: { own: bestOf(tier), count: 1 } }) };
}

/** A model in the format of a quant's record, by the engine that the record names; `undefined` where it refuses the model. */
export function servedRow(
  catalog: Catalog,
  model: EstimableModel,
  quant: QuantRecord,
  context: number,
): EngineRow | undefined {
  const format = formatOf(quant.scheme);
  const figures =
    quant.engine === 'mlx' ? mlxFigures(catalog, model, format, context) : vllmFigures(catalog, model, format, context);
  return figures && { ...figures, format: quant.name, quant, published: false };
}

/** A model in a format of its maker's, or in what MLX makes of that format without packing it again. */
function ownRow(
  catalog: Catalog,
  model: EstimableModel,
  {
    name,
    format,
    published,
  }: { readonly name: string; readonly format: CheckpointFormat; readonly published: boolean },
  context: number,
): EngineRow | undefined {
  const figuresIn = format.engines.includes('vLLM') ? vllmFigures : mlxFigures;
  const figures = figuresIn(catalog, model, format, context);
  // A published checkpoint may carry towers and drafters that are no part of the text model.
  const fileBytes = (published ? model.nativeFormat?.checkpointBytes : undefined) ?? figures?.fileBytes ?? 0;
  return figures && { ...figures, fileBytes, format: name, published };
}

function llamaCppRow(catalog: Catalog, model: EstimableModel, context: number): EngineRow {
  const quant = defaultQuantOf(catalog, model);
  const at = modelAtQuant(catalog, model.id, quant.id);
  const devices = devicesOf(catalog);
  const card = tierFor(devices.cards, at.need(context).planForBytes);
  const { countedIn } = devices;
  const count = card || !countedIn ? undefined : at.fewestDevices(countedIn.device, context);
  const runsOn: RunsOn | undefined = card
    ? { own: bestOf(card), count: 1 }
    : countedIn && count !== undefined
      ? { own: countedIn, count }
      : undefined;
  return {
    ...figuresOf(at.allocation(context)),
    format: quant.name,
    quant,
    published: false,
    ...(runsOn && { runsOn }),
  };
}

/** What is set beside a published checkpoint: quants that are smaller than it, and MLX's own form of it. */
interface Beside {
  /** Ids of quants. */
  readonly quants: readonly string[];
  readonly own?: { readonly name: string; readonly format: string };
}

const BESIDE: Readonly<Record<string, Beside>> = {
  BF16: { quants: ['fp8', 'awq', 'mlx-4bit', 'mlx-8bit'] },
  FP8: { quants: ['awq', 'mlx-4bit'] },
  'MXFP4 experts, BF16 elsewhere': {
    quants: [],
    own: { name: 'MXFP4 experts, 8 bits elsewhere', format: 'MLX_MXFP4_Q8' },
  },
};
const BESIDE_OTHERS: Beside = { quants: ['mlx-4bit'] };

/**
 * A model at its usual context under every engine that has a format for it: llama.cpp at the usual quant, vLLM with the
 * published checkpoint and the smaller formats, MLX. Without a published checkpoint llama.cpp stands alone. Computed
 * once per catalogue and model.
 */
export const enginesOf: (catalog: Catalog) => (model: EstimableModel) => readonly EngineRow[] = memoized((catalog) =>
  memoized((model) => {
    const context = defaultContextOf(model);
    const first = llamaCppRow(catalog, model, context);
    const { nativeFormat } = model;
    if (!nativeFormat) return [first];
    const format = publishedFormatOf(model);
    const { quants, own } = BESIDE[nativeFormat.name] ?? BESIDE_OTHERS;
    const rows = [
      first,
      format && ownRow(catalog, model, { name: nativeFormat.name, format, published: true }, context),
      ...quants.map((id) => {
        const quant = catalog.byId.quants.get(id);
        return quant && servedRow(catalog, model, quant, context);
      }),
      own && ownRow(catalog, model, { name: own.name, format: formatOf(own.format), published: false }, context),
    ];
    return rows.filter((row) => row !== undefined);
  }),
);

/**
 * A model's published checkpoint at any context, in the engine that reads it; `undefined` where none is on record.
 * The same for every quant of a context, and computed once.
 */
export function publishedRow(catalog: Catalog, model: EstimableModel, context: number): EngineRow | undefined {
  const known = publishedRows(catalog)(model);
  if (!known.has(context)) {
    const format = publishedFormatOf(model);
    const name = model.nativeFormat?.name ?? '';
    known.set(context, format && ownRow(catalog, model, { name, format, published: true }, context));
  }
  return known.get(context);
}

const publishedRows = memoized((_: Catalog) =>
  memoized((_model: EstimableModel): Map<number, EngineRow | undefined> => new Map()),
);

/** The quants that vLLM and MLX have nearest to a GGUF quant of so many bits. */
const NEAREST: readonly { readonly belowBits: number; readonly vllm: string; readonly mlx: string }[] = [
  { belowBits: 6, vllm: 'awq', mlx: 'mlx-4bit' },
  { belowBits: 7.5, vllm: 'fp8', mlx: 'mlx-6bit' },
  { belowBits: 12, vllm: 'fp8', mlx: 'mlx-8bit' },
];

/** An MLX total beyond so many times weights and cache is workspace at a length that no report on record confirms. */
const MOST_WORKSPACE = 1.5;

const rowsBeside = memoized((_: Catalog) =>
  memoized((_model: EstimableModel): Map<string, readonly EngineRow[]> => new Map()),
);

/**
 * What vLLM and MLX need for the context of a scenario, each in the format nearest to its quant; empty where neither has
 * one. The same for all quants with one nearest format, and computed once for them.
 */
export function engineRowsBeside(catalog: Catalog, { model, quant, contextTokens }: Scenario): readonly EngineRow[] {
  const { nativeFormat } = model;
  if (!nativeFormat) return [];
  const nearest = NEAREST.find(({ belowBits }) => quant.nominalBits < belowBits);
  const key = `${nearest?.mlx} ${contextTokens}`;
  const known = rowsBeside(catalog)(model);
  const rows = known.get(key);
  if (rows) return rows;
  const beside = BESIDE[nativeFormat.name] ?? BESIDE_OTHERS;
  const served = (id: string | undefined): EngineRow | undefined => {
    const record = id === undefined ? undefined : catalog.byId.quants.get(id);
    return record && servedRow(catalog, model, record, contextTokens);
  };
  const { own } = beside;
  const computed = [
    nearest && beside.quants.includes(nearest.vllm)
      ? served(nearest.vllm)
      : publishedRow(catalog, model, contextTokens),
    own
      ? ownRow(catalog, model, { name: own.name, format: formatOf(own.format), published: false }, contextTokens)
      : served(nearest?.mlx),
  ]
    .filter((row) => row !== undefined)
    .filter(
      ({ engine, totalBytes, weightsBytes, cacheBytes }) =>
        engine.name !== 'MLX' || totalBytes < MOST_WORKSPACE * (weightsBytes + cacheBytes),
    );
  known.set(key, computed);
  return computed;
}
