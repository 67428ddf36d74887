/**
 * Markup as text, for `set:html`, of what a page has dozens or hundreds: each component, expression and attribute of a
 * template costs objects of its own. Every text goes through `escaped`.
 */
import { COMMAND_OPTIONS } from '../islands/command-options.ts';
import type { FitWord } from '../scenarios/views.ts';
import { FIT_TEXT } from '../scenarios/words.ts';
import { keepUnits } from '../vram/index.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&quot;',
};

const ESCAPABLE = /[&<>'"]/;
const EVERY_ESCAPABLE = /[&<>'"]/g;
const TOGETHER = /(?<![\w/-])(?:--?[a-z][\w-]*|gpt-oss|\d(?:\d*-bit|\d{3}-\d\d-\d\d|[\d.,]*-\d[\d.,]*(?=\s)))/g;

const TOGETHER_IN_CELL = new RegExp(
  String.raw`(?<![\w.&#/-])(?=[\w.-]{1,12}(?![\w./-]))\w[\w.]*(?:-[\w.]+)+|${TOGETHER.source}`,
  'g',
);

/** Text or the value of an attribute, as Astro escapes text. */
export const escaped = (text: string): string =>
  ESCAPABLE.test(text) ? text.replace(EVERY_ESCAPABLE, (sign) => ENTITIES[sign] ?? sign) : text;

/**
 * Text whose amounts, flags, ranges and short hyphenated names stay on one line: "4.32 GB", "2 x RTX 3090", "--n-cpu-moe",
 * "35-70", "2026-04-02", "gpt-oss", "4-bit".
 */
export const words = (text: string): string => {
  const whole = keepUnits(escaped(text));
  return whole.includes('-') ? whole.replace(TOGETHER, '<span class="one">$&</span>') : whole;
};

/**
 * Text of a table, whose cells are narrow: its short names stay on one line too, "30B-A3B", "Qwen3-Next". In sentences they
 * may part at their hyphen, as words do.
 */
export const cellWords = (text: string): string =>
  keepUnits(escaped(text)).replace(TOGETHER_IN_CELL, '<span class="one">$&</span>');

/** A command, none of whose options is torn from a short value. */
export const commandLine = (text: string): string =>
  escaped(text).replace(COMMAND_OPTIONS, '<span class="one">$&</span>');

const withSign = (fit: FitWord, markup: string): string =>
  `<span class="fit ${fit}"><svg aria-hidden="true"><use href="#${fit}"></use></svg>${markup}</span>`;

/** The sign of a verdict and its word. */
export const verdict = (fit: FitWord, text: string): string => withSign(fit, escaped(text));

/** Whether a text is the word of the verdict, so that the sign needs none of its own. */
export const isWordOf = (fit: FitWord, text: string): boolean => FIT_TEXT[fit] === text;

/** The sign where the word has no room: it is there for readers who do not see the sign. */
export const sign = (fit: FitWord): string => withSign(fit, `<span class="hidden">${FIT_TEXT[fit]}</span>`);
