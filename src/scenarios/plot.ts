import type { Catalog } from '../catalog/catalog.ts';
import type { EstimableModel } from '../catalog/model.schema.ts';
import type { QuantRecord } from '../catalog/quant.schema.ts';
import { formatGB, GB } from '../vram/index.ts';
import { type CatalogDevice, devicesOf } from './devices.ts';
import { contextsOf, defaultQuantOf, quantsOf } from './expand.ts';
import { needOf } from './scenario.ts';
import type { Plot } from './views.ts';
import { contextTitle } from './words.ts';

/** Quants of a plot where the model has them; the model's usual one is always among them. */
const PLOTTED_SCHEMES: readonly string[] = ['Q2_K', 'Q4_K_M', 'Q6_K', 'Q8_0'];
/** Devices whose memory is drawn as a line. */
const LINES: readonly string[] = [
  'rtx-4060',
  'rtx-3060-12gb',
  'rtx-5060-ti-16gb',
  'rtx-4090',
  'rtx-5090',
  'l40s',
  'h100-80gb-sxm',
  'rtx-pro-6000-bw',
  'h200-sxm',
  'mi300x',
  'mi355x',
  'apple-m3-ultra-512gb',
];
const MOST_LINES = 5;
const LINE_DISTANCE = 70;
/** Series closer than this share of each other are one line to the eye. */
const SERIES_DISTANCE = 0.03;

/** Plan for against context, one series per quant. x is the logarithm of the context, y starts at 0. */
export function contextPlot(catalog: Catalog, model: EstimableModel): Plot {
  const contexts = contextsOf(model);
  const first = Math.log2(contexts[0] ?? 1);
  const last = Math.log2(contexts.at(-1) ?? 2);
  const x = (context: number): number =>
    last === first ? 500 : Math.round(((Math.log2(context) - first) / (last - first)) * 1000);
  const quants = plottedQuants(catalog, model);
  const planFor = (quant: QuantRecord, context: number): number =>
    needOf(catalog, { model: model.id, quant: quant.id, context }).planForBytes;
  const highest = Math.max(...quants.flatMap((quant) => contexts.map((context) => planFor(quant, context))));
  const step = niceStep(highest / GB) * GB;
  const top = Math.ceil(highest / step) * step;
  const y = (bytes: number): number => Math.round((bytes / top) * 1000);
  const lines = memoryLines(devicesOf(catalog).byId, y);
  const longest = contexts.at(-1) ?? 0;
  const shortest = contexts[0] ?? 0;
  const ends = quants.map(
    (quant) => `${quant.name} from ${formatGB(planFor(quant, shortest))} to ${formatGB(planFor(quant, longest))}`,
  );
  return {
    title: `Plan for against context, ${model.name}`,
    description: `From ${contextTitle(shortest)} to ${contextTitle(longest)} of context: ${ends.join('; ')}.`,
    series: quants.map((quant) => ({
      label: quant.name,
      points: contexts.map((context) => [x(context), y(planFor(quant, context))] as const),
    })),
    xTicks: spaced(
      contexts.map((context) => ({ at: x(context), label: contextTitle(context).replace(' tokens', '') })),
      90,
    ),
    yTicks: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => ({
      at: y(index * step),
      label: formatGB(index * step),
    })),
    lines,
  };
}

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

/** 1, 2 or 5 times a power of ten, so that the axis has about five steps. */
function niceStep(highest: number): number {
  const rough = highest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead > 5 ? 10 : lead > 2 ? 5 : lead > 1 ? 2 : 1) * power;
}

function memoryLines(byId: ReadonlyMap<string, CatalogDevice>, y: (bytes: number) => number): Plot['lines'] {
  const lines: { at: number; label: string }[] = [];
  for (const { gpu, device } of LINES.flatMap((id) => byId.get(id) ?? [])) {
    const at = y(device.usableBytes);
    const last = lines.at(-1);
    if (at > 1000 || at < 30 || (last && at - last.at < LINE_DISTANCE)) continue;
    lines.push({ at, label: gpu.shortName });
  }
  return lines.slice(-MOST_LINES);
}

/** Ticks of which no two are closer than `distance`, the last one kept. */
function spaced(ticks: Plot['xTicks'], distance: number): Plot['xTicks'] {
  const kept: { at: number; label: string }[] = [];
  for (const tick of [...ticks].reverse()) {
    const last = kept.at(-1);
    if (!last || last.at - tick.at >= distance) kept.push(tick);
  }
  return kept.reverse();
}
