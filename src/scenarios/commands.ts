import type { EstimableModel } from '../catalog/model.schema.ts';
import { formatBytes, formatGB } from '../vram/index.ts';
import { engineRowsBeside, publishedRow, towerBytesOf } from './engines.ts';
import { defaultQuantOf, isForExperts, isPublishedInMxfp4 } from './expand.ts';
import type { DeviceSet, Facts } from './facts.ts';
import { serversOf, setToRunOn } from './named-devices.ts';
import type { CommandBlock } from './views.ts';
import {
  capitalize,
  deviceLabel,
  expertsOfFirst,
  joinWords,
  nameWithMemory,
  tokensText,
  withArticle,
} from './words.ts';

/** How many layers is more than any model has: all of them go to the GPU. */
const ALL_LAYERS = 999;
const OLLAMA_USUAL_SCHEME = 'Q4_K_M';
/** Quants that nearly every GGUF repository offers. */
const COMMON_SCHEMES: ReadonlySet<string> = new Set([
  'Q3_K_M',
  'Q4_K_S',
  'Q4_K_M',
  'Q5_K_M',
  'Q6_K',
  'Q8_0',
  'BF16',
  'F16',
]);
/** The same of a model: one that is published in MXFP4 is offered so. */
const isCommon = ({ model, quant }: Facts['scenario']): boolean =>
  COMMON_SCHEMES.has(quant.scheme) || (isForExperts(quant) && isPublishedInMxfp4(model));

/** A repository with GGUF files, and the tag of one of them; empty where it holds one file. */
interface GgufFile {
  readonly repository: string;
  readonly tag: string;
}

/** Publishers whose repositories hold a few quants, and which; those of the others have the usual ones. */
const FEW_SCHEMES: Readonly<Record<string, ReadonlySet<string>>> = {
  allenai: new Set(['Q4_0', 'Q4_K_M', 'Q8_0']),
  'ggml-org': new Set(['Q4_K_M', 'Q8_0']),
  'LGAI-EXAONE': new Set(['Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q8_0', 'BF16']),
  'lmstudio-community': new Set(['Q4_K_M', 'Q6_K', 'Q8_0']),
  LiquidAI: new Set(['Q4_0', 'Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q8_0']),
  microsoft: new Set(),
  Qwen: new Set(['Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q8_0']),
};

/** Whether a repository can be expected to have a quant. */
function offers(repository: string, scheme: string): boolean {
  const [publisher = ''] = repository.split('/');
  return FEW_SCHEMES[publisher]?.has(scheme) ?? true;
}

/**
 * Where a file of a model is: in the first repository on record that can be expected to have the quant; `undefined` where
 * none is on record. Of a model that is published in MXFP4 the first repository has that one file.
 */
export function ggufFileOf(model: EstimableModel, scheme: string): GgufFile | undefined {
  const [first, ...others] = model.ggufRepositories ?? [];
  if (first === undefined) return undefined;
  const native = isPublishedInMxfp4(model);
  if (native && scheme === 'MXFP4_MOE') return { repository: first, tag: '' };
  const offered = native && others.length > 0 ? others : [first, ...others];
  return { repository: offered.find((own) => offers(own, scheme)) ?? first, tag: scheme };
}

const IN_WORDS = { image: 'images', video: 'video', audio: 'audio' } as const;

/** What a model reads beside text, in words; empty where it reads text only. */
export const readsBesideText = ({ modalities }: EstimableModel): readonly string[] =>
  modalities.flatMap((kind) => (kind === 'text' ? [] : [IN_WORDS[kind]]));

/**
 * A sentence on the projector that a program loads unasked where `where` is true; empty of a model that reads text only.
 * Neither Ollama (issues 10889 and 13742) nor LM Studio (lmstudio-bug-tracker issues 1550 and 1760) has a switch for it.
 */
function loadedUnasked(model: EstimableModel, where: string): string {
  const reads = readsBesideText(model);
  if (reads.length === 0) return '';
  const more = model.projector ? `, about ${formatBytes(model.projector.bytes)} more` : '';
  return ` ${where}, what reads ${joinWords(reads)} is loaded too${more}.`;
}

/** Where llama-server takes the file from: a repository that is known to have GGUF files, or a file on disk. */
function modelArgument({ scenario }: Facts): string {
  const { model, quant } = scenario;
  const file = ggufFileOf(model, quant.scheme);
  if (!file) return `-m ${model.id}-${quant.id}.gguf`;
  // With -hf the projector is found and loaded unasked; it is in none of the figures.
  const projector = readsBesideText(model).length > 0 ? ' --no-mmproj' : '';
  return `-hf ${file.repository}${file.tag && `:${file.tag}`}${projector}`;
}

