/**
 * The calculator: fills the form that the page already has with every choice and keeps the figures beside it up to date.
 * A custom element without a framework: one form and a dozen texts need no more, and it leaves the budget to the estimator.
 */
import { contextLabel, EstimateError } from '../vram/browser.ts';
import { type CalculatorAnswer, computeAnswer, modelOf, type RowName } from './calculator/answer.ts';
import { type CalculatorData, loadData, prepareModel } from './calculator/data.ts';
import { isStateFragment } from './calculator/fragment.ts';
import {
  type CalculatorState,
  FLASH_ATTENTION_CHOICES,
  firstState,
  KEYS,
  KV_TYPE_NAMES,
  readFragment,
  readState,
  writeFragment,
} from './calculator/state.ts';

type Control = HTMLInputElement | HTMLSelectElement;
type Choice = readonly [value: string, text: string];

const NOT_LOADED = 'The calculator could not be loaded. The figures are those of this page.';

/** The contexts that the list offers, in tokens. */
const CONTEXT_LADDER = [4, 8, 16, 32, 64, 128, 256, 512, 1024].map((k) => k * 1024);

/** Puts every choice into a select that has the page's own choice only; that one stays selected and the default. */
function fill(select: Control, groups: ReadonlyMap<string, readonly Choice[]>): void {
  const { value } = select;
  const nodes = [...groups].flatMap(([label, choices]) => {
    const options = choices.map(([id, text]) => new Option(text, id, id === value, id === value));
    if (label === '') return options;
    const group = document.createElement('optgroup');
    group.label = label;
    group.append(...options);
    return [group];
  });
  select.replaceChildren(...nodes);
}

function plain(choices: readonly Choice[]): ReadonlyMap<string, readonly Choice[]> {
  return new Map([['', choices]]);
}

class VramCalculator extends HTMLElement {
  connectedCallback(): void {
    this.#start().catch(() => this.#showError(NOT_LOADED));
  }

  async #start(): Promise<void> {
    const data = await loadData(this.dataset['source'] ?? '');
    this.#fill(data);
    const preset = readState((key) => this.#control(key).value, data, firstState(data));
    let state = preset;

    const show = async (next: CalculatorState): Promise<void> => {
      state = next;
      this.#offerContexts(data, next);
      await prepareModel(modelOf(data, next));
      // The reader may have gone on to another setting meanwhile.
      if (state === next) this.#showAnswer(data, next);
    };
    const showLater = (next: CalculatorState): void => {
      show(next).catch(() => this.#showError(NOT_LOADED));
    };
    const follow = (): void => {
      if (!isStateFragment(location.hash)) return;
      const next = readFragment(location.hash, data, preset);
      for (const [field, key] of Object.entries(KEYS) as [keyof CalculatorState, string][]) {
        this.#control(key).value = field === 'context' ? contextLabel(next.context) : String(next[field]);
      }
      showLater(next);
    };

    this.addEventListener('input', ({ target }) => {
      const control = target as Control;
      if (!control.validity.valid) {
        this.#showError(control.title || control.validationMessage);
        return;
      }
      let next = readState((key) => this.#control(key).value, data, state);
      const { maxContext } = modelOf(data, next);
      if (next.model !== state.model && next.context > maxContext) {
        next = { ...next, context: maxContext };
        this.#control(KEYS.context).value = contextLabel(maxContext);
      }
      showLater(next);
      history.replaceState(null, '', writeFragment(next));
    });
    this.addEventListener('reset', () => {
      history.replaceState(null, '', location.pathname + location.search);
      showLater(preset);
    });
    this.addEventListener('submit', (event) => event.preventDefault());
    addEventListener('hashchange', follow);

    this.#find<HTMLFieldSetElement>('fieldset').disabled = false;
    await show(preset);
    follow();
    this.dataset['ready'] = '';
  }

  #find<T extends Element>(selector: string): T {
    const found = this.querySelector<T>(selector);
    if (found === null) throw new Error(`The calculator has no ${selector}`);
    return found;
  }

  #control(key: string): Control {
    return this.#find(`[name="${key}"]`);
  }

  #fill(data: CalculatorData): void {
    const named = (list: readonly { readonly id: string; readonly name: string }[]): Choice[] =>
      list.map(({ id, name }) => [id, name]);
    const words = (list: readonly string[]): Choice[] => list.map((word) => [word, word]);
    fill(
      this.#control(KEYS.model),
      plain(named(data.models).sort(([, a], [, b]) => a.localeCompare(b, 'en', { numeric: true }))),
    );
    fill(this.#control(KEYS.quant), plain(named(data.quants)));
    fill(this.#control(KEYS.kType), plain(words(KV_TYPE_NAMES)));
    fill(this.#control(KEYS.vType), plain(words(KV_TYPE_NAMES)));
    fill(this.#control(KEYS.flashAttention), plain(words(FLASH_ATTENTION_CHOICES)));
    const groups = Map.groupBy(data.devices, ({ group }) => group);
    fill(this.#control(KEYS.gpu), new Map([...groups].map(([group, devices]) => [group, named(devices)])));
  }

  /** Offers the usual contexts up to the model's longest. */
  #offerContexts(data: CalculatorData, state: CalculatorState): void {
    const { maxContext } = modelOf(data, state);
    const contexts = [...CONTEXT_LADDER.filter((tokens) => tokens < maxContext), maxContext];
    this.#find('datalist').replaceChildren(...contexts.map((tokens) => new Option(contextLabel(tokens))));
  }

  #showAnswer(data: CalculatorData, state: CalculatorState): void {
    let answer: CalculatorAnswer;
    try {
      answer = computeAnswer(data, state);
    } catch (error) {
      if (!(error instanceof EstimateError)) throw error;
      this.#showError(error.message);
      return;
    }
    for (const [name, { bytes, gb, gib }] of Object.entries(answer.rows) as [
      RowName,
      CalculatorAnswer['rows'][RowName],
    ][]) {
      const row = this.#part(name);
      row.hidden = name === 'state' && bytes === 0;
      const figure = row.querySelector('data');
      if (figure) {
        figure.value = String(bytes);
        figure.textContent = gb;
      }
      const small = row.querySelector('small');
      if (small) small.textContent = gib;
    }
    const fit = this.#part('fit');
    fit.className = `fit ${answer.fit}`;
    fit.querySelector('use')?.setAttribute('href', `#${answer.fit}`);
    this.#setText('fit-text', answer.fitText);
    this.#setText('headroom', answer.headroom);
    this.#setText('largest-context', answer.largestContext);
    this.#setText('error', '');
    this.#hideFigures(false);
  }

  /** Shows why there is no answer in its place; where nothing was computed yet, beside the page's own. */
  #showError(message: string): void {
    this.#setText('error', message);
    this.#hideFigures(this.dataset['ready'] !== undefined);
    this.#part('error').hidden = false;
  }

  #hideFigures(hidden: boolean): void {
    this.#part('answer').hidden = hidden;
    this.#part('parts').hidden = hidden;
    this.#part('error').hidden = !hidden;
  }

  #part(name: string): HTMLElement {
    return this.#find(`[data-part="${name}"]`);
  }

  #setText(name: string, text: string): void {
    const part = this.#part(name);
    if (part.textContent !== text) part.textContent = text;
  }
}

customElements.define('vram-calculator', VramCalculator);
