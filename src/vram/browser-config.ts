/**
 * The estimator's second face for scripts in a browser: a model that the site has no record of, from its config.json.
 * It brings the code that derives tensors, so it is loaded only when somebody has a config to read.
 */
import type { Architecture } from './architecture.ts';
import { architectureFromConfig, contextFromConfig, parseConfig } from './from-config.ts';
import { type GraphFamily, graphFamilyOf } from './llama-graphs/families.ts';
import { packTensors } from './packed-tensors.ts';
import { deriveTensorsWith, type PackedTensors } from './tensor-lists.ts';
import { converterKeepsNextToken, tensorsOf } from './tensors.ts';

/** What a config.json says of a model. */
export interface ReadModel {
  readonly architecture: Architecture;
  readonly graph: GraphFamily;
  readonly tensors: PackedTensors;
  /** Whether llama.cpp's converter writes the multi-token-prediction blocks of its class. */
  readonly mtpInFile: boolean;
  /** Counted from the tensors of that file. */
  readonly parameters: number;
  /** Tokens of the longest context that the config names; absent where it names none. */
  readonly maxContext?: number;
}

/**
 * Reads the text of a config.json.
 * @throws {EstimateError} `bad-request` naming what is wrong, `unknown-architecture` for a class that is not known here
 */
export function readModel(text: string): ReadModel {
  const json = parseConfig(text);
  const architecture = architectureFromConfig(json);
  deriveTensorsWith({ tensorsOf, converterKeepsNextToken });
  const mtpInFile = converterKeepsNextToken(architecture);
  const tensors = packTensors(architecture);
  const count = (list: readonly { readonly shape: readonly number[] }[]): number =>
    list.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
  const blocks = mtpInFile ? tensors.order : tensors.order.slice(0, architecture.layers);
  const parameters = count(tensors.outside) + blocks.reduce((sum, kind) => sum + count(tensors.blocks[kind] ?? []), 0);
  const maxContext = contextFromConfig(json);
  return {
    architecture,
    graph: graphFamilyOf(architecture),
    tensors,
    mtpInFile,
    parameters,
    ...(maxContext !== undefined && { maxContext }),
  };
}
