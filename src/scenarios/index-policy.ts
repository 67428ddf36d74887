import type { Catalog } from '../catalog/catalog.ts';
import { formatGB, overheadOf } from '../vram/index.ts';
import { devicesOf } from './devices.ts';
import { contextsOf, type ScenarioKey } from './expand.ts';
import { memoized } from './memoized.ts';
import { modelAtQuant } from './scenario.ts';

/**
 * What a scenario answers, as one short text: Plan for after rounding, and how many of the catalogue's devices hold
 * Plan for and Needs. Devices are held against both figures alone, so the counts name the sets.
 */
export function answerSignature(catalog: Catalog, key: ScenarioKey): string {
  const { planForBytes, needsBytes } = modelAtQuant(catalog, key.model, key.quant).need(key.context);
  const rooms = roomsOf(catalog);
  return `${formatGB(planForBytes)}/${countFrom(rooms, planForBytes)}/${countFrom(rooms, needsBytes)}`;
}

/**
 * Whether search engines should index a scenario's own page: its answer differs from the one at the next shorter context
 * of the same model and quant. Where it does not, the model-at-quant page says the same in one row, and is the canonical.
 */
export function isIndexable(catalog: Catalog, key: ScenarioKey): boolean {
  const { model } = modelAtQuant(catalog, key.model, key.quant);
  const shorter = contextsOf(model)
    .filter((context) => context < key.context)
    .at(-1);
  return (
    shorter === undefined || answerSignature(catalog, { ...key, context: shorter }) !== answerSignature(catalog, key)
  );
}

/** Bytes that each device leaves to a model, ascending. */
const roomsOf = memoized((catalog: Catalog): readonly number[] =>
  devicesOf(catalog)
    .all.map(({ device }) => device.usableBytes - overheadOf(device))
    .sort((a, b) => a - b),
);

/** How many of the ascending `rooms` hold `bytes`. */
function countFrom(rooms: readonly number[], bytes: number): number {
  let low = 0;
  let high = rooms.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rooms[middle] ?? 0) >= bytes) high = middle;
    else low = middle + 1;
  }
  return rooms.length - low;
}
