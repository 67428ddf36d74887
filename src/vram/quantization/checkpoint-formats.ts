/**
 * Formats of safetensors checkpoints: how the linear layers are stored, and which parts of a model keep 16 bits.
 * Each is what the format's usual converter writes; a repository that leaves more layers at 16 bits is larger.
 */
import { EstimateError } from '../allocation.ts';
import type { Tensor, TensorRole } from '../tensors.ts';

/** How a matrix is stored: bits per value, and the scales beside them. */
export interface Encoding {
  readonly bits: number;
  /** Scale, zero point or bias that every so many values of a row share, in bits. */
  readonly group?: { readonly values: number; readonly bits: number };
  /** A scale per tile. */
  readonly tile?: { readonly rows: number; readonly columns: number; readonly bytes: number };
  /** Scales of each row (an output channel) and of each column, in bytes. */
  readonly rowBytes?: number;
  readonly columnBytes?: number;
}

/** The engines that load a format. */
export type FormatEngine = 'vLLM' | 'MLX' | 'ExLlamaV3';

/** A format: who loads it, and how it stores each part of a model. */
export interface CheckpointFormat {
  readonly name: string;
  readonly engines: readonly FormatEngine[];
  /** Linear layers; the experts too, where `experts` is absent. `null` = 16 bits. */
  readonly linear: Encoding | null;
  readonly experts?: Encoding;
  /** Embedding table and output head; absent = 16 bits. */
  readonly embedding?: Encoding;
  readonly output?: Encoding;
  /** A model whose embedding is its head gets a head beside it, encoded as `output`. */
  readonly separateHead?: true;
  /** Routers are linear layers of their own; absent = they keep 16 bits. */
  readonly routers?: Encoding;
  /** Only checkpoints that the maker published so have it: no converter writes it. */
  readonly native?: true;
  /** Aliases beside the name, in any case. */
  readonly aliases?: readonly string[];
}

const BITS_OF_FLOAT = 16;
const FLOAT16: Encoding = { bits: BITS_OF_FLOAT };

/** AutoAWQ and GPTQ: a 16-bit scale and a 4-bit zero point per 128 values. */
const INT4_ZERO_POINTS: Encoding = { bits: 4, group: { values: 128, bits: 16 + 4 } };
/** compressed-tensors, symmetric: a 16-bit scale only. */
const int4Symmetric = (values: number): Encoding => ({ bits: 4, group: { values, bits: 16 } });
const FP8_TILES: Encoding = { bits: 8, tile: { rows: 128, columns: 128, bytes: 4 } };
const EIGHT_BITS_PER_CHANNEL: Encoding = { bits: 8, rowBytes: 4 };
const NVFP4: Encoding = { bits: 4, group: { values: 16, bits: 8 } };
const MXFP4: Encoding = { bits: 4, group: { values: 32, bits: 8 } };
const MXFP8: Encoding = { bits: 8, group: { values: 32, bits: 8 } };
/** bitsandbytes: a 32-bit maximum per 64 values; with double quantization 8 bits, and 32 bits per 256 of those. */
const NF4: Encoding = { bits: 4, group: { values: 64, bits: 32 } };
const NF4_DOUBLE: Encoding = { bits: 4, group: { values: 64, bits: 8 + 32 / 256 } };
/** MLX affine: a 16-bit scale and a 16-bit bias per 64 values. */
const affine = (bits: number): Encoding => ({ bits, group: { values: 64, bits: 32 } });
/** EXL3 trellis: whole bits, a 16-bit vector along each side. */
const exl3 = (bits: number): Encoding => ({ bits, rowBytes: 2, columnBytes: 2 });

function mlx(name: string, encoding: Encoding, aliases: readonly string[] = []): CheckpointFormat {
  const everywhere = { linear: encoding, embedding: encoding, output: encoding, routers: encoding };
  return { name, engines: ['MLX'], ...everywhere, aliases };
}

/** The head keeps 6 bits by default; the name counts the decoder alone. */
function exl3Format(bits: number): CheckpointFormat {
  return {
    name: `EXL3_${bits}BPW`,
    engines: ['ExLlamaV3'],
    linear: exl3(bits),
    output: exl3(6),
    separateHead: true,
  };
}

