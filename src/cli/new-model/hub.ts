/** What a repository on the Hugging Face Hub says of a model: config, tensors, card, and the header of a GGUF file. */
import { readFileSync } from 'node:fs';
import { gguf } from '@huggingface/gguf';
import {
  downloadFile,
  HubApiError,
  listFiles,
  modelInfo,
  parseSafetensorsMetadata,
  type TensorInfo,
} from '@huggingface/hub';
import { parseConfig } from '../../vram/index.ts';
import { type Arguments, NewModelError } from './flags.ts';

export interface Card {
  /** As the card's front matter has it: `apache-2.0`, `other`. */
  readonly license?: string;
  readonly licenseName?: string;
  readonly licenseLink?: string;
  /** Day the repository was made, YYYY-MM-DD. */
  readonly created?: string;
}

export interface Checkpoint {
  /** Parameters of the text model: all tensors without vision, audio and multi-token-prediction parts. */
  readonly parameters: number;
  /** Bytes of all tensors, as the index states them; absent where there is no index. */
  readonly bytes?: number;
}

export interface GgufHeader {
  readonly repository: string;
  readonly file: string;
  /** Value of `<architecture>.<key>`, e.g. `block_count`; undefined where the header has none. */
  readonly value: (key: string) => number | readonly number[] | undefined;
}

export interface Findings {
  readonly config: unknown;
  readonly card?: Card;
  readonly checkpoint?: Checkpoint;
  readonly gguf?: GgufHeader;
  /** What was looked for and not found, one sentence each. */
  readonly missing: readonly string[];
}

/**
 * Reads everything of `args.repository`, or only `args.config` where one is given.
 * @throws NewModelError, where there is no config that can be read
 */
export async function findingsOf(args: Arguments): Promise<Findings> {
  if (args.config !== undefined) return { config: configOfFile(args.config), missing: [] };
  const config = await configOf(args);
  const missing: string[] = [];
  const tryTo = async <T>(what: string, read: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      missing.push(`${what}: ${reasonOf(error)}`);
      return undefined;
    }
  };
  const card = await tryTo('model card', () => cardOf(args));
  const checkpoint = await tryTo('safetensors headers', () => checkpointOf(args, isTied(config)));
  const header = await tryTo('GGUF header', () => ggufOf(args));
  return {
    config,
    ...(card === undefined ? {} : { card }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(header === undefined ? {} : { gguf: header }),
    missing,
  };
}

