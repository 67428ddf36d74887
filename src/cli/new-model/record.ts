/** From what a repository says to a record, and the list of what only a human can say. */
import type { ModelData } from '../../catalog/model.schema.ts';
import {
  type Architecture,
  contextFromConfig,
  DEFAULT_SETTINGS,
  estimateLlamaCpp,
  formatGB,
  formatParameters,
  formatPercent,
  formatTokens,
  keepsNextToken,
  weighModel,
  weighTensors,
} from '../../vram/index.ts';
import { HUB } from './flags.ts';
import type { Card, Findings, GgufHeader } from './hub.ts';
import { newFields } from './unknown-class.ts';

interface Wanted {
  readonly repository: string;
  readonly name: string;
  readonly family: string;
  readonly vendor?: string;
  readonly released?: string;
  /** The model of the catalogue that `family` was taken from; absent where an editor named it. */
  readonly sibling?: string;
  /** Families that the vendor has in the catalogue. */
  readonly families: readonly string[];
  /** Whether the config is a file of the editor's, and the address at which it was found. */
  readonly config?: { readonly foundAt?: string };
  /** YYYY-MM-DD. */
  readonly today: string;
}

interface NewRecord {
  /** Keys in the order of the schema; a fact that is not known is an empty text, which the check reports at its line. */
  readonly data: ModelData;
  readonly body: string;
  /** What a human must still look up or decide: the field, and what to do. */
  readonly open: readonly string[];
}

const PARAMETERS_TOLERANCE = 0.01;
/** The context that the draft of the prose and the hook speak of. */
const USUAL_CONTEXT = 8192;
const LONG_CONTEXT = 32_768;

const LICENSES: Readonly<Record<string, string>> = {
  'apache-2.0': 'Apache-2.0',
  mit: 'MIT',
  'lfm1.0': 'LFM Open licence',
  'cc-by-nc-4.0': 'CC-BY-NC-4.0',
  gemma: 'Gemma licence',
  llama3: 'Llama 3 Community licence',
  'llama3.1': 'Llama 3.1 Community licence',
  'llama3.2': 'Llama 3.2 Community licence',
  'llama3.3': 'Llama 3.3 Community licence',
  llama4: 'Llama 4 Community licence',
  'qwen-research': 'Qwen Research licence',
};

const DTYPES: Readonly<Record<string, string>> = { bfloat16: 'BF16', float16: 'F16', float32: 'F32' };

