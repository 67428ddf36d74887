/** How the ways to make settings fit are put, whatever the engine. */
import { formatTokens } from '../../vram/browser.ts';

export interface Fixes {
  readonly title: string;
  /** Cheapest first. */
  readonly ways: readonly string[];
}

/**
 * How much further settings go that fit.
 *
 * @param finer name of the quant with the most bits that fits too
 * @param kind what quants are called where the engine runs
 */
export function furtherWays(
  finer: string | undefined,
  kind: 'quant' | 'format',
  longest: number,
  { maxContext }: { readonly maxContext: number },
): Fixes {
  return {
    title: 'It fits. With the same devices:',
    ways: [
      finer === undefined ? `No ${kind} with more bits fits.` : `${finer} fits too, the most bits that do.`,
      `The context may grow to ${formatTokens(longest)} tokens${longest === maxContext ? ", the model's maximum" : ''}.`,
    ],
  };
}

/** The single changes that make settings fit; what to combine where there is none. */
export function fittingWays(ways: readonly string[], combine: string): Fixes {
  return ways.length > 0
    ? { title: 'It does not fit with room to spare. Each of these makes it fit:', ways }
    : { title: 'No single change makes it fit.', ways: [combine] };
}
