/** Serves the last build. PORT sets the first port to try. */
import { existsSync } from 'node:fs';
import { portOf, serve } from './serve.ts';
import { settingOf } from './setting-of.ts';

const port = settingOf(() => portOf(process.env));
if (existsSync('dist/index.html')) {
  const { address } = await serve('dist', port);
  console.log(`The last build is at ${address}/  (Ctrl+C stops it)`);
} else {
  console.error('There is no build in dist/. Run `npm run build` first.');
  process.exitCode = 1;
}
