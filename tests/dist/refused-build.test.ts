/** A build that fails: every problem of its content is said, and the last good build stays. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const NEEDED = ['astro.config.mjs', 'content', 'package.json', 'public', 'scripts', 'src', 'tsconfig.json'];
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'refused-'));
  for (const name of NEEDED) cpSync(name, join(root, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'), 'junction');
  // By default what Astro keeps between builds is in node_modules, which is the checkout's.
  edit('astro.config.mjs', (text) => text.replace('defineConfig({', "defineConfig({\n  cacheDir: '.cache',"));
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist/index.html'), 'the last good build');
});

afterEach(() => rmSync(root, { recursive: true }));

function edit(file: string, change: (text: string) => string): void {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  expect(after, `${file} is as before`).not.toBe(before);
  writeFileSync(path, after);
}

/** What the build says, after it has failed and left the last one alone. */
function failed(): string {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SITE_URL: 'https://example.org', VITEST: undefined, NODE_ENV: undefined },
  });
  expect(status).toBe(1);
  expect(stderr).toContain('the last build, if there is one, is untouched');
  expect(readFileSync(join(root, 'dist/index.html'), 'utf8')).toBe('the last good build');
  return stderr;
}

/** First lines of the problems of the content that such a build prints. */
const refused = (): string[] =>
  failed()
    .split('\n')
    .filter((line) => line.startsWith('content/'));

test('what the records say is checked whole, whichever problem a page would meet first', () => {
  edit('content/models/qwen3-4b.mdx', (text) => text.replace(/^family: .*$/m, 'family: nobody'));
  edit('content/models/qwen3-8b.mdx', (text) => text.replace('name:', 'nickname: Q\nname:'));
  edit('content/gpus/rtx-4090.mdx', (text) => text.replace(/^sources:\n(?: .*\n)+/m, ''));
  edit('content/models/llama-3-1-8b.mdx', (text) => text.replace(/^( +total: )(\d)/m, '$1-$2'));
  appendFileSync(join(root, 'content/models/gpt-oss-20b.mdx'), 'Two {1 + 1}.\n');
  writeFileSync(join(root, 'content/models/misnamed.md'), '');
  expect(refused()).toEqual([
    expect.stringMatching(/^content\/gpus\/rtx-4090\.mdx:\d+:\d+ sources$/),
    expect.stringMatching(/^content\/models\/gpt-oss-20b\.mdx:\d+:\d+ \(file\)$/),
    expect.stringMatching(/^content\/models\/llama-3-1-8b\.mdx:\d+:\d+ parameters\.total$/),
    'content/models/misnamed.md:1:1 (file)',
    expect.stringMatching(/^content\/models\/qwen3-4b\.mdx:\d+:\d+ family$/),
    'content/models/qwen3-8b.mdx:2:1 nickname',
  ]);
});

test('YAML that Astro cannot read hides no other problem', () => {
  edit('content/models/llama-3-1-8b.mdx', (text) => text.replace('name:', 'a: [b\nname:'));
  edit('content/models/qwen3-4b.mdx', (text) => text.replace(/^family: .*$/m, 'family: nobody'));
  expect(refused()).toEqual([
    expect.stringMatching(/^content\/models\/llama-3-1-8b\.mdx:\d+:\d+ \(file\)$/),
    expect.stringMatching(/^content\/models\/qwen3-4b\.mdx:\d+:\d+ family$/),
  ]);
});

test('an element of a guide that names no figure', () => {
  const lines = readFileSync('content/guides/kv-cache.mdx', 'utf8').split('\n').length;
  appendFileSync(join(root, 'content/guides/kv-cache.mdx'), '\n<Figure model="qwen9" part="kv" />\n');
  expect(refused()).toEqual([`content/guides/kv-cache.mdx:${lines + 1}:1 <Figure>.model`]);
});

test('a page that fails is named', () => {
  edit('src/pages/about.astro', (text) => text.replace('---\n', "---\nthrow new Error('made up');\n"));
  expect(failed()).toMatch(/rendering \/about: Error: made up/);
});

test('middleware, which the pages of a build would not pass, is refused', () => {
  writeFileSync(
    join(root, 'src/middleware.ts'),
    'export const onRequest = (_: unknown, next: () => unknown) => next();\n',
  );
  expect(failed()).toContain('src/prerender/entry.ts does not call');
});
