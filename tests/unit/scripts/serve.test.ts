import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portOf, type Serving, serve } from '../../../scripts/serve.ts';

describe('the port', () => {
  it.each([
    [undefined, 4321],
    ['', 4321],
    ['0', 0],
    ['8080', 8080],
    ['65535', 65535],
  ])('PORT %j is %i', (text, port) => {
    expect(portOf(text === undefined ? {} : { PORT: text })).toBe(port);
  });

  it.each(['abc', '80x', '99999', '65536', '-1', '80.5', '0x50', '1e3', ' '])('refuses PORT "%s"', (text) => {
    expect(() => portOf({ PORT: text })).toThrow(`PORT is "${text}"; expected a whole number from 0 to 65535.`);
  });
});

it.each(['start', 'preview'])('%s reads it before anything else', (script) => {
  // In a folder without a project: a build would fail in another way.
  const options = { cwd: tmpdir(), encoding: 'utf8', env: { ...process.env, PORT: 'abc' } } as const;
  const { status, stderr } = spawnSync(process.execPath, [resolve('scripts', `${script}.ts`)], options);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'PORT is "abc"; expected a whole number from 0 to 65535.\n',
  });
});

describe('a served folder', () => {
  const directory = mkdtempSync(join(tmpdir(), 'served-'));
  let server: Serving;

  beforeAll(async () => {
    writeFileSync(join(directory, 'index.html'), 'home');
    writeFileSync(join(directory, 'gone.html'), 'gone');
    writeFileSync(join(directory, '404.html'), 'no such page');
    writeFileSync(join(directory, '_headers'), '/*\n  X-All: yes\n\n/index.html\n  X-One: yes\n');
    server = await serve(directory, 0);
    rmSync(join(directory, 'gone.html'));
  });

  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  /** Status, body and headers of an answer; what went wrong where there is none. `path` is sent as it is. */
  const ask = (path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status?: number; body?: string; headers?: object; error?: string }>((resolve) => {
      const { hostname, port } = new URL(server.address);
      const request = get({ hostname, port, path, headers, agent: false, timeout: 5000 }, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
        response.on('error', ({ message }) => resolve({ error: message }));
      });
      request.on('error', ({ message }) => resolve({ error: message }));
      request.on('timeout', () => resolve({ error: 'no answer in time' }));
    });

  it('is at the address it is bound to', () => {
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('has pages, headers by path without the query, and a page for what it has not', async () => {
    expect(await ask('/?a=b')).toMatchObject({ status: 200, body: 'home', headers: { 'x-all': 'yes' } });
    expect(await ask('/index.html?/x')).toMatchObject({ status: 200, headers: { 'x-one': 'yes' } });
    expect(await ask('/nowhere/')).toMatchObject({ status: 404, body: 'no such page' });
  });

  it.each([
    ['an address that is none', '//', {}],
    ['an address of another site', 'http://example.org:x/', {}],
    ['a broken escape', '/%E0%A4%A', {}],
    ['a range that ends before it starts', '/', { Range: 'bytes=3-1' }],
    ['a file that is gone', '/gone', {}],
  ])('outlives a request for %s', async (_name, path, headers) => {
    expect((await ask(path, headers)).error).not.toBe('no answer in time');
    expect(await ask('/')).toMatchObject({ status: 200, body: 'home' });
  });
});