function configOfFile(path: string): unknown {
  try {
    return parseConfig(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new NewModelError(`--config ${path}: ${reasonOf(error)}`);
  }
}

type Hub = Pick<Arguments, 'repository' | 'endpoint' | 'token'>;

function hubOf({ endpoint, token }: Hub) {
  return { hubUrl: endpoint, ...(token === undefined ? {} : { accessToken: token }) };
}

async function configOf(args: Hub): Promise<unknown> {
  const { repository, endpoint } = args;
  let file: Blob | null;
  try {
    file = await downloadFile({ repo: repository, path: 'config.json', ...hubOf(args) });
  } catch (error) {
    if (error instanceof HubApiError && error.statusCode === 404) {
      throw new NewModelError(
        `found no repository ${repository} at ${endpoint}, expected the vendor's own with a config.json`,
      );
    }
    if (error instanceof HubApiError && (error.statusCode === 401 || error.statusCode === 403)) {
      throw new NewModelError(
        `${repository} is private, behind a form, or does not exist (${error.statusCode}): accept its licence on ${endpoint}/${repository}, set HF_TOKEN, and run this again`,
      );
    }
    throw new NewModelError(
      `${endpoint} did not answer: ${reasonOf(error)}. Offline: --config FILE with a config.json that you have`,
    );
  }
  if (file === null) {
    throw new NewModelError(
      `${repository} has no config.json: name the repository with the vendor's safetensors, not one with GGUF files only`,
    );
  }
  return parseConfig(await file.text());
}

async function cardOf(args: Hub): Promise<Card> {
  const info = await modelInfo({ name: args.repository, additionalFields: ['cardData', 'createdAt'], ...hubOf(args) });
  const data: Readonly<Record<string, unknown>> = { ...info.cardData };
  const text = (key: string): string | undefined => {
    const value = [data[key]].flat()[0];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return Object.fromEntries(
    Object.entries({
      license: text('license'),
      licenseName: text('license_name'),
      licenseLink: text('license_link'),
      created: typeof info.createdAt === 'string' ? info.createdAt.slice(0, 10) : undefined,
    }).filter(([, value]) => value !== undefined),
  );
}

function isTied(config: unknown): boolean {
  const { tie_word_embeddings: tied, text_config: text } = { ...(config as Readonly<Record<string, unknown>>) };
  return typeof text === 'object' && text !== null ? isTied({ tie_word_embeddings: tied, ...text }) : tied === true;
}

/** Names of tensors that are no part of the text model. */
const OUTSIDE_TEXT =
  /(^|[._])(visual|vision|image|audio|speech|mtp|nextn|multi_modal|mm)([._]|\w*_(tower|encoder|model|projector))|projector\./;
const SCALES = /(scale|scales|scale_inv|zero_point|zeros|shape|g_idx)$/;

function elementsOf({ shape }: TensorInfo): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

async function checkpointOf(args: Hub, tied: boolean): Promise<Checkpoint> {
  const parsed = await parseSafetensorsMetadata({
    repo: args.repository,
    computeParametersCount: true,
    ...hubOf(args),
  });
  const total = Object.values(parsed.parameterCount ?? {}).reduce((sum, count) => sum + count, 0);
  const headers = parsed.sharded ? Object.values(parsed.headers) : [parsed.header];
  const outside = headers
    .flatMap((header) => Object.entries<unknown>(header))
    .filter(([name]) => name !== '__metadata__' && !SCALES.test(name))
    // Some checkpoints store the output head although it is the embedding table.
    .filter(([name]) => OUTSIDE_TEXT.test(name) || (tied && name.endsWith('lm_head.weight')))
    .reduce((sum, [, tensor]) => sum + elementsOf(tensor as TensorInfo), 0);
  const bytes = parsed.sharded ? Number(parsed.index.metadata?.total_size) : Number.NaN;
  return { parameters: total - outside, ...(Number.isSafeInteger(bytes) && bytes > 0 ? { bytes } : {}) };
}

const isModelFile = (path: string): boolean =>
  path.endsWith('.gguf') && !/mmproj|imatrix|draft/i.test(path) && !/-0*(?!1-)\d+-of-\d+\.gguf$/.test(path);

/** The header of the smallest GGUF file, or of the first part of a split one. */
async function ggufOf(args: Arguments): Promise<GgufHeader | undefined> {
  const repository = args.gguf ?? `${args.repository}-GGUF`;
  const hub = hubOf(args);
  const files: { path: string; size: number }[] = [];
  try {
    for await (const { path, size } of listFiles({ repo: repository, recursive: true, ...hub })) {
      if (isModelFile(path)) files.push({ path, size });
    }
  } catch (error) {
    // Most vendors have no such repository; the hub answers 401 for one that does not exist.
    if (args.gguf === undefined && error instanceof HubApiError && [401, 404].includes(error.statusCode))
      return undefined;
    throw error;
  }
  const [smallest] = files.sort((a, b) => a.size - b.size);
  if (smallest === undefined) throw new Error(`${repository} has no .gguf file`);
  const { metadata } = await gguf(`${args.endpoint}/${repository}/resolve/main/${smallest.path}`, {
    ...(args.token === undefined ? {} : { additionalFetchHeaders: { Authorization: `Bearer ${args.token}` } }),
  });
  const values: Readonly<Record<string, unknown>> = { ...metadata };
  const architecture = String(values['general.architecture']);
  return {
    repository,
    file: smallest.path,
    value: (key) => {
      const value = values[`${architecture}.${key}`];
      if (Array.isArray(value)) return value.map(Number);
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
