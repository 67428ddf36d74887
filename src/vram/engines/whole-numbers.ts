/** Bounds of settings that are counts. */
import { EstimateError } from '../allocation.ts';

/** @throws {EstimateError} `bad-request`, naming the setting, what it is and what it may be */
export function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new EstimateError('bad-request', `${name} is ${value}; expected a whole number from ${least} to ${most}.`);
}
