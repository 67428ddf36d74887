/**
 * Lists that the reader orders by a column. The order of the page, most looked-up or smallest first, stands in the HTML;
 * each head of a column becomes a button, whose third press brings that order back.
 */
import { ordered } from './lists/order.ts';

for (const table of document.querySelectorAll('table')) {
  const [body] = table.tBodies;
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  if (!body || body.rows.length < 3) continue;
  const asWritten = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'by';
    button.append(...head.childNodes);
    head.append(button);
    /** The words of the cell without its note. */
    const cellOf = (row: HTMLTableRowElement): string =>
      [...(row.cells[column]?.childNodes ?? [])]
        .filter(({ nodeName }) => nodeName !== 'SMALL')
        .map(({ textContent }) => textContent)
        .join('')
        .trim();
    button.addEventListener('click', () => {
      const before = head.getAttribute('aria-sort');
      for (const other of heads) other.removeAttribute('aria-sort');
      if (before === 'descending') {
        body.append(...asWritten);
        return;
      }
      const descending = before === 'ascending';
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      body.append(...ordered(asWritten, cellOf, descending));
    });
  });
}
