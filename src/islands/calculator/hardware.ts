/** The reader's own device: what the browser says of it, and what the reader asked to keep. */

/** A device to keep, with the number of them and the memory kept for the display in MiB. */
export interface Hardware {
  readonly gpu: string;
  readonly devices: number;
  readonly reserve: number;
}

/** Where the device is kept; `own-hardware.ts` marks it on pages. */
const STORAGE_KEY = 'hardware';

const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replace(/geforce|nvidia|radeon|amd|intel|graphics|\((tm|r)\)/g, ' ')
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '' && !/^\d+gb$/.test(word));

/** The GB of memory that a name states; `undefined` where it leaves them out. */
const memoryIn = (name: string): string | undefined => /\b\d+(?= ?GB\b)/i.exec(name)?.[0];

/**
 * The devices that an adapter's name may mean, least memory first: those whose name, without memory size, is in it with
 * the most words. Where both names state a size, it is the same.
 */
export function devicesNamed<T extends { readonly name: string; readonly usableBytes: number }>(
  adapter: string,
  devices: readonly T[],
): readonly T[] {
  const heard = wordsOf(adapter);
  const said = ` ${heard.join(' ')} `;
  const memory = memoryIn(adapter);
  const matches = devices
    .filter(({ name }) => memory === undefined || (memoryIn(name) ?? memory) === memory)
    .map((device) => ({ device, words: wordsOf(device.name) }))
    .filter(({ words }) => words.length > 0 && said.includes(` ${words.join(' ')} `));
  const most = Math.max(0, ...matches.map(({ words }) => words.length));
  return matches
    .filter(({ words }) => words.length === most)
    .map(({ device }) => device)
    .sort((a, b) => a.usableBytes - b.usableBytes);
}

interface AdapterInfo {
  readonly description?: string;
  readonly device?: string;
  readonly vendor?: string;
  readonly architecture?: string;
}

/** The name of the graphics adapter as the browser tells it; empty where it tells none. */
export async function adapterName(): Promise<string> {
  const { gpu } = navigator as {
    readonly gpu?: { requestAdapter(options: object): Promise<{ readonly info?: AdapterInfo } | null> };
  };
  const info = (await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null))?.info;
  const said = [info?.description, info?.device].filter(Boolean).join(' ');
  if (said !== '') return said;
  // WebGPU names vendor and generation only in most browsers; WebGL names the device.
  const context = document.createElement('canvas').getContext('webgl');
  const extension = context?.getExtension('WEBGL_debug_renderer_info');
  const renderer: unknown = context && extension ? context.getParameter(extension.UNMASKED_RENDERER_WEBGL) : '';
  return typeof renderer === 'string' && renderer !== ''
    ? renderer
    : [info?.vendor, info?.architecture].filter(Boolean).join(' ');
}

/** What was kept, or `undefined` where nothing was or storage is off. */
export function keptHardware(): Hardware | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return undefined;
    const { gpu, devices, reserve } = kept as Readonly<Record<string, unknown>>;
    return typeof gpu === 'string' && typeof devices === 'number' && typeof reserve === 'number'
      ? { gpu, devices, reserve }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a device, or forgets it; returns whether storage took it. */
export function keepHardware(hardware: Hardware | undefined): boolean {
  try {
    if (hardware) localStorage.setItem(STORAGE_KEY, JSON.stringify(hardware));
    else localStorage.removeItem(STORAGE_KEY);
    return true;
  } catch {
    return false;
  }
}
