import type { Catalog } from '../catalog/catalog.ts';
import { newest } from '../catalog/dates.ts';
import type { MeasurementRecord } from '../catalog/measurement.schema.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { ggufFileOf, readsBesideText, type Yarn, yarnOf } from '../scenarios/commands.ts';
import { devicesOf } from '../scenarios/devices.ts';
import { publishedFormatOf, towerBytesOf } from '../scenarios/engines.ts';
import { contextsOf, maximumContext, quantsOf } from '../scenarios/expand.ts';
import { isIndexable } from '../scenarios/index-policy.ts';
import { memoryComparisons } from '../scenarios/measured-memory.ts';
import { speedCases } from '../scenarios/measured-speed.ts';
import { CLASS_TITLES } from '../scenarios/pages/list-pages.ts';
import { engineUpdated } from '../scenarios/pages/meta.ts';
import { computeScenario, modelAtQuant } from '../scenarios/scenario.ts';
import {
  type Architecture,
  contextLabel,
  formatGB,
  type GraphFamily,
  graphFamilyOf,
  LLAMA_CPP_VERSION,
  type PackedTensors,
  packTensors,
  type RuleOfThumbInputs,
  roundBitsPerWeight,
  roundBytes,
  roundSpeed,
} from '../vram/index.ts';
import { API_VERSION, type ApiIndex, type ApiMeasurements, type ApiModel, type ApiScenario } from './api.schema.ts';
import { CONTENT_LICENSE, SITE_NAME } from './config.ts';
import { absoluteUrl, modelApiPath, modelPath, scenarioPath } from './routes.ts';

const ENGINE = { name: 'llama.cpp', version: LLAMA_CPP_VERSION } as const;

/** Day of the last change of what the file of a model is computed from. */
const updatedOf = (catalog: Catalog, model: EstimableModel): string =>
  newest(model.updated, ...quantsOf(catalog, model).map(({ updated }) => updated), engineUpdated(catalog));

/** Every scenario of a model, from the same figures as its pages. */
export function modelApi(catalog: Catalog, model: EstimableModel, origin: string): ApiModel {
  const { parameters } = model;
  return {
    version: API_VERSION,
    license: CONTENT_LICENSE.name,
    attribution: SITE_NAME,
    engine: ENGINE,
    updated: updatedOf(catalog, model),
    model: {
      id: model.id,
      name: model.name,
      family: model.family,
      url: absoluteUrl(modelPath(model.id), origin),
      parameters: parameters.total,
      ...(parameters.active !== undefined && { activeParameters: parameters.active }),
      contextTokens: maximumContext(model),
    },
    quants: quantsOf(catalog, model).map((quant) => {
      const { fileBytes, bitsPerWeight, device, host } = modelAtQuant(catalog, model.id, quant.id).allocation(
        model.context.native,
      );
      return {
        quant: quant.id,
        name: quant.name,
        fileBytes,
        bitsPerWeight: roundBitsPerWeight(bitsPerWeight),
        weightsBytes: device.weights,
        hostWeightsBytes: host.weights,
        scenarios: contextsOf(model).map((context) => apiScenario(catalog, model.id, quant.id, context, origin)),
      };
    }),
  };
}

function apiScenario(catalog: Catalog, model: string, quant: string, context: number, origin: string): ApiScenario {
  const key = { model, quant, context };
  const { allocation, ruleOfThumb, needsBytes, planForBytes } = computeScenario(catalog, key);
  return {
    contextTokens: context,
    url: absoluteUrl(scenarioPath(model, quant, contextLabel(context)), origin),
    indexable: isIndexable(catalog, key),
    needsBytes,
    planForBytes,
    needs: formatGB(needsBytes),
    planFor: formatGB(planForBytes),
    kvCacheBytes: allocation.device.kvCache,
    stateBytes: allocation.device.state,
    computeBytes: allocation.device.compute,
    ruleOfThumb: {
      weightsBytes: ruleOfThumb.weights,
      kvCacheBytes: ruleOfThumb.kvCache,
      overheadBytes: ruleOfThumb.overhead,
      totalBytes: ruleOfThumb.total,
    },
  };
}

