/**
 * The calculator: fills the form that the page already has with every choice and keeps the figures beside it up to date.
 * A custom element without a framework: one form and a dozen texts need no more, and it leaves the budget to the estimator.
 */
import { contextLabel, EstimateError, KV_TYPES, loadNotes, sharesRows } from '../vram/browser.ts';
import { planAhead } from './calculator/ahead.ts';
import { type CalculatorAnswer, computeAnswer, modelOf, type PlacedAnswer, type RowName } from './calculator/answer.ts';
import { type CalculatorData, type CalculatorModel, loadData, prepareModel } from './calculator/data.ts';
import { isStateFragment, readFragment, writeFragment } from './calculator/fragment.ts';
import type * as Served from './calculator/served.ts';
import {
  type CalculatorState,
  contextsUpTo,
  ENGINES,
  firstState,
  isUnusual,
  KEYS,
  planKeyOf,
  readState,
  textOf,
} from './calculator/state.ts';

type Control = HTMLInputElement | HTMLSelectElement;
interface Choice {
  readonly id: string;
  readonly name: string;
  readonly group?: string;
}

const NOT_LOADED = 'Could not be loaded. Is there a connection?';

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

/** A text that stays is no news to those who listen. */
function put(part: Element, text: string): void {
  if (part.textContent !== text) part.textContent = text;
}

/** Resolves after so many milliseconds, and after what the reader did meanwhile. */
const pause = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A browser may take longer for the address than the answer does, which goes first, and so does whoever types on. */
const ADDRESS_MS = 150;

/** What the calculator answers at the moment: the settings, and what their engine offers. */
interface Answered {
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
  /** What {@link planKeyOf} says of settings that were answered whole. */
  readonly planned = new Set<string>();

  connectedCallback(): void {
    this.#start().catch(() => this.#showError(NOT_LOADED));
  }

