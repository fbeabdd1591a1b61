/**
 * One handler on two listeners: TCP, which may only read, and a unix socket, whose directory is the access
 * rule. Everything here is read-only; bodies are never read, slow or huge requests are cut off by node:http.
 *
 *   /healthz  200 while the process runs     /metrics  Prometheus text
 *   /readyz   200 while announced, else 503  /status   the whole state as JSON
 */
import { mkdir, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Registry } from 'prom-client';
import type { Status } from './status.ts';

export interface Views {
  status(): Status;
  readonly registry: Registry;
}

/** An address to listen on: a unix socket, or a TCP host and port. */
export type Listen = { readonly path: string } | { readonly host: string; readonly port: number };

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: 'HTTP_ANOTHER_RUNS' | 'HTTP_CANNOT_LISTEN';

  constructor(code: HttpError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Starts one listener. Rejects with HttpError when the address is taken or not allowed. */
export async function serve(listen: Listen, views: Views): Promise<Server> {
  if ('path' in listen) await clearStale(listen.path);
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, keepAliveTimeout: 30_000, maxHeaderSize: 8192 },
    (request, response) => {
      void answer(request, views).then((reply) => send(request, response, reply));
    },
  );
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new HttpError('HTTP_CANNOT_LISTEN', `cannot listen on ${named(listen)}: ${wayOut(cause)}`, cause),
      );
    });
    server.listen(listen, resolve);
  });
  return server;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer({ method, url }: IncomingMessage, views: Views): Promise<Reply> {
  if (method !== 'GET' && method !== 'HEAD')
    return text(405, `${method ?? '?'} is not allowed here: use GET\n`);
  switch (url?.split('?')[0]) {
    case '/healthz':
      return text(200, 'ok\n');
    case '/readyz': {
      const status = views.status();
      const ready = status.state === 'announced';
      const why = status.prefixes.map((each) => `${each.prefix} ${each.state}: ${each.reason}\n`).join('');
      return text(ready ? 200 : 503, `${status.state}\n${why}`);
    }
    case '/status':
      return { status: 200, type: 'application/json', body: `${JSON.stringify(views.status())}\n` };
    case '/metrics':
      return { status: 200, type: views.registry.contentType, body: await views.registry.metrics() };
    default:
      return text(404, 'not here: try /status, /metrics, /healthz or /readyz\n');
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

const text = (status: number, body: string): Reply => ({ status, type: 'text/plain; charset=utf-8', body });

/** A socket file outlives a killed process: remove it, unless somebody answers behind it. */
async function clearStale(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  if (alive) {
    throw new HttpError(
      'HTTP_ANOTHER_RUNS',
      `another swancast answers on ${path}: stop it first, or give this one a control.socket of its own`,
    );
  }
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw new HttpError('HTTP_CANNOT_LISTEN', `cannot replace ${path}: ${wayOut(error)}`, error);
  });
}

const named = (listen: Listen): string =>
  'path' in listen ? listen.path : `${listen.host} port ${listen.port}`;

function wayOut(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'the port is taken; set http.listen to a free one, or to off';
    case 'EADDRNOTAVAIL':
      return 'the address is not on this host; set http.listen to one that is';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; check the owner of the directory, or use a port above 1023';
    default:
      return error.message;
  }
}
