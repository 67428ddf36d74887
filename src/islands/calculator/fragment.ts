/** The calculator's settings in a URL fragment: `#m=deepseek-v4-pro&q=q4-k-m&c=1m&...`. */
import type { CalculatorData } from './data.ts';
import { type CalculatorState, KEYS, readState, textOf } from './state.ts';

/** Whether a URL fragment carries settings of the calculator, rather than naming an element of the page. */
export function isStateFragment(fragment: string): boolean {
  return /^#\w=/.test(fragment);
}

/** Reads a fragment ("#m=...&q=..."); parts that make no sense are ignored. */
export function readFragment(fragment: string, data: CalculatorData, base: CalculatorState): CalculatorState {
  const values = new URLSearchParams(fragment.slice(1));
  return readState((key) => values.get(key), data, base);
}

/** The fragment of settings, which {@link readFragment} reads back; llama.cpp, 0 and nothing go without saying. */
export function writeFragment(state: CalculatorState): string {
  const values = new URLSearchParams();
  for (const [field, key] of Object.entries(KEYS) as [keyof CalculatorState, string][]) {
    if (state[field]) values.set(key, textOf(state, field));
  }
  return `#${values}`;
}
