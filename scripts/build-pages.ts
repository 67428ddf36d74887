/** Builds the pages into the folder that is its argument, for `build.ts`, which starts it and reads how many are done. */
import fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'astro';

/** Folders and files that are made in one go. */
const AT_ONCE = 200;

const [outDir] = process.argv.slice(2);
if (outDir === undefined) throw new Error('Expected the folder to build into.');

// Astro waits for the folder of every page and then for its file before it renders the next one. Made by this thread, both
// take less than the way to another and back does: a tenth of the CPU of the whole build. Made for many pages in one go they
// take a twentieth less again, as the kernel's code and data are at hand then.
const waiting: (() => void)[] = [];
let generating = false;

function makeAll(): void {
  for (const make of waiting.splice(0)) make();
}

const atOnceOrLater =
  <A extends unknown[]>(make: (...args: A) => unknown) =>
  async (...args: A): Promise<unknown> => {
    if (!generating) return make(...args);
    waiting.push(() => make(...args));
    if (waiting.length >= AT_ONCE) makeAll();
    return undefined;
  };

Object.assign(fs.promises, {
  mkdir: atOnceOrLater(fs.mkdirSync),
  writeFile: atOnceOrLater(fs.writeFileSync),
});

// Astro also asks for every page whether the public folder has a file of its name; the names, read once, answer that.
const { existsSync } = fs;
let publicFolder = '';
let inPublic: ReadonlySet<string> = new Set();

Object.assign(fs, {
  existsSync: (path: fs.PathLike): boolean =>
    generating && path instanceof URL && path.href.startsWith(publicFolder)
      ? inPublic.has(path.href)
      : existsSync(path),
});

try {
  await build({
    outDir,
    logger: { entrypoint: fileURLToPath(new URL('build-log.js', import.meta.url)) },
    integrations: [
      {
        name: 'pages-in-one-go',
        hooks: {
          'astro:config:done': ({ config: { publicDir } }) => {
            publicFolder = publicDir.href;
            const names = existsSync(publicDir) ? fs.readdirSync(publicDir, { recursive: true, encoding: 'utf8' }) : [];
            inPublic = new Set(names.map((name) => pathToFileURL(join(fileURLToPath(publicDir), name)).href));
          },
          'astro:build:start': ({ setPrerenderer }) =>
            setPrerenderer((prerenderer) => ({
              ...prerenderer,
              setup: async () => {
                await prerenderer.setup?.();
                generating = true;
              },
              teardown: async () => {
                generating = false;
                makeAll();
                await prerenderer.teardown?.();
              },
            })),
        },
      },
    ],
  });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  process.disconnect?.();
}
