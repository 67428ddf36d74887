// Installs what package-lock.json names, once per lock file. Runs before every npm script, under whatever Node the machine
// has, so it uses nothing newer than Node 12 knows and no dependency. Standard output is left to the script.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const OLDEST_NODE = 20;
const STAMP = 'node_modules/.installed';
/** What npm itself has put into the folder. */
const NPM_LIST = 'node_modules/.package-lock.json';

function stop(message) {
  console.error(message);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  stop(
    `Node ${OLDEST_NODE} or newer is needed; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and run the command again.`,
  );
}

const lock = readFileSync('package-lock.json');
const wanted = createHash('sha256')
  .update(lock)
  .update(process.platform + process.arch)
  .digest('hex');
const installed = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '';

const has = (list, value) => list !== undefined && [].concat(list).includes(value);

/** Whether npm has installed the same already: all that is needed, and what is optional and made for this platform. */
function isComplete() {
  if (!existsSync(NPM_LIST)) return false;
  const there = JSON.parse(readFileSync(NPM_LIST, 'utf8')).packages;
  return Object.entries(JSON.parse(lock).packages).every(([path, wants]) => {
    if (path === '') return true;
    if (there[path]) return there[path].version === wants.version;
    const forPlatform = has(wants.os, process.platform) && has(wants.cpu, process.arch) && !wants.libc;
    return wants.optional && !forPlatform;
  });
}

if (installed !== wanted) {
  if (isComplete()) {
    writeFileSync(STAMP, wanted);
    process.exit();
  }
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
