import { DEFAULT_SETTINGS, decodeSpeed, formatSpeedRange } from '../vram/index.ts';
import type { CatalogDevice } from './devices.ts';
import type { ModelAtQuant } from './scenario.ts';

/** Tokens in the cache at which decode speed is stated: a short prompt, as the measured runs behind the rule had. */
export const SPEED_DEPTH = 1024;

const speeds = new WeakMap<ModelAtQuant, Map<string, string>>();

/** Decode speed of one user with a short prompt; `undefined` where the device's bandwidth is unknown. */
export function speedText(at: ModelAtQuant, own: CatalogDevice, count: number): string | undefined {
  if (!own.speed) return undefined;
  let known = speeds.get(at);
  if (!known) {
    known = new Map();
    speeds.set(at, known);
  }
  const key = `${own.speed.speedClass}/${own.speed.bandwidthGBps}/${count > 1}`;
  let text = known.get(key);
  if (text === undefined) {
    const settings = { ...DEFAULT_SETTINGS, devices: count };
    const { low, high } = decodeSpeed(at.file.architecture, at.file.scheme, settings, own.speed, SPEED_DEPTH);
    text = formatSpeedRange(low, high);
    known.set(key, text);
  }
  return text;
}
