/**
 * Builds the site into `dist/`. The pages are built beside the last build, which is replaced only when the new one is
 * complete. They are made of content that has been checked whole; where it has a problem, every problem is printed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { isMain } from './is-main.ts';

const OUTPUT = 'dist';
const FRESH = '.build/fresh';
const OLD = '.build/old';

/**
 * From when on V8's best compiler takes a function over. By default it is from 3,000 calls, and so for whatever a page does
 * once; computing the page objects takes a seventh less CPU without that.
 */
const BEST_COMPILER = '--invocation-count-for-turbofan=30000';

/**
 * Megabytes for new and for old objects. Graphs of the estimator are larger than the default nursery and would be copied
 * out of it before they die; without a limit old objects pile up to a third more than the build needs. Both start large:
 * growing to their size takes dozens of collections while the bundler works.
 */
const MEMORY = [
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  '--initial-heap-size=900',
  '--max-old-space-size=740',
];

interface BuildResult {
  readonly pages: number;
  readonly seconds: number;
}

/** @throws {RangeError} where SITE_URL or SOURCE_URL is no address of its kind */
async function checkAddresses(): Promise<void> {
  // Loaded only here: SOURCE_URL is read where the file is loaded.
  const { siteAddress } = await import('../src/site/config.ts');
  siteAddress(process.env['SITE_URL']);
}

/** Why the process that makes the pages failed: what it said and, where a signal ended it, what that means. */
export function failureText(said: string, code: number | null, signal: NodeJS.Signals | null): string {
  const meaning =
    signal === 'SIGKILL' || signal === 'SIGABRT'
      ? 'most likely memory ran out: end other programs or give the machine more, then build again'
      : 'it was stopped from outside: build again';
  const end =
    signal === null
      ? `The process that makes the pages ended with code ${code}.`
      : `The process that makes the pages was ended by ${signal}; ${meaning}.`;
  return signal === null && said.trim() !== '' ? said : [said.trimEnd(), end].join('\n').trimStart();
}

/** Runs Astro and shows how many pages are done on one line. Resolves with the page count, rejects with what Astro said. */
function buildPages(): Promise<number> {
  return new Promise((resolve, reject) => {
    const astro = spawn(process.execPath, [BEST_COMPILER, ...MEMORY, 'scripts/build-pages.ts', FRESH], {
      env: {
        ...process.env,
        ASTRO_TELEMETRY_DISABLED: '1',
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        // glibc takes large pages where Linux lends them: images, compiled code and bytes of pages come and go all the time,
        // and each page that is taken anew is a fault. A quarter less system time; elsewhere it means nothing.
        GLIBC_TUNABLES: process.env['GLIBC_TUNABLES'] ?? 'glibc.malloc.hugetlb=1',
      },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let pages = 0;
    const said: string[] = [];
    astro.on('message', (done) => {
      pages = Number(done);
      if (process.stdout.isTTY) process.stdout.write(`\rBuilding: ${pages} pages `);
    });
    astro.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    astro.on('error', reject);
    astro.on('close', (code, signal) => {
      if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
      if (code === 0) resolve(pages);
      else reject(new Error(failureText(said.join(''), code, signal)));
    });
  });
}

/**
 * Why the build failed: an address that is refused, the problems of the content, which stop it at the first that Astro
 * meets, or what Astro said.
 */
async function reasonOf(error: unknown): Promise<string> {
  if (error instanceof RangeError) return error.message;
  // Loaded only here: a build checks its content where the pages are made.
  const { contentProblems } = await import('../src/cli/content-problems.ts');
  const { formatProblems } = await import('../src/catalog/problem.ts');
  const problems = contentProblems(process.cwd()).problems.filter(({ level }) => level === 'error');
  if (problems.length > 0) return formatProblems(problems);
  return error instanceof Error ? error.message : String(error);
}

/** Builds the whole site. Returns undefined, after printing why, where the content or the build has problems. */
export async function build(): Promise<BuildResult | undefined> {
  const start = performance.now();
  rmSync(FRESH, { recursive: true, force: true });
  mkdirSync('.build', { recursive: true });
  let pages: number;
  try {
    await checkAddresses();
    pages = await buildPages();
  } catch (error) {
    console.error(await reasonOf(error));
    console.error('The build failed; the last build, if there is one, is untouched.');
    return undefined;
  }
  rmSync(OLD, { recursive: true, force: true });
  if (existsSync(OUTPUT)) renameSync(OUTPUT, OLD);
  renameSync(FRESH, OUTPUT);
  rmSync(OLD, { recursive: true, force: true });
  return { pages, seconds: (performance.now() - start) / 1000 };
}

if (isMain(import.meta.url)) {
  if (!process.env['SITE_URL']) {
    console.warn(
      'SITE_URL is not set: canonical links and the sitemap name the default address. Set it to the address of this deployment.',
    );
  }
  const result = await build();
  if (result === undefined) process.exitCode = 1;
  else console.log(`${result.pages} pages built in ${result.seconds.toFixed(1)} s into ${OUTPUT}/`);
}
