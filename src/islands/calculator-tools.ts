/**
 * What the calculator's own page has beside the calculator: what to change, the command, a plot, the reader's hardware,
 * a model of the reader's own. It reads the calculator's form and writes into the data that the calculator reads.
 */
import { axisSteps } from '../vram/axis.ts';
import { EstimateError, formatBytes, formatGB, formatRoundGB, formatTokens } from '../vram/browser.ts';
import { axisLabelClasses } from './axis-labels.ts';
import { deviceOf, modelOf } from './calculator/answer.ts';
import {
  type CalculatorData,
  type CalculatorDevice,
  type CalculatorModel,
  loadData,
  prepareModel,
} from './calculator/data.ts';
import { commandOf, type Files, fixesOf, type Room, roomOf } from './calculator/fixes.ts';
import { writeFragment } from './calculator/fragment.ts';
import { adapterName, devicesNamed, keepHardware, keptHardware } from './calculator/hardware.ts';
import { ready } from './calculator/ready.ts';
import { type CalculatorState, contextsUpTo, firstState, KEYS } from './calculator/state.ts';
import './calculator.ts';
import type { VramCalculator } from './calculator.ts';
import { COMMAND_OPTIONS } from './command-options.ts';

const OWN_MODEL = 'own-model';
const SVG = 'http://www.w3.org/2000/svg';
const PAUSE_MS = 120;
const UNKNOWN_CONTEXT = 131_072;

/** What this page asks of an engine's module. */
const llamaCpp = { commandOf, fixesOf, roomOf };
type Engine = typeof llamaCpp;

type Control = HTMLInputElement | HTMLSelectElement;

/** A newer change of the reader's has made an answer pointless. */
class Superseded extends Error {}

class CalculatorTools extends HTMLElement {
  #data: CalculatorData | undefined;
  #files: Files = { repositories: {}, checkpoints: {} };
  #shown = 0;

  connectedCallback(): void {
    // The calculator says that something could not be loaded.
    this.#start().catch(() => this.remove());
  }

