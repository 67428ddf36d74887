/** What the site is called and where it lives, said once. Colours, menus and pages are elsewhere. */

export const SITE_NAME = 'VRAM Atlas';

/** One line that says what the site does; for the home page's title and structured data. */
export const SITE_TAGLINE = 'How much VRAM an open-weight model needs, and what runs it';

/** Address used where a deployment gives none; `SITE_URL` (read by the build, never here) replaces it. */
export const DEFAULT_SITE_URL = 'https://vram-atlas.example';

export const SITE_LANGUAGE = 'en';

/** Where the code and the content are, and where a mistake is reported. Absent = the pages name no address. */
export const SOURCE_URL: string | undefined = undefined;

/** Licences of what the site publishes. */
export const CONTENT_LICENSE = { name: 'CC BY 4.0', url: 'https://creativecommons.org/licenses/by/4.0/' } as const;