/** Every format that is known here. */
export const CHECKPOINT_FORMATS: readonly CheckpointFormat[] = [
  { name: 'BF16', engines: ['vLLM', 'MLX'], linear: null, aliases: ['FP16', 'F16', 'safetensors'] },
  { name: 'AWQ', engines: ['vLLM'], linear: INT4_ZERO_POINTS, aliases: ['AWQ_INT4', 'INT4_AWQ'] },
  { name: 'GPTQ_INT4', engines: ['vLLM'], linear: INT4_ZERO_POINTS, aliases: ['GPTQ', 'INT4_GPTQ'] },
  { name: 'W4A16', engines: ['vLLM'], linear: int4Symmetric(128), aliases: ['INT4', 'W4A16_G128'] },
  { name: 'W4A16_G32', engines: ['vLLM'], linear: int4Symmetric(32), aliases: ['INT4_G32'] },
  { name: 'W8A8', engines: ['vLLM'], linear: EIGHT_BITS_PER_CHANNEL, aliases: ['INT8', 'W8A8_INT8'] },
  { name: 'FP8', engines: ['vLLM'], linear: EIGHT_BITS_PER_CHANNEL, aliases: ['FP8_DYNAMIC', 'W8A8_FP8'] },
  { name: 'FP8_BLOCK', engines: ['vLLM'], linear: FP8_TILES, aliases: ['FP8_128X128'] },
  { name: 'NVFP4', engines: ['vLLM'], linear: NVFP4 },
  { name: 'MXFP4', engines: ['vLLM'], linear: MXFP4 },
  { name: 'NF4', engines: ['vLLM'], linear: NF4, aliases: ['BNB_4BIT', 'bitsandbytes'] },
  { name: 'NF4_DOUBLE', engines: ['vLLM'], linear: NF4_DOUBLE, aliases: ['BNB_4BIT_DOUBLE'] },
  mlx('MLX_4BIT', affine(4), ['4BIT', 'MLX_Q4']),
  mlx('MLX_6BIT', affine(6), ['6BIT', 'MLX_Q6']),
  mlx('MLX_8BIT', affine(8), ['8BIT', 'MLX_Q8']),
  mlx('MLX_MXFP4', MXFP4),
  mlx('MLX_NVFP4', NVFP4),
  mlx('MLX_MXFP8', MXFP8),
  ...[2, 3, 4, 5, 6, 8].map(exl3Format),
  { name: 'MXFP4_EXPERTS', engines: ['vLLM'], linear: null, experts: MXFP4, native: true },
  { ...mlx('MLX_MXFP4_Q8', affine(8)), experts: MXFP4, native: true },
  { name: 'INT4_EXPERTS', engines: ['vLLM'], linear: null, experts: int4Symmetric(32), native: true },
  {
    name: 'FP8_FP4_EXPERTS',
    engines: ['vLLM'],
    // DeepSeek V4 stores the exponent of a tile alone.
    linear: { bits: 8, tile: { rows: 128, columns: 128, bytes: 1 } },
    experts: MXFP4,
    native: true,
  },
];

/** Their names, without aliases. */
export const FORMAT_NAMES: readonly string[] = CHECKPOINT_FORMATS.map(({ name }) => name);

const canonical = (name: string): string =>
  name
    .trim()
    .toUpperCase()
    .replace(/[-\s]+/g, '_');

const byName = new Map<string, CheckpointFormat>(
  CHECKPOINT_FORMATS.flatMap((format) =>
    [format.name, ...(format.aliases ?? [])].map((name) => [canonical(name), format]),
  ),
);

/** The formats that an engine loads. */
export const formatsOf = (engine: FormatEngine): readonly CheckpointFormat[] =>
  CHECKPOINT_FORMATS.filter(({ engines }) => engines.includes(engine));

/**
 * The format of a name in any spelling people use: `AWQ`, `fp8-block`, `MLX 4bit`.
 *
 * @throws {EstimateError} `unknown-quant`
 */
export function formatOf(name: string): CheckpointFormat {
  const format = byName.get(canonical(name));
  if (format) return format;
  throw new EstimateError(
    'unknown-quant',
    `Found format "${name}"; expected one of the formats of checkpoints: ${FORMAT_NAMES.join(', ')}.`,
  );
}

/** Bits per value of the packed layers, scales included; of the experts where those are stored in another way. */
export function bitsPerLinearWeight({ linear, experts }: CheckpointFormat): number {
  const { bits, group, tile } = experts ?? linear ?? FLOAT16;
  return bits + (group ? group.bits / group.values : 0) + (tile ? (tile.bytes * 8) / (tile.rows * tile.columns) : 0);
}

/** Bytes of a matrix of `rows` output and `columns` input channels. */
export function encodedBytes(encoding: Encoding, columns: number, rows: number): number {
  const { bits, group, tile, rowBytes = 0, columnBytes = 0 } = encoding;
  const scales =
    (group ? (rows * Math.ceil(columns / group.values) * group.bits) / 8 : 0) +
    (tile ? Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * tile.bytes : 0) +
    rows * rowBytes +
    columns * columnBytes;
  return Math.ceil((rows * columns * bits) / 8 + scales);
}

const LINEAR_ROLES: ReadonlySet<TensorRole> = new Set([
  'attention',
  'linear-attention',
  'feed-forward',
  'shared-expert',
]);
/** Small projections and convolutions that every format leaves as they are, and the indexer's 16-bit gate. */
const SPARED = /conv|ssm_(alpha|beta|ba|dt|x|f_a|g_a)\b|indexer\.(proj|k_proj|q_proj)|rel_proj|_ape\b|attn_r\b/;
/** Classes whose router MLX packs in 8 bits whatever the model's bits. */
const EIGHT_BIT_ROUTERS = /^Qwen3(Next|_5Moe)For/;

/** How a format stores a tensor of a model. */
export function encodingOf(format: CheckpointFormat, tensor: Tensor, className: string): Encoding {
  const { role, name, shape } = tensor;
  if (tensor.source === 'I32') return { bits: 64 };
  if (shape.length < 2 || !name.endsWith('.weight')) return FLOAT16;
  switch (role) {
    case 'embedding':
      return format.embedding ?? FLOAT16;
    case 'output':
      return format.output ?? FLOAT16;
    case 'router':
      if (!format.routers) return FLOAT16;
      return EIGHT_BIT_ROUTERS.test(className) ? affine(8) : format.routers;
    case 'expert':
      return format.experts ?? format.linear ?? FLOAT16;
    case 'indexer':
      return SPARED.test(name) ? FLOAT16 : (format.linear ?? FLOAT16);
    default:
      return LINEAR_ROLES.has(role) && !SPARED.test(name) ? (format.linear ?? FLOAT16) : FLOAT16;
  }
}
