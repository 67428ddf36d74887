/** Reads the text of one record's file: facts in YAML, prose in MDX, and the line and column of whatever is wrong in them. */
import { mdxToJs, mdxToMdast } from 'satteri';
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument, visit as visitYaml } from 'yaml';
import type { RawRecord } from './check.ts';
import type { FieldPath, Problem } from './problem.ts';
import { type Kind, recordEnding, recordFile } from './record.ts';

const FRONT_MATTER = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?\r?\n|)---[ \t]*(?:\r?\n|$)/;

/** In a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ReadFile {
  readonly record: RawRecord;
  readonly problems: readonly Problem[];
  readonly elements: readonly BodyElement[];
  /** Where a field is; for a missing one, the block that it belongs in. */
  readonly locate: (path: FieldPath, at: Problem['at']) => Place;
}

type Wording = Pick<Problem, 'found' | 'expected' | 'fix'>;

export function problemAt(file: string, place: Place, wording: Wording, path: FieldPath = []): Problem {
  return { level: 'error', at: 'value', file, path, ...wording, ...place };
}

/** Offset of the node at `path` in the front matter; of its nearest ancestor where it does not exist. */
function offsetOf(document: Document, path: FieldPath, at: Problem['at']): number | undefined {
  let node = document.contents as Node | null | undefined;
  let offset: number | undefined;
  for (const [depth, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(part));
      if (pair === undefined) return offset;
      const key = pair.key as Node;
      node = pair.value as Node | null;
      // The value's place says most; of a block, an empty value and an unknown key, the key's.
      const useKey = isMap(node) || isSeq(node) || (at === 'key' && depth === path.length - 1);
      offset = (useKey ? key : (node ?? key)).range?.[0] ?? offset;
    } else if (isSeq(node)) {
      node = node.items[Number(part)] as Node | undefined;
      offset = node?.range?.[0] ?? offset;
    }
  }
  return offset;
}

/** What a document is read to: its data, or undefined where that cannot be trusted, and why. */
function readYaml(
  file: string,
  yaml: string,
  document: Document,
  place: (offset: number) => Place,
): { data: unknown; problems: Problem[] } {
  const faults = [...document.errors, ...document.warnings];
  const problems = faults.map(({ code, message, pos }) =>
    code === 'DUPLICATE_KEY'
      ? problemAt(file, place(pos[0]), {
          found: `the key "${/^[\w-]+/.exec(yaml.slice(pos[0]))?.[0] ?? ''}", which this block already has`,
          expected: 'every key once in a block',
          fix: 'keep one of the two',
        })
      : unreadable(file, place(pos[0]), message),
  );
  if (faults.some(({ code }) => code !== 'DUPLICATE_KEY')) return { data: undefined, problems };
  try {
    return { data: document.toJS() ?? {}, problems };
  } catch (error) {
    // An alias (`*name`) without its anchor shows only here.
    let offset = 0;
    visitYaml(document, {
      Alias: (_, alias) => {
        if (alias.resolve(document) === undefined) offset = alias.range?.[0] ?? offset;
      },
    });
    return {
      data: undefined,
      problems: [...problems, unreadable(file, place(offset), error instanceof Error ? error.message : String(error))],
    };
  }
}

function unreadable(file: string, place: Place, message: string): Problem {
  return problemAt(file, place, {
    found: `YAML that cannot be read: ${message}`,
    expected: 'valid YAML',
    fix: 'check indentation and quotes here; put text with ": ", "#", "*", "{" or "[" in quotes',
  });
}

/** Kinds of records whose text may hold elements. */
const WITH_ELEMENTS: ReadonlySet<Kind> = new Set(['guides', 'families', 'quants']);

