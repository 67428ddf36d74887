import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import { type MeasurementRecord, sourceOfRun } from '../../catalog/measurement.schema.ts';
import { SOURCE_URL } from '../../site/config.ts';
import {
  accuracyPath,
  gpuPath,
  measurementApiPath,
  methodologyPath,
  modelPath,
  scenarioPath,
} from '../../site/routes.ts';
import {
  contextLabel,
  formatBytes,
  formatCount,
  formatHundredths,
  formatPercent,
  formatSpeed,
  formatSpeedRange,
  formatTokens,
  perMille,
  type SpeedClass,
} from '../../vram/index.ts';
import { ATTENTION_NAMES, type AttentionKind, type Distance, distanceOf, errorText, PART_NAMES } from '../accuracy.ts';
import { contextsOf, quantsOf } from '../expand.ts';
import {
  type MeasuredPart,
  type MemoryComparison,
  memoryComparisons,
  type PartComparison,
} from '../measured-memory.ts';
import {
  isPlain,
  medianOf,
  type SpeedCase,
  type SpeedScore,
  scoreOf,
  speedCases,
  unseenEstimates,
} from '../measured-speed.ts';
import type { AccuracyPage, Grid, Link, Plot } from '../views.ts';
import { capitalize, counted, deviceLabel, joinWords } from '../words.ts';
import { metaOf } from './meta.ts';
import { type Cell, textCell } from './shared.ts';

const PARTS = ['weights', 'kvCache', 'compute', 'total'] as const;
/** Speed cases that are listed: the rest is in the JSON file. */
const MOST_SPEED_MISSES = 25;

const CLASS_NAMES: Readonly<Record<SpeedClass, string>> = {
  nvidia: 'NVIDIA, GDDR',
  'nvidia-hbm': 'NVIDIA, HBM',
  'nvidia-pascal': 'NVIDIA, Pascal and Maxwell',
  amd: 'AMD Radeon',
  'amd-hbm': 'AMD Instinct',
  'amd-apu': 'AMD with unified memory',
  apple: 'Apple',
  'intel-arc': 'Intel Arc',
  other: 'Others',
};

/** Estimates against measurements: memory by buffer, decode speed by device, the misses first. */
export function accuracyPage(catalog: Catalog): AccuracyPage {
  const memory = memoryComparisons(catalog);
  const speed = speedCases(catalog);
  const heading = 'How far are the estimates from measured runs?';
  const answer = [memoryAnswer(memory), speedAnswer(catalog, speed)].filter((sentence) => sentence !== '');
  return {
    kind: 'accuracy',
    meta: metaOf({
      path: accuracyPath(),
      title: 'Accuracy: estimates against measured runs',
      description: [
        `${counted(memory.length, 'memory log')} and ${counted(speed.length, 'measured speed')} against the estimates, buffer by buffer, misses first.`,
        'Median and worst error by kind of attention, engine and device.',
      ],
      crumbs: [],
      name: 'Accuracy',
      updated: newest(...catalog.measurements.map(({ updated }) => updated)) || catalog.updated,
    }),
    heading,
    answer,
    memory: {
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
    },
    speed: {
      intro: speedIntro(catalog, speed),
      classes: speedClassGrid(catalog, speed),
      plot: speedPlot(speed.filter(isPlain)),
      misses: speedMissGrid(catalog, speed),
      devices: speedDeviceGrid(speed),
    },
    sources: sourceGrid(catalog),
    links: [
      { text: 'Every run as JSON', href: measurementApiPath() },
      { text: 'How the figures are computed', href: methodologyPath() },
      ...(SOURCE_URL === undefined ? [] : [{ text: 'Send a measured run', href: SOURCE_URL }]),
    ],
  };
}

function distanceSentence(part: string, distance: Distance | undefined): string {
  if (!distance) return '';
  return `${errorText(distance.median)} for ${part} (worst ${errorText(distance.worst)})`;
}

function memoryAnswer(memory: readonly MemoryComparison[]): string {
  const parts = PARTS.map((part) =>
    distanceSentence(part === 'weights' ? 'weights' : `the ${PART_NAMES[part]}`, distanceOf(memory, part)),
  ).filter(Boolean);
  return `Over ${counted(memory.length, 'logged run')} the estimate is off in the median by ${joinWords(parts)}.`;
}

function speedAnswer(catalog: Catalog, cases: readonly SpeedCase[]): string {
  if (cases.length === 0) return '';
  const unseen = unseenScore(catalog, cases);
  return `Decode speed on a device that the rule has never seen: ${formatPercent(unseen.medianError)} off in the median, and ${formatPercent(unseen.covered)} of the runs inside the range.`;
}

function unseenScore(catalog: Catalog, cases: readonly SpeedCase[]): SpeedScore {
  const unseen = unseenEstimates(catalog);
  return scoreOf(cases.filter(isPlain), (own) => unseen.get(own) ?? own.estimated);
}

