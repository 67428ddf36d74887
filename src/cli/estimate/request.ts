import { z } from 'astro/zod';
import {
  DEFAULT_MLX_SETTINGS,
  DEFAULT_SETTINGS,
  DEFAULT_VLLM_SETTINGS,
  EstimateError,
  KV_TYPES,
  MLX_KV_TYPES,
  type MlxSettings,
  PAGED_KV_TYPES,
  type PagedKvType,
  type Settings,
  type VllmSettings,
} from '../../vram/index.ts';

/** llama.cpp counts tokens in 32 bits. */
const MOST_TOKENS = 2 ** 31 - 1;
const MOST_DEVICES = 1024;
const MOST_RESERVED_BYTES = 2 ** 40;
/** LLAMA_MAX_SEQ of llama.cpp. */
const MOST_SEQUENCES = 256;
const MOST_PAGED_SEQUENCES = 65_536;
const MOST_MLX_SEQUENCES = 4096;
const MOST_STEP_TOKENS = 2 ** 20;

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

/** Fields of a request to any engine. */
const common = {
  model: text('the id or an alias of a model').optional(),
  config: text('the path of a config.json').optional(),
  quant: text('the id or name of a quant, e.g. "Q4_K_M"'),
  context: wholeNumber(1, MOST_TOKENS),
  engine: text('the name of an engine, e.g. "llama.cpp"').optional(),
};
const limits = {
  allowBeyondMaximum: yesOrNo.optional(),
  gpu: text('the id or an alias of a device').optional(),
  displayReserveBytes: wholeNumber(0, MOST_RESERVED_BYTES).optional(),
};

const llamaCppSchema = z.strictObject({
  ...common,
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
  projector: yesOrNo.optional(),
  ...limits,
});

/** Names of 16-bit caches that llama.cpp's users write. */
const HALF_TYPES: Readonly<Record<string, PagedKvType>> = { f16: 'float16', bf16: 'bfloat16' };
const shareError = 'a share above 0, at most 1';

const vllmSchema = z.strictObject({
  ...common,
  kvType: oneOf([...PAGED_KV_TYPES, 'f16', 'bf16']).optional(),
  sequences: wholeNumber(1, MOST_PAGED_SEQUENCES).optional(),
  devices: wholeNumber(1, MOST_DEVICES).optional(),
  tensorParallel: wholeNumber(1, MOST_DEVICES).optional(),
  gpuMemoryUtilization: z
    .number({ error: shareError })
    .gt(0, { error: shareError })
    .max(1, { error: shareError })
    .optional(),
  expertParallel: yesOrNo.optional(),
  maxBatchedTokens: wholeNumber(1, MOST_STEP_TOKENS).optional(),
  maxSequences: wholeNumber(1, MOST_PAGED_SEQUENCES).optional(),
  draftTokens: wholeNumber(0, 64).optional(),
  prefixCaching: yesOrNo.optional(),
  enforceEager: yesOrNo.optional(),
  projector: yesOrNo.optional(),
  ...limits,
});

const mlxSchema = z.strictObject({
  ...common,
  kvType: oneOf(MLX_KV_TYPES).optional(),
  sequences: wholeNumber(1, MOST_MLX_SEQUENCES).optional(),
  prefillStep: wholeNumber(1, MOST_STEP_TOKENS).optional(),
  ...limits,
});

/** Engines under the names people write them. */
const ENGINES = {
  'llama.cpp': 'llama.cpp',
  'llama-cpp': 'llama.cpp',
  'rule of thumb': 'rule of thumb',
  'rule-of-thumb': 'rule of thumb',
  vllm: 'vLLM',
  mlx: 'MLX',
} as const;

const engineNamed = (name: string): (typeof ENGINES)[keyof typeof ENGINES] | undefined =>
  Object.hasOwn(ENGINES, name) ? ENGINES[name as keyof typeof ENGINES] : undefined;

/** Which engine is asked for, with the settings it has, complete. What depends on model and device is added later. */
type EngineRequest =
  | { readonly engine: 'llama.cpp' | 'rule of thumb'; readonly settings: Settings }
  | { readonly engine: 'vLLM'; readonly settings: Omit<VllmSettings, 'positions' | 'gpu'> }
  | { readonly engine: 'MLX'; readonly settings: MlxSettings };

/** What someone asks the estimator: names as they typed them, settings complete. */
export type EstimateRequest = EngineRequest & {
  /** Id or alias of a model of the catalogue, or the path of a Hugging Face `config.json`. */
  readonly subject: { readonly model: string } | { readonly config: string };
  /** Id ("q4-k-m") or name ("Q4_K_M"). */
  readonly quant: string;
  /** A context above the published maximum is answered, not refused. */
  readonly allowBeyondMaximum: boolean;
  /** The parts that read images or audio are loaded too: in llama.cpp the projector file (mmproj). */
  readonly projector?: true;
  /** Id or alias of a device to hold the result against. */
  readonly gpu?: string;
  /** Bytes of every device that are kept free, for a display. */
  readonly displayReserveBytes?: number;
};

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
function describe(issues: readonly z.core.$ZodIssue[], value: object, fields: readonly string[]): string {
  const found = value as Record<string, unknown>;
  const sentences = new Map<string, string>();
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const keys = issue.keys.slice(0, 5).map(show).join(', ');
      sentences.set('', `unknown field ${keys}, expected ${fields.join(', ')}`);
      continue;
    }
    const field = String(issue.path[0]);
    const state = found[field] === undefined ? 'is missing' : `is ${show(found[field])}`;
    sentences.set(field, `${field} ${state}, expected ${issue.message}`);
  }
  return [...sentences.values()].join('; ');
}

