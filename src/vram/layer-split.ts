/** Which device llama.cpp puts each layer on (src/llama-model.cpp, load_tensors). */
import type { Settings } from './allocation.ts';
import type { Architecture } from './architecture.ts';
import type { Placing } from './ggml/scheduler.ts';
import { HOST, OUTPUT_LAYER } from './ggml/tensor.ts';

/** Where the layers of a model are. Device -1 is the host. */
export interface LayerPlacement {
  readonly devices: number;
  readonly deviceOfLayer: readonly number[];
  /** The devices that hold layers, and -1 where the host does. */
  readonly holders: readonly number[];
  /** The same for the multi-token-prediction blocks of the file. */
  readonly deviceOfNextToken: readonly number[];
  /** The output layer counts as block number `layers`: it is on the last device unless it stays on the host. */
  readonly outputDevice: number;
  /** The routed experts of the first so many blocks stay on the host; the blocks for multi-token prediction follow the layers. */
  readonly expertLayersOnHost: number;
  /** llama.cpp computes micro-batches in a pipeline over the devices, with four copies of every input. */
  readonly pipelined: boolean;
  /** Some layers, experts or the output stay on the host. */
  readonly weightsOnHost: boolean;
  /** Tells placements apart. */
  readonly key: string;
  /** The same on one device; absent where it is. */
  readonly onOne: LayerPlacement | undefined;
}

const placements = new Map<string, LayerPlacement>();

/**
 * Layer split over equal devices: block `i` of `n + 1` (the output is a block too) goes to the device whose share
 * of the sum holds `i / (n + 1)`, computed in single precision as llama.cpp does.
 *
 * @param nextTokenLayers multi-token-prediction blocks that the file carries: they count as blocks of the stack
 */
export function placeLayers(
  architecture: Architecture,
  nextTokenLayers: number,
  settings: Pick<Settings, 'devices' | 'gpuLayers' | 'cpuMoeLayers'>,
): LayerPlacement {
  const key = `${architecture.layers}/${nextTokenLayers}/${settings.devices}/${settings.gpuLayers}/${settings.cpuMoeLayers}`;
  const known = placements.get(key);
  if (known) return known;
  const blocks = architecture.layers + nextTokenLayers;
  const offloaded = settings.gpuLayers < 0 ? blocks + 1 : Math.min(settings.gpuLayers, blocks + 1);
  const firstOffloaded = blocks + 1 - offloaded;
  const shares = Array.from({ length: settings.devices }, (_, device) => Math.fround((device + 1) / settings.devices));
  const deviceOf = (block: number): number => {
    if (block < firstOffloaded) return -1;
    const position = Math.fround((block - firstOffloaded) / offloaded);
    return shares.findIndex((share) => share > position);
  };
  const expertLayersOnHost = settings.cpuMoeLayers < 0 ? blocks : Math.min(settings.cpuMoeLayers, blocks);
  const deviceOfLayer = Array.from({ length: architecture.layers }, (_, layer) => deviceOf(layer));
  const placement: LayerPlacement = {
    devices: settings.devices,
    deviceOfLayer,
    holders: [...new Set(deviceOfLayer)],
    deviceOfNextToken: Array.from({ length: nextTokenLayers }, (_, index) => deviceOf(architecture.layers + index)),
    outputDevice: deviceOf(blocks),
    expertLayersOnHost,
    pipelined: settings.devices > 1 && firstOffloaded === 0 && expertLayersOnHost === 0,
    weightsOnHost: firstOffloaded > 0 || expertLayersOnHost > 0,
    key,
    onOne: settings.devices > 1 ? placeLayers(architecture, nextTokenLayers, { ...settings, devices: 1 }) : undefined,
  };
  if (placements.size > 4096) placements.clear();
  placements.set(key, placement);
  return placement;
}

/** Where ggml's scheduler finds the weights and caches of a placement. */
export function placingOf({
  devices,
  pipelined,
  deviceOfLayer,
  outputDevice,
  expertLayersOnHost,
}: LayerPlacement): Placing {
  const deviceOf = (layer: number, isExpert: boolean): number => {
    if (layer === HOST || (isExpert && layer < expertLayersOnHost)) return HOST;
    return layer === OUTPUT_LAYER ? outputDevice : (deviceOfLayer[layer] ?? HOST);
  };
  return {
    devices,
    pipelined,
    backendOf: ({ layer, holds }) => {
      const device = deviceOf(layer, holds === 'experts');
      return device < 0 ? devices : device;
    },
  };
}
