/** Which values of the settings are none, and which of them llama.cpp refuses though each is one. */
import { EstimateError, type Settings } from '../allocation.ts';
import type { Architecture } from '../architecture.ts';
import { LLAMA_CPP_VERSION, sharesRows } from './llama-cpp.ts';
import { requireWhole } from './whole-numbers.ts';

/** llama.cpp holds tokens in 32 bits, and pads the context to 256 of them. */
const MOST_TOKENS = 2 ** 31 - 256;
/** Beyond any batch; what grows with its square is still an exact number of bytes. */
const MOST_BATCH_TOKENS = 2 ** 20;
const MOST_COUNT = Number.MAX_SAFE_INTEGER;
/** LLAMA_MAX_SEQ. */
const MOST_SEQUENCES = 256;
/** llama_max_devices: one more than released builds run on, see MOST_DEVICES in placement.ts. */
const MOST_IN_OWN_BUILD = 16;

function requireAtMost(name: string, value: number, most: number): void {
  if (value <= most) return;
  throw new EstimateError(
    'refused-by-engine',
    `${name} is ${value}; llama.cpp ${LLAMA_CPP_VERSION} takes at most ${most}.`,
  );
}

/** @throws EstimateError `bad-request` for values that are no setting, `refused-by-engine` for what llama.cpp does not start with */
export function checkSettings(architecture: Architecture, settings: Settings): void {
  requireWhole('context', settings.context, 1, MOST_TOKENS);
  requireWhole('microBatch', settings.microBatch, 1, MOST_BATCH_TOKENS);
  requireWhole('outputs', settings.outputs, 1, MOST_COUNT);
  requireWhole('sequences', settings.sequences, 1, MOST_COUNT);
  requireWhole('devices', settings.devices, 1, MOST_COUNT);
  requireWhole('gpuLayers', settings.gpuLayers, -1, MOST_COUNT);
  requireWhole('cpuMoeLayers', settings.cpuMoeLayers, -1, MOST_COUNT);
  requireAtMost('sequences', settings.sequences, MOST_SEQUENCES);
  requireAtMost('devices', settings.devices, MOST_IN_OWN_BUILD);
  const { kType, vType } = settings;
  if (kType !== vType && sharesRows(architecture)) {
    throw new EstimateError(
      'refused-by-engine',
      `llama.cpp ${LLAMA_CPP_VERSION} keeps K and V of this model in one row: the cache types of K (${kType}) and V (${vType}) must be equal.`,
    );
  }
  if (settings.mtp && (architecture.nextTokenLayers ?? 0) === 0) {
    throw new EstimateError('bad-request', 'mtp is true, and the model has no multi-token-prediction blocks.');
  }
}
