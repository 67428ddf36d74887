/** What a visitor downloads, compressed as a static host would. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
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

/** The scripts and everything they import, at once or later. */
export function withImports(scripts: readonly string[], site: BuiltSite): Set<string> {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    const text = readFileSync(join(site.directory, path), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/["'`]([^"'`\s]+\.m?js)["'`]/g)) {
      const target = [specifier, `/${specifier}`, posix.join(posix.dirname(path), specifier)].find((candidate) =>
        site.files.has(candidate),
      );
      if (target !== undefined) visit(target);
    }
  };
  for (const script of scripts) visit(script);
  return reached;
}
