/**
 * Units, and the only rounding and formatting of amounts in the project. Everything else passes whole bytes,
 * whole tokens and plain numbers around; text is made here.
 */

/** Bytes of a gigabyte as disks, Hugging Face and this site's headline figures count it. */
export const GB = 1e9;
/** Bytes of a gibibyte as drivers and llama.cpp's logs count it. */
export const GiB = 2 ** 30;
/** Bytes of a megabyte. */
export const MB = 1e6;
/** Bytes of a mebibyte. */
export const MiB = 2 ** 20;

/** The least multiple of `multiple` that is no less than `value`: ggml's GGML_PAD, for bytes, cells and rows alike. */
export function padTo(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** The same amount in both units: `{ bytes, gb: "963 GB", gib: "897 GiB" }`. */
export interface FormattedMemory {
  readonly bytes: number;
  readonly gb: string;
  readonly gib: string;
}

/** Digits of a whole number with a comma every three. */
function withCommas(whole: number): string {
  const text = String(whole);
  return Math.abs(whole) < 1000 ? text : text.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The same from 10,000 up: "1012", "12,345". */
const groupDigits = (whole: number): string => (Math.abs(whole) < 10_000 ? String(whole) : withCommas(whole));

/**
 * A quantity at the precision the site shows: three significant figures below 100 but no more than two decimals
 * ("0.85", "9.87", "24.2", "92.0"), whole from 100 up ("1012"), two significant figures below 0.1 ("0.042").
 */
export function formatQuantity(value: number): string {
  if (value === 0) return '0';
  if (value < 0) return `-${formatQuantity(-value)}`;
  if (value >= 99.95) return groupDigits(Math.round(value));
  if (value >= 9.995) return value.toFixed(1);
  if (value >= 0.0995) return value.toFixed(2);
  return String(Number(value.toPrecision(2)));
}

/** Bytes as GB (1e9): "1012 GB", "24.2 GB", "0.85 GB". */
export function formatGB(bytes: number): string {
  return `${formatQuantity(bytes / GB)} GB`;
}

/** A round number of GB (1e9) below 10,000, at an axis: "0.5 GB", "50 GB", "1500 GB". */
export function formatRoundGB(bytes: number): string {
  return `${Number((bytes / GB).toPrecision(3))} GB`;
}

/** Bytes as a number of GB (1e9), for tables whose caption names the unit: "24.2". */
export function formatNumberOfGB(bytes: number): string {
  return formatQuantity(bytes / GB);
}

/** Bytes as GiB (2^30): "897 GiB". */
export function formatGiB(bytes: number): string {
  return `${formatQuantity(bytes / GiB)} GiB`;
}

/** Bytes as MB (1e6): "512 MB". */
export function formatMB(bytes: number): string {
  return `${formatQuantity(bytes / MB)} MB`;
}

/** Bytes as MiB (2^20): "150 MiB". */
export function formatMiB(bytes: number): string {
  return `${formatQuantity(bytes / MiB)} MiB`;
}

/** Bytes as KiB (2^10): "128 KiB", "9.56 KiB". */
export function formatKiB(bytes: number): string {
  return `${formatQuantity(bytes / 1024)} KiB`;
}

/** Bytes in the decimal unit that suits them: "963 GB", "117 MB", "9.85 KB", "512 bytes". */
export function formatBytes(bytes: number): string {
  const size = Math.abs(bytes);
  if (size >= 0.9995 * GB) return formatGB(bytes);
  if (size >= 0.9995 * MB) return formatMB(bytes);
  if (size >= 1000) return `${formatQuantity(bytes / 1000)} KB`;
  return `${bytes} bytes`;
}

/** Bytes in GB and in GiB. */
export function formatMemory(bytes: number): FormattedMemory {
  return { bytes, gb: formatGB(bytes), gib: formatGiB(bytes) };
}

const TOKENS_PER_K = 1024;
const TOKENS_PER_M = 1_048_576;

/** A context as people write it: "128K", "1M", "198K"; where it is no whole multiple of 1,024, the tokens: "1,000,000". */
export function formatTokens(tokens: number): string {
  if (tokens >= TOKENS_PER_M && tokens % TOKENS_PER_M === 0) return `${tokens / TOKENS_PER_M}M`;
  if (tokens >= TOKENS_PER_K && tokens % TOKENS_PER_K === 0) return `${tokens / TOKENS_PER_K}K`;
  return formatCount(tokens);
}

/** A whole number with a comma every three digits: "1,048,576", "8,192". */
export function formatCount(count: number): string {
  return withCommas(Math.round(count));
}

/** A context as it stands in a URL: "8k", "40k", "1m", else the tokens ("1000000"). */
export function contextLabel(tokens: number): string {
  return tokens % TOKENS_PER_K === 0 ? formatTokens(tokens).toLowerCase() : String(tokens);
}

/** Tokens of a context label ("128k", "1M", "8192"), `undefined` where the text is none. */
export function parseContextLabel(label: string): number | undefined {
  const match = /^([1-9]\d{0,9})([km]?)$/.exec(label.trim().toLowerCase());
  if (!match) return undefined;
  const unit = match[2] === 'm' ? TOKENS_PER_M : match[2] === 'k' ? TOKENS_PER_K : 1;
  return Number(match[1]) * unit;
}

/** A parameter count in three significant figures: "596M", "8.03B", "27.8B", "1.57T". */
export function formatParameters(parameters: number): string {
  const [divisor, unit] =
    parameters >= 999.5e9
      ? [1e12, 'T']
      : parameters >= 999.5e6
        ? [1e9, 'B']
        : parameters >= 999.5e3
          ? [1e6, 'M']
          : [1, ''];
  return `${Number((parameters / divisor).toPrecision(3))}${unit}`;
}

/** Bits per weight in two decimals: "4.84". */
export function formatBitsPerWeight(bits: number): string {
  return bits.toFixed(2);
}

/** A share of 1 as a percentage: "98 %", "4.2 %", "0.05 %". */
export function formatPercent(share: number): string {
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (Math.abs(percent) >= 9.95) return `${Math.round(percent)} %`;
  if (Math.abs(percent) >= 0.995) return `${percent.toFixed(1)} %`;
  return `${Number(percent.toPrecision(1))} %`;
}

/** Memory bandwidth: "1008 GB/s". */
export function formatBandwidth(gigabytesPerSecond: number): string {
  return `${formatQuantity(gigabytesPerSecond)} GB/s`;
}

/** A speed at the precision it deserves: two significant figures, 0.82, 37, 140. */
export function roundSpeed(tokensPerSecond: number): number {
  return Number(tokensPerSecond.toPrecision(2));
}

/** One speed: "37 tokens/s". */
export function formatSpeed(tokensPerSecond: number): string {
  return `${groupDigits(roundSpeed(tokensPerSecond))} tokens/s`;
}

/** A range of decode speeds: "35-70 tokens/s"; one figure where both ends round to the same. */
export function formatSpeedRange(low: number, high: number): string {
  const from = groupDigits(roundSpeed(low));
  const to = groupDigits(roundSpeed(high));
  return `${from === to ? from : `${from}-${to}`} tokens/s`;
}

/** How many times one figure is another: "2.3". */
export function formatTimes(ratio: number): string {
  return ratio.toFixed(1);
}

/** A KL divergence, in nats: two significant figures, "0.028". */
export function formatDivergence(nats: number): string {
  return nats.toPrecision(2);
}

/** How many times one figure is another at two significant figures: "1.7", "12", "130". */
export function formatFactor(ratio: number): string {
  return String(Number(ratio.toPrecision(2)));
}

/** A ratio near 1, or bytes per parameter, in two decimals: "0.98", "2.00". */
export function formatHundredths(ratio: number): string {
  return ratio.toFixed(2);
}

/** A share of 1 in whole per cent, at least one where it is not zero: "65 %", "1 %". */
export function formatWholePercent(share: number): string {
  return `${share > 0 ? Math.max(1, Math.round(share * 100)) : 0} %`;
}

/** A measured figure without a unit at three significant figures: "0.0282", "6.23". */
export function formatMeasured(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** A power of ten on an axis: "0.01", "1", "100". */
export function formatPowerOfTen(exponent: number): string {
  return String(Number((10 ** exponent).toPrecision(1)));
}

/** Bits per weight as data give them: four decimals. */
export function roundBitsPerWeight(bits: number): number {
  return Number(bits.toFixed(4));
}

/** Whole bytes of a measurement or an estimate in parts. */
export function roundBytes(bytes: number): number {
  return Math.round(bytes);
}

/** A share of a drawing in whole per mille, the unit of its coordinates. */
export function perMille(share: number): number {
  return Math.round(share * 1000);
}

/** The space between an amount and its unit, and around the "x" of several devices. */
const SPACE_OF_UNIT = /(?<=\d) (?=(?:[KMGT]i?B|%|x)(?!\w))|(?<=\d x) /g;

/** A text whose amounts no line end parts from their units: "4.32 GB", "2 x RTX 3090". */
export const keepUnits = (text: string): string => text.replace(SPACE_OF_UNIT, '\u00a0');
