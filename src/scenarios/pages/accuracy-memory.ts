/** The memory of measured runs against the estimates, buffer by buffer. */
import type { Catalog } from '../../catalog/catalog.ts';
import { sourceOfRun } from '../../catalog/measurement.schema.ts';
import { formatBytes, formatPercent, formatTokens } from '../../vram/index.ts';
import { ATTENTION_NAMES, type AttentionKind, type Distance, distanceOf, errorText, PART_NAMES } from '../accuracy.ts';
import type { MeasuredPart, MemoryComparison, PartComparison } from '../measured-memory.ts';
import type { AccuracyPage, Grid, Plot } from '../views.ts';
import { capitalize, counted, deviceLabel, joinWords } from '../words.ts';
import { EQUAL, logScale, scenarioLink } from './accuracy-shared.ts';
import { type Cell, textCell } from './shared.ts';

const PARTS = ['weights', 'kvCache', 'compute', 'total'] as const;

/** What the page says of memory, the misses first. */
export function memorySection(catalog: Catalog, memory: readonly MemoryComparison[]): AccuracyPage['memory'] {
  return {
    intro: [
      'Each row is a run whose log shows what the engine allocated. The estimate is ours for the same settings, computed for the version that this site names, whatever version ran. The largest error comes first.',
      'vLLM fills what is left of its share with cache. Its row sets that memory against what the tokens of its log take by our rules.',
      'A weight is compared where llama-quantize writes the file; other recipes, such as UD quants, have other sizes. A dash is a buffer that the source does not show or that cannot be compared.',
    ],
    misses: memoryGrid(catalog, 'Runs with a part that is 5 % off or more', memory.filter(isMiss)),
    others: memoryGrid(
      catalog,
      'Runs whose parts are all within 5 %',
      memory.filter((own) => !isMiss(own)),
    ),
    plot: memoryPlot(memory),
    classes: classGrid(catalog, memory),
    notCompared: notCompared(catalog, memory),
  };
}

function distanceSentence(part: string, distance: Distance | undefined): string {
  if (!distance) return '';
  return `${errorText(distance.median)} for ${part} (worst ${errorText(distance.worst)})`;
}

/** The sentence of the answer. */
export function memoryAnswer(memory: readonly MemoryComparison[]): string {
  const parts = PARTS.map((part) =>
    distanceSentence(part === 'weights' ? 'weights' : `the ${PART_NAMES[part]}`, distanceOf(memory, part)),
  ).filter(Boolean);
  return `Over ${counted(memory.length, 'logged run')} the estimate is off in the median by ${joinWords(parts)}.`;
}

const worstOf = ({ parts }: MemoryComparison): number =>
  Math.max(0, ...Object.values(parts).map(({ error }) => Math.abs(error)));

/** Error from which on a run counts as a miss. */
const MISS = 0.05;
const isMiss = (own: MemoryComparison): boolean => worstOf(own) >= MISS;

const signed = (share: number): string =>
  Math.abs(share) < 0.00005 ? '0 %' : `${share > 0 ? '+' : '−'}${formatPercent(Math.abs(share))}`;

function partCell(part: PartComparison | undefined): Cell | null {
  return part ? textCell(signed(part.error), `measured ${formatBytes(part.measuredBytes)}`) : null;
}

function memoryGrid(catalog: Catalog, caption: string, memory: readonly MemoryComparison[]): Grid {
  const rows = [...memory].sort((a, b) => worstOf(b) - worstOf(a));
  return {
    caption: `${caption}: estimate against measurement, largest error first`,
    corner: 'Run',
    columns: ['Weights', 'Cache and state', 'Compute buffer', 'Total', 'What is known'],
    rows: rows.map((own) => ({
      head: { text: own.run.modelName ?? own.model.name, href: scenarioLink(catalog, own) },
      note: settingsText(catalog, own),
      cells: [
        partCell(own.parts.weights),
        partCell(own.parts.kvCache),
        partCell(own.parts.compute),
        partCell(own.parts.total),
        whyCell(own),
      ],
    })),
  };
}

function whyCell({ record, run }: MemoryComparison): Cell {
  const source = sourceOfRun(record, run);
  const known = [run.note, run.differs && `${capitalize(run.differs)}.`].filter((text) => text !== undefined).join(' ');
  return { text: source?.title ?? record.title, href: source?.url ?? '', ...(known !== '' && { note: known }) };
}