  get #calculator(): VramCalculator {
    return find(document, 'vram-calculator');
  }

  async #start(): Promise<void> {
    const data = await loadData(this.dataset['source'] ?? '');
    this.#data = data;
    // Without it commands name files in place of repositories.
    const commands = await fetch(this.dataset['commands'] ?? '').catch(() => undefined);
    if (commands?.ok) this.#files = await commands.json();
    await ready(this.#calculator);

    const kept = keptHardware();
    if (kept && !location.hash && data.devices.some(({ id }) => id === kept.gpu)) {
      this.#set(KEYS.gpu, kept.gpu);
      this.#set(KEYS.devices, String(kept.devices));
      this.#set(KEYS.reserve, String(kept.reserve));
    }
    let waiting: ReturnType<typeof setTimeout> | undefined;
    // The calculator answers at once; what stands below it waits until the reader pauses.
    this.#calculator.addEventListener('answer', () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => void this.#show(), PAUSE_MS);
    });
    this.addEventListener('click', ({ target }) => {
      const action = target instanceof HTMLElement ? target.dataset['do'] : undefined;
      if (action)
        this.#do(action).catch(() => {
          this.#tool('own-note').textContent = 'Could not be loaded. Is there a connection?';
        });
    });
    await this.#show();
    this.dataset['ready'] = '';
  }

  /** A control of this page or of the calculator. */
  #control(name: string): Control {
    return find(document, `calculator-tools [name="${name}"], vram-calculator [name="${name}"]`);
  }

  #tool<T extends Element = HTMLElement>(name: string): T {
    return find(this, `[data-tool="${name}"]`);
  }

  /** Sets a control of the calculator as a reader would. */
  #set(name: string, value: string): void {
    const control = this.#control(name);
    control.value = value;
    control.dispatchEvent(new Event('input', { bubbles: true }));
  }

  async #show(): Promise<void> {
    const { answered } = this.#calculator;
    if (!answered) return;
    const { data, state, error } = answered;
    if (error !== undefined) {
      this.#shown += 1;
      this.#empty();
      this.#tool('link').textContent = '';
      this.#tool('fixes').replaceChildren(text('p', error));
      return;
    }
    const model = modelOf(data, state);
    const device = deviceOf(data, state);
    const engine: Engine = state.engine ? await import('./calculator/served-fixes.ts') : llamaCpp;
    // Ways to fit are tried with many settings, one after the other.
    await prepareModel(model, { manySettings: true });
    if (this.#calculator.answered !== answered) return;
    try {
      const { tool, command } = engine.commandOf(data, state, model, device, this.#files);
      this.#tool('command-name').textContent = tool;
      this.#tool('command').replaceChildren(...wordsOf(command));
      const points = contextsUpTo(model.maxContext).map((context) => ({
        context,
        ...engine.roomOf(data, { ...state, context }, model, device),
      }));
      this.#plot(points, state.devices > 1 ? `${state.devices} x ${device.name}` : device.name);
    } catch (error) {
      if (!(error instanceof EstimateError)) throw error;
      this.#empty();
    }
    this.#showLink(state);
    await this.#showFixes(engine, data, state, model, device);
  }

  /** Takes away what is of settings before. */
  #empty(): void {
    this.#tool('command').textContent = '';
    this.#tool('plot').replaceChildren();
    find(this.#tool('contexts'), 'tbody').replaceChildren();
  }

  /** Tries the ways one by one; a newer change ends it. */
  async #showFixes(
    engine: Engine,
    data: CalculatorData,
    state: CalculatorState,
    model: CalculatorModel,
    device: CalculatorDevice,
  ): Promise<void> {
    this.#shown += 1;
    const own = this.#shown;
    const pause = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve));
      if (own !== this.#shown) throw new Superseded();
    };
    try {
      const { title, ways } = await engine.fixesOf(data, state, model, device, pause);
      this.#tool('fixes').replaceChildren(text('p', title), list(ways));
    } catch (error) {
      if (error instanceof EstimateError) this.#tool('fixes').replaceChildren(text('p', error.message));
      else if (!(error instanceof Superseded)) throw error;
    }
  }

  #showLink(state: CalculatorState): void {
    this.#tool('link').textContent =
      state.model === OWN_MODEL
        ? 'A model of your own has no link: its config is only in this page.'
        : location.origin + location.pathname + writeFragment(state);
  }

  /** Draws Plan for against context, and writes the same figures into the table. */
  #plot(points: readonly (Room & { readonly context: number })[], name: string): void {
    const { roomBytes = 0 } = points[0] ?? {};
    const steps = axisSteps(Math.max(roomBytes, ...points.map(({ planForBytes }) => planForBytes)));
    const most = steps.at(-1) ?? 1;
    const [from, to] = [Math.log2(points[0]?.context ?? 1), Math.log2(points.at(-1)?.context ?? 2)];
    const x = (context: number): number => (to > from ? (1000 * (Math.log2(context) - from)) / (to - from) : 500);
    const y = (bytes: number): number => 1000 - (1000 * bytes) / most;
    const line = drawn('svg', {
      'aria-hidden': 'true',
      width: '100%',
      height: '100%',
      viewBox: '0 0 1000 1000',
      preserveAspectRatio: 'none',
    });
    line.append(
      drawn('path', {
        class: 's1',
        d: `M${points.map(({ context, planForBytes }) => `${x(context).toFixed(1)} ${y(planForBytes).toFixed(1)}`).join('L')}`,
      }),
    );
    const labels = points.map(({ context }) => ({ at: x(context), label: formatTokens(context) }));
    const classes = axisLabelClasses(labels);
    const room = `${y(roomBytes) / 10}%`;
    this.#tool<SVGElement>('plot').replaceChildren(
      ...steps.flatMap((bytes) => {
        const at = `${y(bytes) / 10}%`;
        return [
          drawn('line', { class: 'axis', x2: '100%', y1: at, y2: at }),
          drawn('text', { class: 'end', x: '-8', y: at, dy: '4' }, formatRoundGB(bytes)),
        ];
      }),
      ...labels.map(({ at, label }, index) =>
        drawn('text', { class: classes[index] ?? '', x: `${at / 10}%`, y: '100%', dy: '20' }, label),
      ),
      drawn('line', { class: 'device', x2: '100%', y1: room, y2: room }),
      line,
      drawn('text', { class: 'start', y: room, dx: '4', dy: '-4' }, `${name}: ${formatBytes(roomBytes)} free`),
    );
    find(this.#tool('contexts'), 'tbody').replaceChildren(
      ...points.map(({ context, planForBytes }) => {
        const row = document.createElement('tr');
        const head = text('th', formatTokens(context));
        head.setAttribute('scope', 'row');
        row.append(head, text('td', formatGB(planForBytes)));
        return row;
      }),
    );
  }

  async #do(action: string): Promise<void> {
    const note = this.#tool('hardware-note');
    switch (action) {
      case 'detect':
        note.textContent = await this.#detect();
        break;
      case 'remember':
        note.textContent = this.#keep()
          ? 'Kept in this browser, and marked in every table from the next page on.'
          : 'This browser keeps nothing for this site.';
        break;
      case 'forget':
        keepHardware(undefined);
        note.textContent = 'Forgotten.';
        break;
      case 'fetch':
        await this.#fetchConfig();
        break;
      case 'use':
        await this.#use((this.#control('config') as Control).value, 'Your model');
        break;
    }
  }

  #keep(): boolean {
    const { answered } = this.#calculator;
    if (!answered) return false;
    const { gpu, devices, reserve } = answered.state;
    return keepHardware({ gpu, devices, reserve });
  }

  async #detect(): Promise<string> {
    const adapter = await adapterName();
    const { deviceMemory } = navigator as { readonly deviceMemory?: number };
    const ram = deviceMemory === undefined ? '' : ` The browser says at least ${deviceMemory} GB of RAM.`;
    if (adapter === '') return `The browser does not name its graphics adapter; choose the device above.${ram}`;
    // Not every engine runs on every device.
    const [least, ...more] = devicesNamed(adapter, this.#calculator.answered?.data.devices ?? []);
    if (!least) return `The browser says "${adapter}", which is no device of the list above.${ram}`;
    this.#set(KEYS.gpu, least.id);
    return `The browser says "${adapter}": ${least.name} is chosen.${
      more.length > 0 ? ` It may also be ${more.map(({ name }) => name).join(' or ')}.` : ''
    }${ram}`;
  }

  async #fetchConfig(): Promise<void> {
    const input = this.#control('repository') as HTMLInputElement;
    // People paste the address of the repository's page, or of a file in it.
    const [owner = '', name = ''] = input.value
      .trim()
      .replace(/^(https?:\/\/)?(www\.)?(huggingface\.co|hf\.co)\//i, '')
      .split(/[/?#]/);
    const repository = name === '' ? owner : `${owner}/${name}`;
    input.value = repository;
    const note = this.#tool('own-note');
    if (repository === '' || !input.validity.valid) {
      note.textContent = input.title;
      return;
    }
    note.textContent = `Reading ${repository} …`;
    const { config, why } = await configOf(repository);
    // The reader may have asked for another one meanwhile.
    if (input.value !== repository) return;
    if (config === undefined) {
      note.textContent = why;
      return;
    }
    (this.#control('config') as Control).value = config;
    await this.#use(config, name);
  }

  /** Makes the reader's model one of the calculator's, and chooses it. */
  async #use(config: string, name: string): Promise<void> {
    const data = this.#data;
    const note = this.#tool('own-note');
    if (!data) return;
    if (config.trim() === '') {
      note.textContent = 'Paste a config.json first.';
      return;
    }
    const { readModel } = await import('../vram/browser-config.ts');
    let maxContext: number | undefined;
    let model: CalculatorModel;
    try {
      const { parameters, ...read } = readModel(config);
      maxContext = read.maxContext;
      model = { maxContext: UNKNOWN_CONTEXT, ...read, id: OWN_MODEL, name, publishedParameters: parameters };
    } catch (error) {
      note.textContent = whyNot(error);
      return;
    }
    await prepareModel(model);
    try {
      // A config may contradict itself in ways that only a graph shows.
      const alone = { ...data, models: [model] };
      roomOf(alone, { ...firstState(alone), context: 1 }, model, data.devices[0] as CalculatorDevice);
    } catch (error) {
      note.textContent = whyNot(error);
      return;
    }
    const others = data.models.filter(({ id }) => id !== OWN_MODEL);
    data.models.splice(0, data.models.length, model, ...others);
    const select = this.#control(KEYS.model) as HTMLSelectElement;
    select.querySelector(`option[value="${OWN_MODEL}"]`)?.remove();
    select.prepend(new Option(name, OWN_MODEL));
    this.#set(KEYS.model, OWN_MODEL);
    const { className, layers } = model.architecture;
    const context =
      maxContext === undefined
        ? `a context that the file does not name (up to ${formatTokens(UNKNOWN_CONTEXT)} here)`
        : `${formatTokens(maxContext)} tokens of context`;
    note.textContent = `${name}: ${className}, ${layers} layers, ${context}. It is chosen above.`;
  }
}

/** Why a config.json gives no model, in words. */
function whyNot(error: unknown): string {
  if (error instanceof EstimateError) return error.message.replace(/ Known: .*/, '');
  return `No model can be built from this config.json: ${error instanceof Error ? error.message : error}.`;
}

/** The text of a repository's config.json, or why it cannot be had. */
async function configOf(repository: string): Promise<{ readonly config?: string; readonly why: string }> {
  try {
    const response = await fetch(`https://huggingface.co/${repository}/resolve/main/config.json`);
    if (response.ok) return { config: await response.text(), why: '' };
    const { status } = response;
    const why =
      status === 404
        ? 'Repositories of GGUF files have none: name the one of the original model.'
        : 'Gated and private models cannot be read; paste the file instead.';
    return { why: `huggingface.co answered ${status} for the config.json of ${repository}. ${why}` };
  } catch {
    return { why: 'huggingface.co could not be reached. Paste the file instead.' };
  }
}

function find<T extends Element>(within: ParentNode, selector: string): T {
  const found = within.querySelector<T>(selector);
  if (found === null) throw new Error(`The page has no ${selector}`);
  return found;
}

function text(tag: string, content: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = content;
  return element;
}

/** A command, none of whose options is torn from a short value. */
function wordsOf(command: string): readonly (string | HTMLElement)[] {
  return command
    .split(new RegExp(`(${COMMAND_OPTIONS.source})`))
    .map((words, index) => (index % 2 === 1 ? Object.assign(text('span', words), { className: 'one' }) : words));
}

function list(lines: readonly string[]): HTMLElement {
  const element = document.createElement('ol');
  element.append(...lines.map((line) => text('li', line)));
  return element;
}

function drawn(tag: string, attributes: Readonly<Record<string, string>>, content = ''): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = content;
  return element;
}

customElements.define('calculator-tools', CalculatorTools);
