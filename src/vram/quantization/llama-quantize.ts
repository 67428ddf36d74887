/**
 * Which ggml type llama-quantize gives each tensor of a file (`src/llama-quant.cpp`), without overrides. File types
 * that it writes without an importance matrix are computed without one, those that need a matrix as with it.
 */
import { memoized } from '../memoized.ts';
import type { Tensor } from '../tensors.ts';
import { GGML_TYPES, type GgmlType } from './ggml-types.ts';
import { type QuantizationScheme, SCHEMES } from './schemes.ts';

/** What the rules ask about the model beside its tensors. */
export interface QuantizationContext {
  /** Blocks in the file, multi-token-prediction blocks included. */
  readonly blocks: number;
  readonly experts: number;
  /** Query heads per key/value head of the first block; 0 where it caches no keys. */
  readonly headsPerKvHead: number;
  /** llama.cpp calls the model "70B": 80-block Llama with GQA, Qwen2 and DeciLM, whose `attn_v` it spares. */
  readonly is70B: boolean;
}

type Category =
  | 'output'
  | 'embedding'
  | 'qkv'
  | 'kv-b'
  | 'v'
  | 'k'
  | 'q'
  | 'attention-output'
  | 'up'
  | 'gate'
  | 'down'
  | 'other';

/** A tensor of a file and what the rules read from its name and extents. */
interface Listed {
  readonly tensor: Tensor;
  /** Its position in the list of the model's tensors. */
  readonly index: number;
  readonly category: Category;
  /** llama-quantize copies it as it is. */
  readonly kept: boolean;
  /** The converter stores it as F32 whatever the output type. */
  readonly storedAsF32: boolean;
}

function categoryOf(name: string): Category {
  if (name === 'output.weight') return 'output';
  if (name === 'token_embd.weight' || name === 'per_layer_token_embd.weight') return 'embedding';
  if (name.includes('attn_qkv.weight')) return 'qkv';
  if (name.includes('attn_kv_b.weight')) return 'kv-b';
  if (name.includes('attn_v.weight')) return 'v';
  if (name.includes('attn_k.weight')) return 'k';
  if (name.includes('attn_q.weight')) return 'q';
  if (name.includes('attn_output.weight')) return 'attention-output';
  if (name.includes('ffn_up')) return 'up';
  if (name.includes('ffn_gate')) return 'gate';
  if (name.includes('ffn_down')) return 'down';
  return 'other';
}

const isValueLike = (category: Category): boolean => category === 'v' || category === 'qkv' || category === 'kv-b';

/** Parts of names that llama-quantize never quantizes. */
const KEPT_NAMES = [
  '_norm.weight',
  'ffn_gate_inp.weight',
  'ffn_gate_tid2eid.weight',
  'altup',
  'laurel',
  'per_layer_model_proj',
  'ssm_conv1d',
  'shortconv.conv.weight',
  'indexer.k_proj.weight',
  'indexer.q_proj.weight',
  // Inkling's loader runs these in F32 only.
  'shortconv_',
  'attn_rel_proj.weight',
] as const;

/** Dimensions as ggml counts them: trailing extents of 1 do not count. */
function dimensionsOf(shape: readonly number[]): number {
  let dimensions = shape.length;
  while (dimensions > 1 && shape[dimensions - 1] === 1) dimensions--;
  return dimensions;
}

function isKept({ name, shape }: Tensor): boolean {
  return dimensionsOf(shape) < 2 || !name.endsWith('weight') || KEPT_NAMES.some((part) => name.includes(part));
}

