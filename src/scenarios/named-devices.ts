/** Which of the devices that hold a scenario pages name, and how. */
import { type CatalogDevice, devicesOf } from './devices.ts';
import { type DeviceSet, type Facts, known, MOST_IN_ONE_PC, type Tier } from './facts.ts';
import { deviceLabel, joinWords, namesAgainst } from './words.ts';

/** What every card of the catalogue holds more than twice. */
export const ANY_CARD_BYTES = 2.5e9;

/** The best-known device of a tier. */
export const bestOf = ({ devices }: Tier): CatalogDevice => known(devices[0]);

/** "RTX 4090 (24 GB) or RTX 3090 (24 GB)": the two best-known devices of a tier that holds so many bytes. */
export const tierNames = ({ devices }: Tier, bytes: number): string => namesAgainst(devices.slice(0, 2), bytes);

/** "13 x H100 80GB or 8 x H200 141GB": sets of which any does. */
export const setNames = (sets: readonly DeviceSet[]): string =>
  joinWords(
    sets.map(({ own, count }) => deviceLabel(own.gpu, count)),
    'or',
  );

/** The datacenter sets a reader plans with: H100 and H200 where they do, otherwise the two of the largest GPUs. */
export function namedSets(facts: Facts): readonly DeviceSet[] {
  const { usualNodes } = devicesOf(facts.catalog);
  const usual = facts.datacenterSets.filter(({ own }) => usualNodes.includes(own));
  return usual.length > 0 ? usual : facts.datacenterSets.slice(-2);
}

/** Sets of desktop or workstation cards that one PC takes. */
export const setsInOnePc = ({ consumerSets }: Facts): readonly DeviceSet[] =>
  consumerSets.filter(({ count }) => count <= MOST_IN_ONE_PC);

/** " In one PC it takes 2 x RTX 4090 or 2 x RTX 5090.": what holds it together where one card does that is not for desktops; else empty. */
export function besideCard(facts: Facts): string {
  const inOnePc = setsInOnePc(facts).slice(-2);
  if (inOnePc.length > 0) return ` In one PC it takes ${setNames(inOnePc)}.`;
  const { insteadOfCard } = facts;
  return insteadOfCard.length > 0 ? ` Otherwise it takes ${setNames(insteadOfCard)}.` : '';
}

/** GPUs of a usual server. */
export const SERVER_GPUS = 8;

/** Usual servers that a set takes. */
export const serversOf = ({ count }: DeviceSet): number => Math.ceil(count / SERVER_GPUS);

/** The set of {@link namedSets} to run llama.cpp on, which sees the GPUs of its own server: on the fewest servers, the first of equals. */
export const setToRunOn = (facts: Facts): DeviceSet | undefined =>
  namedSets(facts).toSorted((a, b) => serversOf(a) - serversOf(b))[0];

/** "8 x H200 141GB (one full server)". */
export function serverText(set: DeviceSet): string {
  const { own, count } = set;
  const servers = serversOf(set);
  const where = count === SERVER_GPUS ? ' (one full server)' : servers > 1 ? ` (${servers} servers)` : '';
  return `${deviceLabel(own.gpu, count)}${where}`;
}