/** A model that YaRN takes beyond its native context, and the length that it stretches by a whole factor. */
export interface Yarn {
  readonly native: number;
  readonly original: number;
}

/**
 * `undefined` where the record names no YaRN. The length is less than the native one where the config allows more positions
 * than that (Qwen3: 40,960 positions, 131,072 = 4 x 32,768).
 */
export function yarnOf({ context: { native, extended, extendedBy } }: EstimableModel): Yarn | undefined {
  if (extended === undefined || !/yarn/i.test(extendedBy ?? '')) return undefined;
  return { native, original: Math.min(native, extended / Math.ceil(extended / native)) };
}

/** Flags for a context beyond the one the model was trained for; empty where the record does not say how. */
function ropeFlags({ scenario: { model, contextTokens } }: Facts): string {
  const yarn = yarnOf(model);
  if (!yarn || contextTokens <= yarn.native) return '';
  const scale = Math.ceil(contextTokens / yarn.original);
  return ` --rope-scaling yarn --rope-scale ${scale} --yarn-orig-ctx ${yarn.original}`;
}

/** Commands that run the scenario with the settings its figures are for: one sequence, 16-bit cache, everything on the GPU. */
export function commandsOf(facts: Facts): readonly CommandBlock[] {
  const { scenario, experts } = facts;
  const { model, contextTokens } = scenario;
  const rope = ropeFlags(facts);
  const server = `llama-server ${modelArgument(facts)} -c ${contextTokens} -np 1 -ngl ${ALL_LAYERS}`;
  const commands: CommandBlock[] = [
    { ...serverBlock(facts, server, rope), note: [allocationText(facts), ...remarks(facts, rope)].join(' ') },
  ];
  if (experts) {
    const { partly } = experts;
    commands.push({
      tool: partly ? `llama-server, experts in RAM, ${nameWithMemory(partly.own.gpu)}` : 'llama-server, experts in RAM',
      command: `${server} ${partly ? `--n-cpu-moe ${partly.cpuMoeLayers}` : '--cpu-moe'}${rope}`,
      note: partly
        ? `Keeps ${expertsOfFirst(partly.cpuMoeLayers, model.architecture)} in RAM: about ${formatGB(partly.deviceBytes)} on the card, ${formatGB(partly.hostBytes)} in RAM.`
        : `About ${formatGB(experts.deviceBytes)} on the GPU, ${formatGB(experts.hostBytes)} in RAM.`,
    });
  }
  commands.push(...ollama(facts), ...lmStudio(facts), ...vllm(facts), ...mlx(facts));
  return commands;
}

/**
 * Ollama with a file of this quant: its own tag where that has it, or else one of Hugging Face; it cuts a context to what the
 * file says the model was trained for.
 */
function ollama({ scenario }: Facts): CommandBlock[] {
  const { model, quant, contextTokens } = scenario;
  if (!model.ollama || contextTokens > model.context.native) return [];
  // What a tag holds is only certain where it names its quant.
  const named = /:.*?-((?:i?q\d\w*)|f16|bf16|mxfp4)$/i.exec(model.ollama)?.[1]?.toUpperCase();
  const usual = isPublishedInMxfp4(model) ? 'MXFP4_MOE' : OLLAMA_USUAL_SCHEME;
  const held = named ?? model.ollamaQuant?.scheme ?? usual;
  const file = held === quant.scheme ? model.ollama : fileForOllama(scenario);
  if (!file) return [];
  const tag = `the tag ${model.ollama} is ${named ? '' : 'most likely '}${held}`;
  const origin =
    file !== model.ollama
      ? `Its file is from Hugging Face: ${tag}.`
      : named
        ? 'Its tag names the quant of this page.'
        : `${capitalize(tag)}: "ollama show ${model.ollama}" says.`;
  return [
    {
      tool: 'Ollama',
      command: `OLLAMA_CONTEXT_LENGTH=${contextTokens} OLLAMA_NUM_PARALLEL=1 ollama serve\nollama run ${file}`,
      note: `The second command goes into another terminal. ${origin}${loadedUnasked(model, 'Where "ollama show" lists vision')}`,
    },
  ];
}

