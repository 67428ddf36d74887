import type { Catalog } from '../../catalog/catalog.ts';
import { newest } from '../../catalog/dates.ts';
import type { EstimableModel } from '../../catalog/model.schema.ts';
import type { QuantRecord } from '../../catalog/quant.schema.ts';
import { modelQuantPath, quantListPath, quantPath } from '../../site/routes.ts';
import { EstimateError, formatBitsPerWeight, formatGB, formatMeasured, weighExl3 } from '../../vram/index.ts';
import { defaultContextOf, quantsOf } from '../expand.ts';
import { modelAtQuant } from '../scenario.ts';
import type { Fact, QuantPage, Question } from '../views.ts';
import { contextTitle, withArticle } from '../words.ts';
import { checkpointQuantParts } from './checkpoint-quant-page.ts';
import { engineUpdated, metaOf, sourceLink, sourceLinks } from './meta.ts';
import { modelHead, planForCell, smallestDeviceText, textCell } from './shared.ts';

/**
 * A quantization format, and every model at it.
 * @throws {EstimateError} `unknown-quant`
 */
export function quantPage(catalog: Catalog, id: string): QuantPage {
  const quant = catalog.byId.quants.get(id);
  if (!quant)
    throw new EstimateError('unknown-quant', `Found quant "${id}"; expected the id of a record in content/quants.`);
  if (quant.engine === 'vllm' || quant.engine === 'mlx') return checkpointPage(catalog, quant);
  if (quant.engine === 'exllamav3') return weightsPage(catalog, quant);
  const models = catalog.estimableModels.filter((model) => quantsOf(catalog, model).some((own) => own.id === id));
  const bits = models.map(
    (model) => modelAtQuant(catalog, model.id, id).allocation(defaultContextOf(model)).bitsPerWeight,
  );
  const low = Math.min(...bits);
  const high = Math.max(...bits);
  const span =
    bits.length === 0
      ? ''
      : `Real files have ${formatBitsPerWeight(low)} to ${formatBitsPerWeight(high)} bits per weight, over ${models.length} models.`;
  const faq = questionsOf(catalog, quant, low, high, models.length);
  return {
    kind: 'quant',
    id,
    meta: metaOf({
      path: quantPath(id),
      title: `${quant.name}: bits per weight, quality and VRAM by model`,
      description: [`${quant.name}: ${quant.nominalBits} bits nominally.`, span, quant.summary],
      crumbs: [{ text: 'Quants', href: quantListPath() }],
      name: quant.name,
      questions: faq,
      updated: newest(quant.updated, engineUpdated(catalog)),
    }),
    heading: `${quant.name}: what it costs in memory`,
    answer: [
      quant.summary,
      ...(span ? [span] : ['No scenario pages are made for it; the estimator on the command line knows it.']),
    ],
    facts: factList(catalog, quant),
    grid: {
      caption: `Models at ${quant.name}`,
      corner: 'Model',
      columns: ['File', 'Bits per weight', 'Plan for at 8K', 'Smallest device'],
      rows: models.map((model) => {
        const at = modelAtQuant(catalog, model.id, id);
        const context = defaultContextOf(model);
        const { fileBytes, bitsPerWeight } = at.allocation(context);
        return {
          ...modelHead(model),
          cells: [
            { text: formatGB(fileBytes), href: modelQuantPath(model.id, id) },
            textCell(formatBitsPerWeight(bitsPerWeight)),
            planForCell(catalog, model, quant, context),
            textCell(smallestDeviceText(catalog, at, context)),
          ],
        };
      }),
    },
    faq,
    related: [{ title: 'Quants next to it', links: neighbours(catalog, quant) }],
    sources: sourceLinks(quant),
  };
}

/** Models listed for a format whose files are as large as another's. */
const MOST_SHARED_ROWS = 8;

/** A format of checkpoints: models under the engine that reads it. */
function checkpointPage(catalog: Catalog, quant: QuantRecord): QuantPage {
  const { span, grid, faq } = checkpointQuantParts(catalog, quant);
  // Formats with the same bits under the same engine have the same table, which stands on the page of the first.
  const first = catalog.quants.find(
    ({ engine, nominalBits }) => engine === quant.engine && nominalBits === quant.nominalBits,
  );
  const same = first && first.id !== quant.id ? first : undefined;
  const rows = same ? grid.rows.slice(0, MOST_SHARED_ROWS) : grid.rows;
  return {
    kind: 'quant',
    id: quant.id,
    meta: metaOf({
      path: quantPath(quant.id),
      title: `${quant.name}: bits per weight and VRAM by model`,
      description: [`${quant.name}: ${quant.nominalBits} bits per packed weight.`, span, quant.summary],
      crumbs: [{ text: 'Quants', href: quantListPath() }],
      name: quant.name,
      questions: faq,
      updated: newest(quant.updated, catalog.byId.engines.get(quant.engine)?.updated),
    }),
    heading: `${quant.name}: what it costs in memory`,
    answer: [
      quant.summary,
      span,
      ...(same && rows.length < grid.rows.length
        ? [
            `Files are as large as those of ${same.name}, whose page has all ${grid.rows.length} models; the ${rows.length} most looked up are below.`,
          ]
        : []),
    ],
    facts: factList(catalog, quant),
    grid: { ...grid, rows },
    faq,
    related: [{ title: 'Quants next to it', links: neighbours(catalog, quant) }],
    sources: sourceLinks(quant),
  };
}

