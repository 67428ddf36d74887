/**
 * What makes the browser's scripts smaller than the bundler does: short names for what only the estimator reads and writes
 * ("overwriting" of a graph is spelled out some seventy times in the calculator's file), and imports as they were written.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { minifySync, parseSync } from 'vite';

/** The estimator without the files whose members are data too, which scripts read as JSON. */
const ESTIMATOR = /^src\/vram\/(?!architecture|tensor-lists|tensors)/;
/** Members of classes and interfaces, as the parser calls them. */
const MEMBERS: ReadonlySet<string> = new Set([
  'MethodDefinition',
  'PropertyDefinition',
  'TSMethodSignature',
  'TSPropertySignature',
]);
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** The number in letters, the least numbers in one: a, b, ..., Z, aa, ... */
function letters(number: number): string {
  const last = LETTERS[number % LETTERS.length] as string;
  return number < LETTERS.length ? last : letters(Math.floor(number / LETTERS.length) - 1) + last;
}

interface Node {
  readonly type?: string;
  readonly computed?: boolean;
  readonly key?: { readonly type: string; readonly name: string };
}

/** Adds the names of all members that a syntax tree declares. */
function addMembers(tree: unknown, names: Set<string>): void {
  if (typeof tree !== 'object' || tree === null) return;
  const { type, computed, key } = tree as Node;
  if (type && MEMBERS.has(type) && !computed && key?.type === 'Identifier') names.add(key.name);
  for (const child of Object.values(tree)) addMembers(child, names);
}

/** Names of all that JavaScript itself has. */
function ownOfJavaScript(): ReadonlySet<string> {
  const names = Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name));
  const things = names.flatMap((name): unknown[] => {
    const thing = (globalThis as Record<string, unknown>)[name];
    return [thing, (thing as { readonly prototype?: unknown } | undefined)?.prototype];
  });
  return new Set(things.flatMap((thing) => (thing instanceof Object ? Object.getOwnPropertyNames(thing) : [])));
}

/**
 * The short name of each member that classes and interfaces of the estimator declare, and that no other file of `src`
 * mentions: data, the browser and other scripts know nothing of it. The same sources have the same names.
 *
 * @param root the project's folder
 */
export function shortNames(root: string): Readonly<Record<string, string>> {
  const declared = new Set<string>();
  const mentioned = new Set<string>(ownOfJavaScript());
  const uses = new Map<string, number>();
  for (const file of globSync('src/**/*.{ts,js,astro}', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8');
    const words = text.match(/[A-Za-z_$][\w$]*/g) ?? [];
    if (ESTIMATOR.test(file.replaceAll(sep, '/'))) {
      const { program, module } = parseSync(file, text);
      addMembers(program.body, declared);
      // Modules that are loaded later are objects, whose members nobody shortens.
      for (const { exportName } of module.staticExports.flatMap(({ entries }) => entries))
        if (exportName.name) mentioned.add(exportName.name);
      for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1);
      // A member that code finds by a text is not shortened there.
      for (const [, quoted = ''] of text.matchAll(/['"`](\w+)['"`]/g)) mentioned.add(quoted);
    } else for (const word of words) mentioned.add(word);
  }
  const own = [...declared].filter((name) => !mentioned.has(name));
  const byUse = own.sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || (a < b ? -1 : 1));
  return Object.fromEntries(byUse.map((name, index) => [name, letters(index)]));
}

/**
 * The code of a script with short names. Every script of a site must be given the same names.
 *
 * @throws Error where the code cannot be read
 */
export function shortened(file: string, code: string, names: Readonly<Record<string, string>>): string {
  const { code: short, errors } = minifySync(file, code, {
    module: true,
    compress: false,
    mangle: false,
    mangleProps: { include: new RegExp(`^(${Object.keys(names).join('|')})$`), cache: { ...names } },
  });
  if (errors.length > 0) throw new Error(`${file}: ${errors.map(({ message }) => message).join('; ')}`);
  return short;
}

/** The code of a script without what Vite wraps imports in. @throws Error where it is wrapped in another way */
export function withoutWrapper(code: string): string {
  const plain = code
    .replace(/^import \{ \w+ as __vitePreload \} from .*;\n/m, '')
    .replace(/__vitePreload\(((?:async )?\(\) => [\s\S]*?), __VITE_PRELOAD__\)/g, '($1)()');
  if (plain.includes('__vitePreload')) throw new Error(`Vite wraps imports in another way now:\n${plain}`);
  return plain;
}
