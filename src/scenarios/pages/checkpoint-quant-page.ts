import type { Catalog } from '../../catalog/catalog.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { bitsPerLinearWeight, formatBitsPerWeight, formatGB } from '../../vram/index.ts';
import { engineName, runsOnText, shareNote } from '../engine-table.ts';
import { type EngineRow, publishedFormatOf, servedRow } from '../engines.ts';
import { defaultContextOf } from '../expand.ts';
import { memoized } from '../memoized.ts';
import type { QuantPage, Question } from '../views.ts';
import { withArticle } from '../words.ts';
import { modelHead, shorterContextNote, textCell } from './shared.ts';

/** What a quant's page says of a format of checkpoints, beside what all quants have in common. */
interface CheckpointQuantParts {
  readonly span: string;
  readonly grid: QuantPage['grid'];
  readonly faq: readonly Question[];
}

interface ModelRow {
  readonly model: EstimableModel;
  readonly row: EngineRow;
}

/** Repacking at about the same bits loses quality and saves nothing; MLX has to repack whatever it reads. */
function isWorthIt({ engine, nominalBits }: QuantRecord, publishedBits: number): boolean {
  return engine === 'mlx' ? nominalBits <= publishedBits : nominalBits < publishedBits - 1;
}

/** Models whose published checkpoint the format makes smaller, at their usual context. */
const rowsOf = memoized((catalog: Catalog) =>
  memoized((quant: QuantRecord): readonly ModelRow[] =>
    catalog.estimableModels.flatMap((model) => {
      const published = publishedFormatOf(model);
      if (!published || !isWorthIt(quant, bitsPerLinearWeight(published))) return [];
      const row = servedRow(catalog, model, quant, defaultContextOf(model));
      return row ? [{ model, row }] : [];
    }),
  ),
);

export function checkpointQuantParts(catalog: Catalog, quant: QuantRecord): CheckpointQuantParts {
  const rows = rowsOf(catalog)(quant);
  const bits = rows.map(({ row }) => row.bitsPerWeight);
  const low = formatBitsPerWeight(Math.min(...bits));
  const high = formatBitsPerWeight(Math.max(...bits));
  const [first] = rows;
  return {
    span: first ? `Whole checkpoints have ${low} to ${high} bits per weight, over ${rows.length} models.` : '',
    grid: {
      caption: `Models at ${quant.name}${first ? ` in ${engineName(first.row)}` : ''}`,
      corner: 'Model',
      columns: ['Checkpoint', 'Bits per weight', 'Total at 8K', 'Runs on'],
      rows: rows.map(({ model, row }) => ({
        ...modelHead(model),
        cells: [
          textCell(formatGB(row.fileBytes)),
          textCell(formatBitsPerWeight(row.bitsPerWeight)),
          { ...textCell(formatGB(row.totalBytes)), ...shorterContextNote(defaultContextOf(model)) },
          { ...textCell(row.runsOn ? runsOnText(row) : 'none here'), ...shareNote(row) },
        ],
      })),
    },
    faq: first
      ? [
          {
            question: `Why is ${withArticle(quant.name)} checkpoint larger than ${quant.nominalBits} bits per weight?`,
            answer:
              quant.engine === 'mlx'
                ? `In most models it is not: embedding and head are packed too. ${first.model.name} has ${formatBitsPerWeight(first.row.bitsPerWeight)} bits in all.`
                : `Embedding, output head, norms and routers keep 16 bits. ${first.model.name} has ${formatBitsPerWeight(first.row.bitsPerWeight)} bits in all; the larger the model, the closer it comes.`,
          },
        ]
      : [],
  };
}
