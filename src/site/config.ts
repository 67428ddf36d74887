/** What the site is called and where it lives, said once. Colours, menus and pages are elsewhere. */

export const SITE_NAME = 'VRAM Atlas';

/** One line that says what the site does; for the home page's title and structured data. */
export const SITE_TAGLINE = 'How much VRAM an open-weight model needs, and what runs it';

/** Address used where a deployment gives none; `SITE_URL` of the build replaces it. */
export const DEFAULT_SITE_URL = 'https://vram-atlas.example';

export const SITE_LANGUAGE = 'en';

/**
 * The address of a deployment without a slash at its end; `undefined` where none is given.
 * @throws {RangeError} where the text is no http or https address, or one of a page below it
 */
export function siteAddress(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new RangeError(
      `SITE_URL is "${text}"; expected an http or https address without a path, such as https://example.org.`,
    );
  }
  return url.origin;
}

/**
 * The address of a repository without a slash at its end; `undefined` where none is given.
 * @throws {RangeError} where the text is no http or https address
 */
export function repositoryAddress(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (!/^https?:\/\/[^\s/]\S*$/.test(text)) {
    throw new RangeError(`Found SOURCE_URL "${text}"; expected an http or https address.`);
  }
  return text.replace(/\/+$/, '');
}

/** Where code and content are and a mistake is reported: `SOURCE_URL` of the build. Absent = no page links to it. */
export const SOURCE_URL = repositoryAddress(process.env['SOURCE_URL']);

/** Licences of what the site publishes. */
export const CONTENT_LICENSE = { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' } as const;
