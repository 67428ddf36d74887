/**
 * Reads an {@link Architecture} out of a Hugging Face `config.json`.
 *
 * Field names and the values of fields that a config leaves out are those of the classes' configuration code; which
 * of them decide the tensors is what llama.cpp's converter reads.
 */
import { EstimateError } from './allocation.ts';
import { type Architecture, MOST_LAYERS } from './architecture.ts';
import { DENSE, READERS } from './config/bodies.ts';
import { DEFAULTS, MODEL_TYPES, TEXT_CLASSES } from './config/classes.ts';
import { ConfigFields } from './config/fields.ts';
import { layersOf } from './config/parts.ts';
import { recipeOfClass, SUPPORTED_CLASSES } from './tensor-recipes.ts';

/** Rows that Gemma 3's embedding table keeps in a converted file. */
const GEMMA3_VOCABULARY = 262_144;

/**
 * The architecture that a `config.json` describes; of a multimodal model, its text part.
 *
 * @throws {EstimateError} `unknown-architecture` for a class that is not known here, `bad-request` naming a field
 * that is missing or wrong
 */
export function architectureFromConfig(json: unknown): Architecture {
  const outer = ConfigFields.of(json);
  return readAs(outer, classOf(outer, textOf(outer)));
}

const CONTEXT_FIELDS = [
  'max_position_embeddings',
  'max_sequence_length',
  'model_max_length',
  'n_positions',
  'seq_length',
] as const;

/**
 * Tokens of the longest context that a `config.json` names, in its text part before the whole model; undefined where it
 * names none.
 *
 * @throws {EstimateError} `bad-request`, when `json` is no object
 */
export function contextFromConfig(json: unknown): number | undefined {
  const outer = ConfigFields.of(json);
  return textOf(outer).firstCount(...CONTEXT_FIELDS) ?? outer.firstCount(...CONTEXT_FIELDS);
}

/** How a `config.json` reads when it is taken for one of `className`. */
export interface Reading {
  readonly className: string;
  readonly architecture: Architecture;
}

/**
 * A `config.json` of whatever class, read as every class that is known here: the readings that find all the fields they
 * need, and the fields that no class ever asks for, as `path: value` of the parts that describe the text model.
 *
 * @throws {EstimateError} `bad-request`, when `json` is no object
 */
export function readingsOfConfig(json: unknown): {
  readonly readings: readonly Reading[];
  readonly unread: readonly (readonly [path: string, value: unknown])[];
} {
  const asked = new Set<string>();
  const outer = ConfigFields.of(json, asked);
  const readings = SUPPORTED_CLASSES.flatMap((className) => {
    try {
      return [{ className, architecture: readAs(outer, className) }];
    } catch (error) {
      if (error instanceof EstimateError) return [];
      throw error;
    }
  });
  return {
    readings,
    unread: textOf(outer)
      .present()
      .filter(([path]) => !asked.has(path)),
  };
}

function textOf(outer: ConfigFields): ConfigFields {
  return outer.child('text_config', 'llm_config', 'language_config') ?? outer;
}

function readAs(outer: ConfigFields, className: string): Architecture {
  const text = textOf(outer);
  const config = text.withDefaults(DEFAULTS[className] ?? {});
  const vocabularySize = config.count('vocab_size');
  const body = (READERS[className] ?? DENSE)(config);
  const nextTokenLayers = body.nextTokenLayers ?? config.whole('num_nextn_predict_layers', 'mtp_num_hidden_layers');
  if (nextTokenLayers > MOST_LAYERS) config.fail('num_nextn_predict_layers', `at most ${MOST_LAYERS}`);
  const { nextTokenLayers: _, nextTokenOwnEmbeddings, ...rest } = body;
  return {
    className,
    layers: layersOf(config),
    hiddenSize: config.count('hidden_size'),
    vocabularySize: className.startsWith('Gemma3For') ? Math.min(vocabularySize, GEMMA3_VOCABULARY) : vocabularySize,
    tiedEmbeddings: tiedOf(outer, text, config),
    ...rest,
    ...biases(className, config),
    ...ropeFactors(className, config),
    ...(nextTokenLayers > 0 ? { nextTokenLayers } : {}),
    ...(nextTokenLayers > 0 && nextTokenOwnEmbeddings === true ? { nextTokenOwnEmbeddings } : {}),
  };
}

