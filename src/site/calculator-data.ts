/** What the scripts of the calculator load: architectures, quants and devices, and names for its commands. */
import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import { ggufFileOf, readsBesideText, type Yarn, yarnOf } from '../scenarios/commands.ts';
import { devicesOf } from '../scenarios/devices.ts';
import { publishedFormatOf, towerBytesOf } from '../scenarios/engines.ts';
import { maximumContext, namedParameters, scenarioQuants } from '../scenarios/expand.ts';
import { CLASS_TITLES } from '../scenarios/pages/list-pages.ts';
import {
  type Architecture,
  type GraphFamily,
  graphFamilyOf,
  type PackedTensors,
  packTensors,
  type RuleOfThumbInputs,
} from '../vram/index.ts';
import { API_VERSION } from './api.schema.ts';
import { ENGINE } from './api.ts';

/** What the calculator in the browser needs of the catalogue; everything else it computes. */
interface CalculatorCatalog {
  readonly version: typeof API_VERSION;
  readonly engine: typeof ENGINE;
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
interface CalculatorCommands {
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
  const models = catalog.estimableModels;
  const byId = <T>(of: (model: EstimableModel) => T | undefined): Readonly<Record<string, T>> =>
    Object.fromEntries(
      models.flatMap((model): [string, T][] => {
        const value = of(model);
        return value === undefined ? [] : [[model.id, value]];
      }),
    );
  return {
    version: API_VERSION,
    // One repository for every quant of the calculator: the one that has most of them.
    repositories: byId((model) => ggufFileOf(model, 'IQ4_XS')?.repository),
    native: byId((model) => {
      const file = ggufFileOf(model, 'MXFP4_MOE');
      return file?.tag === '' ? file.repository : undefined;
    }),
    yarn: byId(yarnOf),
    readers: models.filter((model) => readsBesideText(model).length > 0).map(({ id }) => id),
    checkpoints: byId(({ repository }) => repository),
    remoteCode: models.filter(({ remoteCode }) => remoteCode).map(({ id }) => id),
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
      publishedParameters: namedParameters(model),
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
          sequenceCompression: model.ruleOfThumb.sequenceCompression,
        },
      }),
    })),
    quants: scenarioQuants(catalog).map(({ id, name, scheme, nominalBits }) => ({ id, name, scheme, nominalBits })),
    devices: catalog.gpus.flatMap((gpu) => {
      const own = byId.get(gpu.id);
      if (!own) return [];
      const { device, speed } = own;
      return [{ id: gpu.id, name: gpu.shortName, group: CLASS_TITLES[gpu.class], ...device, ...speed }];
    }),
  };
}