/** The models of the API, with the addresses of their files. */
export function apiIndex(catalog: Catalog, origin: string): ApiIndex {
  return {
    version: API_VERSION,
    license: CONTENT_LICENSE.name,
    engine: ENGINE,
    updated: catalog.updated,
    models: catalog.estimableModels.map((model) => ({
      id: model.id,
      name: model.name,
      url: absoluteUrl(modelPath(model.id), origin),
      json: absoluteUrl(modelApiPath(model.id), origin),
      updated: updatedOf(catalog, model),
    })),
  };
}

/** The engine whose estimate a run is held against. */
function engineOf(catalog: Catalog, { id, engine }: MeasurementRecord): ApiModel['engine'] {
  const record = catalog.byId.engines.get(engine);
  if (!record) throw new Error(`the measurements "${id}" are of the engine "${engine}", which has no record`);
  return { name: record.name, version: record.version };
}

export function measurementsOf(catalog: Catalog): ApiMeasurements {
  return {
    version: API_VERSION,
    license: CONTENT_LICENSE.name,
    updated: catalog.updated,
    memory: memoryComparisons(catalog).map(({ record, run, parts }) => ({
      engine: engineOf(catalog, record),
      run,
      source: record.sources[run.source ?? record.source]?.url ?? '',
      parts: Object.fromEntries(
        Object.entries(parts).map(([part, { measuredBytes, estimatedBytes }]) => [
          part,
          { measuredBytes: roundBytes(measuredBytes), estimatedBytes: roundBytes(estimatedBytes) },
        ]),
      ),
    })),
    speed: speedCases(catalog).map(({ record, run, runs, measured, estimated: { low, centre, high } }) => ({
      engine: engineOf(catalog, record),
      run,
      source: record.sources[run.source ?? record.source]?.url ?? '',
      runs,
      measuredTokensPerSecond: measured,
      estimatedTokensPerSecond: { low: roundSpeed(low), centre: roundSpeed(centre), high: roundSpeed(high) },
    })),
  };
}

/** What the calculator in the browser needs of the catalogue; everything else it computes. */
export interface CalculatorCatalog {
  readonly version: typeof API_VERSION;
  readonly engine: { readonly name: string; readonly version: string };
  readonly models: readonly {
    readonly id: string;
    readonly name: string;
    readonly architecture: Architecture;
    /** Which file of the browser's code has its graph. */
    readonly graph: GraphFamily;
    /** Its tensors, so that the browser needs no code that derives them. */
    readonly tensors: PackedTensors;
    readonly publishedParameters: number;
    /** Longest context, extended where the record says so, in tokens. */
    readonly maxContext: number;
    /** Context it was trained for, in tokens; absent = `maxContext`. */
    readonly nativeContext?: number;
    /** The format of the maker's checkpoint, by its name in the estimator; absent where none is on record. */
    readonly published?: string;
    /** Present where the file carries the multi-token-prediction blocks; absent = it does not. */
    readonly mtpInFile?: true;
    /** Size of its projector file; absent = it has none, or its size is not known. */
    readonly projectorBytes?: number;
    /** What the maker's checkpoint has for images or audio; absent = nothing, or its size is not known. */
    readonly towerBytes?: number;
    readonly ruleOfThumb?: RuleOfThumbInputs;
  }[];
  /** GGUF quants with pages, fewest bits first. */
  readonly quants: readonly {
    readonly id: string;
    readonly name: string;
    readonly scheme: string;
    readonly nominalBits: number;
  }[];
  /** Released devices that llama.cpp runs on, by group and memory. */
  readonly devices: readonly {
    readonly id: string;
    readonly name: string;
    readonly group: string;
    readonly vendor: string;
    readonly usableBytes: number;
    /** Of unified memory: what host memory may take beside `usableBytes`; absent = host memory is apart. */
    readonly hostRoomBytes?: number;
    readonly nodeSize?: number;
    readonly speedClass?: string;
    readonly bandwidthGBps?: number;
  }[];
}

