/** The built site in a browser: served as a static host would, with a list of everything the browser complains about. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { serve } from '../../scripts/serve.ts';
import { launchChromium } from './chromium.ts';

export interface Visit {
  readonly page: Page;
  /** Errors on the console (violations of the content security policy are among them), uncaught errors, failed requests. */
  readonly complaints: readonly string[];
  /** Site paths of the scripts and data files the page asked for, in order. */
  readonly requests: readonly string[];
}

export interface Site {
  readonly address: string;
  /** Opens a page in a context of its own and waits until it has loaded. */
  readonly visit: (path: string, options?: BrowserContextOptions) => Promise<Visit>;
  readonly close: () => Promise<void>;
}

async function open(browser: Browser, address: string, path: string, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.url().endsWith(path))
      complaints.push(`${response.url()}: ${response.status()}`);
  });
  page.on('request', (request) => {
    if (['script', 'fetch', 'xhr'].includes(request.resourceType())) requests.push(new URL(request.url()).pathname);
  });
  await page.goto(address + path, { waitUntil: 'load' });
  return { page, complaints, requests };
}

/** Serves `dist/` on a free port and launches a browser; the caller closes both with `close`. */
export async function openSite(): Promise<Site> {
  const [server, browser] = await Promise.all([serve('dist', 0), launchChromium()]);
  return {
    address: server.address,
    visit: (path, options = {}) => open(browser, server.address, path, options),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}
