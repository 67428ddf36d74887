import { z } from 'astro/zod';
import { DEFAULT_SETTINGS, EstimateError, type KvType, type Settings } from '../../vram/index.ts';

const KV_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl'] as const satisfies KvType[];

/** llama.cpp counts tokens in 32 bits. */
const MOST_TOKENS = 2 ** 31 - 1;
const MOST_DEVICES = 1024;
const MOST_RESERVED_BYTES = 2 ** 40;
/** LLAMA_MAX_SEQ of llama.cpp. */
const MOST_SEQUENCES = 256;

/** Each schema's message is what it expects, whichever of its checks fails. */
function wholeNumber(least: number, most: number) {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

function oneOf<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

function text(what: string) {
  return z.string({ error: what }).min(1, { error: what });
}

const yesOrNo = z.boolean({ error: 'true or false' });

const schema = z.strictObject({
  model: text('the id or an alias of a model').optional(),
  config: text('the path of a config.json').optional(),
  quant: text('the id or name of a quant, e.g. "Q4_K_M"'),
  context: wholeNumber(1, MOST_TOKENS),
  engine: text('the name of an engine, e.g. "llama.cpp"').optional(),
  kvType: oneOf(KV_TYPES).optional(),
  kType: oneOf(KV_TYPES).optional(),
  vType: oneOf(KV_TYPES).optional(),
  microBatch: wholeNumber(1, MOST_TOKENS).optional(),
  flashAttention: oneOf(['auto', 'on', 'off']).optional(),
  outputs: wholeNumber(1, MOST_TOKENS).optional(),
  sequences: wholeNumber(1, MOST_SEQUENCES).optional(),
  devices: wholeNumber(1, MOST_DEVICES).optional(),
  gpuLayers: wholeNumber(-1, MOST_TOKENS).optional(),
  cpuMoeLayers: wholeNumber(-1, MOST_TOKENS).optional(),
  mtp: yesOrNo.optional(),
  allowBeyondMaximum: yesOrNo.optional(),
  gpu: text('the id or an alias of a device').optional(),
  displayReserveBytes: wholeNumber(0, MOST_RESERVED_BYTES).optional(),
});

/** What someone asks the estimator: names as they typed them, settings complete. */
export interface EstimateRequest {
  /** Id or alias of a model of the catalogue, or the path of a Hugging Face `config.json`. */
  readonly subject: { readonly model: string } | { readonly config: string };
  /** Id ("q4-k-m") or name ("Q4_K_M"). */
  readonly quant: string;
  readonly engine: string;
  readonly settings: Settings;
  /** A context above the published maximum is answered, not refused. */
  readonly allowBeyondMaximum: boolean;
  /** Id or alias of a device to hold the result against. */
  readonly gpu?: string;
  /** Bytes of every device that are kept free, for a display. */
  readonly displayReserveBytes?: number;
}

/** Names of the fields of a request, in the order the help lists them. */
export const REQUEST_FIELDS = Object.keys(schema.shape);

const SHOWN_CHARACTERS = 60;

/** A found value as a short piece of an error message. */
function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    // Nested deeper than the stack.
    return Array.isArray(value) ? 'a deeply nested array' : 'a deeply nested object';
  }
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

/** One sentence for everything that is wrong with a request. */
function describe(issues: readonly z.core.$ZodIssue[], value: object): string {
  const found = value as Record<string, unknown>;
  const sentences = new Map<string, string>();
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const keys = issue.keys.slice(0, 5).map(show).join(', ');
      sentences.set('', `unknown field ${keys}, expected ${REQUEST_FIELDS.join(', ')}`);
      continue;
    }
    const field = String(issue.path[0]);
    const state = found[field] === undefined ? 'is missing' : `is ${show(found[field])}`;
    sentences.set(field, `${field} ${state}, expected ${issue.message}`);
  }
  return [...sentences.values()].join('; ');
}

/**
 * Checks a request and completes it with the defaults of {@link DEFAULT_SETTINGS}.
 * @throws EstimateError `bad-request`, naming every field that is wrong, what was found and what was expected
 */
export function parseRequest(value: unknown): EstimateRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EstimateError('bad-request', `the request is ${show(value)}, expected a JSON object`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new EstimateError('bad-request', describe(result.error.issues, value));
  const {
    model,
    config,
    quant,
    engine,
    kvType,
    kType,
    vType,
    allowBeyondMaximum,
    gpu,
    displayReserveBytes,
    ...settings
  } = result.data;
  if (model !== undefined && config !== undefined) {
    throw new EstimateError('bad-request', 'model and config are both given, expected one of them');
  }
  let subject: EstimateRequest['subject'];
  if (model !== undefined) subject = { model };
  else if (config !== undefined) subject = { config };
  else
    throw new EstimateError(
      'bad-request',
      'model is missing, expected the id or an alias of a model (or config, a path)',
    );
  return {
    subject,
    quant,
    engine: engine ?? 'llama.cpp',
    settings: {
      ...DEFAULT_SETTINGS,
      ...withoutUndefined(settings),
      kType: kType ?? kvType ?? DEFAULT_SETTINGS.kType,
      vType: vType ?? kvType ?? DEFAULT_SETTINGS.vType,
    },
    allowBeyondMaximum: allowBeyondMaximum ?? false,
    ...(gpu === undefined ? {} : { gpu }),
    ...(displayReserveBytes === undefined ? {} : { displayReserveBytes }),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Present<T>;
}
