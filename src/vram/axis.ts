/** The axis of memory in a plot, also for scripts in a browser. */
import { GB } from './units.ts';

/** 1, 2 or 5 times a power of ten, so that the axis has about five steps. */
function roundStep(highest: number): number {
  const rough = highest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead > 5 ? 10 : lead > 2 ? 5 : lead > 1 ? 2 : 1) * power;
}

/** Where an axis that begins at 0 is divided, in bytes: at round numbers of GB, of which only the last is `highestBytes` or more. */
export function axisSteps(highestBytes: number): readonly number[] {
  const step = roundStep(highestBytes / GB) * GB;
  return Array.from({ length: Math.ceil(highestBytes / step) + 1 }, (_, index) => index * step);
}
