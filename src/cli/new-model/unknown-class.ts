/** What to tell an editor whose config names a class that the estimator does not know. */
import { formatParameters, formatPercent, type Reading, readingsOfConfig, weighModel } from '../../vram/index.ts';

/** Fields that decide no tensor and no cache. */
const NO_DIMENSION =
  /(token_id|_token|token_index|_ids?|dropout|_eps|epsilon|theta|initializer|init|temperature|_act|activation|act_fn|dtype|version|architectures|model_type|auto_map|use_cache|_coef|_loss|loss_|pretraining|transformers|problem_type|id2label|label2id|gradient|softcapping|scaling_factor|_limit|norm_topk_prob|scoring_func|topk_method|output_|return_dict|quantization|name_or_path|rope|max_position|partial_rotary|_bias_update|router_z|aux|vision|audio|processor|temporal|language_model_only|max_window_layers|multiplier|scaling|time_step|kernels|chunk_size|logits_to_keep|rescale|swiglu|pos_enc|tie_embedding)/;

const MOST_READINGS = 4;

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/** Fields of `config` that might decide memory and that no class of the estimator reads, as `path = value`. */
export function newFields(config: unknown): readonly string[] {
  return readingsOfConfig(config)
    .unread.filter(([path, value]) => {
      const isEmpty = typeof value === 'object' && Object.keys(value ?? {}).length === 0;
      const isDimension = Number.isInteger(value) || (typeof value === 'object' && !isEmpty) || value === true;
      return isDimension && !NO_DIMENSION.test(path.split('.').at(-1) ?? path);
    })
    .map(([path, value]) => `${path} = ${show(value)}`);
}

/** Readings as known classes with their parameters, those nearest to `parameters` first. */
function candidates(config: unknown, parameters: number | undefined): { reading: Reading; counted: number }[] {
  const seen = new Set<number>();
  return readingsOfConfig(config)
    .readings.flatMap((reading) => {
      try {
        return [{ reading, counted: weighModel(reading.architecture, 'F16', { mtpInFile: false }).parameters }];
      } catch {
        // A class may read its fields and still not count its tensors, where they contradict each other.
        return [];
      }
    })
    .sort((a, b) =>
      parameters === undefined ? 0 : Math.abs(a.counted - parameters) - Math.abs(b.counted - parameters),
    )
    .filter(({ counted }) => !seen.has(counted) && seen.add(counted))
    .slice(0, MOST_READINGS);
}

/** The message: the class, its new fields, what it would be as a known class, and where the estimator learns it. */
export function explainUnknownClass(config: unknown, found: string, parameters?: number): string {
  const fields = newFields(config);
  const near = candidates(config, parameters).map(({ reading, counted }) => {
    const difference =
      parameters === undefined ? '' : `, ${formatPercent(counted / parameters - 1)} from the checkpoint`;
    return `  ${reading.className}: ${formatParameters(counted)} parameters${difference}`;
  });
  return [
    `config.json names the class "${found}", which the estimator does not know.`,
    '',
    fields.length === 0
      ? 'New fields: none; known classes read every field that could decide memory.'
      : `New fields, which no known class reads:\n${fields.map((field) => `  ${field}`).join('\n')}`,
    '',
    ...(near.length === 0
      ? ['No known class finds the fields that it needs.']
      : ['Read as a known class it would have:', ...near]),
    '',
    'If llama.cpp converts it like one of these, one line teaches it: TEXT_CLASSES in src/vram/config/classes.ts.',
    'Otherwise, in this order, each with a test:',
    '  src/vram/config/bodies.ts      which reader takes its fields (readers: config/parts, latent, linear, windowed)',
    '  src/vram/tensor-recipes.ts     the tensors of a block, from src/models/*.cpp of llama.cpp',
    '  src/vram/llama-graphs/         its compute graph, in the *-classes.ts file of its kind of attention',
    'Until then a record can say "estimable: false" with "notEstimableBecause": content/models/mistral-large-4.mdx does.',
  ].join('\n');
}
