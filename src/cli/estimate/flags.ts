import { parseArgs } from 'node:util';
import { EstimateError, parseContextLabel } from '../../vram/index.ts';

/** How the text of a flag becomes the field of a request. */
type FieldType = 'text' | 'number' | 'context' | 'switch';

/** Flags that are fields of a request: type, and what the help says. */
const FIELDS: Readonly<Record<string, readonly [type: FieldType, help: string]>> = {
  model: ['text', 'id or alias of a model, e.g. deepseek-v4-pro'],
  config: ['text', 'path of a Hugging Face config.json, instead of --model'],
  quant: ['text', 'e.g. Q4_K_M; for vLLM AWQ, FP8, BF16 ..., for MLX MLX_4BIT ...'],
  context: ['context', 'tokens, e.g. 8192, 32k or 1m'],
  engine: ['text', 'llama.cpp (the default), vLLM, MLX or "rule of thumb"'],
  kvType: ['text', 'type of the KV cache: f16 (the default), q8_0, q4_0 ...; vLLM auto, fp8 ...; MLX f16, q8, q4'],
  kType: ['text', 'type of the keys alone'],
  vType: ['text', 'type of the values alone'],
  microBatch: ['number', 'tokens computed at once (512)'],
  flashAttention: ['text', 'auto (the default), on or off'],
  outputs: ['number', 'rows of logits kept per micro-batch (1)'],
  sequences: ['number', 'parallel sequences (1)'],
  devices: ['number', 'equal devices, split by layer (1); in vLLM by tensor'],
  gpuLayers: ['number', 'layers on the devices; -1 = all (-1)'],
  cpuMoeLayers: ['number', 'layers whose experts stay in RAM; -1 = all (0)'],
  mtp: ['switch', 'load the multi-token-prediction block too'],
  projector: ['switch', 'load the part that reads images or audio: in llama.cpp the mmproj file'],
  tensorParallel: ['number', 'vLLM: GPUs that share every layer (1)'],
  gpuMemoryUtilization: ['number', 'vLLM: share of each GPU it plans with (0.92)'],
  expertParallel: ['switch', 'vLLM: whole experts on each GPU'],
  maxBatchedTokens: ['number', "vLLM: tokens of a step (vLLM's default for the GPU)"],
  maxSequences: ['number', "vLLM: requests of a step (vLLM's default for the GPU)"],
  draftTokens: ['number', 'vLLM: tokens that the multi-token-prediction block drafts (0)'],
  prefixCaching: ['switch', 'vLLM: on by default; --no-prefix-caching turns it off'],
  enforceEager: ['switch', 'vLLM: no CUDA graphs'],
  prefillStep: ['number', 'MLX: tokens of a prefill step (2048)'],
  allowBeyondMaximum: ['switch', 'allow a context above the published maximum'],
  gpu: ['text', 'a device to hold the result against, e.g. rtx-4090'],
  displayReserveBytes: ['number', 'bytes kept free on every device, for a display (0)'],
};

export const HELP = `Memory that a model needs: weights, KV cache, state and compute buffer, as the engine allocates them.

  npm run estimate -- --model deepseek-v4-pro --quant Q4_K_M --context 1m

${Object.entries(FIELDS)
  .map(([name, [, help]]) => `  --${name.padEnd(22)}${help}`)
  .join('\n')}

  --json                  one JSON result instead of the table
  --jsonl                 read one JSON request a line, write one JSON result a line
  --help                  this text
`;

export interface Arguments {
  readonly mode: 'table' | 'json' | 'jsonl' | 'help';
  /** Fields of the request, to be checked like a request in JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is no number stays text, so that the check of the request can quote it. */
function numberOr(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Writes `--kv-type` as `--kvType`, `--no-prefix-caching` as `--no-prefixCaching`, and `--gpu-layers -1` as `--gpuLayers=-1`, which `parseArgs` takes for two flags. */
function normalizeArguments(commandLine: readonly string[]): string[] {
  const args: string[] = [];
  for (const arg of commandLine) {
    const previous = args.at(-1);
    if (/^-\d+$/.test(arg) && previous?.startsWith('--')) {
      args[args.length - 1] = `${previous}=${arg}`;
    } else {
      args.push(
        arg.replace(
          /^--(no-)?([^=]+)/,
          (_, no = '', name) =>
            `--${no}${name.replace(/(\w)-([a-z])/g, (_: string, before: string, letter: string) => before + letter.toUpperCase())}`,
        ),
      );
    }
  }
  return args;
}

/**
 * Reads the command line. Flags are named as the fields of a request; `--kv-type` is `--kvType`.
 * @throws EstimateError `bad-request` for a flag that does not exist, lacks its value or has no say beside `--jsonl`
 */
export function parseArguments(commandLine: readonly string[]): Arguments {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    ({ values } = parseArgs({
      args: normalizeArguments(commandLine),
      allowNegative: true,
      options: {
        json: { type: 'boolean' },
        jsonl: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(
          Object.entries(FIELDS).map(([name, [type]]) => [
            name,
            { type: type === 'switch' ? 'boolean' : 'string' } as const,
          ]),
        ),
      },
    }));
  } catch (error) {
    throw new EstimateError(
      'bad-request',
      `${error instanceof Error ? error.message : error} (--help lists the flags)`,
    );
  }
  const { json, jsonl, help, ...given } = values;
  const unheard = Object.keys({ ...(json && { json }), ...given });
  if (jsonl && !help && unheard.length > 0) {
    throw new EstimateError(
      'bad-request',
      `--jsonl is given with ${unheard.map((name) => `--${name}`).join(', ')}, expected --jsonl alone; write the fields into each line, e.g. {"gpu":"rtx-4090"}`,
    );
  }
  const fields = Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      if (typeof value !== 'string') return [name, value];
      switch (FIELDS[name]?.[0]) {
        case 'context':
          return [name, parseContextLabel(value) ?? numberOr(value)];
        case 'number':
          return [name, numberOr(value)];
        default:
          return [name, value];
      }
    }),
  );
  return { mode: help || commandLine.length === 0 ? 'help' : jsonl ? 'jsonl' : json ? 'json' : 'table', fields };
}
