/** Which values of the settings are none, and which of them llama.cpp refuses though each is one. */
import { EstimateError, type Settings } from '../allocation.ts';
import type { Architecture } from '../architecture.ts';
import { LLAMA_CPP_VERSION, sharesRows } from './llama-cpp.ts';

function requireWhole(name: string, value: number, smallest: number): void {
  if (!Number.isSafeInteger(value) || value < smallest) {
    throw new EstimateError('bad-request', `${name} is ${value}; expected a whole number of at least ${smallest}.`);
  }
}

/** @throws EstimateError `bad-request` for values that are no setting, `refused-by-engine` for what llama.cpp does not start with */
export function checkSettings(architecture: Architecture, settings: Settings): void {
  requireWhole('context', settings.context, 1);
  requireWhole('microBatch', settings.microBatch, 1);
  requireWhole('outputs', settings.outputs, 1);
  requireWhole('sequences', settings.sequences, 1);
  requireWhole('devices', settings.devices, 1);
  requireWhole('gpuLayers', settings.gpuLayers, -1);
  requireWhole('cpuMoeLayers', settings.cpuMoeLayers, -1);
  // llama.cpp holds the context in 32 bits, its batches too.
  if (settings.context > 2 ** 31 - 256)
    throw new EstimateError('bad-request', `context is ${settings.context}; expected at most 2,147,483,392.`);
  if (settings.microBatch > 1_048_576)
    throw new EstimateError('bad-request', `microBatch is ${settings.microBatch}; expected at most 1,048,576.`);
  if (settings.sequences > 256)
    throw new EstimateError('refused-by-engine', `sequences is ${settings.sequences}; expected at most 256.`);
  if (settings.devices > 16)
    throw new EstimateError('refused-by-engine', `devices is ${settings.devices}; expected at most 16.`);
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
