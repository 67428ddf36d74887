import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import mdx from '@astrojs/mdx';
import sitemap from '@astrojs/sitemap';
import { defineConfig } from 'astro/config';
import { minifySync, normalizePath } from 'vite';
import { shortened, shortNames, withoutWrapper } from './scripts/small-scripts.ts';
import { DEFAULT_SITE_URL, siteAddress } from './src/site/config.ts';
import { sitemapDataPath } from './src/site/routes.ts';

/** What the sitemap needs to know of the pages; the integration itself sees addresses only. */
const pages = { nonIndexable: new Set(), lastModified: new Map() };

// The pages are built in a module graph of their own, which leaves this file behind for the sitemap. It is read in a
// hook of its own, because the sitemap integration swallows what is thrown inside its callbacks.
const readPages = {
  name: 'pages-for-sitemap',
  hooks: {
    'astro:build:done': ({ dir }) => {
      const file = new URL(`.${sitemapDataPath()}`, dir);
      const { nonIndexable, lastModified } = JSON.parse(readFileSync(file, 'utf8'));
      rmSync(file);
      pages.nonIndexable = new Set(nonIndexable);
      pages.lastModified = new Map(Object.entries(lastModified));
    },
  },
};

/** What `_headers` has in place of the hash. */
const INLINE_SCRIPT = 'INLINE_SCRIPT';

/** The content security policy names the one script that stands in the pages, by its hash. */
const policyOfInlineScript = {
  name: 'policy-of-inline-script',
  hooks: {
    'astro:build:done': ({ dir }) => {
      const [, script] = /<script>(.*?)<\/script>/s.exec(readFileSync(new URL('index.html', dir), 'utf8')) ?? [];
      const headers = new URL('_headers', dir);
      const policy = readFileSync(headers, 'utf8');
      if (script === undefined || !policy.includes(INLINE_SCRIPT))
        throw new Error(`The home page has no inline script or _headers no ${INLINE_SCRIPT}.`);
      const hash = createHash('sha256').update(script).digest('base64');
      writeFileSync(headers, policy.replaceAll(INLINE_SCRIPT, `'sha256-${hash}'`));
    },
  },
};

/** Completion in front matter: the development server keeps what Astro's editor extension reads up to date. */
const completion = {
  name: 'completion-in-front-matter',
  hooks: {
    'astro:config:setup': ({ command, updateConfig }) =>
      updateConfig({ experimental: { contentIntellisense: command === 'dev' } }),
  },
};

/** The code of every calculator; graphs of single families, other engines and what reads a config.json are loaded when needed. */
const CALCULATOR =
  /src\/(vram\/(?!axis|from-config|config\/|browser-(config|served)|tensor-recipes|(packed-)?tensors\.ts|engines\/(vllm|mlx|whole-numbers|.*notes)|paged-cache|served-placement|(ggml\/)?repeated-|.*checkpoint|.*families|llama-graphs\/(?!builder|parts|classes|representative|state-layers))|islands\/calculator(\.ts|\/(ahead|answer|data|fragment|state)))/;

/** Changes to modules of Astro, in builds only. */
const ASTRO_CHANGES = [
  {
    // V8 puts a function that is assigned to a property among old objects, where all it refers to, here a whole page,
    // waits for a full collection. Astro does so with every slot; by way of a constant it dies young.
    id: /\/astro\/dist\/runtime\/server\/render\/astro\/instance\.js$/,
    before: /this\.slotValues\[name\] = (\(\) => \{[\s\S]*?\n {6}\});/,
    after: 'const slotValue = $1;\n      this.slotValues[name] = slotValue;',
  },
  {
    // A page is complete when it gets its response, and is read at once: no stream has to stand between.
    id: /\/astro\/dist\/runtime\/server\/render\/page\.js$/,
    before: /new Response\(body, \{ \.\.\.init, headers, status, statusText \}\)/,
    after: 'new WholeResponse(body, { headers, status, statusText })',
    imports: `import { WholeResponse } from '${normalizePath(fileURLToPath(new URL('src/prerender/whole-response.ts', import.meta.url)))}';\n`,
  },
];

/** What Vite has around every import that comes later. */
const WRAPPER = 'preload-helper';

/** Short names of the estimator's members, made when they are first needed. */
let short;

/** Takes the place of Astro's entry. */
const PRERENDER_ENTRY = fileURLToPath(new URL('src/prerender/entry.ts', import.meta.url));