/** The record of a model whose `architecture` could be read from `findings.config`. */
export function recordOf(architecture: Architecture, findings: Findings, wanted: Wanted): NewRecord {
  const { repository, name, today } = wanted;
  const { checkpoint, card, gguf } = findings;
  const open: string[] = [];
  const config = fieldsOf(findings.config);
  const counted = weighModel(architecture, 'F16', { mtpInFile: false }).parameters;
  const context = contextFromConfig(config) ?? numberIn(gguf, 'context_length');
  const active = activeOf(architecture, counted);
  const page = `${HUB}/${repository}`;

  if (checkpoint !== undefined && Math.abs(checkpoint.parameters / counted - 1) > PARAMETERS_TOLERANCE) {
    open.push(
      `parameters.total: the checkpoint has ${checkpoint.parameters}, the tensors of the config ${counted} (${formatPercent(counted / checkpoint.parameters - 1)}); correct the architecture, or say why in "parametersDiffer"`,
    );
  }
  open.push(...ggufDifferences(architecture, context, gguf));
  const unread = newFields(findings.config);
  if (unread.length > 0)
    open.push(`architecture: no reader takes these fields; make sure they decide no memory: ${unread.join(', ')}`);
  const license = licenseOf(card);
  if (wanted.config !== undefined && wanted.config.foundAt === undefined) {
    open.push(
      "sources.config: it names the vendor's page; where the file came from elsewhere, cite that address (--source URL)",
    );
  }
  if (wanted.family === '') {
    const known = wanted.families.length === 0 ? '' : ` (this vendor has ${wanted.families.join(', ')})`;
    open.push(
      `family: no sibling found; name a file of content/families${known}, or write a new one there (--family ID)`,
    );
  }
  if (wanted.family !== '' && wanted.sibling !== undefined) {
    open.push(
      `family: "${wanted.family}" is that of ${wanted.sibling}, the nearest by name; correct it where that is no sibling`,
    );
  }
  if (wanted.vendor === undefined)
    open.push(`vendor: "${repository.split('/')[0]}" is the owner's name on the hub; write it as people know it`);
  if (license === undefined || card?.license === 'other') {
    open.push('license: read its terms on the card; leave the key out where none is established');
  }
  const released = wanted.released ?? card?.created ?? '';
  if (wanted.released === undefined) {
    open.push(
      released === ''
        ? 'released: the day of the first release of the weights (--released DATE)'
        : `released: ${released} is the day the repository was made; correct it where the announcement says otherwise`,
    );
  } else {
    open.push('releasedSource: the key of the source that names the day, where there is one');
  }
  if (context === undefined)
    open.push('context.native: the config has no max_position_embeddings; read it on the card');
  open.push('context.extended: add it with "extendedBy" where the card names a longer context by RoPE scaling');
  open.push('parameters.published: the vendor\'s round figure, with "publishedSource: card", where it is not `total`');
  if (active !== undefined)
    open.push(
      'parameters.active: counted from the config; the card\'s own figure, where it has one, with "activeSource: card"',
    );
  open.push('hook: a draft from the figures; say in at most 80 characters what sets this model apart');
  open.push('aliases, ollama: what people type; https://ollama.com/library has the tags');
  const releasedSource = wanted.released === undefined && released !== '' ? 'card' : undefined;
  const modalities = modalitiesOf(config);
  if (modalities.length > 1) {
    open.push('caveats: say that the encoder is a second file (mmproj) whose memory is not in these figures');
  }
  if (gguf === undefined) open.push('ggufRepositories: repositories with GGUF files of this model, if any');
  open.push('text below the front matter: one to four short paragraphs that are true of this model only');

  const data: Record<string, unknown> = {
    name,
    family: wanted.family,
    vendor: wanted.vendor ?? repository.split('/')[0],
    repository,
    released,
    releasedSource,
    license,
    aliases: [],
    hook: hookOf(architecture, context),
    parameters: {
      total: checkpoint?.parameters ?? counted,
      active,
      scope: checkpoint !== undefined ? 'text model' : 'text model computed from the config',
      source: checkpoint !== undefined ? 'checkpoint' : 'config',
      activeSource: checkpoint !== undefined && active !== undefined ? 'config' : undefined,
    },
    context: { native: context ?? '', source: 'config' },
    modalities,
    nativeFormat: {
      name: formatOf(config),
      checkpointBytes: checkpoint?.bytes,
      source: 'config',
    },
    mtpInFile: carriesNextToken(architecture, gguf) ? true : undefined,
    architecture,
    architectureSource: 'config',
    ggufRepositories: gguf === undefined ? undefined : [gguf.repository],
    proseSources: gguf === undefined ? undefined : ['gguf'],
    sources: {
      config: configSource(repository, page, wanted.config?.foundAt),
      ...(license === undefined && releasedSource === undefined
        ? {}
        : { card: { title: `Model card of ${repository}`, url: page } }),
      ...(checkpoint === undefined
        ? {}
        : {
            checkpoint: {
              title: `Files of ${repository}`,
              url: `${page}/tree/main`,
              what: 'headers of the safetensors files',
            },
          }),
      ...(gguf === undefined
        ? {}
        : {
            gguf: {
              title: `Files of ${gguf.repository}`,
              url: `${HUB}/${gguf.repository}/tree/main`,
              what: `header of ${gguf.file}`,
            },
          }),
    },
    updated: today,
  };
  return { data: withoutUndefined(data) as ModelData, body: bodyOf(name, architecture, context), open };
}

/** The entry of `sources` for the config: the vendor's own file, or the copy at `foundAt`. */
function configSource(repository: string, page: string, foundAt: string | undefined) {
  const title = `config.json of ${repository}`;
  if (foundAt === undefined || foundAt.startsWith(`${page}/`)) {
    return { title, url: foundAt ?? `${page}/blob/main/config.json` };
  }
  const { hostname, pathname } = new URL(foundAt);
  const place = /^(github\.com|huggingface\.co)$/.test(hostname) ? pathname.split('/').slice(1, 3).join('/') : hostname;
  return { title: `${title}, copy in ${place}`, url: foundAt };
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withoutUndefined(inner)]),
  );
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(config: unknown): Fields {
  return typeof config === 'object' && config !== null ? (config as Fields) : {};
}

/** The config's fields for the text model: those of its text part before its own. */
function textFieldsOf(config: Fields): Fields {
  return { ...config, ...fieldsOf(config.text_config ?? config.llm_config ?? config.language_config) };
}

function numberIn(gguf: GgufHeader | undefined, key: string): number | undefined {
  const value = gguf?.value(key);
  return typeof value === 'number' ? value : undefined;
}

/** Parameters that work on one token: all but the routed experts that it does not use. */
function activeOf(architecture: Architecture, counted: number): number | undefined {
  const { experts } = architecture.feedForward;
  if (experts === undefined) return undefined;
  const inExperts = weighTensors(architecture, 'F16', { mtpInFile: false })
    .filter(({ tensor }) => tensor.role === 'expert')
    .reduce((sum, { tensor }) => sum + tensor.shape.reduce((product, extent) => product * extent, 1), 0);
  return Math.round(counted - inExperts * (1 - experts.used / experts.count));
}