/**
 * Parses the text of a `config.json`. Python writes `Infinity` and `NaN` into some, which JSON does not have: they
 * become null.
 *
 * @throws {EstimateError} `bad-request`
 */
export function parseConfig(text: string): unknown {
  const plain = text.replace(/("(?:[^"\\]|\\.)*")|-?\b(?:Infinity|NaN)\b/g, (_, string?: string) => string ?? 'null');
  try {
    return JSON.parse(plain);
  } catch (error) {
    throw new EstimateError(
      'bad-request',
      `config.json is no JSON: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

function classOf(outer: ConfigFields, text: ConfigFields): string {
  const named = [...(outer.texts('architectures') ?? []), ...(text.texts('architectures') ?? [])];
  const types = [text.text('model_type'), outer.text('model_type')].flatMap((type) => MODEL_TYPES[type ?? ''] ?? []);
  const known = [...named.map((name) => TEXT_CLASSES[name] ?? name), ...types].find((name) =>
    SUPPORTED_CLASSES.includes(name),
  );
  if (known === 'KimiLinearForCausalLM' && text.has('attn_res_block_size')) return 'KimiK3ForConditionalGeneration';
  if (known !== undefined) return known;
  const found = named[0] ?? outer.text('model_type') ?? text.text('model_type');
  if (found === undefined) outer.fail('architectures', 'a list with the name of the model class');
  throw new EstimateError(
    'unknown-architecture',
    `Found architecture "${found}" in config.json; llama.cpp's tensors for it are not known here. Known: ${SUPPORTED_CLASSES.join(', ')}.`,
  );
}

/** The text part's word counts before the whole model's, the class's before none. */
function tiedOf(outer: ConfigFields, text: ConfigFields, config: ConfigFields): boolean {
  return (
    text.flag('tie_word_embeddings') ??
    text.flag('tie_embedding') ??
    outer.flag('tie_word_embeddings') ??
    config.flag('tie_word_embeddings') ??
    false
  );
}

/** Biases and query/key norms, where a config differs from what its class has. */
function biases(
  className: string,
  config: ConfigFields,
): Pick<Architecture, 'attentionBias' | 'feedForwardBias' | 'queryKeyNorm'> {
  const recipe = recipeOfClass(className);
  const attentionBias = config.flag('attention_bias') ?? config.flag('use_bias');
  const feedForwardBias = config.flag('mlp_bias') ?? config.flag('use_bias');
  const isPlain = !config.has('kv_lora_rank') && className !== 'NemotronHForCausalLM';
  return {
    ...(isPlain && attentionBias !== undefined && attentionBias !== (recipe?.attentionBias ?? false)
      ? { attentionBias }
      : {}),
    ...(isPlain && feedForwardBias === true ? { feedForwardBias } : {}),
    ...(recipe?.queryKeyNormOnRequest === true && config.flag('use_qk_norm') === true ? { queryKeyNorm: true } : {}),
  };
}

/** RoPE scaling that the converter turns into a table. */
function ropeFactors(className: string, config: ConfigFields): Pick<Architecture, 'ropeFactors'> {
  const parameters = config.child('rope_scaling') ?? config.child('rope_parameters');
  const type = (parameters?.child('full_attention') ?? parameters)?.text('rope_type', 'type');
  if (type === 'llama3') return { ropeFactors: 'llama3' };
  const isLong = className === 'Phi3ForCausalLM' && (type === 'longrope' || type === 'su');
  return isLong ? { ropeFactors: 'longrope' } : {};
}
