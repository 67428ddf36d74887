import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { axisSteps, formatBytes, formatGB, formatRoundGB, perMille } from '../vram/index.ts';
import { type CatalogDevice, devicesOf, roomOf } from './devices.ts';
import { contextsOf, defaultQuantOf, quantsOf } from './expand.ts';
import type { Facts } from './facts.ts';
import { shortContext } from './hardware.ts';
import { memoized } from './memoized.ts';
import { type Covered, withPlacedLabel, withPlacedNames } from './plot-labels.ts';
import { type ModelAtQuant, needOf } from './scenario.ts';
import type { Plot } from './views.ts';
import { contextTitle, joinWords, nameWithMemory } from './words.ts';

/** Quants of a plot where the model has them; the model's usual one is always among them. */
const PLOTTED_SCHEMES: readonly string[] = ['Q2_K', 'Q4_K_M', 'Q6_K', 'Q8_0'];
const MOST_LINES = 5;
/** Devices that the text below a scenario's plot names at most. */
const MOST_NAMED = 3;
const LINE_DISTANCE = 70;
/** Series closer than this share of each other are one line to the eye. */
const SERIES_DISTANCE = 0.03;

/** Plan for against context, one series per quant. x is the logarithm of the context, y starts at 0. */
export function contextPlot(catalog: Catalog, model: EstimableModel): Plot {
  const contexts = contextsOf(model);
  const x = logarithmic(contexts);
  const quants = plottedQuants(catalog, model);
  const planFor = (quant: QuantRecord, context: number): number =>
    needOf(catalog, { model: model.id, quant: quant.id, context }).planForBytes;
  const highest = Math.max(...quants.flatMap((quant) => contexts.map((context) => planFor(quant, context))));
  const { y, ticks } = fromZero(highest);
  const longest = contexts.at(-1) ?? 0;
  const shortest = contexts[0] ?? 0;
  const ends = quants.map(
    (quant) => `${quant.name} from ${formatGB(planFor(quant, shortest))} to ${formatGB(planFor(quant, longest))}`,
  );
  const series = quants.map((quant) => ({
    label: quant.name,
    points: contexts.map((context) => [x(context), y(planFor(quant, context))] as const),
  }));
  const lines = apart(devicesOf(catalog).plotted, (own) => y(roomOf(own))).map((own) => ({
    at: y(roomOf(own)),
    label: own.gpu.shortName,
  }));
  return {
    title: `Plan for against context, ${model.name}`,
    description: `From ${contextTitle(shortest)} to ${contextTitle(longest)} of context: ${ends.join('; ')}.`,
    series,
    xTicks: contextTicks(contexts, x),
    yTicks: ticks,
    lines: withPlacedNames(lines, series).lines,
  };
}

/** One model at one quant: what all its scenario pages draw, and where the devices' memory ends. */
interface QuantPlot {
  readonly plot: Omit<Plot, 'title'>;
  readonly x: (context: number) => number;
  readonly y: (bytes: number) => number;
  /** The devices of the lines. */
  readonly drawn: readonly CatalogDevice[];
  readonly covered: Covered;
}

const quantPlots = memoized((catalog: Catalog) => memoized((at: ModelAtQuant) => drawQuant(catalog, at)));

function drawQuant(catalog: Catalog, at: ModelAtQuant): QuantPlot {
  const contexts = contextsOf(at.model);
  const x = logarithmic(contexts);
  const highest = Math.max(...contexts.map((context) => at.need(context).planForBytes));
  const devices = devicesOf(catalog).plotted;
  const { hostBytes } = at.need(at.maximumContext);
  const room = (own: CatalogDevice): number => roomOf(own, hostBytes);
  const above = devices.find((own) => room(own) >= highest && room(own) < 1.4 * highest);
  const { y, ticks } = fromZero(above ? room(above) : highest);
  const drawn = apart(devices, (own) => y(room(own)));
  const series = [
    {
      label: 'Plan for',
      points: contexts.map((context) => [x(context), y(at.need(context).planForBytes)] as const),
    },
    { label: 'Needs', points: contexts.map((context) => [x(context), y(at.need(context).needsBytes)] as const) },
  ];
  const names = drawn.map((own) => ({ at: y(room(own)), label: own.gpu.shortName }));
  const { lines, covered } = withPlacedNames(names, series);
  return {
    plot: {
      description: contexts
        .map((context) => `${contextTitle(context)}: ${formatGB(at.need(context).planForBytes)}`)
        .join(', '),
      series,
      xTicks: contextTicks(contexts, x),
      yTicks: ticks,
      lines,
    },
    x,
    y,
    drawn,
    covered,
  };
}