function licenseOf(card: Card | undefined): ModelData['license'] {
  const { license, licenseName = license, licenseLink } = card ?? {};
  if (license === undefined || licenseName === undefined) return undefined;
  const isAddress = licenseLink?.startsWith('https://') === true;
  return {
    name: LICENSES[licenseName] ?? licenseName,
    ...(license === 'other' && isAddress ? { url: licenseLink } : {}),
    source: 'card',
  };
}

function modalitiesOf(config: Fields): ModelData['modalities'] {
  const has = (...names: readonly string[]): boolean => names.some((name) => (config[name] ?? null) !== null);
  return [
    'text',
    ...(has('vision_config', 'visual', 'image_token_id', 'image_token_index') ? (['image'] as const) : []),
    ...(has('video_token_id', 'video_token_index') ? (['video'] as const) : []),
    ...(has('audio_config', 'audio_token_id') ? (['audio'] as const) : []),
  ];
}

function formatOf(config: Fields): string {
  const text = textFieldsOf(config);
  const type = String(text.dtype ?? text.torch_dtype ?? 'bfloat16').replace('torch.', '');
  const plain = DTYPES[type] ?? type.toUpperCase();
  const method = fieldsOf(config.quantization_config ?? text.quantization_config).quant_method;
  if (typeof method !== 'string') return plain;
  return method === 'mxfp4' ? `MXFP4 experts, ${plain} elsewhere` : method.toUpperCase();
}

const gigabytesAt = (architecture: Architecture, context: number): string =>
  formatGB(estimateLlamaCpp(architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, context }).device.total);

function hookOf(architecture: Architecture, context: number | undefined): string {
  const tokens = Math.min(context ?? LONG_CONTEXT, LONG_CONTEXT);
  const { fileBytes, device } = estimateLlamaCpp(architecture, 'Q4_K_M', { ...DEFAULT_SETTINGS, context: tokens });
  return `${formatTokens(tokens)} tokens of context add ${formatGB(device.kvCache + device.state)} to a ${formatGB(fileBytes)} file`;
}

function bodyOf(name: string, architecture: Architecture, maximum = LONG_CONTEXT): string {
  const contexts = [...new Set([USUAL_CONTEXT, LONG_CONTEXT].map((context) => Math.min(context, maximum)))];
  const figures = contexts.map(
    (context) => `${gigabytesAt(architecture, context)} at Q4_K_M with ${formatTokens(context)} tokens`,
  );
  return `${name} needs ${figures.join(', and ')}.`;
}

/** Converted files carry the multi-token-prediction blocks: always for some classes, else where a file was seen to. */
function carriesNextToken(architecture: Architecture, gguf: GgufHeader | undefined): boolean {
  if ((numberIn(gguf, 'nextn_predict_layers') ?? 0) > 0) return true;
  return (architecture.nextTokenLayers ?? 0) > 0 && keepsNextToken(architecture);
}

/** Where the header of a GGUF file says something else than the config. */
function ggufDifferences(
  architecture: Architecture,
  context: number | undefined,
  gguf: GgufHeader | undefined,
): string[] {
  if (gguf === undefined) return [];
  const nextToken = numberIn(gguf, 'nextn_predict_layers') ?? 0;
  const experts = architecture.feedForward.experts;
  const expected: readonly (readonly [key: string, value: number | undefined])[] = [
    ['block_count', architecture.layers + nextToken],
    ['embedding_length', architecture.hiddenSize],
    ['attention.head_count', architecture.attention.heads],
    ['expert_count', experts?.count],
    ['expert_used_count', experts?.used],
    ['context_length', context],
  ];
  return expected.flatMap(([key, value]) => {
    const found = numberIn(gguf, key);
    return found === undefined || value === undefined || found === value
      ? []
      : [`${key}: ${gguf.repository}/${gguf.file} says ${found}, the config ${value}; find out which is right`];
  });
}

/** One line that tells what was read: class, parameters, context. */
export function summaryOf(architecture: Architecture, { data }: NewRecord): string {
  const { total, active } = data.parameters;
  const used = active === undefined ? '' : `, ${formatParameters(active)} active`;
  const tokens = Math.min(USUAL_CONTEXT, data.context.native || USUAL_CONTEXT);
  return `${architecture.className}, ${formatParameters(total)} parameters${used}; Q4_K_M with ${formatTokens(tokens)} tokens: ${gigabytesAt(architecture, tokens)}`;
}
