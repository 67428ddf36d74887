/** `npm run bench`: what checking the content costs, how many estimates and page objects one thread makes a second, and what a page costs beside an estimate. */
import { join } from 'node:path';
import { scenarioKeys } from '../scenarios/expand.ts';
import { scenarioPage } from '../scenarios/pages.ts';
import { DEFAULT_SETTINGS, estimateLlamaCpp, schemeOf } from '../vram/index.ts';
import { contentProblems } from './content-problems.ts';

interface Measurement {
  readonly count: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Calls `work` once without a clock, then with one. */
function measure(work: () => number): Measurement {
  work();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const count = work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { count, wallMs, cpuMs: (user + system) / 1000 };
}

function report(name: string, { count, wallMs, cpuMs }: Measurement): void {
  const perSecond = Math.round(count / (wallMs / 1000)).toLocaleString('en');
  const perItem = ((cpuMs * 1000) / count).toFixed(1);
  console.log(
    `${name.padEnd(46)}${perSecond.padStart(12)} a second  ${perItem.padStart(9)} us CPU each  (${count} in ${wallMs.toFixed(0)} ms)`,
  );
}

const ROOT = join(import.meta.dirname, '../..');
const checking = process.cpuUsage();
const { count, catalog } = contentProblems(ROOT);
const { user, system } = process.cpuUsage(checking);
console.log(
  `${count} records and the figures in their prose checked in ${((user + system) / 1e6).toFixed(1)} s of CPU`,
);
if (!catalog) throw new Error('content/ has problems: run "npm run check:content"');

const ESTIMATES = 200_000;
const PAGES = 2000;
const scheme = schemeOf('Q4_K_M');
const architectures = catalog.estimableModels.map(({ architecture }) => architecture);

/** Contexts differ, so that nothing but the model is remembered from one call to the next. */
const estimates = measure(() => {
  for (let index = 0; index < ESTIMATES; index += 1) {
    const architecture = architectures[index % architectures.length];
    if (architecture)
      estimateLlamaCpp(architecture, scheme, {
        ...DEFAULT_SETTINGS,
        context: 4096 + 256 * (Math.floor(index / architectures.length) % 100),
      });
  }
  return ESTIMATES;
});
report('Estimates, every model in turn', estimates);

const keys = scenarioKeys(catalog);
const step = Math.max(1, Math.floor(keys.length / PAGES));
const sample = keys.filter((_, index) => index % step === 0);
const pages = measure(() => {
  for (const key of sample) scenarioPage(catalog, key);
  return sample.length;
});
report(`Page objects, every ${step}th of ${keys.length} scenarios`, pages);

const ratio = pages.cpuMs / pages.count / (estimates.cpuMs / estimates.count);
console.log(`A page object costs ${ratio.toFixed(1)} estimates.`);
