/** What to change so that a model fits, and what still fits where it does: each with the memory it frees on the fullest device. */
import {
  contextLabel,
  DEFAULT_SETTINGS,
  EstimateError,
  formatBytes,
  formatTokens,
  hostBytesOf,
  type KvType,
  largestContextInSteps,
  MOST_DEVICES,
  type ModelFile,
  needOf,
  type Placement,
  placeOn,
  roomOn,
  type Settings,
} from '../../vram/browser.ts';
import { deviceOf, fileOf, settingsOf } from './answer.ts';
import type { CalculatorData, CalculatorDevice, CalculatorModel, CalculatorQuant } from './data.ts';
import type { CalculatorState } from './state.ts';
import { type Fixes, fittingWays, furtherWays } from './ways.ts';

/** llama.cpp's -b: it cuts a larger micro-batch down to it. */
const DEFAULT_BATCH = 2048;
const CACHE_TYPES: readonly KvType[] = ['q8_0', 'q4_0'];
/** Share of the weights at nominal bits that a smaller or larger file surely has, for the tensors that keep their type. */
const CERTAIN = 0.8;

/** Whether it fits, or `undefined` where the engine refuses the settings. */
function tryOn(file: ModelFile, settings: Settings, device: CalculatorDevice): Placement | undefined {
  try {
    return placeOn(file, settings, device);
  } catch (error) {
    if (error instanceof EstimateError) return undefined;
    throw error;
  }
}

