import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { failureText } from '../../../scripts/build.ts';

/** Without a project: a build that gets past its settings fails in another way. */
const cwd = mkdtempSync(join(tmpdir(), 'settings-'));
afterAll(() => rmSync(cwd, { recursive: true }));

function linesOfBuild(settings: Readonly<Record<string, string>>): readonly string[] {
  const env = { ...process.env, SITE_URL: undefined, SOURCE_URL: undefined, ...settings };
  const { stderr } = spawnSync(process.execPath, [resolve('scripts/build.ts')], { cwd, encoding: 'utf8', env });
  return stderr.trimEnd().split('\n');
}

const UNTOUCHED = 'The build failed; the last build, if there is one, is untouched.';

it.each([
  [
    { SITE_URL: 'example.org' },
    'SITE_URL is "example.org"; expected an http or https address without a path, such as https://example.org.',
  ],
  [
    { SITE_URL: 'https://example.org', SOURCE_URL: 'code.example' },
    'Found SOURCE_URL "code.example"; expected an http or https address.',
  ],
])('%j is refused before pages are built', (settings, why) => {
  expect(linesOfBuild(settings)).toEqual([why, UNTOUCHED]);
});

it.each([{}, { SITE_URL: '' }])('%j is warned of', (settings) => {
  expect(linesOfBuild(settings)[0]).toMatch(/^SITE_URL is not set: /);
});

it('says by which signal a build was ended, and what that means', () => {
  expect(failureText('', null, 'SIGKILL')).toMatch(
    /^The process .* ended by SIGKILL; most likely memory ran out: .*\.$/,
  );
  expect(failureText('', null, 'SIGTERM')).toMatch(/ended by SIGTERM; it was stopped from outside/);
});

it('says first what the process said, and that alone where it ended by itself', () => {
  const said = 'FATAL ERROR: Reached heap limit\n';
  expect(failureText(said, null, 'SIGABRT')).toMatch(
    /^FATAL ERROR: Reached heap limit\nThe process .* SIGABRT; most likely/,
  );
  expect(failureText('[NoMatchingRoute]\n', 1, null)).toBe('[NoMatchingRoute]\n');
  expect(failureText('', 7, null)).toContain('ended with code 7');
});
