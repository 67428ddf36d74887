/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import { getViteConfig } from 'astro/config';

const root = fileURLToPath(new URL('../..', import.meta.url));

// The site's own configuration is left out: components need no integration, and it reads the whole catalogue.
// With the toolbar on, every tag would carry the path of its source file on this machine.
export default getViteConfig(
  { test: { name: 'component', root, include: ['tests/component/**/*.test.ts'] } },
  { root, configFile: false, devToolbar: { enabled: false } },
);
