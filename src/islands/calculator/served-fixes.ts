/** What `fixes.ts` has for llama.cpp, for vLLM and MLX: ways to make the settings fit, the command, the room. */
import { EstimateError, formatBytes, formatTokens, overheadOf } from '../../vram/browser.ts';
import { type CheckpointFormat, formatOf, type ServedPlacement } from '../../vram/browser-served.ts';
import { deviceOf } from './answer.ts';
import type { CalculatorData, CalculatorDevice, CalculatorModel, CalculatorQuant } from './data.ts';
import type { Command, Files, Room } from './fixes.ts';
import { limitedTo, placeInMlx, placeInVllm, shareOf } from './served.ts';
import type { CalculatorState } from './state.ts';
import { type Fixes, fittingWays, furtherWays } from './ways.ts';

type Placed = ServedPlacement & { readonly planForBytes: number };

/** Sizes of tensor-parallel groups that people build. */
const GROUPS: readonly number[] = [2, 4, 8, 16];
/** Formats whose bits differ by less than this factor are no step for a reader. */
const ALIKE = 1.05;
/** One more try where the usual share of a GPU is not enough. */
const HIGH_SHARE = 97;

function placed(model: CalculatorModel, device: CalculatorDevice, state: CalculatorState): Placed {
  return (state.engine === 'vllm' ? placeInVllm : placeInMlx)({ model, device, state });
}

/** How it is placed, or `undefined` where the engine refuses the settings. */
function tryOn(model: CalculatorModel, device: CalculatorDevice, state: CalculatorState): Placed | undefined {
  try {
    return placed(model, device, state);
  } catch (error) {
    if (error instanceof EstimateError) return undefined;
    throw error;
  }
}

export async function fixesOf(
  data: CalculatorData,
  state: CalculatorState,
  model: CalculatorModel,
  device: CalculatorDevice,
  pause: () => Promise<void> = async () => {},
): Promise<Fixes> {
  const here = placed(model, device, state);
  const isVllm = state.engine === 'vllm';
  const { largestContext: longest } = here;
  const withChange = async (change: Partial<CalculatorState>, own = device): Promise<Placed | undefined> => {
    await pause();
    const other = tryOn(model, own, { ...state, ...change });
    return other?.fit === 'fits' ? other : undefined;
  };
  const total = ({ allocation }: Placed): number => allocation.perDevice[0]?.total ?? 0;
  const frees = (other: Placed): string => `frees ${formatBytes(total(here) - total(other))}`;
  const bits = data.quants.find(({ id }) => id === state.quant)?.nominalBits ?? 0;
  const mostBits = async (list: readonly CalculatorQuant[]) => {
    for (const quant of list.toSorted((a, b) => b.nominalBits - a.nominalBits)) {
      const other = await withChange({ quant: quant.id });
      if (other) return { quant, other };
    }
    return undefined;
  };

  if (here.fit === 'fits') {
    const finer = await mostBits(data.quants.filter(({ nominalBits }) => nominalBits > ALIKE * bits));
    return furtherWays(finer?.quant.name, 'format', longest, model);
  }

  const ways: string[] = [];
  const packed = isVllm ? ['fp8'] : ['q8', 'q4'];
  for (const kType of packed.includes(state.kType) ? [] : packed) {
    const other = await withChange({ kType });
    if (!other) continue;
    const flag = isVllm ? `--kv-cache-dtype ${kType}` : `--kv-bits ${kType.slice(1)}`;
    ways.push(`KV cache in ${kType} (${flag}): ${frees(other)}.`);
    break;
  }
  if (isVllm && shareOf(state) < HIGH_SHARE / 100 && (await withChange({ limit: HIGH_SHARE })))
    ways.push(`A larger share of each GPU (--gpu-memory-utilization ${HIGH_SHARE / 100}), where nothing else uses it.`);
  const smaller = await mostBits(data.quants.filter(({ nominalBits }) => ALIKE * nominalBits < bits));
  if (smaller) ways.push(`${smaller.quant.name}: ${frees(smaller.other)}, the most bits that fit.`);
  if (longest > 0 && longest < state.context)
    ways.push(`A context of ${formatTokens(longest)} tokens instead of ${formatTokens(state.context)}.`);
  for (const devices of isVllm ? GROUPS.filter((count) => count > state.devices) : []) {
    if (!(await withChange({ devices }))) continue;
    ways.push(`${devices} x ${device.name} (--tensor-parallel-size ${devices}): every layer is split.`);
    break;
  }
  for (const { id } of data.devices.toSorted((a, b) => a.usableBytes - b.usableBytes)) {
    const own = deviceOf(data, { ...state, gpu: id });
    if (own.usableBytes < total(here)) continue;
    if (!(await withChange({ limit: isVllm ? state.limit : 0 }, own))) continue;
    ways.push(`Another device: the smallest that holds it is the ${own.name}.`);
    break;
  }
  return fittingWays(ways, `Combine a smaller format, a shorter context and ${isVllm ? 'more GPUs' : 'a larger Mac'}.`);
}

