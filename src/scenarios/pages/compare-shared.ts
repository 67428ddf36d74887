/** What pages of two models and pages of two devices have in common. */
import type { Catalog } from '../../catalog/catalog.ts';
import { comparePath } from '../../site/routes.ts';
import { DEFAULT_SETTINGS, decodeSpeed } from '../../vram/index.ts';
import { type Pair, pairsOf, sideOf } from '../comparisons.ts';
import type { CatalogDevice } from '../devices.ts';
import type { ModelAtQuant } from '../scenario.ts';
import { SPEED_DEPTH } from '../speed.ts';
import type { Grid, LinkWithFigure } from '../views.ts';
import type { Cell, Row } from './shared.ts';

/** Below these ratios two figures are called equal. */
export const LESS = 0.93;
export const MORE = 1.1;
const MOST_RELATED = 8;

/** The address of a pair's page. */
export const pairPath = ({ first, second }: Pair): string => comparePath(sideOf(first).id, sideOf(second).id);
export const pairName = ({ first, second }: Pair): string => `${sideOf(first).name} vs ${sideOf(second).name}`;

/** A row of the table of both sides. */
export const textRow = (head: string, cells: readonly (Cell | null)[], href = ''): Row => ({
  head: { text: head, href },
  cells,
});

/** The table of both sides. */
export const sideBySide = (first: string, second: string, rows: readonly Row[]): Grid => ({
  caption: `${first} and ${second} side by side`,
  corner: 'Property',
  columns: [first, second],
  rows,
});

/** Other pages that one of the two sides is compared on. */
export function otherPairs(catalog: Catalog, pair: Pair): readonly LinkWithFigure[] {
  const own = new Set([sideOf(pair.first).id, sideOf(pair.second).id]);
  return pairsOf(catalog)
    .filter((other) => other !== pair && (own.has(sideOf(other.first).id) || own.has(sideOf(other.second).id)))
    .slice(0, MOST_RELATED)
    .map((other) => ({ text: pairName(other), href: pairPath(other), figure: '' }));
}

/** Tokens per second of one user with a short prompt, in the middle of the range. */
export function speedOn(at: ModelAtQuant, own: CatalogDevice): number | undefined {
  if (!own.speed) return undefined;
  const { architecture, scheme } = at.file;
  return decodeSpeed(architecture, scheme, DEFAULT_SETTINGS, own.speed, SPEED_DEPTH).centre;
}
