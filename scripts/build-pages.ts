/** Builds the pages into the folder that is its argument, for `build.ts`, which starts it and reads how many are done. */
import { fileURLToPath } from 'node:url';
import { build } from 'astro';

const [outDir] = process.argv.slice(2);
if (outDir === undefined) throw new Error('Expected the folder to build into.');
try {
  await build({ outDir, logger: { entrypoint: fileURLToPath(new URL('build-log.js', import.meta.url)) } });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  process.disconnect?.();
}