/** What MLX's converter is told to write a format. */
function converterFlags({ linear }: CheckpointFormat, name: string): string {
  const mode = /^MLX_(MXFP[48]|NVFP4)$/.exec(name)?.[1]?.toLowerCase();
  return `-q --q-bits ${linear?.bits ?? 16}${mode ? ` --q-mode ${mode}` : ''}`;
}

/** `vllm serve`, or the programs of mlx-lm, with these settings. */
export function commandOf(
  _data: CalculatorData,
  state: CalculatorState,
  model: CalculatorModel,
  _device: CalculatorDevice,
  { checkpoints, remoteCode }: Files,
): Command {
  const repository = checkpoints[state.model] ?? `./${state.model}`;
  const folder = `./${state.model}-${state.quant.toLowerCase().replaceAll('_', '-')}`;
  const format = formatOf(state.quant);
  const own = state.quant === model.published || format.native === true;
  if (state.engine === 'mlx') {
    const name = own ? repository : folder;
    const convert = own
      ? []
      : [
          `mlx_lm.convert --hf-path ${repository} --mlx-path ${folder}${format.linear ? ` ${converterFlags(format, state.quant)}` : ''}`,
        ];
    const limit = state.limit > 0 ? [`sudo sysctl iogpu.wired_limit_mb=${state.limit}`] : [];
    const packed = /^q(\d)$/.exec(state.kType)?.[1];
    const run =
      packed === undefined
        ? `mlx_lm.server --model ${name}${state.sequences > 1 ? ` --decode-concurrency ${state.sequences}` : ''}`
        : `mlx_lm.generate --model ${name} --kv-bits ${packed} --prompt "..."`;
    return { tool: 'mlx-lm', command: [...limit, ...convert, run].join('\n') };
  }
  // vLLM packs a 16-bit checkpoint in these two when it loads it; the others need files of their own.
  const packs = { FP8: 'fp8', NF4: 'bitsandbytes' }[state.quant];
  const onLoad = !own && packs !== undefined && model.published === 'BF16';
  const command = [
    `vllm serve ${own || onLoad ? repository : folder}`,
    ...(onLoad ? [`--quantization ${packs}`] : []),
    `--max-model-len ${state.context}`,
    ...(model.towerBytes !== undefined && state.projector === 0 ? ['--language-model-only'] : []),
    ...(state.sequences > 1 ? [`--max-num-seqs ${state.sequences}`] : []),
    ...(state.devices > 1 ? [`--tensor-parallel-size ${state.devices}`] : []),
    `--gpu-memory-utilization ${shareOf(state)}`,
    ...(state.kType === 'auto' ? [] : [`--kv-cache-dtype ${state.kType}`]),
    ...(state.mtp > 0 && model.architecture.nextTokenLayers !== undefined
      ? [`--speculative-config '{"method":"mtp","num_speculative_tokens":1}'`]
      : []),
    ...(remoteCode?.includes(state.model) ? ['--trust-remote-code'] : []),
  ].join(' ');
  return { tool: 'vLLM', command };
}

export function roomOf(
  _data: CalculatorData,
  state: CalculatorState,
  model: CalculatorModel,
  device: CalculatorDevice,
): Room {
  const { planForBytes } = placed(model, device, state);
  if (state.engine === 'vllm') return { planForBytes, roomBytes: device.usableBytes * state.devices };
  const { usableBytes } = limitedTo(device, state);
  return { planForBytes, roomBytes: usableBytes - overheadOf(device) };
}
