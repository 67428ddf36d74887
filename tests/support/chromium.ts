/** A headless Chromium for the browser tests: an installed one where there is one, else the one that an npm package ships. */
import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES_ON_PATH = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'microsoft-edge'];

const PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].flatMap((variable) => {
    const root = process.env[variable];
    return root === undefined
      ? []
      : [join(root, 'Google/Chrome/Application/chrome.exe'), join(root, 'Microsoft/Edge/Application/msedge.exe')];
  }),
};

/** `--no-sandbox`: tests may run as root in a container, and they load nothing but the built site. */
const FLAGS = [
  '--no-sandbox',
  '--no-zygote',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Path of an installed Chrome, Chromium or Edge; `CHROME_PATH` in the environment goes first. */
function findInstalledChromium(): string | undefined {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => NAMES_ON_PATH.map((name) => join(folder, name)));
  return [process.env['CHROME_PATH'] ?? '', ...onPath, ...(PLACES[process.platform] ?? [])].find(
    (file) => file !== '' && existsSync(file) && isExecutable(file),
  );
}

/** Launches the Chromium inside `@sparticuz/chromium` (Linux on x64), with the libraries it ships where the system has none. */
async function launchPackaged(): Promise<Browser> {
  const { default: packaged, inflate, setupLambdaEnvironment } = await import('@sparticuz/chromium');
  const executablePath = await packaged.executablePath();
  try {
    return await chromium.launch({ executablePath, args: FLAGS });
  } catch {
    const folder = join(import.meta.dirname, '../../node_modules/@sparticuz/chromium/bin');
    await inflate(join(folder, 'al2023.tar.br'));
    setupLambdaEnvironment(join(tmpdir(), 'al2023', 'lib'));
    return chromium.launch({ executablePath, args: FLAGS });
  }
}

/**
 * A running headless browser; the caller closes it.
 * @throws Error that says what to install where there is no browser for this platform
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findInstalledChromium();
  if (executablePath !== undefined) return chromium.launch({ executablePath, args: FLAGS });
  if (process.platform === 'linux' && process.arch === 'x64') return launchPackaged();
  throw new Error('The browser tests need Chrome, Chromium or Edge. Install one, or name it in CHROME_PATH.');
}
