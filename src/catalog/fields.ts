/** Fields that records of several kinds share. */
import { z } from 'astro/zod';

/** Ids are file names and parts of URLs: lower case, words and version dots joined by "-". */
export const ID_PATTERN = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** The id that a name makes: "qwen3-30b-a3b" of "Qwen3 30B-A3B"; not of a name without any letter or digit. */
export const idOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

const FULL_DATE = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;

/** Whether `text` is YYYY-MM-DD and names a day that exists. */
function isDay(text: string): boolean {
  if (!FULL_DATE.test(text)) return false;
  const time = new Date(`${text}T00:00:00Z`);
  // "2026-02-30" would become the second of March.
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

export const day = z
  .string()
  .refine(isDay, 'a date as "YYYY-MM-DD", in quotes')
  .describe('Date as "YYYY-MM-DD", in quotes. Example: "2026-04-24".');

export const dayOrMonth = z
  .string()
  .refine((text) => isDay(text) || MONTH.test(text), 'a date as "YYYY-MM-DD" or "YYYY-MM", in quotes')
  .describe('Date as "YYYY-MM-DD", or "YYYY-MM" where the day is not known, in quotes. Example: "2026-04-24".');

export const recordId = z
  .string()
  .regex(ID_PATTERN, 'an id: lower-case letters and digits, joined by "-"')
  .describe('Id of another record: its file name without the ending.');

export const sentence = z.string().trim().min(1, 'some text');

export const count = z.int('a whole number').positive('a whole number above 0');

export const url = z
  .url({ protocol: /^https$/, hostname: z.regexes.domain, error: 'an address that starts with https://' })
  .describe('Address that starts with https://.');

/** A key of the record's own `sources`. */
export const sourceKey = z
  .string()
  .regex(ID_PATTERN, 'a key of `sources`')
  .describe('Where this was read: a key of `sources` in this record.');

export const source = z.strictObject({
  title: sentence.describe('What the page or file calls itself. Example: "DeepSeek-V4-Pro config.json".'),
  url: url.describe('Where a reader finds it; https only.'),
  what: sentence.exactOptional().describe('What was read there. Example: "layer count and expert widths".'),
});

/** What an entry of `sources` is called, in words. */
export const SOURCE_KEY_FORM = 'a key in lower case, words joined by "-"';

export const sources = z
  .record(z.string().regex(ID_PATTERN, SOURCE_KEY_FORM), source)
  .refine((all) => Object.keys(all).length > 0, 'at least one source')
  .describe('Every source of this record, each under a short key that the `source` keys name.');

export const proseSources = z
  .array(sourceKey)
  .readonly()
  .exactOptional()
  .describe('Keys of `sources` that the text below the front matter, the caveats or the FAQ rest on.');

export const updated = day.describe(
  'Day of the last change of a fact or sentence in this record. Example: "2026-11-25".',
);

export const aliases = z
  .array(sentence)
  .readonly()
  .refine((names) => new Set(names).size === names.length, 'every alias once')
  .describe('Other names that people type. Capitals, dots, dashes, spaces and underscores make no difference.');

export const comparedWith = z
  .array(recordId)
  .readonly()
  .refine((ids) => new Set(ids).size === ids.length, 'every id once')
  .exactOptional()
  .describe(
    'Ids of records of the same kind that people compare it with; each pair has a page. One of the two names it.',
  );

export const caveats = z
  .array(sentence)
  .readonly()
  .exactOptional()
  .describe('Sentences shown beside the figures: what a reader must know before relying on them.');
