/** Plans that are made before they are asked for. Loaded when the reader comes to the form. */
import type { VramCalculator } from '../calculator.ts';
import { computeAnswer, modelOf } from './answer.ts';
import { type CalculatorData, prepareModel } from './data.ts';
import { type CalculatorState, firstState, KEYS, LIMITS } from './state.ts';

/**
 * Whoever comes to the form is about to change it: the first new answer is as fast as the next ones. Each number of
 * devices has a plan of its own; they are made while whoever comes to the number still thinks.
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
  /** Plans are the same for every quantization. */
  const planFor = async (state: CalculatorState): Promise<void> => {
    const { placed } = computeAnswer(data, { ...state, quant: firstState(data).quant });
    await pause();
    placed();
  };
  const control = calculator.querySelector<HTMLInputElement>(`[name="${KEYS.devices}"]`);
  const expectDevices = async (): Promise<void> => {
    for (let devices = 2; devices <= LIMITS.devices[1]; devices++) {
      const { state = preset } = calculator.answered ?? {};
      if (state.engine || document.activeElement !== control) return;
      await planFor({ ...state, devices });
    }
  };
  // What has no answer says so when it is asked for.
  const expectQuietly = (): Promise<void> => expectDevices().catch(() => {});
  await prepareModel(modelOf(data, preset), { manySettings: true });
  await planFor({ ...preset, devices: 2 });
  control?.addEventListener('focus', expectQuietly);
  await expectQuietly();
}
