import type { AttentionShape, LatentShape } from '../vram/index.ts';
import {
  type Architecture,
  cachedElementsOf,
  compressedCells,
  contextCells,
  DEFAULT_SETTINGS,
  formatBitsPerWeight,
  formatBytes,
  formatCount,
  formatGB,
  formatParameters,
  type IndexerShape,
  isLatent,
  planForBytes,
  windowCells,
} from '../vram/index.ts';
import { cachingLayers, layerCounts } from './cache-note.ts';
import type { Scenario } from './scenario.ts';
import type { CalculationStep } from './views.ts';
import { HEADROOM_TEXT } from './words.ts';

/** One summand of a cache: which rows it counts, the formula with numbers filled in, and what it comes to. */
interface Term {
  readonly name: string;
  readonly formula: string;
  readonly bytes: number;
}

const F16_BYTES = 2;
const ALL_TOKENS = 'Layers with the whole context';

/** "how this is calculated" of a scenario: every term with this model's own numbers and where they were read. */
export function calculationSteps(scenario: Scenario): readonly CalculationStep[] {
  const { model, quant, allocation, contextTokens, needsBytes, ruleOfThumb } = scenario;
  const { device, host, parameters, bitsPerWeight, fileBytes } = allocation;
  const architectureSource = sourceOf(scenario, model.architectureSource);
  const parametersSource = sourceOf(scenario, model.parameters.source);
  const steps: CalculationStep[] = [
    {
      term: 'Model file',
      formula: `${formatParameters(parameters)} parameters x ${formatBitsPerWeight(bitsPerWeight)} bits / 8 (${quant.name}, every tensor with the type llama-quantize gives it)`,
      result: formatGB(fileBytes),
      ...(parametersSource && { source: parametersSource }),
    },
    {
      term: 'Weights on the GPU',
      formula: weightsOnDevice(model.architecture, fileBytes, host.weights, device.weights),
      result: formatGB(device.weights),
    },
    {
      term: 'KV cache',
      formula:
        kvTerms(model.architecture, contextTokens)
          .map(({ formula }) => formula)
          .join(' + ') || 'no layer caches tokens',
      result: formatBytes(device.kvCache),
      ...(architectureSource && { source: architectureSource }),
    },
  ];
  steps.push(...stateSteps(scenario));
  steps.push(
    {
      term: 'Compute buffer',
      formula: `the largest step of the graph for ${DEFAULT_SETTINGS.microBatch} tokens at once, hidden size ${formatCount(model.architecture.hiddenSize)}, FlashAttention on`,
      result: formatBytes(device.compute),
    },
    {
      term: 'Needs',
      formula: [device.weights, device.kvCache, device.state, device.compute]
        .filter((bytes) => bytes > 0)
        .map(formatBytes)
        .join(' + '),
      result: formatGB(needsBytes),
    },
    {
      term: 'Plan for',
      formula: `the larger of ${formatGB(ruleOfThumb.total)} (rule of thumb) and ${formatGB(planForBytes(needsBytes))} (Needs + ${HEADROOM_TEXT})`,
      result: formatGB(scenario.planForBytes),
    },
  );
  return steps;
}

/** The recurrent state, where the model has one. */
function stateSteps({ model: { architecture }, allocation: { device } }: Scenario): readonly CalculationStep[] {
  if (device.state === 0) return [];
  const layers = (layerCounts(architecture).get('L') ?? 0) + (layerCounts(architecture).get('P') ?? 0);
  return [
    {
      term: 'Recurrent state',
      formula: `${layers} layers x ${formatCount(device.state / 4 / layers)} numbers x 4 bytes, whatever the context`,
      result: formatBytes(device.state),
    },
  ];
}

/** What the engine keeps for the context, kind of row by kind of row. */
export function cacheSteps(scenario: Scenario): readonly CalculationStep[] {
  const { model, allocation, contextTokens } = scenario;
  const terms = kvTerms(model.architecture, contextTokens);
  const { kvCache, state } = allocation.device;
  return [
    ...terms.map(({ name, formula, bytes }) => ({ term: name, formula, result: formatBytes(bytes) })),
    ...stateSteps(scenario),
    {
      term: 'Together',
      formula: `${model.name} with ${formatCount(contextTokens)} tokens, 16 bits an element`,
      result: formatBytes(kvCache + state),
    },
  ];
}

function sourceOf({ model }: Scenario, key: string): { text: string; href: string } | undefined {
  const source = model.sources[key];
  // What the page calls itself; where the copy lies is said under Sources.
  return source && { text: source.title.split(', ')[0] ?? source.title, href: source.url };
}

function weightsOnDevice(
  architecture: Architecture,
  fileBytes: number,
  hostBytes: number,
  deviceBytes: number,
): string {
  if (architecture.tiedEmbeddings) {
    const inRam = fileBytes - deviceBytes;
    const file = architecture.perLayerEmbeddingSize
      ? `${formatGB(fileBytes)} less the embeddings per layer, which stay in RAM (${formatBytes(inRam)})`
      : 'the whole file';
    const copy = architecture.perLayerEmbeddingSize ? hostBytes - inRam : hostBytes;
    return `${file}: the embedding table is the output head too, and RAM keeps a second copy of it (${formatBytes(copy)})`;
  }
  const notLoaded = fileBytes - hostBytes - deviceBytes;
  const rest =
    notLoaded > 0.002 * fileBytes ? ` and ${formatBytes(notLoaded)} of prediction blocks that are not loaded` : '';
  const input = architecture.ngramTable
    ? 'the token embedding and the n-gram table, which stay'
    : 'the token embedding, which stays';
  return `${formatGB(fileBytes)} less ${input} in RAM (${formatBytes(hostBytes)})${rest}`;
}

