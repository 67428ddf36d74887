/** Serves a built site as a static host would: directory URLs, the 404 page, and the rules of its `_headers` file. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';

export interface Serving {
  readonly address: string;
  readonly close: () => Promise<void>;
}

interface HeaderRule {
  readonly pattern: RegExp;
  readonly headers: readonly (readonly [string, string])[];
}

/** Reads the `_headers` format of static hosts: a path with `*` on a line of its own, indented `Name: value` lines below. */
function parseHeaders(text: string): HeaderRule[] {
  const rules: { pattern: RegExp; headers: [string, string][] }[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const header = /^\s+([\w-]+):\s*(.+)$/.exec(line);
    if (header?.[1] !== undefined && header[2] !== undefined) {
      rules.at(-1)?.headers.push([header[1], header[2].trim()]);
    } else {
      const path = line.trim().replace(/[.+?^${}()|[\]\\]/g, '\\$&');
      rules.push({ pattern: new RegExp(`^${path.replaceAll('*', '.*')}$`), headers: [] });
    }
  }
  return rules;
}

/**
 * The first port to try: `PORT` of the environment, otherwise 4321.
 * @throws {RangeError} where it is no number of a port
 */
export function portOf(environment: NodeJS.ProcessEnv): number {
  const text = environment['PORT'] || '4321';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new RangeError(`PORT is "${text}"; expected a whole number from 0 to 65535.`);
  }
  return port;
}

/** Listens on `port`, or on the next free one; port 0 takes any. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && port > 0 && port < 65535) resolve(listen(server, port + 1));
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Serves `directory`; resolves once it answers. */
export async function serve(directory: string, port: number): Promise<Serving> {
  const headersFile = join(directory, '_headers');
  const rules = existsSync(headersFile) ? parseHeaders(readFileSync(headersFile, 'utf8')) : [];
  const notFoundFile = join(directory, '404.html');
  const notFound = existsSync(notFoundFile) ? readFileSync(notFoundFile) : 'Not found';
  const files = sirv(directory, { dev: false, etag: true, extensions: ['html'] });
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split(/[?#]/);
    for (const rule of rules) {
      if (!rule.pattern.test(path)) continue;
      for (const [name, value] of rule.headers) response.setHeader(name, value);
    }
    // A file that a new build took away, and a range that ends before it starts, end the request and not the server.
    response.on('pipe', (file) => file.on('error', () => response.destroy()));
    try {
      files(request, response, () => {
        response.writeHead(404, { 'Content-Type': 'text/html; charset=utf-8' });
        response.end(notFound);
      });
    } catch {
      response.destroy();
    }
  });
  const bound = await listen(server, port);
  return {
    address: `http://127.0.0.1:${bound}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.closeAllConnections();
        server.close((error) => (error ? reject(error) : resolve()));
      }),
  };
}