export default defineConfig({
  site: siteAddress(process.env.SITE_URL) ?? DEFAULT_SITE_URL,
  trailingSlash: 'always',
  build: { format: 'directory', inlineStylesheets: 'never' },
  prerenderConflictBehavior: 'error',
  devToolbar: { enabled: false },
  // The highlighter colours by style attributes, which the content security policy blocks.
  markdown: { syntaxHighlight: false },
  integrations: [
    mdx(),
    completion,
    readPages,
    policyOfInlineScript,
    sitemap({
      filter: (url) => !pages.nonIndexable.has(new URL(url).pathname),
      serialize: (item) => ({ ...item, lastmod: pages.lastModified.get(new URL(item.url).pathname) }),
    }),
  ],
  vite: {
    plugins: [
      {
        // The pages of a build are rendered by an entry of our own, which imports Astro's and says why.
        name: 'own-prerender-entry',
        enforce: 'pre',
        resolveId: (source, importer) =>
          source === 'astro/entrypoints/prerender' && importer === undefined ? PRERENDER_ENTRY : undefined,
        buildEnd(error) {
          if (error !== undefined || this.environment.name !== 'prerender') return;
          if (!this.getModuleInfo(PRERENDER_ENTRY))
            throw new Error('Astro has another entry for the pages of a build now: see src/prerender/entry.ts.');
          // What Astro has in place of middleware where there is none.
          if (!this.getModuleInfo('\0noop-middleware'))
            throw new Error('There is middleware now, which src/prerender/entry.ts does not call: call it there.');
        },
      },
      {
        // What Astro does for each page costs less in two places with these changes.
        name: 'astro-of-many-pages',
        apply: 'build',
        transform: {
          filter: { id: ASTRO_CHANGES.map(({ id }) => id) },
          handler(code, module) {
            let changed = code;
            for (const { id, before, after, imports = '' } of ASTRO_CHANGES) {
              if (!id.test(module)) continue;
              if (!before.test(changed))
                throw new Error(
                  `${module} is written in another way now: measure a build without our change, or mend it.`,
                );
              changed = imports + changed.replace(before, after);
            }
            return { code: changed, map: null };
          },
        },
      },
      {
        // Scripts of pages, before the hashes of their names are taken: short names for what only the estimator knows, and
        // imports as they were written. Vite wraps them to load styles first, which scripts here have none of; the file of
        // its wrapper would be one more to fetch before anything else.
        name: 'small-scripts',
        apply: 'build',
        renderChunk(code, chunk) {
          if (this.environment.name !== 'client') return null;
          if (chunk.name === WRAPPER) return { code: '', map: null };
          const plain = withoutWrapper(code);
          if (!chunk.moduleIds.some((id) => id.includes('/src/vram/'))) return { code: plain, map: null };
          short ??= shortNames(fileURLToPath(new URL('.', import.meta.url)));
          return { code: shortened(chunk.fileName, plain, short), map: null };
        },
        generateBundle(_options, bundle) {
          for (const [file, { name }] of Object.entries(bundle)) if (name === WRAPPER) delete bundle[file];
        },
      },
      {
        // The script in the head of every page is text to the bundler, and what it loads later is imported nowhere else.
        name: 'waiting-script',
        apply: 'build',
        enforce: 'pre',
        load: {
          filter: { id: /\/islands\/waiting\.js\?raw$/ },
          handler(id) {
            const file = id.slice(0, id.indexOf('?'));
            return `export default ${JSON.stringify(minifySync(file, readFileSync(file, 'utf8')).code)}`;
          },
        },
        buildStart() {
          if (this.environment.name === 'client')
            this.emitFile({ type: 'chunk', id: fileURLToPath(new URL('src/islands/page.ts', import.meta.url)) });
        },
      },
      {
        // Astro sets modulePreload itself; the helper would weigh more than the calculator's small chunks gain by it.
        name: 'no-preload-helper',
        config: () => ({ build: { modulePreload: false } }),
        configEnvironment: (environment) => ({
          build: {
            modulePreload: false,
            // One file compresses better than the four that the calculator's two faces would share.
            ...(environment === 'client' && {
              rolldownOptions: {
                output: {
                  codeSplitting: {
                    groups: [
                      { name: WRAPPER, test: /preload-helper/, priority: 1 },
                      { name: 'calculator', test: CALCULATOR },
                      { name: 'latent', test: /llama-graphs\/(latent|kimi-delta)\.ts/ },
                      { name: 'delta-net', test: /llama-graphs\/delta-net\.ts/ },
                    ],
                  },
                },
              },
            }),
          },
        }),
      },
    ],
    build: {
      // Nothing else is inlined: the content security policy allows no inline style and one inline script.
      assetsInlineLimit: 0,
    },
  },
});