  async #start(): Promise<void> {
    const data = await loadData(this.dataset['source'] ?? '');
    let served: typeof Served | undefined;
    /** What the chosen engine offers. */
    let offer = data;
    /** The model whose contexts the form offers. */
    let offered: CalculatorModel | undefined;
    this.#fill(data);
    const readForm = (base: CalculatorState): CalculatorState =>
      readState((key) => this.#control(key).value, offer, base);
    const preset = readForm(firstState(data));
    this.preset = preset;
    let state = preset;

    const refuse = (error: string): void => {
      this.#showError(error);
      this.#tell({ data: offer, state, error });
    };
    const showLater = (work: Promise<void>): void => {
      work.catch(() => refuse(NOT_LOADED));
    };
    const show = async (next: CalculatorState): Promise<void> => {
      state = next;
      const model = modelOf(data, next);
      const { architecture, projectorBytes, towerBytes } = model;
      if (offered !== model) this.#offerContexts(model);
      offered = model;
      if (!next.engine) this.#show(KEYS.vType, !sharesRows(architecture));
      this.#show(KEYS.experts, !next.engine && architecture.feedForward.experts !== undefined);
      this.#show(KEYS.projector, [projectorBytes, towerBytes][ENGINES.indexOf(next.engine)] !== undefined);
      this.#show(KEYS.mtp, next.engine !== 'mlx' && architecture.nextTokenLayers !== undefined);
      await prepareModel(model);
      // The reader may have gone on to another setting meanwhile.
      if (state !== next) return;
      try {
        const answer = ((next.engine && served?.computeAnswer) || computeAnswer)(offer, next);
        this.#showFigures(answer);
        // What is planned for the first time may take long: what is known is seen before it.
        const plan = planKeyOf(next);
        const isNew = !this.planned.has(plan);
        if (isNew && next.devices > 1) await pause();
        if (state !== next) return;
        this.#showFit(answer.placed());
        const tries = answer.largestContext();
        let longest: IteratorResult<unknown, string>;
        do {
          if (isNew) await pause();
          if (state !== next) return;
          longest = tries.next();
        } while (!longest.done);
        this.#setText('largest-context', longest.value);
        if (isUnusual(next)) {
          await loadNotes();
          if (state !== next) return;
          this.#showFit(answer.placed());
        }
        this.planned.add(plan);
        this.#setBusy(false);
        this.#tell({ data: offer, state: next });
      } catch (error) {
        if (!(error instanceof EstimateError)) throw error;
        refuse(error.message);
      }
    };
    /** Turns the form to an engine, whose formats may depend on the model. */
    const turnTo = async (next: CalculatorState): Promise<void> => {
      if (next.engine) served ??= await import('./calculator/served.ts');
      if (!served) return;
      offer = served.offerOf(this, data, state, next);
      this.#fill(offer);
    };
    const write = (next: CalculatorState): void => {
      for (const field of Object.keys(KEYS) as (keyof CalculatorState)[]) {
        const control = this.#control(KEYS[field]);
        control.value = textOf(next, field);
        // Nothing that a link sets is hidden.
        if (next[field] !== preset[field]) control.closest('details')?.toggleAttribute('open', true);
      }
    };
    /** Sets the form to the page's own settings, with what `read` changes of them. */
    const apply = async (read: (base: CalculatorState) => CalculatorState): Promise<void> => {
      write(preset);
      state = preset;
      let next = read(preset);
      await turnTo(next);
      // The preset has no format of another engine; the form has one now.
      next = read(next.engine ? readForm(preset) : preset);
      write(next);
      await show(next);
    };
    /** Follows the address, which without a fragment means the page's own settings. */
    const follow = async (): Promise<void> => {
      const { hash } = location;
      if (!hash || isStateFragment(hash)) await apply((base) => readFragment(hash, offer, base));
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
      void pause(ADDRESS_MS).then(() => {
        if (state === next) history.replaceState(null, '', writeFragment(next));
      });
      await show(next);
    };

    this.addEventListener('input', () => {
      const wrong = this.querySelector<HTMLInputElement>('label:not([hidden]) > :invalid');
      if (wrong) {
        // What is under way is of settings that the form no longer has.
        state = { ...state };
        refuse(wrong.title);
      } else showLater(change());
    });
    this.addEventListener('reset', (event) => {
      event.preventDefault();
      history.replaceState(null, '', location.pathname + location.search);
      showLater(follow());
    });
    addEventListener('hashchange', () => showLater(follow()));

    this.addEventListener('focusin', () => showLater(planAhead(this, data, pause)), { once: true });

    this.#find<HTMLFieldSetElement>('fieldset').disabled = false;
    await show(preset);
    if (location.hash) await follow();
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

  #fill({ models, quants, devices, kvTypes = KV_TYPES }: CalculatorData): void {
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
  #offerContexts({ maxContext }: CalculatorModel): void {
    this.#find('datalist').replaceChildren(
      ...contextsUpTo(maxContext).map((tokens) => new Option(contextLabel(tokens))),
    );
  }

  /** Shows what the settings need; the largest context is of the settings before, and is marked so, until it follows. */
  #showFigures(answer: CalculatorAnswer): void {
    this.#showError('');
    for (const [name, { bytes, gb, gib }] of Object.entries(answer.rows) as [
      RowName,
      CalculatorAnswer['rows'][RowName],
    ][]) {
      const row = this.#part(name);
      row.hidden = bytes === 0;
      const data = row.querySelector('data') as HTMLDataElement;
      data.value = String(bytes);
      put(data, gb);
      put(row.querySelector('small') as HTMLElement, gib);
    }
  }

  #showFit({ fit, fitText, headroom, more }: PlacedAnswer): void {
    const part = this.#part('fit');
    part.className = `fit ${fit}`;
    part.querySelector('use')?.setAttribute('href', `#${fit}`);
    this.#setText('fit-text', fitText);
    this.#setText('headroom', headroom);
    this.#setText('more', more);
  }

  /** Screen readers wait until an answer is complete. */
  #setBusy(busy: boolean): void {
    this.#find('[role="status"]').ariaBusy = String(busy);
  }

  /** Shows why there is no answer in its place, or nothing where one follows; where nothing was computed yet, beside the page's own. */
  #showError(message: string): void {
    this.#setBusy(!message);
    this.#setText('error', message);
    this.#part('error').hidden = !message;
    for (const name of ['answer', 'parts']) this.#part(name).hidden = message !== '' && this.answered !== undefined;
  }

  #part(name: string): HTMLElement {
    return this.#find(`[data-part="${name}"]`);
  }

  #setText(name: string, text: string): void {
    put(this.#part(name), text);
  }
}

export type { VramCalculator };

customElements.define('vram-calculator', VramCalculator);
