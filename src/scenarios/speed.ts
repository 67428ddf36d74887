import { DEFAULT_SETTINGS, decodeSpeed, formatSpeedRange, type SpeedDevice } from '../vram/index.ts';
import type { CatalogDevice } from './devices.ts';
import { memoized } from './memoized.ts';
import type { ModelAtQuant } from './scenario.ts';

/** Tokens in the cache at which decode speed is stated: a short prompt, as the measured runs behind the rule had. */
export const SPEED_DEPTH = 1024;

/** Texts by device: of one, and of several, which take turns. */
const speedsOf = memoized(
  (_: ModelAtQuant) => [new Map<SpeedDevice, string>(), new Map<SpeedDevice, string>()] as const,
);

/** Decode speed of one user with a short prompt; `undefined` where the device's bandwidth is unknown. */
export function speedText(at: ModelAtQuant, own: CatalogDevice, count: number): string | undefined {
  if (!own.speed) return undefined;
  const [single, several] = speedsOf(at);
  const known = count > 1 ? several : single;
  let text = known.get(own.speed);
  if (text === undefined) {
    const settings = { ...DEFAULT_SETTINGS, devices: count };
    const { low, high } = decodeSpeed(at.file.architecture, at.file.scheme, settings, own.speed, SPEED_DEPTH);
    text = formatSpeedRange(low, high);
    known.set(own.speed, text);
  }
  return text;
}
