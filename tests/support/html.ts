/**
 * A fast reader of the HTML that this project writes (well-formed, attributes quoted or plain), for tests that walk
 * tens of thousands of pages. Not a parser for HTML at large: `html-validate` judges one page of each kind.
 */

export interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Offset behind the tag's `>`. */
  readonly end: number;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Replaces character references by their characters. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hexadecimal, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hexadecimal !== undefined) return String.fromCodePoint(Number.parseInt(hexadecimal, 16));
    return ENTITIES[name] ?? whole;
  });
}

const TAG = /<([a-z][a-z0-9-]*)((?:\s+[^\s=>"'/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*\/?>/gi;
const ATTRIBUTE = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

function blank(text: string): string {
  return ' '.repeat(text.length);
}

/** The document without comments and without the inside of scripts and styles; offsets stay the same. */
export function markupOf(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(
      /(<(script|style)\b[^>]*>)([\s\S]*?)(<\/\2>)/gi,
      (_, open, _name, inside, close) => open + blank(inside) + close,
    );
}

/** Opening tags in document order. */
export function tagsOf(markup: string): Tag[] {
  const tags: Tag[] = [];
  for (const match of markup.matchAll(TAG)) {
    const attributes = new Map<string, string>();
    for (const [, name = '', double, single, plain] of (match[2] ?? '').matchAll(ATTRIBUTE)) {
      attributes.set(name.toLowerCase(), decodeEntities(double ?? single ?? plain ?? ''));
    }
    tags.push({ name: (match[1] ?? '').toLowerCase(), attributes, end: match.index + match[0].length });
  }
  return tags;
}

/** Visible text of a piece of markup, white space collapsed. */
export function textOf(markup: string): string {
  return decodeEntities(markup.replace(/<[^>]*>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}

/** Texts inside every `<name>` element; elements of one name must not be nested in each other. */
export function elementTexts(markup: string, name: string): string[] {
  return [...markup.matchAll(new RegExp(`<${name}\\b[^>]*>([\\s\\S]*?)</${name}>`, 'gi'))].map((match) =>
    textOf(match[1] ?? ''),
  );
}

/** Raw contents of the scripts of one `type`. */
export function scriptsOfType(html: string, type: string): string[] {
  return [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)]
    .filter((match) => (match[1] ?? '').includes(`type="${type}"`))
    .map((match) => match[2] ?? '');
}

/** A copy of a piece of a page, so that keeping the piece does not keep the whole page in memory. */
export function copyOf(text: string): string {
  return Buffer.from(text).toString();
}