/** Plan for and Needs against context for the quant of a scenario, its own context marked. */
export function scenarioPlot({ catalog, scenario }: Facts): Plot {
  const { at, model, quant, contextTokens, planForBytes } = scenario;
  const { plot, x, y, drawn, covered } = quantPlots(catalog)(at);
  const contexts = contextsOf(model);
  const [shortest = contextTokens] = contexts;
  const longest = contexts.at(-1) ?? contextTokens;
  const change = (context: number, word: string): string =>
    context === contextTokens
      ? ''
      : `${formatBytes(Math.abs(planForBytes - at.need(context).planForBytes))} ${word} than at ${contextTitle(context)}`;
  const changes = [change(shortest, 'more'), change(longest, 'less')].filter((text) => text !== '');
  const limits = drawn
    .map((own) => ({ own, largest: at.largestContext(own.device, 1) }))
    .filter(({ largest }) => largest > 0 && largest < at.maximumContext)
    .slice(0, MOST_NAMED)
    .map(({ own, largest }) => `${nameWithMemory(own.gpu)} at ${contextTitle(Math.floor(largest / 1024) * 1024)}`);
  const label = `${contextTitle(contextTokens)}: ${formatGB(planForBytes)}`;
  return {
    ...plot,
    title: `Memory against context, ${model.name} ${quant.name}`,
    marks: [withPlacedLabel({ x: x(contextTokens), y: y(planForBytes), label }, plot.series, covered)],
    text: [
      ...(changes.length > 0 ? [`Plan for at ${contextTitle(contextTokens)} is ${joinWords(changes)}.`] : []),
      ...(limits.length > 0 ? [`The line leaves the ${joinWords(limits, 'and the')}.`] : []),
    ],
  };
}

/** Place of a context on an axis that grows by doubling. */
function logarithmic(contexts: readonly number[]): (context: number) => number {
  const first = Math.log2(contexts[0] ?? 1);
  const last = Math.log2(contexts.at(-1) ?? 2);
  return (context) => (last === first ? 500 : perMille((Math.log2(context) - first) / (last - first)));
}

/** An axis of memory that starts at 0 and holds `highestBytes`. */
export function fromZero(highestBytes: number): {
  readonly y: (bytes: number) => number;
  readonly ticks: Plot['yTicks'];
} {
  const steps = axisSteps(highestBytes);
  const top = steps.at(-1) ?? highestBytes;
  const y = (bytes: number): number => perMille(bytes / top);
  const ticks = steps.map((bytes) => ({ at: y(bytes), label: formatRoundGB(bytes) }));
  return { y, ticks };
}

const contextTicks = (contexts: readonly number[], x: (context: number) => number): Plot['xTicks'] =>
  spaced(
    contexts.map((context) => ({ at: x(context), label: shortContext(context) })),
    90,
  );

function plottedQuants(catalog: Catalog, model: EstimableModel): readonly QuantRecord[] {
  const usual = defaultQuantOf(catalog, model);
  const offered = quantsOf(catalog, model).filter(
    ({ id, scheme }) => id === usual.id || PLOTTED_SCHEMES.includes(scheme),
  );
  const shortest = contextsOf(model)[0] ?? 0;
  const need = (quant: QuantRecord): number =>
    needOf(catalog, { model: model.id, quant: quant.id, context: shortest }).planForBytes;
  const chosen = [usual];
  for (const quant of offered) {
    if (chosen.every((other) => Math.abs(need(other) / need(quant) - 1) > SERIES_DISTANCE)) chosen.push(quant);
  }
  return chosen.sort((a, b) => a.order - b.order);
}

/** The largest devices that lie on the drawing, far enough from each other for their labels. */
function apart(devices: readonly CatalogDevice[], place: (own: CatalogDevice) => number): readonly CatalogDevice[] {
  const kept: CatalogDevice[] = [];
  for (const own of devices) {
    const at = place(own);
    const last = kept.at(-1);
    if (at > 1000 || at < 30 || (last && at - place(last) < LINE_DISTANCE)) continue;
    kept.push(own);
  }
  return kept.slice(-MOST_LINES);
}

/** Ticks of which no two are closer than `distance`, the last one kept. */
export function spaced(ticks: Plot['xTicks'], distance: number): Plot['xTicks'] {
  const kept: { at: number; label: string }[] = [];
  for (const tick of [...ticks].reverse()) {
    const last = kept.at(-1);
    if (!last || last.at - tick.at >= distance) kept.push(tick);
  }
  return kept.reverse();
}