/** Type for a row that the wanted type's block does not divide; F16 when the second choice does not fit either. */
const FALLBACK: Partial<Record<GgmlType, GgmlType>> = {
  IQ1_S: 'IQ4_NL',
  IQ1_M: 'IQ4_NL',
  IQ2_XXS: 'IQ4_NL',
  IQ2_XS: 'IQ4_NL',
  IQ2_S: 'IQ4_NL',
  IQ3_XXS: 'IQ4_NL',
  IQ3_S: 'IQ4_NL',
  IQ4_XS: 'IQ4_NL',
  Q2_0: 'Q4_0',
  Q2_K: 'Q4_0',
  Q3_K: 'Q4_0',
  TQ1_0: 'Q4_0',
  TQ2_0: 'Q4_0',
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
};

const divides = (type: GgmlType, rowElements: number): boolean => rowElements % GGML_TYPES[type].blockElements === 0;

function withFallback(type: GgmlType, rowElements: number): GgmlType {
  if (divides(type, rowElements)) return type;
  const second = FALLBACK[type];
  return second !== undefined && divides(second, rowElements) ? second : 'F16';
}

/** The first and last eighth of the blocks, and every third one between. */
function usesMoreBits(index: number, count: number): boolean {
  const eighth = Math.floor(count / 8);
  return index < eighth || index >= Math.floor((7 * count) / 8) || (index - eighth) % 3 === 2;
}

const VERY_LOW_BITS: ReadonlySet<QuantizationScheme> = new Set([
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'IQ2_M',
  'IQ1_S',
  'IQ1_M',
]);
/** Schemes whose `attn_output` gets Q5_K in a model of 8 experts. */
const EIGHT_EXPERT_OUTPUT: ReadonlySet<QuantizationScheme> = new Set([
  'Q2_K',
  'IQ3_XS',
  'IQ3_XXS',
  'Q3_K_S',
  'Q3_K_M',
  'IQ4_NL',
  'Q4_K_S',
  'Q4_K_M',
  'IQ3_S',
  'IQ3_M',
  'IQ4_XS',
]);

/** llama-quantize's running state over the tensors of one file, in file order. */
class Quantizer {
  readonly #scheme: QuantizationScheme;
  readonly #context: QuantizationContext;
  readonly #valueTensors: number;
  readonly #tied: boolean;
  #valueIndex = 0;
  #downIndex = 0;
  #gateIndex = 0;
  #upIndex = 0;

  constructor(scheme: QuantizationScheme, context: QuantizationContext, listed: readonly Listed[]) {
    this.#scheme = scheme;
    this.#context = context;
    this.#valueTensors = listed.filter(({ category }) => isValueLike(category)).length;
    this.#tied = !listed.some(({ category }) => category === 'output');
  }