/** "UD-Q4_K_XL, 32K, q8_0 cache, 4 slots, 2 x RTX 3090, CUDA". */
function settingsText(catalog: Catalog, { run, quant }: MemoryComparison): string {
  const gpu = run.gpu === undefined ? undefined : catalog.byId.gpus.get(run.gpu);
  return [
    run.recipe ?? run.format ?? quant.name,
    formatTokens(run.context),
    run.vllm?.kvType && `${run.vllm.kvType} cache`,
    run.kvType && `${run.kvType} cache`,
    run.microBatch && `-ub ${run.microBatch}`,
    run.sequences && `${run.sequences} slots`,
    run.flashAttention === 'off' && 'no FlashAttention',
    run.cpuMoeLayers !== undefined && 'experts in RAM',
    gpu && deviceLabel(gpu, run.devices ?? 1),
    run.backend,
  ]
    .filter((text) => typeof text === 'string')
    .join(', ');
}

function distanceCell(distance: Distance | undefined): Cell | null {
  if (!distance) return null;
  const note = distance.runs === 1 ? '1 run' : `worst ${errorText(distance.worst)}, ${distance.runs} runs`;
  return textCell(errorText(distance.median), note);
}

function classGrid(catalog: Catalog, memory: readonly MemoryComparison[]): Grid {
  const engineOf = ({ record, run }: MemoryComparison): string => {
    const { name = record.engine } = catalog.byId.engines.get(record.engine) ?? {};
    return run.backend ? `${name}, ${run.backend}` : name;
  };
  const kinds = Object.keys(ATTENTION_NAMES) as AttentionKind[];
  const rows = kinds.flatMap((kind) => {
    const own = memory.filter(({ attention }) => attention === kind);
    const head = { text: capitalize(ATTENTION_NAMES[kind]), href: '' };
    if (own.length === 0) return [{ head, cells: [textCell('not measured yet'), null, null, null] }];
    const engines = [...new Set(own.map(engineOf))];
    return engines.map((engine) => {
      const runs = own.filter((one) => engineOf(one) === engine);
      return { head, note: engine, cells: PARTS.map((part) => distanceCell(distanceOf(runs, part))) };
    });
  });
  return {
    caption: 'Median distance, without its sign',
    corner: 'Attention',
    columns: PARTS.map((part) => capitalize(PART_NAMES[part])),
    rows,
  };
}

function notCompared(catalog: Catalog, memory: readonly MemoryComparison[]): readonly string[] {
  const compared = new Set(memory.map(({ run }) => run));
  return catalog.measurements.flatMap((record) => {
    const left = (record.memory ?? []).filter((run) => !compared.has(run));
    return left.map((run) => {
      const model = catalog.byId.models.get(run.model)?.name ?? run.model;
      const quant = catalog.byId.quants.get(run.quant)?.name ?? run.quant;
      const why = [run.note, run.differs && `${capitalize(run.differs)}.`]
        .filter((text) => text !== undefined)
        .join(' ');
      return `${run.modelName ?? model}, ${run.recipe ?? run.format ?? quant}, ${formatTokens(run.context)} (${record.title}): ${why || 'no estimate exists for it.'}`;
    });
  });
}

function memoryPlot(memory: readonly MemoryComparison[]): Plot {
  const at = logScale(7, 11);
  const series = (['weights', 'kvCache', 'compute'] as const satisfies readonly MeasuredPart[]).map((part) => ({
    label: PART_NAMES[part],
    dots: true,
    points: memory.flatMap(({ parts }) => {
      const own = parts[part];
      return own ? [[at(own.measuredBytes), at(own.estimatedBytes)] as const] : [];
    }),
  }));
  const ticks = [1e7, 1e8, 1e9, 1e10, 1e11].map((bytes) => ({ at: at(bytes), label: formatBytes(bytes) }));
  return {
    title: 'Estimated against measured size of each buffer; both scales are logarithmic',
    description: `${counted(memory.length, 'run')}; the figures stand in the table of runs.`,
    series: [...series, EQUAL],
    xTicks: ticks,
    yTicks: ticks,
    lines: [],
  };
}
