/** A Hugging Face Hub on this machine: recorded files of repositories, served as the client libraries ask for them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Files of a repository by path, and what the API says of it. */
interface Repository {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly info?: Readonly<Record<string, unknown>>;
}

export interface LocalHub {
  readonly endpoint: string;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

export async function serveHub(repositories: Readonly<Record<string, Repository>>): Promise<LocalHub> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(repositories, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answer(
  repositories: Readonly<Record<string, Repository>>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
  const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\//.exec(path);
  const file = /^\/([^/]+\/[^/]+)\/(?:resolve|raw)\/main\/(.+)$/.exec(path);
  const name = api?.[1] ?? file?.[1] ?? '';
  const repository = repositories[name];
  if (repository === undefined) {
    response.writeHead(404, { 'X-Error-Code': 'RepoNotFound' }).end();
    return;
  }
  if (api !== null) {
    const body =
      api[2] === 'tree'
        ? Object.entries(repository.files).map(([entry, bytes]) => ({ type: 'file', path: entry, size: bytes.length }))
        : { _id: '1', id: name, lastModified: '2026-01-01T00:00:00.000Z', ...repository.info };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  const bytes = repository.files[file?.[2] ?? ''];
  if (bytes === undefined) {
    response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = Number(range?.[1] ?? 0);
  const to = Math.min(range?.[2] ? Number(range[2]) + 1 : bytes.length, bytes.length);
  const headers = { ETag: '"1"', 'Accept-Ranges': 'bytes', 'Content-Length': to - from };
  if (range === null) response.writeHead(200, headers);
  else response.writeHead(206, { ...headers, 'Content-Range': `bytes ${from}-${to - 1}/${bytes.length}` });
  response.end(request.method === 'HEAD' ? undefined : bytes.subarray(from, to));
}

export const jsonFile = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A safetensors file without its data: the header's length in 8 bytes, then the header. */
export function safetensorsFile(shapes: Readonly<Record<string, readonly number[]>>, type = 'BF16'): Uint8Array {
  const header = jsonFile(
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { dtype: type, shape, data_offsets: [0, 0] }]),
    ),
  );
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return new Uint8Array([...length, ...header]);
}

/** A GGUF file of version 3 with numbers and texts in its header and no tensors. */
export function ggufFile(values: Readonly<Record<string, number | string>>): Uint8Array {
  const parts: Uint8Array[] = [];
  const number = (bytes: 4 | 8, value: number): void => {
    const part = new Uint8Array(bytes);
    const view = new DataView(part.buffer);
    if (bytes === 4) view.setUint32(0, value, true);
    else view.setBigUint64(0, BigInt(value), true);
    parts.push(part);
  };
  const text = (value: string): void => {
    const encoded = new TextEncoder().encode(value);
    number(8, encoded.length);
    parts.push(encoded);
  };
  parts.push(new TextEncoder().encode('GGUF'));
  number(4, 3);
  number(8, 0);
  number(8, Object.keys(values).length);
  for (const [key, value] of Object.entries(values)) {
    text(key);
    if (typeof value === 'string') {
      number(4, 8);
      text(value);
    } else {
      number(4, 4);
      number(4, value);
    }
  }
  // Room for the alignment of the data that would follow.
  parts.push(new Uint8Array(4096));
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
