/** What a visitor downloads, compressed as a static host would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { type BuiltPage, type BuiltSite, siteUrl } from './site.ts';

const sizes = new Map<string, number>();

/** Brotli bytes of a file of the site. */
export function compressedBytes(site: BuiltSite, path: string): number {
  const file = join(site.directory, path);
  const size = sizes.get(file) ?? brotliCompressSync(readFileSync(file)).length;
  sizes.set(file, size);
  return size;
}

/** Site paths of a page's style sheets. */
export function styleSheetsOf(page: BuiltPage, site: BuiltSite): string[] {
  return page.tags
    .filter((tag) => tag.name === 'link' && tag.attributes.get('rel') === 'stylesheet')
    .flatMap((tag) => siteUrl(tag.attributes.get('href') ?? '', page.path, site)?.pathname ?? []);
}

/** Site paths of the scripts that a page loads at once. */
export function scriptsOf(page: BuiltPage, site: BuiltSite): string[] {
  return page.tags
    .filter((tag) => tag.name === 'script' && tag.attributes.has('src'))
    .flatMap((tag) => siteUrl(tag.attributes.get('src') ?? '', page.path, site)?.pathname ?? []);
}
