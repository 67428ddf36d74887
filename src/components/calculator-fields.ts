/** The calculator's fields as text (see `markup.ts`), most of it made once: on every page they are the same. */
import { FLASH_ATTENTION_CHOICES, KEYS, LIMITS } from '../islands/calculator/state.ts';
import type { CalculatorPreset } from '../scenarios/views.ts';
import { DEFAULT_SETTINGS } from '../vram/index.ts';
import { escaped } from './markup.ts';

const chosen = (label: string, name: string, value: string, text = value): string =>
  `<label>${label}<select name="${name}"><option value="${escaped(value)}">${escaped(text)}</option></select></label>`;

const number = (label: string, name: string, [min, max]: readonly [number, number], value: number, start = '<label>') =>
  `${start}${label}<input type="number" name="${name}" value="${value}" min="${min}" max="${max}" required title="${label} takes ${min} to ${max}."></label>`;

/** A file or block that llama.cpp loads where it is asked to; shown for models that have it. */
const extra = (label: string, name: string): string =>
  `<label hidden>${label}<select name="${name}"><option value="0">not loaded</option><option value="1">loaded</option></select></label>`;

const FLASH_ATTENTION = `<label>FlashAttention<select name="${KEYS.flashAttention}">${FLASH_ATTENTION_CHOICES.map((choice) => `<option>${choice}</option>`).join('')}</select></label>`;

const ENGINE = `<label>Engine<select name="${KEYS.engine}"><option value="">llama.cpp</option><option value="vllm">vLLM</option><option value="mlx">MLX</option></select></label>`;

const context = (value: string): string =>
  `<label>Context<input type="text" name="${KEYS.context}" value="${escaped(value)}" list="contexts" required pattern="\\s*[1-9]([\\s,]?\\d){0,9}\\s?[kKmM]?\\s*" title="Context takes tokens: 8192, 32k or 1m."></label><datalist id="contexts"></datalist>`;

/** The fields that are seen at once. */
export const firstFields = (preset: CalculatorPreset): string =>
  [
    chosen('Model', KEYS.model, preset.model, preset.modelName),
    ENGINE,
    chosen('Quantization', KEYS.quant, preset.quant, preset.quantName),
    context(preset.contextLabel),
    number('Number of devices', KEYS.devices, LIMITS.devices, preset.devices),
    chosen('Device', KEYS.gpu, preset.gpu, preset.gpuName),
  ].join('');

const LAST_FIELDS = [
  number('Micro-batch', KEYS.microBatch, LIMITS.microBatch, DEFAULT_SETTINGS.microBatch),
  number('Kept free for a display, MiB', KEYS.reserve, LIMITS.reserve, 0),
  number('Layers with experts in RAM', KEYS.experts, LIMITS.experts, 0, '<label hidden>'),
  number('Limit', KEYS.limit, LIMITS.limit, 0, '<label hidden>'),
  extra('Multi-token prediction', KEYS.mtp),
  extra('Projector (images, audio)', KEYS.projector),
].join('');

export const moreFields = ({ kType, vType, sequences }: CalculatorPreset): string =>
  [
    chosen('Type of K', KEYS.kType, kType),
    chosen('Type of V', KEYS.vType, vType),
    FLASH_ATTENTION,
    number('Parallel sequences', KEYS.sequences, LIMITS.sequences, sequences),
    LAST_FIELDS,
  ].join('');
