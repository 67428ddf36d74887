/**
 * The calculator: fills the form that the page already has with every choice and keeps the figures beside it up to date.
 * A custom element without a framework: one form and a dozen texts need no more, and it leaves the budget to the estimator.
 */
import { contextLabel, EstimateError } from '../vram/browser.ts';
import { type CalculatorAnswer, computeAnswer, modelOf, type RowName } from './calculator/answer.ts';
import { type CalculatorData, loadData, prepareModel } from './calculator/data.ts';
import { isStateFragment } from './calculator/fragment.ts';
import type * as Served from './calculator/served.ts';
import {
  type CalculatorState,
  ENGINES,
  firstState,
  KEYS,
  KV_TYPE_NAMES,
  readFragment,
  readState,
  textOf,
  writeFragment,
} from './calculator/state.ts';

type Control = HTMLInputElement | HTMLSelectElement;
interface Choice {
  readonly id: string;
  readonly name: string;
  readonly group?: string;
}

const NOT_LOADED = 'The calculator could not be loaded. The figures are those of this page.';

/** The contexts that the list offers, in tokens. */
const CONTEXT_LADDER = [4, 8, 16, 32, 64, 128, 256, 512, 1024].map((k) => k * 1024);

/** Puts every choice into a select; the one it has stays selected. */
function fill(select: Control, choices: readonly Choice[]): void {
  const { value } = select;
  select.replaceChildren(
    ...[...Map.groupBy(choices, ({ group }) => group)].flatMap(([label, own]) => {
      const options = own.map(({ id, name }) => new Option(name, id, false, id === value));
      if (!label) return options;
      const group = document.createElement('optgroup');
      group.label = label;
      group.append(...options);
      return group;
    }),
  );
}

/** What the calculator answers at the moment: the settings, and what their engine offers. */
export interface Answered {
  readonly data: CalculatorData;
  readonly state: CalculatorState;
  /** Why the settings have no answer. */
  readonly error?: string;
}

class VramCalculator extends HTMLElement {
  /** Changes with every answer, which an event "answer" tells. */
  answered: Answered | undefined;
  /** The page's own settings. */
  preset: CalculatorState | undefined;

  connectedCallback(): void {
    this.#start().catch(() => this.#showError(NOT_LOADED));
  }

  async #start(): Promise<void> {
    const data = await loadData(this.dataset['source'] ?? '');
    let served: typeof Served | undefined;
    /** What the chosen engine offers. */
    let offer = data;
    this.#fill(data);
    const readForm = (base: CalculatorState): CalculatorState =>
      readState((key) => this.#control(key).value, offer, base);
    const preset = readForm(firstState(data));
    this.preset = preset;
    let state = preset;

    const show = async (next: CalculatorState): Promise<void> => {
      state = next;
      const model = modelOf(data, next);
      const { architecture, projectorBytes, towerBytes } = model;
      this.#offerContexts(data, next);
      this.#show(KEYS.experts, !next.engine && architecture.feedForward.experts !== undefined);
      this.#show(KEYS.projector, [projectorBytes, towerBytes][ENGINES.indexOf(next.engine)] !== undefined);
      this.#show(KEYS.mtp, next.engine !== 'mlx' && architecture.nextTokenLayers !== undefined);
      await prepareModel(model, { drafts: next.mtp > 0, manySettings: next !== preset });
      // The reader may have gone on to another setting meanwhile.
      if (state !== next) return;
      try {
        const answer = ((next.engine && served?.computeAnswer) || computeAnswer)(offer, next);
        this.#showAnswer(answer);
        // The figures are seen before the contexts are tried.
        await new Promise((resolve) => setTimeout(resolve));
        if (state !== next) return;
        this.#setText('largest-context', answer.largestContext());
        this.#tell({ data: offer, state: next });
      } catch (error) {
        if (!(error instanceof EstimateError)) throw error;
        this.#showError(error.message);
        this.#tell({ data: offer, state: next, error: error.message });
      }
    };
    const showLater = (work: Promise<void>): void => {
      work.catch(() => this.#showError(NOT_LOADED));
    };
    /** Turns the form to an engine, whose formats may depend on the model. */
    const turnTo = async (next: CalculatorState): Promise<void> => {
      if (next.engine) served ??= await import('./calculator/served.ts');
      if (!served) return;
      offer = served.offerOf(this, data, state, next);
      this.#fill(offer);
    };
    const apply = async (read: (base: CalculatorState) => CalculatorState): Promise<void> => {
      let next = read(preset);
      await turnTo(next);
      // The preset has no format of another engine; the form has one now.
      if (next.engine) next = read(readForm(preset));
      for (const field of Object.keys(KEYS) as (keyof CalculatorState)[])
        this.#control(KEYS[field]).value = textOf(next, field);
      await show(next);
    };
    const follow = async (): Promise<void> => {
      if (isStateFragment(location.hash)) await apply((base) => readFragment(location.hash, offer, base));
    };
    const change = async (): Promise<void> => {
      let next = readForm(state);
      if (next.engine !== state.engine || (next.engine && next.model !== state.model)) {
        await turnTo(next);
        next = readForm(state);
      }
      const { maxContext } = modelOf(data, next);
      if (next.model !== state.model && next.context > maxContext) {
        next = { ...next, context: maxContext };
        this.#control(KEYS.context).value = contextLabel(maxContext);
      }
      history.replaceState(null, '', writeFragment(next));
      await show(next);
    };

    this.addEventListener('input', ({ target }) => {
      const control = target as Control;
      if (control.validity.valid) showLater(change());
      else {
        const error = control.title || control.validationMessage;
        this.#showError(error);
        this.#tell({ data: offer, state, error });
      }
    });
    this.addEventListener('reset', (event) => {
      event.preventDefault();
      history.replaceState(null, '', location.pathname + location.search);
      showLater(apply(() => preset));
    });
    this.addEventListener('submit', (event) => event.preventDefault());
    addEventListener('hashchange', () => showLater(follow()));

    this.#find<HTMLFieldSetElement>('fieldset').disabled = false;
    await show(preset);
    await follow();
    this.dataset['ready'] = '';
  }

  #tell(answered: Answered): void {
    this.answered = answered;
    this.dispatchEvent(new Event('answer'));
  }