const SHOWN_EXL3_BITS = [2, 3, 4, 5, 6] as const;

/** A format of which weights are known and nothing else: what they take on the GPU, by bit rate. */
function weightsPage(catalog: Catalog, quant: QuantRecord): QuantPage {
  const engine = catalog.byId.engines.get(quant.engine);
  const runs = new Set(engine?.classes?.names);
  const models = catalog.estimableModels.filter(({ architecture }) => runs.has(architecture.className));
  const onGpu = (model: EstimableModel, bits: (typeof SHOWN_EXL3_BITS)[number]): string =>
    formatGB(weighExl3(model.architecture, bits).deviceBytes);
  const span = `Weights on the GPU for ${models.length} models of classes that ${engine?.name ?? quant.engine} runs. Cache and buffers come on top; how large is not computed here.`;
  const [first] = models;
  return {
    kind: 'quant',
    id: quant.id,
    meta: metaOf({
      path: quantPath(quant.id),
      title: `${quant.name}: size of the weights by model and bit rate`,
      description: [quant.summary, span],
      crumbs: [{ text: 'Quants', href: quantListPath() }],
      name: quant.name,
      questions: [],
      updated: newest(quant.updated, engine?.updated),
    }),
    heading: `${quant.name}: what its weights take`,
    answer: [
      quant.summary,
      span,
      ...(first ? [`${first.name} takes ${onGpu(first, 4)} at 4 bits and ${onGpu(first, 3)} at 3.`] : []),
    ],
    facts: factList(catalog, quant),
    grid: {
      caption: `Weights on the GPU at ${quant.name}, head at 6 bits`,
      corner: 'Model',
      columns: SHOWN_EXL3_BITS.map((bits) => `${bits} bits`),
      rows: models.map((model) => ({
        ...modelHead(model),
        cells: SHOWN_EXL3_BITS.map((bits) => textCell(onGpu(model, bits))),
      })),
    },
    faq: [],
    related: [{ title: 'Quants next to it', links: neighbours(catalog, quant) }],
    sources: sourceLinks(quant),
  };
}

function neighbours(catalog: Catalog, quant: QuantRecord): QuantPage['related'][number]['links'] {
  const own = catalog.quants.findIndex(({ id }) => id === quant.id);
  return catalog.quants
    .slice(Math.max(0, own - 2), own + 3)
    .filter(({ id }) => id !== quant.id)
    .map((other) => ({ text: other.name, href: quantPath(other.id), figure: `${other.nominalBits} bits` }));
}

function factList(catalog: Catalog, quant: QuantRecord): readonly Fact[] {
  const engine = catalog.byId.engines.get(quant.engine);
  const layout = sourceLink(quant, quant.source);
  return [
    { term: 'Bits per weight, nominal', text: String(quant.nominalBits), ...(layout && { source: layout }) },
    ...(engine ? [{ term: 'Runs in', text: `${engine.name}. ${engine.summary}` }] : []),
    ...(quant.kind ? [{ term: 'Kind', text: quant.kind }] : []),
    ...(quant.engine === 'llama-cpp'
      ? [{ term: 'Importance matrix', text: quant.needsImatrix ? 'required' : 'optional' }]
      : []),
    ...(quant.quality ?? []).map((entry) => {
      const source = sourceLink(quant, entry.source);
      const against = entry.baseline === undefined ? '' : ` (16 bits: ${formatMeasured(entry.baseline)})`;
      return {
        term: `${entry.metric === 'perplexity' ? 'Perplexity' : 'Mean KL divergence'}, ${entry.model}`,
        text: `${formatMeasured(entry.value)}${against}${entry.imatrix === undefined ? '' : entry.imatrix ? ', with importance matrix' : ', without importance matrix'}${entry.corpus ? `, ${entry.corpus}` : ''}`,
        ...(source && { source }),
      };
    }),
    ...(quant.caveats ?? []).map((text) => ({ term: 'Note', text })),
  ];
}

function questionsOf(
  catalog: Catalog,
  quant: QuantRecord,
  low: number,
  high: number,
  models: number,
): readonly Question[] {
  if (models === 0) return [];
  const questions: Question[] = [
    {
      question: `How many bits per weight does ${quant.name} really have?`,
      answer:
        high - low < 0.01
          ? `${formatBitsPerWeight(low)} in every model here.`
          : `Between ${formatBitsPerWeight(low)} and ${formatBitsPerWeight(high)}, by model: llama-quantize gives some tensors other types, and small models have a larger share of embeddings. The name's ${quant.nominalBits} bits are those of its base block.`,
    },
  ];
  const example = catalog.estimableModels.find((model) => quantsOf(catalog, model).some(({ id }) => id === quant.id));
  if (example) {
    const context = defaultContextOf(example);
    const at = modelAtQuant(catalog, example.id, quant.id);
    questions.push({
      question: `How much VRAM does ${withArticle(quant.name)} file need?`,
      answer: `Its size less the token embedding (all of it where that is the output head too), plus cache and buffers. ${example.name}: ${withArticle(formatGB(at.allocation(context).fileBytes))} file, ${formatGB(at.need(context).needsBytes)} allocated with ${contextTitle(context)} of context, ${formatGB(at.need(context).planForBytes)} to plan for.`,
    });
  }
  return questions;
}