/** The scenario page that is nearest to a run: its context, or the next longer one that has a page. */
function scenarioLink(
  catalog: Catalog,
  {
    model,
    quant,
    run,
  }: {
    readonly model: MemoryComparison['model'];
    readonly quant: MemoryComparison['quant'];
    readonly run: { readonly context?: number; readonly depth?: number };
  },
): string {
  if (!quantsOf(catalog, model).some(({ id }) => id === quant.id)) return modelPath(model.id);
  const contexts = contextsOf(model);
  const tokens = run.context ?? run.depth ?? 0;
  const context = contexts.find((own) => own >= tokens) ?? contexts.at(-1);
  return context === undefined ? modelPath(model.id) : scenarioPath(model.id, quant.id, contextLabel(context));
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

/** A scale from 10^`from` to 10^`to`, in per mille. */
const logScale =
  (from: number, to: number) =>
  (value: number): number =>
    perMille((Math.log10(value) - from) / (to - from));

/** The line on which estimate and measurement are equal. */
const EQUAL: Plot['series'][number] = {
  label: 'estimate equals measurement',
  points: [
    [0, 0],
    [1000, 1000],
  ],
};

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

function speedPlot(cases: readonly SpeedCase[]): Plot {
  const at = logScale(0, 3);
  const groups: readonly (readonly [string, RegExp])[] = [
    ['NVIDIA', /^nvidia/],
    ['AMD', /^amd/],
    ['Apple', /^apple/],
    ['Intel Arc', /^intel/],
  ];
  const series = groups.map(([label, pattern]) => ({
    label,
    dots: true,
    points: cases
      .filter(({ own }) => pattern.test(own.speed.speedClass))
      .map(({ measured, estimated }) => [at(measured), at(estimated.centre)] as const),
  }));
  const ticks = [1, 10, 100, 1000].map((speed) => ({ at: at(speed), label: formatCount(speed) }));
  return {
    title: 'Estimated against measured tokens per second with a short prompt; both scales are logarithmic',
    description: `${counted(cases.length, 'case')}; the figures stand in the tables below.`,
    series: [...series.filter(({ points }) => points.length > 0), EQUAL],
    xTicks: ticks,
    yTicks: ticks,
    lines: [],
  };
}

function speedIntro(catalog: Catalog, cases: readonly SpeedCase[]): readonly string[] {
  const runs = cases.reduce((sum, own) => sum + own.runs, 0);
  const plain = cases.filter(isPlain);
  const shipped = scoreOf(plain);
  const unseen = unseenScore(catalog, cases);
  return [
    `A page shows a range, not a speed: it promises that about three runs in four fall inside. ${formatCount(runs)} published llama.cpp runs stand behind it, ${formatCount(cases.length)} different cases on ${scoreOf(cases).devices} devices, each device weighing the same. They are for one user, without speculation.`,
    `On the ${formatCount(plain.length)} cases with a short prompt and the whole model on one device the centre is ${formatPercent(shipped.medianError)} off in the median and the range holds ${formatPercent(shipped.covered)}. The constants were chosen with these runs in view, so that flatters. Fitted from scratch without each device in turn, it is ${formatPercent(unseen.medianError)} and ${formatPercent(unseen.covered)}.`,
    'The range is wider downward: a driver, a power cap, an old build or a slow host can halve a speed.',
  ];
}

function scoreCells(score: SpeedScore): readonly Cell[] {
  return [
    textCell(String(score.devices)),
    textCell(String(score.cases)),
    textCell(formatPercent(score.medianError)),
    textCell(formatPercent(score.covered)),
  ];
}

function speedClassGrid(catalog: Catalog, cases: readonly SpeedCase[]): Grid {
  const plain = cases.filter(isPlain);
  const rowOf = (text: string, own: readonly SpeedCase[]) =>
    own.length === 0 ? [] : [{ head: { text, href: '' }, cells: scoreCells(scoreOf(own)) }];
  const classes = Object.keys(CLASS_NAMES) as SpeedClass[];
  const whole = ({ run }: SpeedCase): boolean => run.gpuLayers === undefined && run.cpuMoeLayers === undefined;
  return {
    caption: 'Distance of the centre from the measurement, and share of the cases inside the range',
    corner: 'Cases',
    columns: ['Devices', 'Cases', 'Median error', 'Inside the range'],
    rows: [
      {
        head: { text: 'Device left out of the fit', href: '' },
        cells: scoreCells(unseenScore(catalog, cases)),
      },
      ...classes.flatMap((speedClass) =>
        (['dense', 'moe'] as const).flatMap((kind) =>
          rowOf(
            `${CLASS_NAMES[speedClass]}, ${kind === 'dense' ? 'dense models' : 'experts'}`,
            plain.filter((own) => own.own.speed.speedClass === speedClass && own.kind === kind),
          ),
        ),
      ),
      ...rowOf(
        'More than 1,100 tokens in the cache',
        cases.filter((own) => whole(own) && (own.run.devices ?? 1) === 1 && !isPlain(own)),
      ),
      ...rowOf(
        'Several devices, split by layer',
        cases.filter((own) => whole(own) && (own.run.devices ?? 1) > 1),
      ),
      ...rowOf(
        'Layers or experts in RAM',
        cases.filter((own) => !whole(own)),
      ),
    ],
  };
}

const isInside = ({ measured, estimated }: SpeedCase): boolean =>
  measured >= estimated.low && measured <= estimated.high;

function caseText({ run, quant, own }: SpeedCase): string {
  return [
    run.recipe ?? quant.name,
    deviceLabel(own.gpu, run.devices ?? 1),
    run.backend,
    run.depth !== undefined && `${formatTokens(run.depth)} in the cache`,
    (run.gpuLayers !== undefined || run.cpuMoeLayers !== undefined) && 'partly in RAM',
  ]
    .filter((text) => typeof text === 'string')
    .join(', ');
}

/** The largest misses, no more than five of a device, so that one odd device does not fill the list. */
function speedMissGrid(catalog: Catalog, cases: readonly SpeedCase[]): Grid {
  const distance = ({ measured, estimated }: SpeedCase): number => Math.abs(Math.log(estimated.centre / measured));
  const shown = new Map<string, number>();
  const misses = cases
    .filter((own) => !isInside(own))
    .sort((a, b) => distance(b) - distance(a))
    .filter(({ run }) => {
      const count = (shown.get(run.gpu) ?? 0) + 1;
      shown.set(run.gpu, count);
      return count <= 5;
    })
    .slice(0, MOST_SPEED_MISSES);
  const outside = cases.filter((own) => !isInside(own)).length;
  return {
    caption: `The widest misses of the ${outside} cases outside their range, at most five a device`,
    corner: 'Case',
    columns: ['Measured', 'Range', 'Source'],
    rows: misses.map((own) => {
      const source = sourceOfRun(own.record, own.run);
      return {
        head: { text: own.run.modelName ?? own.model.name, href: scenarioLink(catalog, own) },
        note: caseText(own),
        cells: [
          textCell(formatSpeed(own.measured)),
          textCell(formatSpeedRange(own.estimated.low, own.estimated.high)),
          {
            text: source?.title ?? own.record.title,
            href: source?.url ?? '',
            ...(own.run.note !== undefined && { note: own.run.note }),
          },
        ],
      };
    }),
  };
}

function speedDeviceGrid(cases: readonly SpeedCase[]): Grid {
  const gpus = [...new Map(cases.map(({ own }) => [own.gpu.id, own.gpu])).values()];
  const rows = gpus.map((gpu) => {
    const own = cases.filter(({ run }) => run.gpu === gpu.id);
    const ratio = medianOf(own.map(({ measured, estimated }) => measured / estimated.centre));
    return { gpu, score: scoreOf(own), ratio };
  });
  rows.sort((a, b) => b.score.medianError - a.score.medianError);
  return {
    caption: 'All cases by device, largest error first',
    corner: 'Device',
    columns: ['Cases', 'Measured over centre', 'Median error', 'Inside the range'],
    rows: rows.map(({ gpu, score, ratio }) => ({
      head: { text: gpu.shortName, href: gpuPath(gpu.id) },
      cells: [
        textCell(String(score.cases)),
        textCell(formatHundredths(ratio)),
        textCell(formatPercent(score.medianError)),
        textCell(formatPercent(score.covered)),
      ],
    })),
  };
}

const EVIDENCE: Readonly<Record<MeasurementRecord['evidence'], string>> = {
  log: 'logs',
  table: 'table',
  'self-reported': 'self-reported',
};

function sourceGrid(catalog: Catalog): Grid {
  return {
    caption: 'Where the runs are from',
    corner: 'Measurements',
    columns: ['Evidence', 'Memory runs', 'Speed runs', 'Sources'],
    rows: catalog.measurements.map((record) => {
      const sources: readonly Link[] = Object.values(record.sources).map(({ title, url }) => ({
        text: title,
        href: url,
      }));
      const [first] = sources;
      const more = sources.length - 1;
      return {
        head: { text: record.title, href: first?.href ?? '' },
        cells: [
          textCell(EVIDENCE[record.evidence]),
          textCell(formatCount(record.memory?.length ?? 0)),
          textCell(formatCount(record.speed?.length ?? 0)),
          textCell(more > 0 ? `${first?.text ?? ''} and ${counted(more, 'other')}` : (first?.text ?? '')),
        ],
      };
    }),
  };
}