/** Publishers who cut files of a few GB into parts too. */
const CUTS_SMALL_FILES: ReadonlySet<string> = new Set(['Qwen']);
/** Larger files are in parts on Hugging Face, which Ollama does not take (ollama issue 5245); a little is left for other recipes. */
const LARGEST_FILE_BYTES = 45e9;

/** How Ollama names the quant of a page in a repository that is expected to have it in one file; `undefined` where none is. */
function fileForOllama({ model, quant, allocation }: Facts['scenario']): string | undefined {
  const file = ggufFileOf(model, quant.scheme);
  if (!file || !offers(file.repository, quant.scheme) || allocation.fileBytes > LARGEST_FILE_BYTES) return undefined;
  if (CUTS_SMALL_FILES.has(file.repository.split('/')[0] ?? '')) return undefined;
  return `hf.co/${file.repository}${file.tag && `:${file.tag}`}`;
}

/**
 * LM Studio's command line. Its cache type is set in the app, so that only the 16-bit cache of this page has a command; it
 * has no option for what a context beyond the native one takes.
 */
function lmStudio({ scenario }: Facts): CommandBlock[] {
  const { model, quant, contextTokens, needsBytes } = scenario;
  const file = ggufFileOf(model, quant.scheme);
  if (!file || contextTokens > model.context.native) return [];
  const { repository, tag } = file;
  return [
    {
      tool: 'LM Studio',
      command: `lms get https://huggingface.co/${repository}${tag && `@${tag.toLowerCase()}`}\nlms load ${repository
        .split('/')[1]
        ?.replace(/-GGUF$/i, '')
        .toLowerCase()} --gpu max --context-length ${contextTokens} --parallel 1`,
      note: `"lms ls" lists the exact key. --estimate-only prints LM Studio's own estimate to hold against the ${formatGB(needsBytes)} here.${loadedUnasked(model, 'With an mmproj file beside the model')}`,
    },
  ];
}

/** What vLLM loads and runs beside the text model, in sentences. */
function vllmLoadsToo(model: EstimableModel, count: number): string {
  const reads = readsBesideText(model);
  const towerBytes = towerBytesOf(model);
  const more = towerBytes !== undefined && count === 1 ? `, about ${formatBytes(towerBytes)} more` : '';
  const tower = reads.length > 0 ? ` What reads ${joinWords(reads)} is loaded too${more}.` : '';
  const code = model.remoteCode ? ' --trust-remote-code lets the code run that the repository brings.' : '';
  return `${tower}${code}`;
}

/** The vendor's own checkpoint in vLLM: on pages of the usual quant, and of quants that are no smaller than it, or than most checkpoints. */
function vllm({ catalog, scenario, smallerCheckpointBytes }: Facts): CommandBlock[] {
  const { model, quant, contextTokens } = scenario;
  if (!model.repository) return [];
  const isLarge = quant.nominalBits >= 8 || smallerCheckpointBytes !== undefined;
  if (!isLarge && quant.id !== defaultQuantOf(catalog, model).id) return [];
  const served = publishedRow(catalog, model, contextTokens);
  if (served?.engine.name !== 'vLLM' || !served.runsOn) return [];
  const { own, count } = served.runsOn;
  const parallel = count > 1 ? ` --tensor-parallel-size ${count}` : '';
  const { native } = model.context;
  const long =
    contextTokens > native
      ? ` Beyond ${tokensText(native)} it starts only with the settings for long contexts of the model card.`
      : '';
  return [
    {
      tool: `vLLM, ${deviceLabel(own.gpu, count)}`,
      command: `vllm serve ${model.repository} --max-model-len ${contextTokens} --max-num-seqs 1${parallel}${model.remoteCode ? ' --trust-remote-code' : ''}`,
      note: `Serves the published checkpoint (${served.format})${served.format === quant.name ? '' : `, not ${withArticle(quant.name)} file`}: ${formatGB(served.weightsBytes / count)} of weights and ${formatBytes(served.cacheBytes / count)} of cache${count > 1 ? ` on each of ${count} GPUs` : ''}.${vllmLoadsToo(model, count)}${long}`,
    },
  ];
}

