/** Serves the last build. PORT sets the first port to try. */
import { existsSync } from 'node:fs';
import { serve } from './serve.ts';

if (existsSync('dist/index.html')) {
  const { address } = await serve('dist', Number(process.env['PORT'] ?? 4321));
  console.log(`The last build is at ${address}/  (Ctrl+C stops it)`);
} else {
  console.error('There is no build in dist/. Run `npm run build` first.');
  process.exitCode = 1;
}
