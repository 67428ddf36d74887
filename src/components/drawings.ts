/** What stands in the `<svg>` of a bar or a plot, as text: see `markup.ts`. Views count in per mille. */
import { axisLabelClasses } from '../islands/axis-labels.ts';
import { LABEL_ENDS_BEYOND } from '../scenarios/bars.ts';
import type { BarSegment, HeldParts, MemoryBar, MiniBar, Plot } from '../scenarios/views.ts';
import { escaped } from './markup.ts';

/** Per mille of the bar that a label needs on a phone. */
const ROOM_FOR_LABEL = 420;

type Points = Plot['series'][number]['points'];

const percent = (perMille: number): string => `${perMille / 10}%`;
/** Views count upward from the axis, SVG counts downward. */
const down = (at: number): string => percent(1000 - at);
/** A class attribute; none where no class is named. */
const classOf = (...names: readonly (string | false | undefined)[]): string => {
  const list = names.filter(Boolean).join(' ');
  return list && ` class="${list}"`;
};
/** Keeps a label inside the drawing. */
const anchor = (at: number, least: number, most: number): string | undefined =>
  at < least ? 'start' : at > most ? 'end' : undefined;

/** A scenario's parts, once in a page: every {@link miniBar} of it shows them at its own width. */
export function heldSymbol(parts: HeldParts): string {
  const drawn = parts.map(
    ({ part, start, width }) => `<rect class="${part}" x="${start}" width="${width}" height="1"></rect>`,
  );
  return `<symbol id="held" viewBox="0 0 1000 1" preserveAspectRatio="none">${drawn.join('')}</symbol>`;
}

/** A device's memory with the scenario laid over it, and a tick where the memory ends. */
export function miniBar({ held, overhead, end }: MiniBar): string {
  const tick =
    end === undefined ? '' : `<line class="tick" x1="${percent(end)}" x2="${percent(end)}" y1="-3" y2="14"></line>`;
  return `<use href="#held" width="${percent(held)}" height="100%"></use><rect class="overhead" x="${percent(held)}" width="${percent(overhead)}" height="100%"></rect>${tick}`;
}

const segmentsOf = (segments: readonly BarSegment[]): string =>
  segments
    .map(
      ({ part, start, width }) =>
        `<rect class="${part}" x="${percent(start)}" width="${percent(width)}" height="30"></rect>`,
    )
    .join('');

/** The parts of a scenario, ticks at memory sizes, and amounts in the parts that have room. */
export function memoryBar({ segments, ticks }: MemoryBar): string {
  const scale = ticks.map(({ at, label }) => {
    const x = percent(at);
    return `<line class="notch" x1="${x}" x2="${x}" y2="30"></line><line class="tick" x1="${x}" x2="${x}" y1="30" y2="38"></line><text${classOf(anchor(at, 40, LABEL_ENDS_BEYOND))} x="${x}" y="52">${escaped(label)}</text>`;
  });
  const labels = segments
    .filter(({ part, width }) => width >= ROOM_FOR_LABEL && part !== 'free')
    .map(
      ({ part, start, label, amount }) =>
        `<text class="inside ${part}" x="${percent(start)}" dx="10" y="20">${escaped(label)} ${escaped(amount)}</text>`,
    );
  return `<rect class="track" width="100%" height="30"></rect>${segmentsOf(segments)}${scale.join('')}${labels.join('')}`;
}

const path = (points: Points): string => `M${points.map(([x, y]) => `${x} ${1000 - y}`).join('L')}`;
/** A line of no length with round ends is a dot that no scaling distorts. */
const dots = (points: Points): string => points.map(([x, y]) => `M${x} ${1000 - y}h0`).join('');

/** Colour of a series, here and in the legend. */
export const seriesClass = (index: number): string => `s${(index % 5) + 1}`;

/** Axes, lines of devices, series, marks and their labels. */
export function plotDrawing({ yTicks, xTicks, lines, series, marks = [] }: Plot): string {
  const rows = yTicks.map(({ at, label }) => {
    const y = down(at);
    return `<line class="axis" x2="100%" y1="${y}" y2="${y}"></line><text class="end" x="-8" y="${y}" dy="4">${escaped(label)}</text>`;
  });
  const classes = axisLabelClasses(xTicks);
  const columns = xTicks.map(
    ({ at, label }, index) =>
      `<text${classOf(classes[index])} x="${percent(at)}" y="100%" dy="20">${escaped(label)}</text>`,
  );
  const devices = lines.map(({ at }) => `<line class="device" x2="100%" y1="${down(at)}" y2="${down(at)}"></line>`);
  const curves = series.map(({ dots: isDots, points }, index) => {
    return `<path${classOf(seriesClass(index), isDots && 'dots')} d="${isDots ? dots(points) : path(points)}"></path>`;
  });
  const circles = marks.map(({ x, y }) => `<circle class="s1" cx="${percent(x)}" cy="${down(y)}" r="5"></circle>`);
  const labels = marks.flatMap(({ x, y, label, side, below }) => {
    if (!label) return [];
    const where = { left: ' class="end" dx="-8"', middle: '', right: ' class="start" dx="8"' }[side ?? 'right'];
    return `<text${where} x="${percent(x)}" y="${down(y)}" dy="${below ? 18 : -8}">${escaped(label)}</text>`;
  });
  const names = lines.map(({ at, label, side, below }) => {
    const where = side === 'right' ? 'class="end" x="100%" dx="-4"' : 'class="start" dx="4"';
    return `<text ${where} y="${down(at)}" dy="${below ? 14 : -4}">${escaped(label)}</text>`;
  });
  return [
    ...rows,
    ...columns,
    ...devices,
    '<svg aria-hidden="true" width="100%" height="100%" viewBox="0 0 1000 1000" preserveAspectRatio="none">',
    ...curves,
    '</svg>',
    ...labels,
    ...circles,
    ...names,
  ].join('');
}
