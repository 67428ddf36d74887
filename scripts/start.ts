/** Builds the whole site, serves it and prints the address. PORT sets the first port to try. */
import { build } from './build.ts';
import { serve } from './serve.ts';

const result = await build();
if (result === undefined) {
  process.exitCode = 1;
} else {
  const { address } = await serve('dist', Number(process.env['PORT'] ?? 4321));
  console.log(`${result.pages} pages built in ${result.seconds.toFixed(1)} s`);
  console.log(`VRAM Atlas is at ${address}/  (Ctrl+C stops it)`);
}