/** Where the files of models are, by the model's id; absent = no repository is on record. */
export interface CalculatorCommands {
  readonly version: typeof API_VERSION;
  /** GGUF files, for llama-server. */
  readonly repositories: Readonly<Record<string, string>>;
  /** The one file in the maker's own format, where it has a repository of its own. */
  readonly native: Readonly<Record<string, string>>;
  /** Models that read more than text: llama-server finds their projector unasked. */
  readonly readers: readonly string[];
  /** Models that YaRN takes beyond their native context. */
  readonly yarn: Readonly<Record<string, Yarn>>;
  /** The maker's own checkpoint, for vLLM and MLX. */
  readonly checkpoints: Readonly<Record<string, string>>;
  /** Models whose repository brings code of its own, which vLLM runs where it is told to. */
  readonly remoteCode: readonly string[];
}

/** What only the commands of the calculator's page need. */
export function calculatorCommands(catalog: Catalog): CalculatorCommands {
  return {
    version: API_VERSION,
    repositories: Object.fromEntries(
      catalog.estimableModels.flatMap((model) => {
        // One repository for every quant of the calculator: the one that has most of them.
        const file = ggufFileOf(model, 'IQ4_XS');
        return file ? [[model.id, file.repository]] : [];
      }),
    ),
    native: Object.fromEntries(
      catalog.estimableModels.flatMap((model) => {
        const file = ggufFileOf(model, 'MXFP4_MOE');
        return file?.tag === '' ? [[model.id, file.repository]] : [];
      }),
    ),
    yarn: Object.fromEntries(
      catalog.estimableModels.flatMap((model) => {
        const yarn = yarnOf(model);
        return yarn ? [[model.id, yarn]] : [];
      }),
    ),
    readers: catalog.estimableModels.filter((model) => readsBesideText(model).length > 0).map(({ id }) => id),
    checkpoints: Object.fromEntries(
      catalog.estimableModels.flatMap(({ id, repository }) => (repository === undefined ? [] : [[id, repository]])),
    ),
    remoteCode: catalog.estimableModels.filter((model) => model.remoteCode).map(({ id }) => id),
  };
}

function publishedIn(model: EstimableModel): { readonly published?: string; readonly towerBytes?: number } {
  const format = publishedFormatOf(model);
  const towerBytes = towerBytesOf(model);
  return { ...(format && { published: format.name }), ...(towerBytes !== undefined && { towerBytes }) };
}

/** The calculator's data: one file for the whole site. */
export function calculatorCatalog(catalog: Catalog): CalculatorCatalog {
  const { byId } = devicesOf(catalog);
  return {
    version: API_VERSION,
    engine: ENGINE,
    models: catalog.estimableModels.map((model) => ({
      id: model.id,
      name: model.name,
      architecture: model.architecture,
      graph: graphFamilyOf(model.architecture),
      tensors: packTensors(model.architecture),
      publishedParameters: model.parameters.published ?? model.parameters.total,
      maxContext: maximumContext(model),
      ...(model.context.native !== maximumContext(model) && { nativeContext: model.context.native }),
      ...publishedIn(model),
      ...(model.mtpInFile === true && { mtpInFile: true as const }),
      ...(model.projector && { projectorBytes: model.projector.bytes }),
      ...(model.ruleOfThumb && {
        ruleOfThumb: {
          layers: model.ruleOfThumb.layers,
          kvHeads: model.ruleOfThumb.kvHeads,
          headDim: model.ruleOfThumb.headDim,
          sequenceCompression: model.ruleOfThumb.sequenceCompression ?? 1,
        },
      }),
    })),
    quants: catalog.quants
      .filter((quant) => quant.scenarioPages === true)
      .map(({ id, name, scheme, nominalBits }) => ({ id, name, scheme, nominalBits })),
    devices: catalog.gpus.flatMap((gpu) => {
      const own = byId.get(gpu.id);
      if (!own) return [];
      const { device, speed } = own;
      return [{ id: gpu.id, name: gpu.shortName, group: CLASS_TITLES[gpu.class], ...device, ...speed }];
    }),
  };
}
