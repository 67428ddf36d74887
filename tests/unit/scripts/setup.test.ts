import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

it('comes before every script', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const own = Object.keys(scripts).filter((name) => name !== 'setup' && scripts[name] !== scripts['setup']);
  expect(own).toContain('estimate');
  expect(own.filter((name) => scripts[`pre${name}`] !== scripts['setup'])).toEqual([]);
});

describe('in a fresh copy', () => {
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'setup-'));
    mkdirSync(join(cwd, 'node_modules'));
    writeFileSync(join(cwd, 'package-lock.json'), '{}');
  });

  afterEach(() => rmSync(cwd, { recursive: true }));

  /** Runs the set-up with a program in place of npm. */
  function setUp(npm: string) {
    const program = join(cwd, 'npm.cjs');
    writeFileSync(program, npm);
    const env = { ...process.env, npm_execpath: program };
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('scripts/setup.mjs')], {
      cwd,
      env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }

  const RECORDING =
    "require('fs').appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n'); console.log('added')";

  it('installs everything once and leaves standard output to the script', () => {
    expect(setUp(RECORDING)).toEqual({ status: 0, stdout: '', stderr: 'Installing dependencies ...\n' });
    expect(setUp(RECORDING)).toEqual({ status: 0, stdout: '', stderr: '' });
    const calls = readFileSync(join(cwd, 'calls'), 'utf8').trimEnd().split('\n');
    expect(calls).toHaveLength(1);
    expect(calls[0]?.split(' ')).toEqual(expect.arrayContaining(['ci', '--include=dev', '--include=optional']));
  });

  it('says why it failed and tries again the next time', () => {
    const failed = setUp("console.error('npm error code ENOTFOUND'); process.exit(1)");
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain('Check the network connection and run the command again.');
    expect(setUp(RECORDING).stderr).toBe('Installing dependencies ...\n');
  });

  describe('that npm has filled', () => {
    const [platform, arch] = [process.platform, process.arch];
    const LOCK = {
      '': {},
      'node_modules/plain': { version: '1.2.3' },
      'node_modules/own-binary': { version: '4.0.0', optional: true, os: platform, cpu: [arch] },
      'node_modules/other-binary': { version: '4.0.0', optional: true, os: ['other'], cpu: [arch] },
    };

    it.each([
      ['all of it', {}, ''],
      ['another version', { 'node_modules/plain': { version: '1.2.2' } }, 'Installing dependencies ...\n'],
      ['no program for this platform', { 'node_modules/own-binary': undefined }, 'Installing dependencies ...\n'],
    ])('with %s', (_kind, changes, said) => {
      const { '': _, 'node_modules/other-binary': __, ...there } = LOCK;
      writeFileSync(join(cwd, 'package-lock.json'), JSON.stringify({ packages: LOCK }));
      writeFileSync(
        join(cwd, 'node_modules/.package-lock.json'),
        JSON.stringify({ packages: { ...there, ...changes } }),
      );
      expect(setUp(RECORDING)).toEqual({ status: 0, stdout: '', stderr: said });
    });
  });
});
