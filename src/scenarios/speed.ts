import {
  bytesPerToken,
  DEFAULT_SETTINGS,
  decodeSpeedReading,
  formatSpeedRange,
  type SpeedDevice,
} from '../vram/index.ts';
import type { CatalogDevice } from './devices.ts';
import { memoized } from './memoized.ts';
import type { ModelAtQuant } from './scenario.ts';

/** Tokens in the cache at which decode speed is stated: a short prompt, as the measured runs behind the rule had. */
export const SPEED_DEPTH = 1024;

/** What one token reads, and texts by device: of one, and of several, which take turns and read the same. */
const speedsOf = memoized(({ file: { architecture, scheme } }: ModelAtQuant) => ({
  bytes: bytesPerToken(architecture, scheme, DEFAULT_SETTINGS, SPEED_DEPTH),
  single: new Map<SpeedDevice, string>(),
  several: new Map<SpeedDevice, string>(),
}));

/** Decode speed of one user with a short prompt; `undefined` where the device's bandwidth is unknown. */
export function speedText(at: ModelAtQuant, own: CatalogDevice, count: number): string | undefined {
  if (!own.speed) return undefined;
  const { bytes, single, several } = speedsOf(at);
  const known = count > 1 ? several : single;
  let text = known.get(own.speed);
  if (text === undefined) {
    const settings = { ...DEFAULT_SETTINGS, devices: count };
    const { low, high } = decodeSpeedReading(bytes, at.file.architecture, settings, own.speed);
    text = formatSpeedRange(low, high);
    known.set(own.speed, text);
  }
  return text;
}