/** The published checkpoint packed for a Mac, where mlx-lm can: 16 bits as published, and a quant that MLX has the like of. */
function mlx({ catalog, scenario }: Facts): CommandBlock[] {
  const { model, quant, contextTokens } = scenario;
  if (!model.repository || model.nativeFormat?.name !== 'BF16' || quant.nominalBits < 4) return [];
  const row = engineRowsBeside(catalog, scenario).find(({ engine }) => engine.name === 'MLX');
  const bits = row?.quant && Math.floor(row.quant.nominalBits);
  if (!row?.runsOn || bits === undefined) return [];
  const folder = `${model.id}-${bits}bit`;
  const { native } = model.context;
  return [
    {
      tool: `MLX, ${deviceLabel(row.runsOn.own.gpu)}`,
      command: `mlx_lm.convert --hf-path ${model.repository} --mlx-path ${folder} -q --q-bits ${bits}\nmlx_lm.server --model ${folder}`,
      note: `${row.format} instead of ${quant.name}: ${formatGB(row.weightsBytes)} of weights. The cache grows with use, to ${formatBytes(row.cacheBytes)} at ${tokensText(contextTokens)}${scenario.allocation.device.state > 0 ? ' with the state' : ''}.${
        contextTokens > native
          ? ` Beyond ${tokensText(native)} config.json needs the settings for long contexts of the model card first.`
          : ''
      }`,
    },
  ];
}

/** The set that the main command is for; `undefined` where one device is large enough. */
const commandSet = (facts: Facts): DeviceSet | undefined =>
  facts.card || facts.unified ? undefined : setToRunOn(facts);

/** The main command: for one device, or for the set that pages name where none is large enough. */
function serverBlock(facts: Facts, server: string, rope: string): CommandBlock {
  const { at, contextTokens } = facts.scenario;
  const set = commandSet(facts);
  if (!set) return { tool: 'llama-server', command: `${server}${rope}` };
  const { tensorSplit } = at.fitOn(set.own.device, set.count, contextTokens);
  return {
    tool: `llama-server, ${deviceLabel(set.own.gpu, set.count)}`,
    command: `${server}${tensorSplit ? ` -ts ${tensorSplit.join(',')}` : ''}${rope}`,
  };
}

function allocationText(facts: Facts): string {
  const { scenario } = facts;
  const set = commandSet(facts);
  if (!set) {
    return `Allocates the ${formatGB(scenario.needsBytes)} of this page: one sequence (-np 1${fourSlots(scenario)}), 16-bit cache, micro-batch 512.`;
  }
  const { tensorSplit, shareBytes } = scenario.at.fitOn(set.own.device, set.count, scenario.contextTokens);
  const split = tensorSplit
    ? '-ts gives each GPU its number of layers, because the default split overfills the first.'
    : 'The layers are split evenly without another flag.';
  // Source: tools/rpc/README.md of llama.cpp.
  const others =
    serversOf(set) > 1
      ? ' llama-server sees the GPUs of its own server: each further one runs ggml-rpc-server and is named with --rpc host:port.'
      : '';
  return `${split} The fullest GPU holds ${formatGB(shareBytes)}, its own compute buffer included.${others}`;
}

/** What the default of four slots keeps four times: the cache of all tokens is shared by them, windows and states are not. */
function fourSlots({ model, allocation }: Facts['scenario']): string {
  const { kind } = model.architecture.attention;
  const kept = [
    ...(kind === 'sliding-window' || kind === 'compressed' ? ['windows'] : []),
    ...(allocation.device.state > 0 ? ['states'] : []),
  ];
  return kept.length > 0 ? `; the default of 4 keeps four ${joinWords(kept)}` : '';
}

function remarks({ scenario, q8Kv }: Facts, rope: string): readonly string[] {
  const { model, quant, contextTokens } = scenario;
  const known = ggufFileOf(model, quant.scheme);
  const reads = known ? readsBesideText(model) : [];
  const more = model.projector ? `, ${formatBytes(model.projector.bytes)} more` : '';
  return [
    ...(reads.length > 0 ? [`--no-mmproj leaves out what reads ${joinWords(reads)}${more}.`] : []),
    ...(known ? [] : ['No GGUF repository is on record for this model: put in the path of your file.']),
    ...(known && !(isCommon(scenario) && offers(known.repository, quant.scheme))
      ? [
          `Not every repository has ${quant.name}; llama-quantize makes it from the BF16 file${quant.needsImatrix ? ' and an importance matrix' : ''}.`,
        ]
      : []),
    ...(contextTokens > model.context.native && rope === ''
      ? [`The model card says what to switch on beyond ${tokensText(model.context.native)}.`]
      : []),
    ...(contextTokens > model.context.native && model.ollama !== undefined
      ? [`Ollama stops at ${tokensText(model.context.native)}.`]
      : []),
    ...(q8Kv ? [`Add -ctk q8_0 -ctv q8_0 to plan for ${formatGB(q8Kv.planForBytes)} instead.`] : []),
  ];
}