/** The value as one of a schema's. Throws what is wrong with every field. */
function check<T extends z.ZodRawShape>(schema: z.ZodObject<T>, value: object): z.infer<z.ZodObject<T>> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new EstimateError('bad-request', describe(result.error.issues, value, Object.keys(schema.shape)));
}

function subjectOf(model: string | undefined, config: string | undefined): EstimateRequest['subject'] {
  if (model !== undefined && config !== undefined) {
    throw new EstimateError('bad-request', 'model and config are both given, expected one of them');
  }
  if (model !== undefined) return { model };
  if (config !== undefined) return { config };
  throw new EstimateError(
    'bad-request',
    'model is missing, expected the id or an alias of a model (or config, a path)',
  );
}

/** Fields that every request has. */
type CommonFields = z.infer<z.ZodObject<typeof common & typeof limits>>;

/** What is asked for, whichever engine answers. */
function askedOf({ model, config, quant, allowBeyondMaximum, gpu, displayReserveBytes }: CommonFields) {
  return {
    subject: subjectOf(model, config),
    quant,
    allowBeyondMaximum: allowBeyondMaximum ?? false,
    ...(gpu === undefined ? {} : { gpu }),
    ...(displayReserveBytes === undefined ? {} : { displayReserveBytes }),
  };
}

/** The fields of a request that are settings of its engine. */
function settingsIn<T extends CommonFields>(fields: T): Omit<T, Exclude<keyof CommonFields, 'context'>> {
  const { model, config, quant, engine, allowBeyondMaximum, gpu, displayReserveBytes, ...settings } = fields;
  return settings;
}

/**
 * Checks a request and completes it with the defaults of its engine.
 * @throws EstimateError `bad-request`, naming every field that is wrong, what was found and what was expected;
 * `unknown-engine`
 */
export function parseRequest(value: unknown): EstimateRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EstimateError('bad-request', `the request is ${show(value)}, expected a JSON object`);
  }
  const named = 'engine' in value && typeof value.engine === 'string' ? value.engine : 'llama.cpp';
  switch (engineNamed(named.toLowerCase())) {
    case 'vLLM':
      return vllmRequest(value);
    case 'MLX':
      return mlxRequest(value);
    case 'rule of thumb':
      return llamaCppRequest(value, 'rule of thumb');
    case 'llama.cpp':
      return llamaCppRequest(value, 'llama.cpp');
    default: {
      check(llamaCppSchema, value);
      const expected = [...new Set(Object.values(ENGINES))].join(', ');
      throw new EstimateError('unknown-engine', `engine is ${show(named)}, expected one of ${expected}`);
    }
  }
}

function llamaCppRequest(value: object, engine: 'llama.cpp' | 'rule of thumb'): EstimateRequest {
  const fields = check(llamaCppSchema, value);
  const { kvType, kType, vType, projector, ...settings } = settingsIn(fields);
  return {
    ...askedOf(fields),
    ...(projector && { projector }),
    engine,
    settings: {
      ...DEFAULT_SETTINGS,
      ...withoutUndefined(settings),
      kType: kType ?? kvType ?? DEFAULT_SETTINGS.kType,
      vType: vType ?? kvType ?? DEFAULT_SETTINGS.vType,
    },
  };
}

function vllmRequest(value: object): EstimateRequest {
  const fields = check(vllmSchema, value);
  const { kvType, devices, tensorParallel, projector, ...settings } = settingsIn(fields);
  if (devices !== undefined && tensorParallel !== undefined && devices !== tensorParallel) {
    throw new EstimateError(
      'bad-request',
      `devices is ${devices} and tensorParallel ${tensorParallel}, expected the same: pipeline parallelism is not estimated`,
    );
  }
  return {
    ...askedOf(fields),
    ...(projector && { projector }),
    engine: 'vLLM',
    settings: {
      ...DEFAULT_VLLM_SETTINGS,
      ...withoutUndefined(settings),
      context: settings.context,
      kvType: kvType === undefined ? DEFAULT_VLLM_SETTINGS.kvType : (HALF_TYPES[kvType] ?? (kvType as PagedKvType)),
      tensorParallel: tensorParallel ?? devices ?? DEFAULT_VLLM_SETTINGS.tensorParallel,
    },
  };
}

function mlxRequest(value: object): EstimateRequest {
  const fields = check(mlxSchema, value);
  const settings = settingsIn(fields);
  return {
    ...askedOf(fields),
    engine: 'MLX',
    settings: { ...DEFAULT_MLX_SETTINGS, ...withoutUndefined(settings), context: settings.context },
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Present<T>;
}
