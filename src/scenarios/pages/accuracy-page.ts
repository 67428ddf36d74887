import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { MeasurementRecord } from '../../catalog/measurement.schema.ts';
import { SOURCE_URL } from '../../site/config.ts';
import { accuracyPath, measurementApiPath, methodologyPath } from '../../site/routes.ts';
import { formatCount } from '../../vram/index.ts';
import { memoryComparisons } from '../measured-memory.ts';
import { speedCases } from '../measured-speed.ts';
import type { AccuracyPage, Grid, Link } from '../views.ts';
import { counted } from '../words.ts';
import { memoryAnswer, memorySection } from './accuracy-memory.ts';
import { speedAnswer, speedSection } from './accuracy-speed.ts';
import { metaOf } from './meta.ts';
import { textCell } from './shared.ts';

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
    memory: memorySection(catalog, memory),
    speed: speedSection(catalog, speed),
    sources: sourceGrid(catalog),
    links: [
      { text: 'Every run as JSON', href: measurementApiPath() },
      { text: 'How the figures are computed', href: methodologyPath() },
      ...(SOURCE_URL === undefined ? [] : [{ text: 'Send a measured run', href: SOURCE_URL }]),
    ],
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