/** The smallest whole number in `from .. to` that is good, where numbers are good from some point on. */
async function smallestThat(
  from: number,
  to: number,
  isGood: (value: number) => Promise<boolean>,
): Promise<number | undefined> {
  if (to < from || !(await isGood(to))) return undefined;
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isGood(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Quants that a file of the model can have: MXFP4_MOE changes the type of experts, and a dense model has none. */
export const quantsFor = (data: CalculatorData, { architecture }: CalculatorModel): readonly CalculatorQuant[] =>
  data.quants.filter(({ scheme }) => scheme !== 'MXFP4_MOE' || architecture.feedForward.experts !== undefined);

/**
 * The ways to make the settings fit the chosen devices, cheapest in quality first; where they fit already, how much
 * further they go.
 *
 * @param pause waits between two estimates, so that a page stays usable meanwhile
 */
export async function fixesOf(
  data: CalculatorData,
  state: CalculatorState,
  model: CalculatorModel,
  device: CalculatorDevice,
  pause: () => Promise<void> = async () => {},
): Promise<Fixes> {
  const file = fileOf(data, state, model);
  const settings = settingsOf(state, model);
  const here = placeOn(file, settings, device);
  const fits = (placement: Placement | undefined): placement is Placement => placement?.fit === 'fits';
  const room = roomOn(device);
  const { weights } = here.allocation.device;
  const bits = data.quants.find(({ id }) => id === state.quant)?.nominalBits ?? 1;
  // What the weights alone overfill needs no estimate; nominal bits are the least a file has.
  const mayHold = (nominalBits: number, devices: number): boolean =>
    CERTAIN * weights * (nominalBits / bits) <= room * devices;
  const frees = ({ fullestBytes }: Placement): string => `frees ${formatBytes(here.fullestBytes - fullestBytes)}`;
  const quants = quantsFor(data, model);
  const place = quants.findIndex(({ id }) => id === state.quant);
  const mostBits = async (list: readonly CalculatorQuant[]) => {
    for (const quant of list.toReversed()) {
      if (!mayHold(quant.nominalBits, state.devices)) continue;
      await pause();
      const placed = tryOn(fileOf(data, { ...state, quant: quant.id }, model), settings, device);
      if (fits(placed)) return { quant, placed };
    }
    return undefined;
  };
  const longestContext = async (): Promise<number> => {
    const tries = largestContextInSteps(file, settings, device, model.maxContext);
    for (;;) {
      await pause();
      const { done, value } = tries.next();
      if (done) return value;
    }
  };

  if (here.fit === 'fits') {
    const finer = await mostBits(quants.slice(place + 1));
    return furtherWays(finer?.quant.name, 'quant', await longestContext(), model);
  }

  const ways: string[] = [];
  for (const type of CACHE_TYPES) {
    if (!mayHold(bits, state.devices) || (state.kType !== 'f16' && state.kType !== 'bf16')) break;
    await pause();
    const placed = tryOn(file, { ...settings, kType: type, vType: type }, device);
    if (!fits(placed)) continue;
    ways.push(`KV cache in ${type} (-ctk ${type} -ctv ${type}): ${frees(placed)}.`);
    break;
  }
  const smaller = await mostBits(quants.slice(0, Math.max(0, place)));
  if (smaller) ways.push(`${smaller.quant.name}: ${frees(smaller.placed)}, the most bits that fit.`);
  const longest = await longestContext();
  if (longest > 0 && longest < state.context)
    ways.push(
      `A context of ${formatTokens(longest)} tokens (-c ${longest}) instead of ${contextLabel(state.context).toUpperCase()}.`,
    );
  const withExperts = (layers: number) => tryOn(file, { ...settings, cpuMoeLayers: layers }, device);
  if (model.architecture.feedForward.experts) {
    const layers = await smallestThat(settings.cpuMoeLayers + 1, model.architecture.layers, async (count) => {
      await pause();
      return fits(withExperts(count));
    });
    const placed = layers === undefined ? undefined : withExperts(layers);
    if (layers !== undefined && placed) {
      ways.push(
        `Experts of the first ${layers} of ${model.architecture.layers} layers in RAM (--n-cpu-moe ${layers}): ${frees(placed)} and takes ${formatBytes(hostBytesOf(placed.allocation))} of RAM.`,
      );
    }
  }
  for (let devices = state.devices + 1; devices <= Math.min(MOST_DEVICES, model.architecture.layers + 1); devices++) {
    if (!mayHold(bits, devices)) continue;
    await pause();
    if (!fits(tryOn(file, { ...settings, devices }, device))) continue;
    ways.push(`${devices} x ${device.name}: the layers are split.`);
    break;
  }
  const { planForBytes, hostBytes } = needOf(file, settings);
  const other = data.devices
    .filter(({ id }) => roomOn(deviceOf(data, { ...state, gpu: id }), hostBytes) >= planForBytes)
    .sort((a, b) => a.usableBytes - b.usableBytes)[0];
  if (other) ways.push(`Another device: the smallest that holds it is the ${other.name}.`);
  return fittingWays(ways, 'Combine a smaller quant, a shorter context and more devices.');
}

/** Where the files of models are, by the model's id. */
export interface Files {
  readonly repositories: Readonly<Record<string, string>>;
  /** Repositories of the one file in the maker's own format. */
  readonly native?: Readonly<Record<string, string>>;
  /** Models that read more than text. */
  readonly readers?: readonly string[];
  /** Models that YaRN takes beyond their native context: the length that it stretches by a whole factor. */
  readonly yarn?: Readonly<Record<string, { readonly native: number; readonly original: number }>>;
  readonly checkpoints: Readonly<Record<string, string>>;
  /** Models whose repository brings code of its own, which vLLM runs where it is told to. */
  readonly remoteCode?: readonly string[];
}

/** The program that runs these settings, and its command line. */
export interface Command {
  readonly tool: string;
  readonly command: string;
}

/** llama-server with these settings. */
export function commandOf(
  data: CalculatorData,
  state: CalculatorState,
  model: CalculatorModel,
  device: CalculatorDevice,
  { repositories, native = {}, readers = [], yarn = {} }: Files,
): Command {
  const scheme = data.quants.find(({ id }) => id === state.quant)?.scheme ?? '';
  const own = scheme === 'MXFP4_MOE' ? native[state.model] : undefined;
  const repository = own ?? repositories[state.model];
  const settings = settingsOf(state, model);
  const { tensorSplit } = placeOn(fileOf(data, state, model), settings, device);
  const { cpuMoeLayers, kType, vType, mtp } = settings;
  // With -hf the projector is found and loaded unasked.
  const loaded = model.projectorBytes !== undefined && state.projector > 0;
  const found = repository !== undefined && (model.projectorBytes !== undefined || readers.includes(state.model));
  const projector = [
    ...(loaded && !found ? [`--mmproj mmproj-${state.model}.gguf`] : []),
    ...(found && !loaded ? ['--no-mmproj'] : []),
  ];
  const stretched = yarn[state.model];
  const command = [
    'llama-server',
    repository === undefined
      ? `-m ${state.model}-${state.quant}.gguf`
      : own
        ? `-hf ${own}`
        : `-hf ${repository}:${scheme}`,
    ...projector,
    `-c ${state.context}`,
    `-np ${state.sequences}`,
    '-ngl 999',
    ...(kType === DEFAULT_SETTINGS.kType ? [] : [`-ctk ${kType}`]),
    ...(vType === DEFAULT_SETTINGS.vType ? [] : [`-ctv ${vType}`]),
    ...(state.microBatch > DEFAULT_BATCH ? [`-b ${state.microBatch}`] : []),
    ...(state.microBatch === DEFAULT_SETTINGS.microBatch ? [] : [`-ub ${state.microBatch}`]),
    ...(state.flashAttention === DEFAULT_SETTINGS.flashAttention ? [] : [`-fa ${state.flashAttention}`]),
    ...(cpuMoeLayers > 0 ? [`--n-cpu-moe ${cpuMoeLayers}`] : []),
    ...(tensorSplit ? [`-ts ${tensorSplit.join(',')}`] : []),
    ...(mtp ? ['--spec-type draft-mtp'] : []),
    ...(stretched && state.context > stretched.native
      ? [
          `--rope-scaling yarn --rope-scale ${Math.ceil(state.context / stretched.original)} --yarn-orig-ctx ${stretched.original}`,
        ]
      : []),
  ].join(' ');
  return { tool: 'llama-server', command };
}

/** Plan for of the settings, and the memory there is for it. */
export interface Room {
  readonly planForBytes: number;
  readonly roomBytes: number;
}

export function roomOf(
  data: CalculatorData,
  state: CalculatorState,
  model: CalculatorModel,
  device: CalculatorDevice,
): Room {
  const { planForBytes, hostBytes } = needOf(fileOf(data, state, model), settingsOf(state, model));
  return { planForBytes, roomBytes: roomOn(device, hostBytes) * state.devices };
}
