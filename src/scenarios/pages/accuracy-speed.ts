/** Measured decode speeds against the ranges of the estimates, by device and kind of case. */
import type { Catalog } from '../../catalog/catalog.ts';
import { sourceOfRun } from '../../catalog/measurement.schema.ts';
import { gpuPath } from '../../site/routes.ts';
import {
  formatCount,
  formatHundredths,
  formatPercent,
  formatSpeed,
  formatSpeedRange,
  formatTokens,
  type SpeedClass,
} from '../../vram/index.ts';
import { isPlain, medianOf, type SpeedCase } from '../measured-speed.ts';
import { type SpeedScore, scoreOf, unseenEstimates } from '../speed-fit.ts';
import type { AccuracyPage, Grid, Plot } from '../views.ts';
import { counted, deviceLabel } from '../words.ts';
import { EQUAL, logScale, scenarioLink } from './accuracy-shared.ts';
import { type Cell, textCell } from './shared.ts';

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

/** What the page says of decode speed, the misses first. */
export function speedSection(catalog: Catalog, speed: readonly SpeedCase[]): AccuracyPage['speed'] {
  return {
    intro: speedIntro(catalog, speed),
    classes: speedClassGrid(catalog, speed),
    plot: speedPlot(speed.filter(isPlain)),
    misses: speedMissGrid(catalog, speed),
    devices: speedDeviceGrid(speed),
  };
}

/** The sentence of the answer; empty without a case. */
export function speedAnswer(catalog: Catalog, cases: readonly SpeedCase[]): string {
  if (cases.length === 0) return '';
  const unseen = unseenScore(catalog, cases);
  return `Decode speed on a device that the rule has never seen: ${formatPercent(unseen.medianError)} off in the median, and ${formatPercent(unseen.covered)} of the runs inside the range.`;
}

function unseenScore(catalog: Catalog, cases: readonly SpeedCase[]): SpeedScore {
  const unseen = unseenEstimates(catalog);
  return scoreOf(cases.filter(isPlain), (own) => unseen.get(own) ?? own.estimated);
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
