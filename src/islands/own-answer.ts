/** How the page's own scenario runs on the device that the reader asked to remember. */
import { atOnce } from '../vram/browser.ts';
import './calculator.ts';
import { computeAnswer, modelOf } from './calculator/answer.ts';
import { loadData, prepareModel } from './calculator/data.ts';
import { writeFragment } from './calculator/fragment.ts';
import type { Hardware } from './calculator/hardware.ts';
import { ready } from './calculator/ready.ts';
import type { VramCalculator } from './calculator.ts';

/** Says at the start of `section` how the page's scenario runs on the device, with a link that sets the calculator so. */
export async function answerFor(kept: Hardware, section: Element): Promise<void> {
  const calculator = document.querySelector<VramCalculator>('vram-calculator');
  if (!calculator) return;
  await ready(calculator);
  const data = await loadData(calculator.dataset['source'] ?? '');
  const device = data.devices.find(({ id }) => id === kept.gpu);
  const { preset } = calculator;
  if (!device || !preset) return;
  const state = { ...preset, gpu: kept.gpu, devices: kept.devices, reserve: kept.reserve };
  await prepareModel(modelOf(data, state));
  const { placed, largestContext } = computeAnswer(data, state);
  const { fitText, headroom } = placed();
  const link = document.createElement('a');
  link.href = writeFragment(state);
  link.textContent = 'Set the calculator to it';
  const line = document.createElement('p');
  line.className = 'text';
  line.dataset['mine'] = '';
  const name = kept.devices > 1 ? `${kept.devices} x ${device.name}` : device.name;
  line.append(`Your ${name}: ${fitText}, ${headroom}. Largest context: ${atOnce(largestContext())}. `, link, '.');
  section.prepend(line);
}
