/** Answers that are made before they are asked for, from when the reader comes to the form. */
import type { VramCalculator } from '../calculator.ts';
import { computeAnswer, modelOf } from './answer.ts';
import type { CalculatorData, CalculatorModel } from './data.ts';
import { type CalculatorState, firstState, KEYS, LIMITS, planKeyOf } from './state.ts';

/** What the reader may choose next in a control, likely choices where there are too many; nothing where all answers are fast. */
function choicesOf(
  field: keyof CalculatorState,
  control: Element,
  { experts }: CalculatorState,
  { architecture, maxContext }: CalculatorModel,
): readonly (string | number)[] {
  switch (field) {
    case 'quant':
    case 'kType':
    case 'vType':
    case 'flashAttention':
      return Array.from((control as HTMLSelectElement).options, ({ value }) => value);
    case 'context':
      return [Math.ceil(maxContext / 2), maxContext];
    case 'devices':
      return Array.from({ length: LIMITS.devices[1] }, (_, before) => before + 1);
    case 'experts':
      return Array.from({ length: architecture.layers + 1 }, (_, layers) => layers).filter(
        (layers) => layers < 10 || layers % 10 === 0 || Math.abs(layers - experts) === 1,
      );
    case 'sequences':
      return [1, 2, 4, 8, 16, 32];
    case 'microBatch':
      return [512, 256, 1024, 2048, 4096, 128];
    default:
      return [];
  }
}

/**
 * Whoever comes to the form is about to change it: the first new answer is as fast as the next ones. Whoever comes to a
 * setting of which each value has plans of its own is answered from those, which are made meanwhile.
 *
 * @param pause lets what the reader does go first
 */
export async function planAhead(
  calculator: VramCalculator,
  data: CalculatorData,
  pause: () => Promise<void>,
): Promise<void> {
  const { preset } = calculator;
  if (!preset) return;
  /** What the reader asked for goes first, all of it. */
  const settled = async (): Promise<void> => {
    await pause();
    if (calculator.querySelector('[aria-busy="true"]'))
      await new Promise((resolve) => calculator.addEventListener('answer', resolve, { once: true }));
  };
  const answer = async (state: CalculatorState): Promise<void> => {
    const { placed, largestContext } = computeAnswer(data, state);
    await settled();
    placed();
    const tries = largestContext();
    do await settled();
    while (!tries.next().done);
    calculator.planned.add(planKeyOf(state));
  };
  const expectChange = async (): Promise<void> => {
    const control = document.activeElement;
    const name = control?.getAttribute('name');
    const field = (Object.keys(KEYS) as (keyof CalculatorState)[]).find((own) => KEYS[own] === name);
    if (!control || !field || !calculator.contains(control)) return;
    const stateNow = (): CalculatorState => calculator.answered?.state ?? preset;
    for (const choice of choicesOf(field, control, stateNow(), modelOf(data, stateNow()))) {
      await settled();
      const state = stateNow();
      if (state.engine || document.activeElement !== control) return;
      // What has no answer says so when it is asked for.
      await answer({ ...state, [field]: choice }).catch(() => {});
    }
  };
  // Code that has run once is faster: that of several devices, and that of a quantization which the page does not have.
  await answer({ ...preset, devices: 2, quant: firstState(data).quant });
  calculator.addEventListener('focusin', expectChange);
  await expectChange();
}
