/** Builds the whole site, serves it and prints the address. PORT sets the first port to try. */
import { build } from './build.ts';
import { portOf, serve } from './serve.ts';
import { settingOf } from './setting-of.ts';

const port = settingOf(() => portOf(process.env));
const result = await build();
if (result === undefined) {
  process.exitCode = 1;
} else {
  const { address } = await serve('dist', port);
  console.log(`${result.pages} pages built in ${result.seconds.toFixed(1)} s`);
  console.log(`VRAM Atlas is at ${address}/  (Ctrl+C stops it)`);
}
