/**
 * Rows of the device table, as text: see `markup.ts`. Each has the memory bar in small: the device's memory with the
 * scenario laid over it. Signs beyond Latin-1 are entities here and in `Grid` and `Calculator`: one such character makes
 * the text of every page twice as large in memory, and slower to encode.
 */
import type { DeviceGroup, DeviceRow } from '../scenarios/views.ts';
import { miniBar } from './drawings.ts';
import { escaped, verdict } from './markup.ts';

const deviceRow = (row: DeviceRow): string =>
  [
    `<tr><th scope="row"><a href="${escaped(row.device.href)}">${escaped(row.label)}</a> <small>${escaped(row.usable)} usable</small></th>`,
    `<td><svg class="mini" aria-hidden="true">${miniBar(row.bar)}</svg></td>`,
    `<td>${verdict(row.fit, row.fitText)}</td>`,
    `<td data-label="Headroom">${escaped(row.headroom)}</td>`,
    `<td data-label="Largest context">${escaped(row.largestContext)}</td>`,
    `<td data-label="Speed">${row.speed ? escaped(row.speed) : '&ndash;'}</td></tr>`,
  ].join('');

/** The rows of a group, under its title where it has one. */
export const deviceRows = ({ title, rows }: DeviceGroup): string =>
  (title && `<tr><th scope="rowgroup" colspan="6">${escaped(title)}</th></tr>`) + rows.map(deviceRow).join('');
