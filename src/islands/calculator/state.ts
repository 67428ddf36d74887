/** The calculator's settings, and their form in a URL fragment: `#m=deepseek-v4-pro&q=q4-k-m&c=1m&...`. */
import {
  contextLabel,
  DEFAULT_SETTINGS,
  KV_TYPES,
  type KvType,
  parseContextLabel,
  type Settings,
} from '../../vram/browser.ts';
import type { CalculatorData } from './data.ts';

export interface CalculatorState {
  /** Ids of the data. */
  readonly model: string;
  readonly quant: string;
  readonly gpu: string;
  /** Tokens. */
  readonly context: number;
  readonly kType: KvType;
  readonly vType: KvType;
  readonly sequences: number;
  readonly microBatch: number;
  readonly flashAttention: Settings['flashAttention'];
  /** Equal devices. */
  readonly devices: number;
}

export const KV_TYPE_NAMES = Object.keys(KV_TYPES) as readonly KvType[];
export const FLASH_ATTENTION_CHOICES = ['auto', 'on', 'off'] as const satisfies Settings['flashAttention'][];

/** Least and most of the number fields. */
export const LIMITS = {
  sequences: [1, 256],
  microBatch: [1, 16_384],
  devices: [1, 16],
} as const;

/** Keys of the fragment, which are the names of the form's controls too. */
export const KEYS = {
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
} as const satisfies Record<keyof CalculatorState, string>;

/** The first of everything, with the engine's default settings. */
export function firstState({ models, quants, devices }: CalculatorData): CalculatorState {
  const { context, kType, vType, sequences, microBatch, flashAttention } = DEFAULT_SETTINGS;
  return {
    model: models[0]?.id ?? '',
    quant: quants[0]?.id ?? '',
    gpu: devices[0]?.id ?? '',
    context,
    kType,
    vType,
    sequences,
    microBatch,
    flashAttention,
    devices: 1,
  };
}

function idIn(list: readonly { readonly id: string }[], id: string | null): string | undefined {
  return list.find((entry) => entry.id === id)?.id;
}

function choiceIn<T extends string>(choices: readonly T[], text: string | null): T | undefined {
  return choices.find((choice) => choice === text);
}

function wholeNumberIn([least, most]: readonly [number, number], text: string | null): number | undefined {
  if (text === null || !/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** Reads settings by their keys; what is missing, unknown or out of bounds keeps its value of `base`. */
export function readState(
  read: (key: string) => string | null,
  data: CalculatorData,
  base: CalculatorState,
): CalculatorState {
  return {
    model: idIn(data.models, read(KEYS.model)) ?? base.model,
    quant: idIn(data.quants, read(KEYS.quant)) ?? base.quant,
    gpu: idIn(data.devices, read(KEYS.gpu)) ?? base.gpu,
    context: parseContextLabel(read(KEYS.context) ?? '') ?? base.context,
    kType: choiceIn(KV_TYPE_NAMES, read(KEYS.kType)) ?? base.kType,
    vType: choiceIn(KV_TYPE_NAMES, read(KEYS.vType)) ?? base.vType,
    sequences: wholeNumberIn(LIMITS.sequences, read(KEYS.sequences)) ?? base.sequences,
    microBatch: wholeNumberIn(LIMITS.microBatch, read(KEYS.microBatch)) ?? base.microBatch,
    flashAttention: choiceIn(FLASH_ATTENTION_CHOICES, read(KEYS.flashAttention)) ?? base.flashAttention,
    devices: wholeNumberIn(LIMITS.devices, read(KEYS.devices)) ?? base.devices,
  };
}

/** Reads a fragment ("#m=...&q=..."); parts that make no sense are ignored. */
export function readFragment(fragment: string, data: CalculatorData, base: CalculatorState): CalculatorState {
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  return readState((key) => values.get(key), data, base);
}

/** The fragment of settings, which {@link readFragment} reads back. */
export function writeFragment(state: CalculatorState): string {
  const values = new URLSearchParams();
  for (const [field, key] of Object.entries(KEYS) as [keyof CalculatorState, string][]) {
    values.set(key, field === 'context' ? contextLabel(state.context) : String(state[field]));
  }
  return `#${values}`;
}
