import { formatGB } from '../vram/index.ts';
import type { Facts } from './facts.ts';
import type { CommandBlock } from './views.ts';
import { nameWithMemory } from './words.ts';

/** How many layers is more than any model has: all of them go to the GPU. */
const ALL_LAYERS = 999;
const OLLAMA_USUAL_SCHEME = 'Q4_K_M';

/** Where llama-server takes the file from: a repository that is known to have GGUF files, or a file on disk. */
function modelArgument({ scenario }: Facts): string {
  const [repository] = scenario.model.ggufRepositories ?? [];
  const { scheme, id } = scenario.quant;
  return repository ? `-hf ${repository}:${scheme}` : `-m ${scenario.model.id}-${id}.gguf`;
}

/** Flags for a context beyond the one the model was trained for. */
function ropeFlags({ scenario }: Facts): string {
  const { native, extendedBy } = scenario.model.context;
  if (scenario.contextTokens <= native || !/yarn/i.test(extendedBy ?? '')) return '';
  const scale = Math.ceil(scenario.contextTokens / native);
  return ` --rope-scaling yarn --rope-scale ${scale} --yarn-orig-ctx ${native}`;
}

/** Commands that run the scenario with the settings its figures are for: one sequence, 16-bit cache, everything on the GPU. */
export function commandsOf(facts: Facts): readonly CommandBlock[] {
  const { scenario, experts, card } = facts;
  const { model, quant, contextTokens } = scenario;
  const server = `llama-server ${modelArgument(facts)} -c ${contextTokens} -np 1`;
  const rope = ropeFlags(facts);
  const known = (model.ggufRepositories ?? []).length > 0;
  const commands: CommandBlock[] = [
    {
      tool: 'llama-server',
      command: `${server} -ngl ${ALL_LAYERS}${rope}`,
      note: `Allocates the ${formatGB(scenario.needsBytes)} of this page: one sequence (-np 1; the default of 4 keeps four windows and states), 16-bit cache, micro-batch 512.${
        known ? '' : ' No GGUF repository is on record for this model: put in the path of your file.'
      }${facts.q8Kv ? ` Add -ctk q8_0 -ctv q8_0 to plan for ${formatGB(facts.q8Kv.planForBytes)} instead.` : ''}`,
    },
  ];
  if (experts) {
    const { partly } = experts;
    commands.push(
      partly && partly.cpuMoeLayers < model.architecture.layers
        ? {
            tool: `llama-server, experts in RAM, ${nameWithMemory(partly.own.gpu)}`,
            command: `${server} -ngl ${ALL_LAYERS} --n-cpu-moe ${partly.cpuMoeLayers}${rope}`,
            note: `Keeps the experts of ${partly.cpuMoeLayers} of ${model.architecture.layers} layers in RAM: ${formatGB(partly.deviceBytes)} on the card, ${formatGB(partly.hostBytes)} in RAM.`,
          }
        : {
            tool: 'llama-server, experts in RAM',
            command: `${server} -ngl ${ALL_LAYERS} --cpu-moe${rope}`,
            note: `${formatGB(experts.deviceBytes)} on the GPU, ${formatGB(experts.hostBytes)} in RAM.`,
          },
    );
  } else if (!card) {
    const [set] = facts.datacenterSets;
    if (set) commands[0] = { ...(commands[0] as CommandBlock), note: `Layers are split over the ${set.count} GPUs without another flag; each keeps a compute buffer of its own.` };
  }
  if (model.ollama) {
    commands.push({
      tool: 'Ollama',
      command: `OLLAMA_CONTEXT_LENGTH=${contextTokens} OLLAMA_NUM_PARALLEL=1 ollama serve\nollama run ${model.ollama}`,
      note: ollamaNote(model.ollama, quant.scheme, model.architecture.nativeExpertFormat === 'mxfp4' ? 'MXFP4_MOE' : OLLAMA_USUAL_SCHEME),
    });
  }
  return commands;
}

/** What an Ollama tag holds is only certain where the tag names its quant. */
function ollamaNote(tag: string, scheme: string, usual: string): string {
  const named = /:.*?-((?:i?q\d\w*)|f16|bf16|mxfp4)$/i.exec(tag)?.[1]?.toUpperCase();
  if (named !== undefined) {
    return named === scheme ? `The tag is ${scheme}, the quant of this page.` : `The tag is ${named}, not ${scheme}: its memory differs from this page's.`;
  }
  return scheme === usual
    ? `Tags without a quant in their name are usually ${usual}; "ollama show ${tag}" tells.`
    : `The tag is usually ${usual}, not ${scheme}: "ollama show ${tag}" tells.`;
}

