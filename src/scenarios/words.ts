/** Small pieces of wording that several pages share. Amounts are rounded in `vram/units.ts`, never here. */
import type { GpuRecord } from '../catalog/gpu.schema.ts';
import { type Fit, formatCount, formatGB, formatTokens, formatWholePercent, GB, planForBytes } from '../vram/index.ts';
import type { CatalogDevice } from './devices.ts';
import { memoized } from './memoized.ts';

/** The words of the verdicts. */
export const FIT_TEXT: Readonly<Record<Fit, string>> = { fits: 'fits', tight: 'tight', no: 'does not fit' };

/** What Plan for adds to Needs at the least: "5 %". */
export const HEADROOM_TEXT = formatWholePercent(planForBytes(GB) / GB - 1);

/** "a", "a and b", "a, b and c"; `word` replaces "and". */
export function joinWords(words: readonly string[], word = 'and'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** "RTX 4090", "2 x RTX 3090", "13 x H100 80GB". */
export function deviceLabel(gpu: GpuRecord, count = 1): string {
  return count === 1 ? gpu.shortName : `${count} x ${gpu.shortName}`;
}

/** "RTX 4090", "RTX 4090, RTX 3090 or RTX 3090 Ti": devices of which any does. */
export const shortNames = (devices: readonly CatalogDevice[]): string =>
  joinWords(
    devices.map(({ gpu }) => gpu.shortName),
    'or',
  );

/** A context as a reader says it in a sentence: "8K tokens", "1M tokens", "1,000,000 tokens". */
export const tokensText = (tokens: number): string => `${formatTokens(tokens)} tokens`;

/** A context in a title: "32K", "1M", "1,000,000 tokens". */
export function contextTitle(tokens: number): string {
  const text = formatTokens(tokens);
  return /[KM]$/.test(text) ? text : `${text} tokens`;
}

/** "1 layer", "31 layers". */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** "the experts of the first 28 of 52 layers": what --n-cpu-moe counts, whether or not each of them has experts. */
export const expertsOfFirst = (count: number, { layers }: { readonly layers: number }): string =>
  `the experts of the first ${count === 1 ? '' : `${formatCount(count)} `}of ${formatCount(layers)} layers`;

/** "Both", "All 31": before the name of what there is more than one of. */
export const allOf = (count: number): string => (count === 2 ? 'Both' : `All ${formatCount(count)}`);

/** First letter in upper case. */
export const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "an RTX 4090", "a DGX Spark", "an 8 GB card": the article that goes with how the first character is said. */
export function withArticle(text: string): string {
  const vowel = /^(8|11\b|18\b|[AEFHILMNORSX][A-Z\d]|[AEIO][a-z])/.test(text);
  return `${vowel ? 'an' : 'a'} ${text}`;
}

/** A ratio a reader can picture: "half", "a third", "a quarter", "a fifth", "a tenth"; otherwise per cent. */
export function shareText(share: number): string {
  const named: readonly (readonly [number, string])[] = [
    [1 / 2, 'half'],
    [1 / 3, 'a third'],
    [1 / 4, 'a quarter'],
    [1 / 5, 'a fifth'],
    [1 / 10, 'a tenth'],
  ];
  const close = named.find(([value]) => Math.abs(share - value) < value * 0.06);
  return close ? `about ${close[1]}` : formatWholePercent(share);
}

/** "RTX 4090 (24 GB)", "H100 80GB": the name with its memory, once. */
export const nameWithMemory = memoized(({ shortName, memoryGB }: GpuRecord): string =>
  shortName.includes(`${memoryGB}GB`) ? shortName : `${shortName} (${memoryGB} GB)`,
);

type Labelled = Pick<GpuRecord, 'memoryGB'>;

/** The label in GB is less than so many bytes: a reader would find the device too small for what it holds. */
const labelledLess = ({ memoryGB }: Labelled, bytes: number): boolean => bytes > memoryGB * GB;

/** The memory on the label, in the unit that the label means where `bytes`, which it holds, are more than the label: "20 GB", "20 GiB". */
export const sizeForBytes = (own: Labelled, bytes: number): string =>
  `${own.memoryGB} ${labelledLess(own, bytes) ? 'GiB' : 'GB'}`;

/** The name with its memory, in that unit: "RX 7900 XT (20 GiB)". */
export const nameForBytes = (gpu: GpuRecord, bytes: number): string =>
  labelledLess(gpu, bytes) ? `${gpu.shortName} (${sizeForBytes(gpu, bytes)})` : nameWithMemory(gpu);

const usableText = ({ gpu, device }: CatalogDevice): string =>
  `(${gpu.memoryGB} GiB, ${formatGB(device.usableBytes)} of it usable)`;

/** The same in a sentence, with what is usable: "RX 7900 XT (20 GiB, 21.4 GB of it usable)". */
export const nameAgainst = (own: CatalogDevice, bytes: number): string =>
  labelledLess(own.gpu, bytes) ? `${own.gpu.shortName} ${usableText(own)}` : nameWithMemory(own.gpu);

/** The same of several, of which any does: "RX 6800 XT or RX 6900 XT (16 GiB, 17.0 GB of it usable)". */
export function namesAgainst(devices: readonly CatalogDevice[], bytes: number): string {
  const [first] = devices;
  if (first && devices.every((own) => labelledLess(own.gpu, bytes) && usableText(own) === usableText(first)))
    return `${shortNames(devices)} ${usableText(first)}`;
  return joinWords(
    devices.map((own) => nameAgainst(own, bytes)),
    'or',
  );
}
