/**
 * Every check of the project, in the order that fails fastest: format and lint, types, content, unit and component
 * tests, the build, the tests of the built site in files and in a browser. A failing step does not hide the next ones;
 * only the tests of the built site need the build. Ends with one line: `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const REPORT = '.build/vitest.json';
let passed = 0;
let failed = 0;

function run(args: readonly string[]): boolean {
  const result = spawnSync(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
  });
  return result.status === 0;
}

function step(name: string, args: readonly string[]): boolean {
  console.log(`\n== ${name}`);
  const good = run(args);
  if (good) passed += 1;
  else failed += 1;
  return good;
}

/** Runs Vitest projects and adds their tests to the counts; a run that reports nothing is a failure. */
function tests(name: string, projects: readonly string[]): void {
  console.log(`\n== ${name}`);
  rmSync(REPORT, { force: true });
  const good = run([
    'node_modules/vitest/vitest.mjs',
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${REPORT}`,
  ]);
  try {
    const report: unknown = JSON.parse(readFileSync(REPORT, 'utf8'));
    const { numPassedTests, numFailedTests } = report as { numPassedTests: number; numFailedTests: number };
    passed += numPassedTests;
    // A file that cannot be loaded fails the run without a failed test.
    failed += good ? numFailedTests : Math.max(1, numFailedTests);
    if (numPassedTests + numFailedTests === 0) failed += 1;
  } catch {
    failed += 1;
  }
}

mkdirSync('.build', { recursive: true });
step('Format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']);
step('Content', ['src/cli/check-content.ts']);
step('Types', ['node_modules/astro/bin/astro.mjs', 'check']);
tests('Unit, content, component and architecture tests', ['unit', 'component']);
if (step('Build', ['scripts/build.ts'])) tests('The built site', ['dist', 'browser']);

console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
