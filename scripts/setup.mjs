// Installs what package-lock.json names, once per lock file. Runs before every npm script, under whatever Node the machine
// has, so it uses nothing newer than Node 12 knows and no dependency. Standard output is left to the script.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const OLDEST_NODE = 20;
const STAMP = 'node_modules/.installed';

function stop(message) {
  console.error(message);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  stop(
    `Node ${OLDEST_NODE} or newer is needed; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and run the command again.`,
  );
}

const wanted = createHash('sha256')
  .update(readFileSync('package-lock.json'))
  .update(process.platform + process.arch)
  .digest('hex');
const installed = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '';

if (installed !== wanted) {
  console.error('Installing dependencies ...');
  // `npm ci` never rewrites the lock file. npm_execpath is the npm that runs this script.
  const npm = process.env.npm_execpath;
  // The commands need what is installed for development, and Node itself, which is optional, also in production.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const run = npm
    ? spawnSync(process.execPath, [npm, ...args], { encoding: 'utf8' })
    : spawnSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (run.status !== 0) {
    const output = `${run.stderr || ''}${run.stdout || ''}`;
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(output)) {
      stop(
        'Dependencies could not be installed: the npm registry cannot be reached. Check the network connection and run the command again.',
      );
    }
    if (/ENOSPC/.test(output)) {
      stop('Dependencies could not be installed: the disk is full. About 600 MB are needed.');
    }
    stop(`Dependencies could not be installed. npm said:\n${output.trim()}`);
  }
  writeFileSync(STAMP, wanted);
}
