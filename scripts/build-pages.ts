/** Builds the pages into the folder that is its argument, for `build.ts`, which starts it and reads how many are done. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'astro';

// Astro waits for the folder of every page and then for its file before it renders the next one. Made at once, both take
// less than the way to another thread and back does: a tenth of the CPU of the whole build.
Object.assign(fs.promises, {
  mkdir: async (...args: Parameters<typeof fs.mkdirSync>) => fs.mkdirSync(...args),
  writeFile: async (...args: Parameters<typeof fs.writeFileSync>) => fs.writeFileSync(...args),
});

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
