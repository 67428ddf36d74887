/** What a grid looks like, and its rows as text: a hub has hundreds of cells. See `markup.ts`. */
import type { Grid } from '../scenarios/views.ts';
import { cellWords, escaped, isWordOf, sign, verdict } from './markup.ts';

type Row = Grid['rows'][number];
type Cell = Row['cells'][number];

/** Characters of a cell that stand on one line; longer texts are sentences and wrap. */
const ONE_LINE = 32;
/** Characters that stand on one line of a phone, where a cell is one of several in a row. */
const ONE_NARROW_LINE = 10;

/** Class of the table: `list` stands on a phone as a list, `c4` has four columns beside the heads of its rows. */
type GridClass = 'list' | `c${number}`;

interface GridCells {
  readonly tableClass: GridClass;
  /** What stands in each row of the body. */
  readonly rows: readonly string[];
}

const longestOf = (cell: Cell): number => Math.max(cell?.text.length ?? 0, cell?.note?.length ?? 0);

const headCell = ({ head, note }: Row): string => {
  const name = cellWords(head.text);
  return `<th scope="row">${head.href ? `<a href="${escaped(head.href)}">${name}</a>` : name}${note ? ` <small>${cellWords(note)}</small>` : ''}</th>`;
};

/**
 * A grid with sentences in it stands on a phone as a list: sentences in lines of their own, other cells behind the heads
 * of their columns.
 * @param list the grid is one without a sentence too
 */
export function gridCells({ columns, rows }: Grid, list: boolean): GridCells {
  /** Columns with a sentence in them. */
  const hasWords = columns.map((_, column) => rows.some(({ cells }) => longestOf(cells[column] ?? null) > ONE_LINE));
  const isList = list || hasWords.includes(true);

  const classOf = (cell: Cell, column: number): string => {
    if (!cell) return isList ? 'none' : '';
    if (hasWords[column]) return 'words';
    if (cell.size !== undefined) return `m${cell.size}`;
    return longestOf(cell) > ONE_NARROW_LINE ? 'wide' : '';
  };
  const dataCell = (cell: Cell, column: number): string => {
    const name = classOf(cell, column);
    const start = `<td${name && ` class="${name}"`}`;
    if (!cell) return `${start}>&ndash;</td>`;
    const { fit, href, text, note } = cell;
    const isVerdict = fit !== undefined && isWordOf(fit, text);
    const label = isList && name !== 'words' ? ` data-label="${escaped(columns[column] ?? '')}"` : '';
    const content = isVerdict && !href ? verdict(fit, text) : cellWords(text);
    return [
      `${start}${label}>`,
      fit && !isVerdict ? `${sign(fit)} ` : '',
      href ? `<a href="${escaped(href)}">${content}</a>` : content,
      note ? ` <small>${cellWords(note)}</small></td>` : '</td>',
    ].join('');
  };

  return {
    tableClass: isList ? 'list' : `c${columns.length}`,
    rows: rows.map((row) => headCell(row) + row.cells.map(dataCell).join('')),
  };
}