  typeOf({ tensor, category, kept, storedAsF32 }: Listed): GgmlType {
    const base: GgmlType = SCHEMES[this.#scheme].base;
    if (tensor.source === 'MXFP4' || kept) return tensor.source ?? (storedAsF32 ? 'F32' : copiedType(base));
    if (GGML_TYPES[base].blockElements === 1) return tensor.source ?? base;
    return withFallback(this.#chosenType(tensor, category, base), tensor.shape[0] ?? 0);
  }

  #chosenType(tensor: Tensor, category: Category, base: GgmlType): GgmlType {
    const scheme = this.#scheme;
    if (category === 'output' || (this.#tied && category === 'embedding')) return this.#outputType(tensor, base);
    if (scheme === 'MXFP4_MOE') return (tensor.shape[2] ?? 1) > 1 ? 'MXFP4' : 'Q8_0';
    if (category === 'embedding') return this.#embeddingType(base);
    if (VERY_LOW_BITS.has(scheme)) return this.#veryLowBitType(category, base);
    if (isValueLike(category)) return this.#valueType(base);
    switch (category) {
      case 'k':
        if (this.#context.experts === 8) return 'Q8_0';
        return scheme === 'IQ3_XS' ? 'IQ3_XXS' : scheme === 'IQ3_XXS' ? 'IQ2_S' : base;
      case 'q':
        return scheme === 'IQ3_XS' ? 'IQ3_XXS' : scheme === 'IQ3_XXS' ? 'IQ2_S' : base;
      case 'down':
        return this.#downType(this.#blockOf(tensor, this.#downIndex++), base);
      case 'attention-output':
        return this.#attentionOutputType(base);
      case 'gate':
        return this.#gateOrUpType(this.#blockOf(tensor, this.#gateIndex++), base);
      case 'up':
        return this.#gateOrUpType(this.#blockOf(tensor, this.#upIndex++), base);
      default:
        return base;
    }
  }

  /** Block number that the feed-forward rules go by: the name's in a mixture of experts, a counter otherwise. */
  #blockOf(tensor: Tensor, counter: number): number {
    return this.#context.experts > 1 ? (tensor.layer ?? counter) : counter;
  }

  #outputType(tensor: Tensor, base: GgmlType): GgmlType {
    if (this.#scheme === 'MXFP4_MOE' || !divides(base, tensor.shape[0] ?? 0)) return 'Q8_0';
    if (VERY_LOW_BITS.has(this.#scheme) || this.#scheme === 'IQ3_XXS') return 'Q5_K';
    return base === 'Q8_0' ? 'Q8_0' : 'Q6_K';
  }

  #embeddingType(base: GgmlType): GgmlType {
    switch (this.#scheme) {
      case 'IQ2_XXS':
      case 'IQ2_XS':
      case 'IQ1_S':
      case 'IQ1_M':
        return 'Q2_K';
      case 'IQ2_S':
      case 'IQ2_M':
      case 'IQ3_XXS':
        return 'IQ3_S';
      case 'TQ1_0':
      case 'TQ2_0':
      case 'Q2_0':
        return 'Q4_K';
      default:
        return base;
    }
  }

  #veryLowBitType(category: Category, base: GgmlType): GgmlType {
    const { headsPerKvHead, experts, blocks } = this.#context;
    const better: GgmlType = this.#scheme === 'IQ2_S' || this.#scheme === 'IQ2_M' ? 'IQ3_S' : 'Q2_K';
    if (isValueLike(category)) return headsPerKvHead >= 4 || experts >= 4 ? 'Q4_K' : better;
    if (experts === 8 && category === 'k') return 'Q4_K';
    if (category === 'down') return this.#downIndex++ < Math.floor(blocks / 8) ? better : base;
    if (category === 'attention-output') {
      if (experts === 8) return 'Q5_K';
      if (this.#scheme === 'IQ1_S' || this.#scheme === 'IQ1_M') return 'IQ2_XXS';
      if (better === 'IQ3_S') return 'IQ3_S';
    }
    return base;
  }

  #valueType(base: GgmlType): GgmlType {
    const index = this.#valueIndex++;
    if (this.#context.experts === 8) return 'Q8_0';
    const type = this.#valueTypeBySize(index, base);
    return this.#context.is70B && (type === 'Q3_K' || type === 'Q4_K') ? 'Q5_K' : type;
  }

  #valueTypeBySize(index: number, base: GgmlType): GgmlType {
    const wideGroups = this.#context.headsPerKvHead >= 4;
    switch (this.#scheme) {
      case 'Q2_K':
        return wideGroups ? 'Q4_K' : 'Q3_K';
      case 'Q2_K_S':
      case 'IQ3_XS':
      case 'IQ3_S':
        return wideGroups ? 'Q4_K' : base;
      case 'IQ3_XXS':
        return wideGroups ? 'Q4_K' : base;
      case 'IQ3_M':
        return 'Q4_K';
      case 'Q3_K_M':
        return index < 2 ? 'Q5_K' : 'Q4_K';
      case 'Q3_K_L':
        return 'Q5_K';
      case 'IQ4_NL':
      case 'IQ4_XS':
        return wideGroups ? 'Q5_K' : base;
      case 'Q4_K_M':
      case 'Q5_K_M':
        return usesMoreBits(index, this.#valueTensors) ? 'Q6_K' : base;
      case 'Q4_K_S':
        return index < 4 ? 'Q5_K' : base;
      default:
        return base;
    }
  }

  #downType(block: number, base: GgmlType): GgmlType {
    const { blocks, experts } = this.#context;
    const inFirstEighth = block < Math.floor(blocks / 8);
    switch (this.#scheme) {
      case 'Q2_K':
        return 'Q3_K';
      case 'Q2_K_S':
        return inFirstEighth ? 'Q4_K' : base;
      case 'Q3_K_M':
        return block < Math.floor(blocks / 16) ? 'Q5_K' : 'Q4_K';
      case 'IQ3_M':
        return inFirstEighth || (experts === 8 && usesMoreBits(block, blocks)) ? 'Q4_K' : base;
      case 'Q3_K_L':
        return 'Q5_K';
      case 'Q4_K_M':
      case 'Q5_K_M':
        return usesMoreBits(block, blocks) ? 'Q6_K' : base;
      case 'IQ4_NL':
      case 'IQ4_XS':
      case 'Q4_K_S':
        return inFirstEighth ? 'Q5_K' : base;
      default:
        return base;
    }
  }

  #attentionOutputType(base: GgmlType): GgmlType {
    if (this.#context.experts === 8) return EIGHT_EXPERT_OUTPUT.has(this.#scheme) ? 'Q5_K' : base;
    switch (this.#scheme) {
      case 'Q2_K':
        return 'Q3_K';
      case 'IQ3_XXS':
        return 'IQ3_S';
      case 'Q3_K_M':
      case 'IQ3_M':
        return 'Q4_K';
      case 'Q3_K_L':
        return 'Q5_K';
      default:
        return base;
    }
  }

  #gateOrUpType(block: number, base: GgmlType): GgmlType {
    const { blocks } = this.#context;
    const inMiddle = block >= Math.floor(blocks / 8) && block < Math.floor((7 * blocks) / 8);
    return this.#scheme === 'IQ3_XS' && inMiddle ? 'IQ3_XXS' : base;
  }
}

/** Type of a tensor that llama-quantize copies, as the converter wrote it where that is not F32 for every output type. */
function copiedType(base: GgmlType): GgmlType {
  return base === 'F32' || base === 'F16' ? base : 'BF16';
}

/** Parts of names that the converter stores as F32 whatever the output type. */
const F32_NAMES = [
  '_norm.weight',
  'ffn_gate_inp.weight',
  'ssm_conv1d',
  'shortconv.conv.weight',
  'altup_correct_coef',
  'altup_predict_coef',
] as const;

function isStoredAsF32(tensor: Tensor): boolean {
  return (
    tensor.shape.length <= 1 || !tensor.name.endsWith('.weight') || F32_NAMES.some((part) => tensor.name.includes(part))
  );
}

/** File order: by block number, then by name, as llama.cpp's loader sorts. */
function compareInFile({ tensor: a }: Listed, { tensor: b }: Listed): number {
  const difference = (a.layer ?? -1) - (b.layer ?? -1);
  if (difference !== 0) return difference;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** In file order. Memoised: the same list comes back with every scheme. */
const listedInFile = memoized((tensors: readonly Tensor[]): readonly Listed[] =>
  tensors
    .map((tensor, index) => ({
      tensor,
      index,
      category: categoryOf(tensor.name),
      kept: isKept(tensor),
      storedAsF32: isStoredAsF32(tensor),
    }))
    .sort(compareInFile),
);

/** A type for each tensor, in the order given. */
export function quantizedTypes(
  tensors: readonly Tensor[],
  scheme: QuantizationScheme,
  context: QuantizationContext,
): readonly GgmlType[] {
  const listed = listedInFile(tensors);
  const quantizer = new Quantizer(scheme, context, listed);
  const types = new Array<GgmlType>(tensors.length);
  for (const own of listed) types[own.index] = quantizer.typeOf(own);
  return types;
}