  /** A part of the form or the card, which `Calculator.astro` has all of. */
  #find<T extends Element>(selector: string): T {
    return this.querySelector(selector) as T;
  }

  #control(key: string): Control {
    return this.#find(`[name="${key}"]`);
  }

  #fill({ models, quants, devices, kvTypes = KV_TYPE_NAMES }: CalculatorData): void {
    fill(
      this.#control(KEYS.model),
      models.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })),
    );
    fill(this.#control(KEYS.quant), quants);
    fill(this.#control(KEYS.gpu), devices);
    for (const key of [KEYS.kType, KEYS.vType])
      fill(
        this.#control(key),
        kvTypes.map((id) => ({ id, name: id })),
      );
  }

  #show(key: string, shown: boolean): void {
    const label = this.#control(key).closest('label');
    if (label) label.hidden = !shown;
  }

  /** Offers the usual contexts up to the model's longest. */
  #offerContexts(data: CalculatorData, state: CalculatorState): void {
    const { maxContext } = modelOf(data, state);
    const contexts = [...CONTEXT_LADDER.filter((tokens) => tokens < maxContext), maxContext];
    this.#find('datalist').replaceChildren(...contexts.map((tokens) => new Option(contextLabel(tokens))));
  }

  #showAnswer(answer: CalculatorAnswer): void {
    for (const [name, { bytes, gb, gib }] of Object.entries(answer.rows) as [
      RowName,
      CalculatorAnswer['rows'][RowName],
    ][]) {
      const row = this.#part(name);
      row.hidden = bytes === 0;
      Object.assign(row.querySelector('data') ?? {}, { value: bytes, textContent: gb });
      Object.assign(row.querySelector('small') ?? {}, { textContent: gib });
    }
    const fit = this.#part('fit');
    fit.className = `fit ${answer.fit}`;
    fit.querySelector('use')?.setAttribute('href', `#${answer.fit}`);
    this.#setText('fit-text', answer.fitText);
    this.#setText('headroom', answer.headroom);
    this.#setText('largest-context', '…');
    this.#setText('more', answer.more);
    this.#showError('');
  }

  /** Shows why there is no answer in its place, or nothing; where nothing was computed yet, beside the page's own. */
  #showError(message: string): void {
    this.#setText('error', message);
    this.#part('error').hidden = !message;
    for (const name of ['answer', 'parts']) this.#part(name).hidden = message !== '' && 'ready' in this.dataset;
  }

  #part(name: string): HTMLElement {
    return this.#find(`[data-part="${name}"]`);
  }

  #setText(name: string, text: string): void {
    const part = this.#part(name);
    if (part.textContent !== text) part.textContent = text;
  }
}

export type { VramCalculator };

customElements.define('vram-calculator', VramCalculator);
