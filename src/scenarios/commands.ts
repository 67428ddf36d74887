import { formatBytes, formatGB } from '../vram/index.ts';
import { engineRowsBeside, publishedRow } from './engines.ts';
import { defaultQuantOf } from './expand.ts';
import type { Facts } from './facts.ts';
import { namedSets } from './verdict.ts';
import type { CommandBlock } from './views.ts';
import { deviceLabel, nameWithMemory, tokensText } from './words.ts';

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
  'MXFP4_MOE',
]);

/** Where llama-server takes the file from: a repository that is known to have GGUF files, or a file on disk. */
function modelArgument({ scenario }: Facts): string {
  const { model, quant } = scenario;
  const [repository] = model.ggufRepositories ?? [];
  if (!repository) return `-m ${model.id}-${quant.id}.gguf`;
  // A repository of the published format holds one file, which needs no tag.
  const native = quant.scheme === 'MXFP4_MOE' && model.architecture.nativeExpertFormat === 'mxfp4';
  return native ? `-hf ${repository}` : `-hf ${repository}:${quant.scheme}`;
}

/** Flags for a context beyond the one the model was trained for; empty where the record does not say how. */
function ropeFlags({ scenario }: Facts): string {
  const { native, extendedBy } = scenario.model.context;
  if (scenario.contextTokens <= native || !/yarn/i.test(extendedBy ?? '')) return '';
  const scale = Math.ceil(scenario.contextTokens / native);
  return ` --rope-scaling yarn --rope-scale ${scale} --yarn-orig-ctx ${native}`;
}

/** Commands that run the scenario with the settings its figures are for: one sequence, 16-bit cache, everything on the GPU. */
export function commandsOf(facts: Facts): readonly CommandBlock[] {
  const { scenario, experts } = facts;
  const { model, quant, contextTokens } = scenario;
  const rope = ropeFlags(facts);
  const server = `llama-server ${modelArgument(facts)} -c ${contextTokens} -np 1 -ngl ${ALL_LAYERS}`;
  const commands: CommandBlock[] = [
    { ...serverBlock(facts, server, rope), note: [allocationText(facts), ...remarks(facts, rope)].join(' ') },
  ];
  if (experts) {
    const { partly } = experts;
    const some = partly && partly.cpuMoeLayers < model.architecture.layers ? partly : undefined;
    commands.push({
      tool: some ? `llama-server, experts in RAM, ${nameWithMemory(some.own.gpu)}` : 'llama-server, experts in RAM',
      command: `${server} ${some ? `--n-cpu-moe ${some.cpuMoeLayers}` : '--cpu-moe'}${rope}`,
      note: some
        ? `Keeps the experts of ${some.cpuMoeLayers} of ${model.architecture.layers} layers in RAM: about ${formatGB(some.deviceBytes)} on the card, ${formatGB(some.hostBytes)} in RAM.`
        : `About ${formatGB(experts.deviceBytes)} on the GPU, ${formatGB(experts.hostBytes)} in RAM.`,
    });
  }
  if (model.ollama) {
    commands.push({
      tool: 'Ollama',
      command: `OLLAMA_CONTEXT_LENGTH=${contextTokens} OLLAMA_NUM_PARALLEL=1 ollama serve\nollama run ${model.ollama}`,
      note: ollamaNote(
        model.ollama,
        quant.scheme,
        model.architecture.nativeExpertFormat === 'mxfp4' ? 'MXFP4_MOE' : OLLAMA_USUAL_SCHEME,
      ),
    });
  }
  commands.push(...lmStudio(facts), ...vllm(facts), ...mlx(facts));
  return commands;
}

/** LM Studio's command line. Its cache type is set in the app, so that only the 16-bit cache of this page has a command. */
function lmStudio({ scenario }: Facts): CommandBlock[] {
  const [repository] = scenario.model.ggufRepositories ?? [];
  if (!repository) return [];
  const { quant, contextTokens, needsBytes } = scenario;
  return [
    {
      tool: 'LM Studio',
      command: `lms get https://huggingface.co/${repository}@${quant.scheme.toLowerCase()}\nlms load ${repository
        .split('/')[1]
        ?.replace(/-GGUF$/i, '')
        .toLowerCase()} --gpu max --context-length ${contextTokens} --parallel 1`,
      note: `"lms ls" lists the exact key. --estimate-only prints LM Studio's own estimate to hold against the ${formatGB(needsBytes)} here.`,
    },
  ];
}

