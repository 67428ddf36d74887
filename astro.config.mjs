import mdx from '@astrojs/mdx';
import sitemap from '@astrojs/sitemap';
import { defineConfig } from 'astro/config';
import { DEFAULT_SITE_URL } from './src/site/config.ts';

export default defineConfig({
  site: process.env.SITE_URL || DEFAULT_SITE_URL,
  trailingSlash: 'always',
  build: { format: 'directory', inlineStylesheets: 'never' },
  prerenderConflictBehavior: 'error',
  devToolbar: { enabled: false },
  integrations: [mdx(), sitemap()],
  // Nothing is inlined: the content security policy allows no inline script and no inline style.
  vite: { build: { assetsInlineLimit: 0 } },
});
