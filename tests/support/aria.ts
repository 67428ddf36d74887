/** What a screen reader is told, from Playwright's aria snapshot: a tree of roles and names in reading order. */

export interface AriaNode {
  readonly role: string;
  /** Accessible name; empty where there is none. */
  readonly name: string;
  /** Of a heading. */
  readonly level?: number;
  /** Text that stands right in it. */
  readonly text: string;
  readonly children: readonly AriaNode[];
}

interface MutableNode extends AriaNode {
  children: MutableNode[];
}

/** `role "name" [level=2]`: as YAML where the name needs quotes, the rest of the line is its text. */
function nodeOf(line: string): MutableNode {
  const quoted = /^'((?:[^']|'')*)'(?::\s*(.*))?$/.exec(line);
  const [head = '', text = ''] = quoted
    ? [quoted[1]?.replaceAll("''", "'"), quoted[2]]
    : (/^((?:[^":]|"(?:[^"\\]|\\.)*")*)(?::\s*(.*))?$/s.exec(line)?.slice(1) ?? [line]);
  const [, role = '', name = '', attributes = ''] = /^(\/?[\w-]+)(?:\s+"((?:[^"\\]|\\.)*)")?(.*)$/.exec(head) ?? [];
  const level = /\[level=(\d)\]/.exec(attributes)?.[1];
  return { role, name, text, children: [], ...(level !== undefined && { level: Number(level) }) };
}

/** The snapshot of a page's body as a tree; its root has no role. */
export function ariaTree(snapshot: string): AriaNode {
  const root: MutableNode = { role: '', name: '', text: '', children: [] };
  const open: { readonly depth: number; readonly node: MutableNode }[] = [{ depth: -1, node: root }];
  for (const line of snapshot.split('\n')) {
    const [, space = '', rest = ''] = /^(\s*)- (.*)$/.exec(line) ?? [];
    if (rest === '' || rest.startsWith('/')) continue;
    while ((open.at(-1)?.depth ?? -1) >= space.length) open.pop();
    const node = nodeOf(rest);
    open.at(-1)?.node.children.push(node);
    open.push({ depth: space.length, node });
  }
  return root;
}

/** All nodes below a node, in reading order. */
export function descendants(node: AriaNode): readonly AriaNode[] {
  return node.children.flatMap((child) => [child, ...descendants(child)]);
}

const LANDMARKS = ['link', 'banner', 'main', 'contentinfo'];
/** Roles that say nothing without a name. */
const NAMED = new Set(
  'link button combobox textbox searchbox spinbutton checkbox radio figure navigation img'.split(' '),
);

/** Nodes of a role that needs a name, without one. A figure may leave it to its picture or caption, a table to its figure. */
function namelessIn({ role, name, text, children }: AriaNode): readonly string[] {
  const own = NAMED.has(role) && name === '' && text === '' && !children.some((child) => child.name !== '');
  const named = role === 'figure' ? children.filter((child) => child.role !== 'table') : children;
  const below = named.filter((child) => child.role === 'table' && child.name === '');
  return [...(own ? [`a ${role} without a name`] : []), ...below.map(() => 'a table without a name')];
}

/** What a reader who hears the page would stumble over; empty where nothing is wrong. */
export function orderProblems(root: AriaNode): readonly string[] {
  const problems: string[] = [];
  const top = root.children.map(({ role }) => role);
  if (top.join() !== LANDMARKS.join())
    problems.push(`the body has ${top.join(', ')}, expected ${LANDMARKS.join(', ')}`);
  const main = root.children.find(({ role }) => role === 'main');
  const parts = main?.children ?? [];
  const title = parts.findIndex(({ role }) => role === 'heading');
  const before = parts.slice(0, Math.max(0, title)).map(({ role, name }) => `${role} ${name}`);
  if (before.some((part) => part !== 'navigation Breadcrumb')) problems.push(`before the title: ${before.join(', ')}`);

  const heard = main ? descendants(main) : [];
  const headings = heard.filter(({ role }) => role === 'heading');
  if (headings[0]?.level !== 1) problems.push(`the first heading has level ${headings[0]?.level}, expected 1`);
  let level = 0;
  for (const heading of headings) {
    const own = heading.level ?? 0;
    if (own === 1 && heading !== headings[0]) problems.push(`a second title: ${heading.name}`);
    if (own > level + 1) problems.push(`level ${own} after ${level}: ${heading.name}`);
    level = own;
  }
  heard.forEach((node, index) => {
    const next = heard[index + 1];
    const isOrphan =
      node.role === 'heading' && (!next || (next.role === 'heading' && (next.level ?? 0) <= (node.level ?? 0)));
    if (isOrphan) problems.push(`a heading with nothing below it: ${node.name}`);
  });
  for (const node of descendants(root)) problems.push(...namelessIn(node));
  return problems;
}
