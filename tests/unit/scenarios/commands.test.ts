import { describe, expect, it } from 'vitest';
import { commandsOf } from '../../../src/scenarios/commands.ts';
import { factsAt } from './catalog.ts';

const commandsAt = (path: string) => commandsOf(factsAt(path));
const flag = (command: string, name: string): string | undefined =>
  new RegExp(`(?:^| )${name} (\\S+)`).exec(command)?.[1];

describe('commands', () => {
  it('have the settings that the figures are for', () => {
    const [server] = commandsAt('llama-3-1-8b/q4-k-m/32k');
    const command = server?.command ?? '';
    expect(command).toMatch(/^llama-server -hf [\w.-]+\/[\w.-]+:Q4_K_M /);
    expect(flag(command, '-c')).toBe('32768');
    expect(flag(command, '-np')).toBe('1');
    expect(Number(flag(command, '-ngl'))).toBeGreaterThan(126);
    expect(command).not.toContain('-ctk');
    expect(server?.note).toContain('-ctk q8_0');
  });

  it('say what four slots keep four times, where the cache does', () => {
    const note = (path: string): string => commandsAt(path)[0]?.note ?? '';
    expect(note('llama-3-1-8b/q4-k-m/8k')).toContain('one sequence (-np 1), 16-bit');
    expect(note('deepseek-v3-2/iq2-m/64k')).toContain('one sequence (-np 1), 16-bit');
    expect(note('gemma-3-27b/iq3-m/64k')).toContain('(-np 1; the default of 4 keeps four windows)');
    expect(note('qwen3-5-27b/q4-k-m/8k')).toContain('(-np 1; the default of 4 keeps four states)');
  });

  it('name the importance matrix that a low quant is made with', () => {
    const note = (path: string): string => commandsAt(path)[0]?.note ?? '';
    expect(note('llama-3-1-8b/iq1-s/8k')).toContain('from the BF16 file and an importance matrix.');
    expect(note('llama-3-1-8b/q3-k-l/8k')).toContain('from the BF16 file.');
  });

  it('promise no context that an engine cuts or refuses', () => {
    const blocks = commandsAt('qwen3-8b/q4-k-m/128k');
    expect(blocks.map(({ tool }) => tool)).not.toContain('Ollama');
    expect(blocks[0]?.note).toContain('Ollama stops at 40K tokens.');
    expect(blocks.find(({ tool }) => tool.startsWith('vLLM'))?.note).toContain('Beyond 40K tokens it starts only with');
    expect(blocks.map(({ tool }) => tool)).not.toContain('LM Studio');
    expect(blocks.find(({ tool }) => tool.startsWith('MLX'))?.note).toContain('Beyond 40K tokens config.json needs');
    const tools = commandsAt('qwen3-8b/q4-k-m/32k').map(({ tool }) => tool);
    expect(tools).toContain('Ollama');
    expect(tools).toContain('LM Studio');
  });

  it('leave a longer context to the model card where the record does not say how', () => {
    const note = commandsAt('nemotron-3-super-120b-a12b/q5-k-m/512k')[0]?.note ?? '';
    expect(note).toContain('The model card says what to switch on beyond 256K tokens.');
    expect(note).not.toContain('RoPE');
  });

  it('leave the projector out, which -hf would load beside what the page counts', () => {
    const [server] = commandsAt('gemma-3-27b/q4-k-m/8k');
    expect(server?.command).toContain('-hf ggml-org/gemma-3-27b-it-GGUF:Q4_K_M --no-mmproj -c');
    expect(server?.note).toContain('--no-mmproj leaves out what reads images, 858 MB more.');
    expect(commandsAt('llama-3-1-8b/q4-k-m/8k')[0]?.command).not.toContain('mmproj');
  });

  it('say that Ollama and LM Studio load the projector, which nothing switches off', () => {
    const note = (path: string, name: string) => commandsAt(path).find(({ tool }) => tool === name)?.note ?? '';
    // The projector of Gemma 3 27B is a file of 857,739,168 bytes; that of Ministral 3 8B is not known.
    for (const tool of ['Ollama', 'LM Studio']) {
      expect(note('gemma-3-27b/q4-k-m/8k', tool)).toMatch(/, what reads images is loaded too, about 858 MB more\.$/);
      expect(note('ministral-3-8b/q4-k-m/8k', tool)).toMatch(/, what reads images is loaded too\.$/);
      expect(note('qwen3-8b/q4-k-m/8k', tool)).not.toContain('loaded too');
    }
  });

  it('take other quants of gpt-oss from the repository that has them', () => {
    expect(commandsAt('gpt-oss-120b/mxfp4-moe/8k')[0]?.command).toContain('-hf ggml-org/gpt-oss-120b-GGUF -c');
    expect(commandsAt('gpt-oss-120b/q4-k-m/8k')[0]?.command).toContain('-hf unsloth/gpt-oss-120b-GGUF:Q4_K_M -c');
    const studio = commandsAt('gpt-oss-120b/mxfp4-moe/8k').find(({ tool }) => tool === 'LM Studio')?.command;
    expect(studio).toMatch(/^lms get https:\/\/huggingface\.co\/ggml-org\/gpt-oss-120b-GGUF\n/);
  });

  it('take a quant from a repository that can be expected to have it', () => {
    const server = (path: string) => commandsAt(path)[0];
    expect(server('qwen3-8b/q4-k-m/8k')?.command).toContain('-hf Qwen/Qwen3-8B-GGUF:Q4_K_M');
    expect(server('qwen3-8b/iq4-xs/8k')?.command).toContain('-hf unsloth/Qwen3-8B-GGUF:IQ4_XS');
    expect(server('gemma-3-4b/q5-k-m/8k')?.command).toContain('-hf unsloth/gemma-3-4b-it-GGUF:Q5_K_M');
    expect(server('phi-3-mini/q4-k-m/4k')?.command).toContain('-hf bartowski/Phi-3-mini-4k-instruct-GGUF:Q4_K_M');
    expect(server('step-3-5-flash/q6-k/8k')?.note).toContain('Not every repository has Q6_K;');
    expect(server('step-3-5-flash/q4-k-m/8k')?.note).not.toContain('Not every repository');
  });

  it('load weights that were trained for the context of the page', () => {
    for (const id of ['qwen3-4b', 'qwen3-30b-a3b', 'qwen3-235b-a22b'])
      expect(commandsAt(`${id}/q4-k-m/256k`)[0]?.command, id).toMatch(/-hf \S+-2507-GGUF:/);
  });

  it('take a file where no repository is known', () => {
    const facts = factsAt('jamba-1-5-mini/q4-k-m/8k');
    expect(facts.scenario.model.ggufRepositories ?? []).toEqual([]);
    expect(commandsOf(facts)[0]?.command).toContain('-m jamba-1-5-mini-q4-k-m.gguf');
    expect(commandsOf(facts)[0]?.note).toContain('No GGUF repository is on record');
  });

  it('take the tag of Ollama on the page of the quant that it holds', () => {
    const ollama = (path: string) => commandsAt(path).find(({ tool }) => tool === 'Ollama');
    expect(ollama('gemma-2-9b/q4-0/4k')?.command).toContain('ollama run gemma2:9b');
    expect(ollama('gemma-2-9b/q4-k-m/4k')?.command).toContain('ollama run hf.co/bartowski/gemma-2-9b-it-GGUF:Q4_K_M');
    expect(ollama('gemma-2-9b/q4-k-m/4k')?.note).toContain('the tag gemma2:9b is most likely Q4_0.');
    expect(ollama('qwen3-5-0-8b/q8-0/8k')?.command).toContain('ollama run qwen3.5:0.8b');
  });

  it('switch on YaRN beyond the native context', () => {
    const command = commandsAt('qwen2-5-7b/q4-k-m/128k')[0]?.command ?? '';
    expect(command).toContain('--rope-scaling yarn --rope-scale 4 --yarn-orig-ctx 32768');
    expect(commandsAt('qwen2-5-7b/q4-k-m/32k')[0]?.command).not.toContain('rope');
    // The config of Qwen3 has 40,960 positions; its card stretches 32,768.
    expect(commandsAt('qwen3-8b/q4-k-m/128k')[0]?.command).toContain('--rope-scale 4 --yarn-orig-ctx 32768');
    expect(commandsAt('qwen3-8b/q4-k-m/64k')[0]?.command).toContain('--rope-scale 2 --yarn-orig-ctx 32768');
  });

  it('run within one server where a named set does', () => {
    const [server] = commandsAt('kimi-k2-6/q4-k-m/256k');
    expect(server?.tool).toBe('llama-server, 5 x H200 141GB');
    expect(server?.note).not.toContain('--rpc');
    const [several] = commandsAt('kimi-k3/iq3-m/4k');
    expect(several?.tool).toBe('llama-server, 10 x H200 141GB');
    expect(several?.note).toContain('each further one runs ggml-rpc-server and is named with --rpc host:port.');
  });

  it('give each GPU its layers where the default split overfills one', () => {
    const [server] = commandsAt('deepseek-v4-pro/q4-k-m/8k');
    expect(server?.tool).toBe('llama-server, 7 x H200 141GB');
    const split =
      flag(server?.command ?? '', '-ts')
        ?.split(',')
        .map(Number) ?? [];
    expect(split).toHaveLength(7);
    // 61 layers and the output layer.
    expect(split.reduce((sum, blocks) => sum + blocks, 0)).toBe(62);
  });

  it('keep as few experts in RAM as the card allows', () => {
    const facts = factsAt('gpt-oss-120b/mxfp4-moe/128k');
    const experts = commandsOf(facts).find(({ tool }) => tool.includes('experts in RAM'));
    expect(experts?.tool).toContain('RTX 4090 (24 GB)');
    const layers = Number(flag(experts?.command ?? '', '--n-cpu-moe'));
    const card = facts.experts?.partly?.own;
    const room = (card?.device.usableBytes ?? 0) - 457 * 2 ** 20;
    const onCard = (cpuMoeLayers: number): number =>
      facts.scenario.at.allocate(131_072, { cpuMoeLayers }).device.total * 1.05;
    expect(onCard(layers)).toBeLessThanOrEqual(room);
    expect(onCard(layers - 2)).toBeGreaterThan(room);
    expect(commandsAt('llama-3-1-8b/q4-k-m/8k').some(({ command }) => command.includes('moe'))).toBe(false);
  });

  it('say what an Ollama tag holds', () => {
    const note = (path: string): string | undefined => commandsAt(path).find(({ tool }) => tool === 'Ollama')?.note;
    expect(note('llama-3-1-8b/q4-k-m/8k')).toContain(
      'The tag llama3.1:8b is most likely Q4_K_M: "ollama show llama3.1:8b" says.',
    );
    expect(note('gpt-oss-120b/mxfp4-moe/8k')).toContain('most likely MXFP4_MOE:');
    const command = commandsAt('llama-3-1-8b/q4-k-m/8k').find(({ tool }) => tool === 'Ollama')?.command;
    expect(command).toBe('OLLAMA_CONTEXT_LENGTH=8192 OLLAMA_NUM_PARALLEL=1 ollama serve\nollama run llama3.1:8b');
  });

  it('give Ollama a file of the quant of the page, or no command', () => {
    const ollama = (path: string) => commandsAt(path).find(({ tool }) => tool === 'Ollama');
    const other = ollama('llama-3-1-8b/q6-k/8k');
    expect(other?.command).toMatch(/\nollama run hf\.co\/\w+\/[\w.-]*Llama-3\.1-8B[\w.-]*:Q6_K$/);
    expect(other?.note).toContain('Its file is from Hugging Face: the tag llama3.1:8b is most likely Q4_K_M.');
    // Larger files are in parts on Hugging Face.
    expect(ollama('llama-3-3-70b/q4-k-m/8k')?.command).toContain('ollama run llama3.3:70b');
    expect(ollama('llama-3-3-70b/iq2-m/8k')?.command).toContain('hf.co/');
    expect(ollama('llama-3-3-70b/q6-k/8k')).toBeUndefined();
  });

  it('load the same quant and context in LM Studio', () => {
    const block = commandsAt('qwen3-8b/q4-k-m/32k').find(({ tool }) => tool === 'LM Studio');
    expect(block?.command).toBe(
      'lms get https://huggingface.co/Qwen/Qwen3-8B-GGUF@q4_k_m\nlms load qwen3-8b --gpu max --context-length 32768 --parallel 1',
    );
    expect(block?.note).toContain('9.64 GB');
  });

  it('serve the published checkpoint where it is as good an answer as the file', () => {
    const vllm = (path: string) => commandsAt(path).find(({ tool }) => tool.startsWith('vLLM'));
    // The checkpoint has 167 GB, the file of Q6_K 233 GB.
    expect(vllm('deepseek-v4-flash/q6-k/4k')?.command).toContain('vllm serve deepseek-ai/DeepSeek-V4-Flash-0731 ');
    expect(vllm('deepseek-v3-0324/q6-k/8k')).toBeUndefined();
    const block = vllm('qwen3-8b/q4-k-m/32k');
    expect(block?.command).toBe('vllm serve Qwen/Qwen3-8B --max-model-len 32768 --max-num-seqs 1');
    // 8.19B parameters x 2 bytes.
    expect(block?.note).toContain('(BF16), not a Q4_K_M file: 16.4 GB of weights');
    expect(vllm('qwen3-8b/q2-k/32k')).toBeUndefined();
    // 865 GB of checkpoint take eight GPUs of 141 GB.
    expect(vllm('deepseek-v4-pro/q4-k-m/1m')?.command).toMatch(/--tensor-parallel-size 8$/);
  });

  it('pack a 16-bit checkpoint for MLX in the bits nearest to the quant', () => {
    const mlx = (path: string) => commandsAt(path).find(({ tool }) => tool.startsWith('MLX'));
    const block = mlx('qwen3-8b/q6-k/32k');
    expect(block?.command.split('\n')).toEqual([
      'mlx_lm.convert --hf-path Qwen/Qwen3-8B --mlx-path qwen3-8b-6bit -q --q-bits 6',
      'mlx_lm.server --model qwen3-8b-6bit',
    ]);
    // 36 layers, 8 heads of 128 for keys and for values, 2 bytes a number.
    expect(block?.note).toContain(`${((36 * 2 * 8 * 128 * 2 * 32_768) / 1e9).toFixed(2)} GB at 32K tokens`);
    expect(mlx('qwen3-8b/q4-k-m/32k')?.command).toContain('--q-bits 4');
    for (const path of [
      'qwen3-8b/iq2-m/32k',
      'qwen3-8b/bf16/32k',
      'gpt-oss-20b/mxfp4-moe/8k',
      'deepseek-v3-1/q4-k-m/8k',
    ]) {
      expect(mlx(path), path).toBeUndefined();
    }
  });
});
