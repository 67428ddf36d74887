import type { Architecture, LayerKind, LinearShape } from '../vram/index.ts';
import {
  cachedElementsOf,
  formatBytes,
  formatCount,
  formatGB,
  isLatent,
  layerKinds,
  layersWithCache,
} from '../vram/index.ts';
import { memoized } from './memoized.ts';
import type { Scenario } from './scenario.ts';
import { capitalize, counted, joinWords, shareText, tokensText } from './words.ts';

/** A title and a few sentences about a cache that is not plain GQA. */
export interface CacheNote {
  readonly title: string;
  readonly text: readonly string[];
}

type Attention<K extends Architecture['attention']['kind']> = Extract<Architecture['attention'], { kind: K }>;

const F16_BYTES = 2;
/** A cache of more than this share of what it would be without a window saves nothing worth telling. */
const HARDLY_SAVED = 0.9;

/** Layers of each kind in the stack. */
export const layerCounts = memoized(
  (architecture: Architecture): ReadonlyMap<LayerKind, number> => countKinds(layerKinds(architecture)),
);

function countKinds(kinds: readonly LayerKind[]): ReadonlyMap<LayerKind, number> {
  const counts = new Map<LayerKind, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Layers that own a cache of their own, of one kind. */
export function cachingLayers(architecture: Architecture, kind: LayerKind): number {
  return cachingCounts(architecture).get(kind) ?? 0;
}

const cachingCounts = memoized((architecture: Architecture): ReadonlyMap<LayerKind, number> => {
  return countKinds(layerKinds(architecture).slice(0, layersWithCache(architecture)));
});

/**
 * What is special about this model's cache, with its own numbers at this context; `undefined` for plain GQA,
 * where the formula under "how this is calculated" says all there is.
 */
export function cacheNote(scenario: Scenario): CacheNote | undefined {
  const { attention } = scenario.model.architecture;
  switch (attention.kind) {
    case 'full':
      return attention.indexer ? sparseNote(scenario, attention.indexer) : undefined;
    case 'latent':
      return latentNote(scenario, attention);
    case 'sliding-window':
      return attention.local === 'chunked' ? chunkedNote(scenario, attention) : windowNote(scenario, attention);
    case 'linear-hybrid':
      return hybridNote(scenario, attention);
    case 'compressed':
      return compressedNote(scenario, attention);
  }
}

/** "10.4 GB at 1M tokens". */
const cacheHere = ({ allocation, contextTokens }: Scenario): string =>
  `${formatBytes(allocation.device.kvCache)} at ${tokensText(contextTokens)}`;

function compressedNote(scenario: Scenario, attention: Attention<'compressed'>): CacheNote {
  const { model, allocation, contextTokens, ruleOfThumb, at } = scenario;
  const counts = layerCounts(model.architecture);
  const raw = counts.get('R') ?? 0;
  const plainBytes =
    model.architecture.layers * (attention.rowWidth + attention.ropeHeadDim) * F16_BYTES * contextTokens;
  const kinds = [
    `${counts.get('C') ?? 0} layers keep one row for every ${attention.csaRatio} tokens (compressed sparse attention, CSA)`,
    `${counts.get('H') ?? 0} keep one for every ${attention.hcaRatio} (heavily compressed attention, HCA)`,
    ...(raw > 0 ? [`${raw} keep no compressed rows at all`] : []),
  ];
  const text = [
    `Of ${model.name}'s ${model.architecture.layers} layers, ${joinWords(kinds)}. Every layer also holds the last ${attention.window} tokens in full.`,
    `A row has ${attention.rowWidth} numbers that serve as key and value at once, and each CSA row has an indexer key of ${attention.indexer.headDim} more.`,
    `Together they take ${cacheHere(scenario)}. One MLA row per token in all ${model.architecture.layers} layers would take ${formatGB(plainBytes)}: the compression leaves ${shareText(allocation.device.kvCache / plainBytes)}.`,
  ];
  if (at.file.ruleOfThumb) {
    const { layers, headDim, sequenceCompression } = at.file.ruleOfThumb;
    text.push(
      `The rule of thumb counts ${layers} layers of MLA rows (2 x ${headDim}) at ${sequenceCompression * 100} % of the tokens and arrives at ${formatBytes(ruleOfThumb.kvCache)}, so it errs on the safe side.`,
    );
  }
  return { title: 'A compressed cache: CSA and HCA', text };
}

function latentNote(scenario: Scenario, attention: Attention<'latent'>): CacheNote {
  const { model, allocation, contextTokens } = scenario;
  const { layers } = model.architecture;
  const row = cachedElementsOf(attention);
  const perHead = attention.heads * (attention.nopeHeadDim + attention.ropeHeadDim + attention.valueHeadDim);
  const fullBytes = layers * perHead * F16_BYTES * contextTokens;
  const text = [
    `${model.name} uses multi-head latent attention (MLA). A layer caches one row of ${row} numbers per token (${attention.kvLoraRank} latent and ${attention.ropeHeadDim} for position) instead of keys and values for ${attention.heads} heads.`,
    `The cache of all ${layers} layers is ${cacheHere(scenario)}; separate keys and values would take ${formatGB(fullBytes)}.`,
  ];
  if (attention.indexer) text.push(indexerSentence(scenario, attention.indexer));
  text.push(
    `Values are read out of the same row, so there is no V cache to quantize apart; a q8_0 cache shrinks the ${formatBytes(allocation.device.kvCache)} by 47 %.`,
  );
  return {
    title: attention.indexer ? 'A latent cache with a sparse indexer: MLA and DSA' : 'A latent cache: MLA',
    text,
  };
}

function indexerSentence(
  { model, contextTokens }: Scenario,
  indexer: { layers: number | readonly number[]; headDim: number; topK?: number; pooledTokens?: number },
): string {
  const layers = typeof indexer.layers === 'number' ? indexer.layers : indexer.layers.length;
  const bytes = (layers * indexer.headDim * F16_BYTES * contextTokens) / (indexer.pooledTokens ?? 1);
  const reads =
    indexer.topK === undefined ? 'the rows worth reading' : `the ${formatCount(indexer.topK)} rows worth reading`;
  return `An indexer in ${layers} of ${model.architecture.layers} layers picks ${reads} and caches a key of ${indexer.headDim} numbers of its own: ${formatBytes(bytes)} of the total. Sparse reading saves time, not memory: every row stays cached.`;
}

function sparseNote(scenario: Scenario, indexer: NonNullable<Attention<'full'>['indexer']>): CacheNote {
  return {
    title: 'Sparse attention over a full cache',
    text: [
      `${scenario.model.name} reads only part of its cache for each token but keeps all of it: ${cacheHere(scenario)}.`,
      indexerSentence(scenario, indexer),
    ],
  };
}

function windowNote(scenario: Scenario, attention: Attention<'sliding-window'>): CacheNote {
  const { model, allocation, contextTokens } = scenario;
  const { architecture } = model;
  const full = cachingLayers(architecture, 'F');
  const sliding = cachingLayers(architecture, 'S');
  const shared = attention.sharedKvLayers ?? 0;
  const naive =
    contextTokens *
    F16_BYTES *
    (full * cachedElementsOf(attention.full) + sliding * cachedElementsOf(attention.sliding));
  const text = [
    `${sliding} of the ${full + sliding} layers that own a cache remember only the last ${formatCount(attention.window)} tokens; ${full} remember all of them.`,
  ];
  if (allocation.device.kvCache < HARDLY_SAVED * naive) {
    text.push(
      `So ${model.name} caches ${cacheHere(scenario)}. If every layer kept every token it would be ${formatBytes(naive)}, which is what calculators that ignore the window print.`,
    );
  } else {
    text.push(
      `At ${tokensText(contextTokens)} the window hardly matters yet: the cache is ${formatBytes(allocation.device.kvCache)}. It starts to pay off at longer contexts.`,
    );
  }
  if (shared > 0) text.push(`The last ${shared} layers own no cache: they read that of an earlier layer.`);
  if (attention.fullKeyIsValue)
    text.push(
      'Keys and values of the full layers come from one projection, but llama.cpp stores both, and so does this estimate.',
    );
  text.push(
    `llama.cpp keeps the window plus one micro-batch of 512 tokens, and one window for each parallel sequence.`,
  );
  return { title: `A sliding window in ${sliding} of ${full + sliding} layers`, text };
}

function chunkedNote(scenario: Scenario, attention: Attention<'sliding-window'>): CacheNote {
  const { model, contextTokens } = scenario;
  const full = cachingLayers(model.architecture, 'F');
  const local = cachingLayers(model.architecture, 'S');
  const naive =
    contextTokens * F16_BYTES * (full * cachedElementsOf(attention.full) + local * cachedElementsOf(attention.sliding));
  return {
    title: `Chunked attention in ${local} of ${full + local} layers`,
    text: [
      `${local} layers attend within chunks of ${formatCount(attention.window)} tokens and cache that and one micro-batch; ${full} attend to everything.`,
      contextTokens > attention.window
        ? `The cache is ${cacheHere(scenario)}, where ${full + local} full layers would need ${formatBytes(naive)}.`
        : `At ${tokensText(contextTokens)} the whole context is one chunk, so nothing is saved yet: the cache is ${formatBytes(scenario.allocation.device.kvCache)}.`,
    ],
  };
}

const LINEAR_NAMES: Readonly<Record<LinearShape['type'], string>> = {
  'gated-deltanet': 'Gated DeltaNet',
  'kimi-delta': 'Kimi Delta Attention',
  lightning: 'lightning attention',
  mamba2: 'Mamba-2',
  mamba1: 'Mamba-1',
  'short-convolution': 'short convolution',
};

function hybridNote(scenario: Scenario, attention: Attention<'linear-hybrid'>): CacheNote {
  const { model, allocation, contextTokens } = scenario;
  const { architecture } = model;
  const counts = layerCounts(architecture);
  const name = LINEAR_NAMES[attention.linear.type];
  const parallel = counts.get('P') ?? 0;
  const growing = (counts.get('F') ?? 0) + parallel;
  const linear = (counts.get('L') ?? 0) + parallel;
  const others = architecture.layers - growing - (counts.get('L') ?? 0);
  const { kvCache, state } = allocation.device;
  const first =
    parallel > 0
      ? `All ${parallel} layers run attention and a ${name} mixer side by side: the attention half caches every token, the mixer keeps a state of constant size.`
      : `Only ${growing} of ${architecture.layers} layers cache every token${isLatent(attention.full) ? ', as MLA rows' : ''}. ${linear} are ${name} layers with a state of constant size${others > 0 ? `, and ${others} keep nothing` : ''}.`;
  const text = [first, `The cache takes ${cacheHere(scenario)}, the state ${formatBytes(state)} at any context.`];
  if (parallel === 0 && kvCache > 0) {
    const naive = (kvCache / growing) * (growing + linear);
    text.push(`With a growing cache in those ${linear} layers too it would be ${formatBytes(naive)}.`);
  }
  if (attention.indexer) text.push(indexerSentence(scenario, attention.indexer));
  text.push(
    `The state is kept in 32 bits whatever the KV type, once per parallel sequence: quantizing the cache at ${tokensText(contextTokens)} touches ${formatBytes(kvCache)} and leaves ${formatBytes(state)} as it is.`,
  );
  const title =
    parallel > 0
      ? `Attention and ${name} in every layer`
      : `${capitalize(name)} in ${counted(linear, 'layer')}, a cache in ${growing}`;
  return { title, text };
}
