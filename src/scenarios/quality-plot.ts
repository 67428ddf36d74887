/** The plot of quality loss against memory, with its labels and the sentences below it. */
import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { formatBytes, formatDivergence, formatFactor, formatGB, formatPowerOfTen, perMille } from '../vram/index.ts';
import { defaultContextOf, defaultQuantOf, isPublishedInMxfp4, quantsOf } from './expand.ts';
import { fromZero, spaced } from './plot.ts';
import { withLabelsThatHaveRoom } from './plot-labels.ts';
import { type Loss, lossIn } from './quality.ts';
import { needOf } from './scenario.ts';
import type { Plot } from './views.ts';
import { contextTitle } from './words.ts';

const TICK_DISTANCE = 180;
const FEWEST_POINTS = 4;

/**
 * Quality loss against memory, one point a quant that was measured; `undefined` for models published in 4 bits, whose
 * quants lose nothing of what the 16-bit ones of other models lose, and where figures do not hold ({@link lossIn}). The loss
 * is on a logarithmic axis.
 */
export function qualityPlot(catalog: Catalog, model: EstimableModel): Plot | undefined {
  if (isPublishedInMxfp4(model)) return undefined;
  const context = defaultContextOf(model);
  const points = quantsOf(catalog, model).flatMap((quant) => {
    const loss = lossIn(model, quant);
    const bytes = needOf(catalog, { model: model.id, quant: quant.id, context }).planForBytes;
    return loss && loss.value > 0 ? [{ quant, loss, bytes }] : [];
  });
  const on = points[0]?.loss.model;
  const same = points.filter(({ loss }) => loss.model === on);
  if (on === undefined || same.length < FEWEST_POINTS) return undefined;
  const { y: x, ticks: xTicks } = fromZero(Math.max(...same.map(({ bytes }) => bytes)));
  const powers = same.map(({ loss }) => Math.log10(loss.value));
  const lowest = Math.floor(Math.min(...powers));
  const highest = Math.ceil(Math.max(...powers));
  const y = (value: number): number => perMille((Math.log10(value) - lowest) / (highest - lowest));
  const usual = defaultQuantOf(catalog, model);
  // Of labels that would stand in each other, the usual quant's comes first.
  const marks = withLabelsThatHaveRoom(
    [...same]
      .sort(
        (a, b) => Number(b.quant.id === usual.id) - Number(a.quant.id === usual.id) || a.quant.order - b.quant.order,
      )
      .map(({ quant, loss, bytes }) => ({ x: x(bytes), y: y(loss.value), label: quant.name })),
  );
  return {
    title: `Quality loss against memory, ${model.name}`,
    description: same
      .map(({ quant, loss, bytes }) => `${quant.name}: ${formatGB(bytes)}, ${formatDivergence(loss.value)}`)
      .join('; '),
    series: [],
    xTicks: spaced(xTicks, TICK_DISTANCE),
    yTicks: Array.from({ length: highest - lowest + 1 }, (_, index) => ({
      at: y(10 ** (lowest + index)),
      label: formatPowerOfTen(lowest + index),
    })),
    lines: [],
    marks,
    text: [
      `Across: Plan for at ${contextTitle(context)}. Up: mean KL divergence from the 16-bit model, measured on ${on}; for ${model.name} itself no such figures are on record.`,
      ...steps(same, usual),
    ],
  };
}

interface Point {
  readonly quant: QuantRecord;
  readonly loss: Loss;
  readonly bytes: number;
}

/** What the next measured quants down and up from the usual one would change: the closest one that saves something, the best for the next step in memory. */
function steps(points: readonly Point[], usual: QuantRecord): string[] {
  const own = points.find(({ quant }) => quant.id === usual.id);
  if (!own) return [];
  const down = points
    .filter(({ bytes, loss }) => bytes < 0.95 * own.bytes && loss.value > own.loss.value)
    .reduce<Point | undefined>(
      (best, point) => (best && best.loss.value <= point.loss.value ? best : point),
      undefined,
    );
  const next = points.find(({ bytes, loss }) => bytes > 1.1 * own.bytes && loss.value < own.loss.value);
  // Where Plan for follows the rule of thumb, two quants of as many bits take as much.
  const up = next && points.findLast(({ bytes }) => bytes < 1.01 * next.bytes);
  const times = (a: Loss, b: Loss): string => formatFactor(a.value / b.value);
  return [
    ...(down
      ? [
          `From ${usual.name} down to ${down.quant.name} ${formatBytes(own.bytes - down.bytes)} are saved and the loss grows ${times(down.loss, own.loss)} times.`,
        ]
      : []),
    ...(up
      ? [
          `Up to ${up.quant.name} costs ${formatBytes(up.bytes - own.bytes)} and divides it by ${times(own.loss, up.loss)}.`,
        ]
      : []),
  ];
}