/** The vendor's own checkpoint in vLLM: on pages of the usual quant, and of quants that are no smaller than most checkpoints. */
function vllm({ catalog, scenario }: Facts): CommandBlock[] {
  const { model, quant, contextTokens } = scenario;
  if (!model.repository) return [];
  if (quant.nominalBits < 8 && quant.id !== defaultQuantOf(catalog, model).id) return [];
  const served = publishedRow(catalog, model, contextTokens);
  if (served?.engine.name !== 'vLLM' || !served.runsOn) return [];
  const { own, count } = served.runsOn;
  const parallel = count > 1 ? ` --tensor-parallel-size ${count}` : '';
  return [
    {
      tool: `vLLM, ${deviceLabel(own.gpu, count)}`,
      command: `vllm serve ${model.repository} --max-model-len ${contextTokens} --max-num-seqs 1${parallel}`,
      note: `Serves the published checkpoint (${served.format}), not a ${quant.name} file: ${formatGB(served.weightsBytes)} of weights and ${formatBytes(served.cacheBytes)} of cache.`,
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
  return [
    {
      tool: `MLX, ${deviceLabel(row.runsOn.own.gpu)}`,
      command: `mlx_lm.convert --hf-path ${model.repository} --mlx-path ${folder} -q --q-bits ${bits}\nmlx_lm.server --model ${folder}`,
      note: `${row.format} instead of ${quant.name}: ${formatGB(row.weightsBytes)} of weights. The cache grows with use, to ${formatBytes(row.cacheBytes)} at ${tokensText(contextTokens)}.`,
    },
  ];
}

/** The main command: for one device, or for the set that pages name where none is large enough. */
function serverBlock(facts: Facts, server: string, rope: string): CommandBlock {
  const { at, contextTokens } = facts.scenario;
  const [set] = facts.card || facts.unified ? [] : namedSets(facts);
  if (!set) return { tool: 'llama-server', command: `${server}${rope}` };
  const { tensorSplit } = at.fitOn(set.own.device, set.count, contextTokens);
  return {
    tool: `llama-server, ${deviceLabel(set.own.gpu, set.count)}`,
    command: `${server}${tensorSplit ? ` -ts ${tensorSplit.join(',')}` : ''}${rope}`,
  };
}

function allocationText(facts: Facts): string {
  const { scenario } = facts;
  const [set] = facts.card || facts.unified ? [] : namedSets(facts);
  if (!set) {
    return `Allocates the ${formatGB(scenario.needsBytes)} of this page: one sequence (-np 1; the default of 4 keeps four windows and states), 16-bit cache, micro-batch 512.`;
  }
  const { tensorSplit, shareBytes } = scenario.at.fitOn(set.own.device, set.count, scenario.contextTokens);
  const split = tensorSplit
    ? '-ts gives each GPU its number of layers, because the default split overfills the first.'
    : 'The layers are split evenly without another flag.';
  return `${split} The fullest GPU holds ${formatGB(shareBytes)}, its own compute buffer included.`;
}

function remarks({ scenario, q8Kv }: Facts, rope: string): readonly string[] {
  const { model, quant, contextTokens } = scenario;
  const known = (model.ggufRepositories ?? []).length > 0;
  return [
    ...(known ? [] : ['No GGUF repository is on record for this model: put in the path of your file.']),
    ...(known && !COMMON_SCHEMES.has(quant.scheme)
      ? [`Not every repository has ${quant.name}; llama-quantize makes it from the BF16 file.`]
      : []),
    ...(contextTokens > model.context.native && rope === ''
      ? [`Beyond ${tokensText(model.context.native)} add the RoPE scaling that the model card gives.`]
      : []),
    ...(q8Kv ? [`Add -ctk q8_0 -ctv q8_0 to plan for ${formatGB(q8Kv.planForBytes)} instead.`] : []),
  ];
}

/** What an Ollama tag holds is only certain where the tag names its quant. */
function ollamaNote(tag: string, scheme: string, usual: string): string {
  const named = /:.*?-((?:i?q\d\w*)|f16|bf16|mxfp4)$/i.exec(tag)?.[1]?.toUpperCase();
  if (named !== undefined) {
    return named === scheme
      ? `The tag is ${scheme}, the quant of this page.`
      : `The tag is ${named}, not ${scheme}: its memory differs from this page's.`;
  }
  return scheme === usual
    ? `Tags without a quant in their name are usually ${usual}; "ollama show ${tag}" tells.`
    : `The tag is usually ${usual}, not ${scheme}: "ollama show ${tag}" tells.`;
}
