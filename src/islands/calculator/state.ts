/** The calculator's settings. */
import {
  contextLabel,
  DEFAULT_SETTINGS,
  KV_TYPES,
  MOST_DEVICES,
  parseContextLabel,
  type Settings,
} from '../../vram/browser.ts';
import type { CalculatorData } from './data.ts';

/** llama.cpp (an empty text, so that links need not name it), vLLM, MLX. */
export const ENGINES = ['', 'vllm', 'mlx'] as const;

export interface CalculatorState {
  readonly engine: (typeof ENGINES)[number];
  /** Ids of the data. */
  readonly model: string;
  readonly quant: string;
  readonly gpu: string;
  /** Tokens. */
  readonly context: number;
  /** Types of the cache as the engine calls them; only llama.cpp has them apart. */
  readonly kType: string;
  readonly vType: string;
  readonly sequences: number;
  readonly microBatch: number;
  readonly flashAttention: Settings['flashAttention'];
  /** Equal devices. */
  readonly devices: number;
  /** Layers whose experts stay in RAM, where the model has experts. */
  readonly experts: number;
  /** 1: the multi-token-prediction blocks are loaded, where the model has them. */
  readonly mtp: number;
  /** 1: the projector file is loaded, where its size is known. */
  readonly projector: number;
  /** MiB of every device that are kept free for a display. */
  readonly reserve: number;
  /** What the engine may use of a device: percent for vLLM, MiB for MLX; 0 = its default. llama.cpp has none. */
  readonly limit: number;
}

export const FLASH_ATTENTION_CHOICES = ['auto', 'on', 'off'] as const satisfies Settings['flashAttention'][];

/** Least and most of the number fields. */
export const LIMITS = {
  sequences: [1, 256],
  microBatch: [1, 16_384],
  devices: [1, 16],
  experts: [0, 999],
  mtp: [0, 1],
  projector: [0, 1],
  reserve: [0, 99_999],
  limit: [0, 999_999],
} as const;

/** The contexts that lists offer, in tokens. */
const CONTEXT_LADDER = [4, 8, 16, 32, 64, 128, 256, 512, 1024].map((k) => k * 1024);

/** The usual contexts up to the longest, in tokens. */
export const contextsUpTo = (longest: number): readonly number[] => [
  ...CONTEXT_LADDER.filter((tokens) => tokens < longest),
  longest,
];

/** Keys of the fragment, which are the names of the form's controls too. */
export const KEYS = {
  engine: 'e',
  model: 'm',
  quant: 'q',
  context: 'c',
  kType: 'k',
  vType: 'v',
  sequences: 's',
  microBatch: 'b',
  flashAttention: 'f',
  gpu: 'g',
  devices: 'n',
  experts: 'x',
  mtp: 't',
  projector: 'p',
  reserve: 'r',
  limit: 'u',
} as const satisfies Record<keyof CalculatorState, string>;

/** The settings that decide which plan the engine makes, as text: with others changed alone, an answer takes little. */
export const planKeyOf = (state: CalculatorState): string => {
  const { engine, model, kType, vType, sequences, microBatch, flashAttention, devices, experts, mtp, quant } = state;
  const ofWeights = experts > 0 && quant;
  return `${[engine, model, kType, vType, sequences, microBatch, flashAttention, devices, experts, mtp, ofWeights]}`;
};

/** Whether llama.cpp's notes may have something to say of the settings: most do without their code. */
export const isUnusual = ({ engine, kType, vType, flashAttention, devices, mtp }: CalculatorState): boolean =>
  !engine &&
  (mtp > 0 || devices > MOST_DEVICES || flashAttention === 'on' || !/f16$|^(q[48]_0)\1$/.test(kType + vType));

/** The first of everything, with the engine's default settings. */
export function firstState({ models, quants, devices }: CalculatorData): CalculatorState {
  const { context, kType, vType, sequences, microBatch, flashAttention } = DEFAULT_SETTINGS;
  return {
    engine: '',
    model: models[0]?.id ?? '',
    quant: quants[0]?.id ?? '',
    gpu: devices[0]?.id ?? '',
    context,
    kType,
    vType,
    flashAttention,
    sequences,
    microBatch,
    devices: 1,
    experts: 0,
    mtp: 0,
    projector: 0,
    reserve: 0,
    limit: 0,
  };
}

const idsOf = (list: readonly { readonly id: string }[]): readonly string[] => list.map(({ id }) => id);

/**
 * Reads settings by their keys; what is missing, unknown or out of bounds keeps its value of `base`.
 *
 * @param data what the engine that is chosen offers
 */
export function readState(
  read: (key: string) => string | null,
  { models, quants, devices, kvTypes = KV_TYPES }: CalculatorData,
  base: CalculatorState,
): CalculatorState {
  const oneOf = <T extends string>(field: keyof CalculatorState, choices: readonly T[]): T => {
    const text = read(KEYS[field]);
    return choices.find((choice) => choice === text) ?? (base[field] as T);
  };
  const numbers = Object.entries(LIMITS).map(([field, [least, most]]) => {
    const key = field as keyof typeof LIMITS;
    const value = Number(read(KEYS[key]) || Number.NaN);
    return [key, Number.isInteger(value) && value >= least && value <= most ? value : base[key]];
  });
  return {
    engine: oneOf('engine', ENGINES),
    model: oneOf('model', idsOf(models)),
    quant: oneOf('quant', idsOf(quants)),
    gpu: oneOf('gpu', idsOf(devices)),
    // As people write it, and as pages do: "32 K", "43,520".
    context: parseContextLabel((read(KEYS.context) ?? '').replace(/[\s,]/g, '')) ?? base.context,
    kType: oneOf('kType', kvTypes),
    vType: oneOf('vType', kvTypes),
    flashAttention: oneOf('flashAttention', FLASH_ATTENTION_CHOICES),
    ...(Object.fromEntries(numbers) as Record<keyof typeof LIMITS, number>),
  };
}

/** A setting as its control and the fragment write it. */
export function textOf(state: CalculatorState, field: keyof CalculatorState): string {
  return field === 'context' ? contextLabel(state.context) : String(state[field]);
}
