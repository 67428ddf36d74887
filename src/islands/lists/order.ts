/** How the cells of a list are ordered: by amount where they hold amounts, else by their words, which dates are too. */

const UNITS: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 1024,
  M: 1_048_576,
};

/** The amount that a cell begins with, in its base unit; `undefined` where it begins with a word or is a date. */
export function amountOf(text: string): number | undefined {
  const match = /^(?!\d{4}-\d{2}\b)([\d,]*\.?\d+)\s*(KB|MB|GB|TB|K|M)?(?![\w.])/.exec(text.trim());
  if (!match) return undefined;
  return Number((match[1] ?? '').replaceAll(',', '')) * (UNITS[match[2] ?? ''] ?? 1);
}

const NOTHING = /^(|–|none|unknown|max .*)$/;

/** Order of two cells of one column, smallest first. What holds nothing comes last either way, so it has a rank of its own. */
function compareCells(a: string, b: string): number {
  const [first, second] = [amountOf(a), amountOf(b)];
  return first !== undefined && second !== undefined
    ? first - second
    : a.localeCompare(b, 'en', { numeric: true, sensitivity: 'base' });
}

/** The rows in the order of a column; rows alike keep their order. */
export function ordered<T>(rows: readonly T[], cellOf: (row: T) => string, descending: boolean): readonly T[] {
  const isEmpty = (row: T): boolean => NOTHING.test(cellOf(row).trim());
  const full = rows.filter((row) => !isEmpty(row));
  const sign = descending ? -1 : 1;
  return [...full.toSorted((a, b) => sign * compareCells(cellOf(a), cellOf(b))), ...rows.filter(isEmpty)];
}