/** The summands of the 16-bit KV cache, which together are what llama.cpp allocates (up to the alignment of a tensor). */
export function kvTerms(architecture: Architecture, contextTokens: number): readonly Term[] {
  const { attention } = architecture;
  const cells = contextCells(contextTokens);
  const settings = { ...DEFAULT_SETTINGS, context: contextTokens, transposedValues: false };
  switch (attention.kind) {
    case 'full':
    case 'latent': {
      const layers = cachingLayers(architecture, 'F');
      // Beside the index keys of grouped attention llama.cpp allocates values that nothing reads.
      const unread = attention.kind === 'full' ? (attention.valueHeadDim ?? attention.headDim) : 0;
      return [...rows(ALL_TOKENS, layers, attention, cells), ...indexerRows(attention.indexer, contextTokens, unread)];
    }
    case 'linear-hybrid': {
      const layers = cachingLayers(architecture, 'F') + cachingLayers(architecture, 'P');
      return [...rows(ALL_TOKENS, layers, attention.full, cells), ...indexerRows(attention.indexer, contextTokens)];
    }
    case 'sliding-window':
      return [
        ...rows(ALL_TOKENS, cachingLayers(architecture, 'F'), attention.full, cells),
        ...rows(
          'Layers with a window',
          cachingLayers(architecture, 'S'),
          attention.sliding,
          windowCells(attention.window, settings),
        ),
      ];
    case 'compressed': {
      const counts = layerCounts(architecture);
      const csa = counts.get('C') ?? 0;
      const hca = counts.get('H') ?? 0;
      const { rowWidth, indexer, csaRatio, hcaRatio } = attention;
      const plain = (
        name: string,
        count: number,
        layers: string,
        width: string,
        elements: number,
        tokens: number,
      ): Term => ({
        name,
        formula: `${count} ${layers} x ${width} x 2 bytes x ${formatCount(tokens)}`,
        bytes: count * elements * tokens * F16_BYTES,
      });
      const csaState = 8 * csaRatio * (rowWidth + indexer.headDim);
      const hcaState = 2 * hcaRatio * rowWidth;
      return [
        plain(
          'Last tokens, uncompressed',
          architecture.layers,
          'layers',
          String(rowWidth),
          rowWidth,
          windowCells(attention.window, settings),
        ),
        plain(
          'CSA rows',
          csa,
          'CSA layers',
          `(${rowWidth} + ${indexer.headDim})`,
          rowWidth + indexer.headDim,
          compressedCells(contextTokens, csaRatio),
        ),
        plain('HCA rows', hca, 'HCA layers', String(rowWidth), rowWidth, compressedCells(contextTokens, hcaRatio)),
        {
          name: 'Unfinished rows',
          formula: `(${csa} x ${formatCount(csaState)} + ${hca} x ${formatCount(hcaState)}) x 4 bytes for unfinished rows`,
          bytes: 4 * (csa * csaState + hca * hcaState),
        },
      ];
    }
  }
}

function rows(name: string, layers: number, shape: AttentionShape | LatentShape, cells: number): Term[] {
  if (layers === 0) return [];
  if (isLatent(shape)) {
    const width = cachedElementsOf(shape);
    return [
      {
        name,
        formula: `${layers} layers x ${width} x 2 bytes x ${formatCount(cells)}`,
        bytes: layers * width * F16_BYTES * cells,
      },
    ];
  }
  const { kvHeads, headDim, valueHeadDim } = shape;
  const value = valueHeadDim ?? headDim;
  const width = value === headDim ? `2 x ${kvHeads} heads x ${headDim}` : `${kvHeads} heads x (${headDim} + ${value})`;
  return [
    {
      name,
      formula: `${layers} layers x ${width} x 2 bytes x ${formatCount(cells)}`,
      bytes: layers * kvHeads * (headDim + value) * F16_BYTES * cells,
    },
  ];
}

function indexerRows(indexer: IndexerShape | undefined, contextTokens: number, unreadWidth = 0): Term[] {
  if (!indexer) return [];
  const layers = typeof indexer.layers === 'number' ? indexer.layers : indexer.layers.length;
  const cells = compressedCells(contextTokens, indexer.pooledTokens ?? 1);
  return [
    {
      name: 'Index keys',
      formula: `${layers} indexers x ${unreadWidth > 0 ? `(${indexer.headDim} + ${unreadWidth})` : indexer.headDim} x 2 bytes x ${formatCount(cells)}`,
      bytes: layers * (indexer.headDim + unreadWidth) * F16_BYTES * cells,
    },
  ];
}

/** The rule of thumb's cache in words, with the inputs that were used. */
export function ruleOfThumbCacheDetail(scenario: Scenario): string {
  const { at, contextTokens } = scenario;
  const inputs = at.file.ruleOfThumb;
  const tokens = formatCount(contextTokens);
  if (inputs) {
    const compression = inputs.sequenceCompression === 1 ? '' : ` x ${inputs.sequenceCompression}`;
    return `${inputs.layers} layers x 2 x ${inputs.kvHeads} x ${inputs.headDim} x 2 bytes x ${tokens} tokens${compression}`;
  }
  return `16-bit rows of the layers that cache, ${tokens} tokens`;
}