/** An element in the text of a record. What it may be called and say is known to who shows it. */
export interface BodyElement extends Place {
  readonly file: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface ReadBody {
  readonly problems: readonly Problem[];
  readonly elements: readonly BodyElement[];
}

/** MDX reads `{` and `<` as code: what does not compile, and code other than the elements that some kinds may use. */
function readBody(file: string, kind: Kind, body: string, firstLine: number): ReadBody {
  const fix = 'put it in backticks, or write &#123; for "{" and &lt; for "<"';
  const mayHold = WITH_ELEMENTS.has(kind);
  const expected = mayHold ? 'Markdown text and elements such as <Figure />' : 'Markdown text without code';
  const problems: Problem[] = [];
  const elements: BodyElement[] = [];
  try {
    if (mayHold) mdxToJs(body);
    visit(mdxToMdast(body), (node) => {
      if (!node.type.startsWith('mdx')) return;
      const start = node.position?.start ?? { line: 1, column: 1 };
      const place = { line: firstLine + start.line - 1, column: start.column };
      // HTML, in small letters, is shown as it stands, and a part of an element as nothing: only here they are refused.
      if (!mayHold || typeof node.name !== 'string' || !/^[A-Z]\w*$/.test(node.name)) {
        problems.push(problemAt(file, place, { found: `${WORDS[node.type] ?? 'code'} in the text`, expected, fix }));
        return;
      }
      const attributes: Record<string, string> = {};
      for (const { name, value } of (node.attributes ?? []) as readonly Readonly<Record<string, unknown>>[]) {
        if (typeof name === 'string' && typeof value === 'string') attributes[name] = value;
        else {
          const found = `an attribute of <${node.name}> that is no text in quotes`;
          problems.push(problemAt(file, place, { found, expected: 'name="text"', fix: 'write the value in quotes' }));
        }
      }
      elements.push({ file, name: node.name, attributes, ...place });
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, line = '1', column = '1', what = message] = /^(\d+):(\d+): ([\s\S]*?)( \([\w:-]+\))?$/.exec(message) ?? [];
    const place = { line: firstLine + Number(line) - 1, column: Number(column) };
    problems.push(problemAt(file, place, { found: `text that MDX cannot compile: ${what}`, expected, fix }));
  }
  return { problems, elements };
}

const WORDS: Readonly<Record<string, string>> = {
  mdxTextExpression: 'an expression in { }',
  mdxFlowExpression: 'an expression in { }',
  mdxJsxTextElement: 'a tag',
  mdxJsxFlowElement: 'a tag',
  mdxjsEsm: 'an import or export',
};

interface TreeNode {
  readonly type: string;
  /** Of an element; a fragment has none. */
  readonly name?: string | null | undefined;
  readonly attributes?: unknown;
  readonly position?: { readonly start: Place } | undefined;
  readonly children?: readonly TreeNode[];
}

function visit(node: TreeNode, seen: (node: TreeNode) => void): void {
  seen(node);
  for (const child of node.children ?? []) visit(child, seen);
}

/** The record in a file's `content`, unchecked, with every problem of reading it. */
export function parseRecord(kind: Kind, id: string, content: string): ReadFile {
  const file = recordFile(kind, id);
  const match = recordEnding(kind) === '.yaml' ? undefined : FRONT_MATTER.exec(content);
  if (match === null) {
    const found =
      content.trim() === ''
        ? 'an empty file'
        : content.startsWith('---')
          ? 'front matter that is not closed'
          : 'no front matter';
    const wording = {
      found,
      expected: 'facts in YAML between two lines "---" at the top',
      fix: 'start the file with "---", and close the facts with "---"',
    };
    return {
      record: { kind, id, data: undefined, body: content },
      problems: [problemAt(file, { line: 1, column: 1 }, wording)],
      elements: [],
      locate: () => ({ line: 1, column: 1 }),
    };
  }
  const yaml = match === undefined ? content : (match[1] ?? '');
  const counter = new LineCounter();
  // Astro's parser reads unquoted dates as dates; so must this one, to refuse what the build refuses.
  const parse = (lineCounter?: LineCounter): Document =>
    parseDocument(yaml, { customTags: ['timestamp'], prettyErrors: false, ...(lineCounter && { lineCounter }) });
  const document = parse(counter);
  // Front matter starts on the file's second line.
  const linesAbove = match === undefined ? 0 : 1;
  const place = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line: line + linesAbove, column: col };
  };
  const body = match === undefined ? '' : content.slice(match[0].length);
  const text = readBody(file, kind, body, (match?.[0] ?? '').split('\n').length);
  const { data, problems } = readYaml(file, yaml, document, place);
  return {
    record: { kind, id, data, body: body.trim() },
    problems: [...problems, ...text.problems],
    elements: text.elements,
    locate: (path, at) => {
      // Few records have a problem: the documents of all of them would be most of what the check keeps in memory.
      const offset = offsetOf(parse(), path, at);
      return offset === undefined ? { line: 1, column: 1 } : place(offset);
    },
  };
}
