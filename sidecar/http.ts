/**
 * One handler on two listeners: TCP, which may only read, and a unix socket, whose directory is the access
 * rule. What is answered stands in routes.ts; slow or huge requests are cut off by node:http.
 */
import { lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { makeDirectory } from '../bgp/make-directory.ts';
import type { Access } from './access.ts';
import { answer, type Reply, type Views } from './routes.ts';

export type { Views };

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

/** The keys of the configuration that a way out names. */
export interface ListenKeys {
  readonly socket: string;
  readonly port: string;
}

const SIDECAR_KEYS: ListenKeys = { socket: 'control.socket', port: 'http.listen' };

export type Listener = Server | TlsServer;

/**
 * Starts one listener of the sidecar; `access` says who may read there, without it everybody. Rejects with
 * HttpError when the address is taken or not allowed, or when nobody could be let in.
 */
export async function serve(listen: Listen, views: Views, access?: Access): Promise<Listener> {
  if (access?.problem !== undefined) {
    throw new HttpError('HTTP_CANNOT_LISTEN', `cannot listen on ${named(listen)}: ${access.problem}`);
  }
  const reply = async (request: IncomingMessage): Promise<Reply> =>
    access?.refusal(request) ?? (await answer(request, views));
  const listener = await listenOn(listen, reply, SIDECAR_KEYS, access);
  access?.start(listener);
  return listener;
}

/** The same for any answer; `reply` never rejects but for a defect. */
export async function listenOn(
  listen: Listen,
  reply: (request: IncomingMessage) => Promise<Reply>,
  keys: ListenKeys,
  access?: Pick<Access, 'tls'>,
): Promise<Listener> {
  if ('path' in listen) await clearStale(listen.path, keys);
  const server = create(access, (request, response) => {
    void reply(request).then((given) => send(request, response, given));
  });
  server.maxConnections = CONNECTIONS_MAXIMUM;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new HttpError(
          'HTTP_CANNOT_LISTEN',
          `cannot listen on ${named(listen)}: ${wayOut(cause, keys)}`,
          cause,
        ),
      );
    });
    server.listen(listen, resolve);
  });
  return server;
}

/** A fleet of 50 that asks, each once again after a restart, and those who measure. */
const CONNECTIONS_MAXIMUM = 128;

const LIMITS = {
  requestTimeout: 5000,
  headersTimeout: 5000,
  keepAliveTimeout: 30_000,
  maxHeaderSize: 8192,
} as const;

function create(
  access: Pick<Access, 'tls'> | undefined,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Listener {
  const tls = access?.tls;
  if (tls === undefined) return createServer(LIMITS, handle);
  // Whoever shows no certificate of the right authority is still told so, and may look at /healthz: access.ts.
  const client = { requestCert: tls.ca !== undefined, rejectUnauthorized: false };
  return createTlsServer({ ...LIMITS, ...tls, ...client, handshakeTimeout: 5000 }, handle);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body, allow, challenge }: Reply,
): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(allow === undefined ? {} : { allow }),
    ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    // The rest of a body that nobody reads must not be taken for the next request.
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A socket file outlives a killed process: remove it, unless somebody answers behind it. */
async function clearStale(path: string, keys: ListenKeys): Promise<void> {
  await makeDirectory(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    const text = `the directory of ${path} cannot be made (${error.message}): create it for swancast's user, or correct ${keys.socket}`;
    throw new HttpError('HTTP_CANNOT_LISTEN', text, error);
  });
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new HttpError('HTTP_CANNOT_LISTEN', `cannot look at ${path}: ${wayOut(error, keys)}`, error);
  });
  if (there === undefined) return;
  if (!there.isSocket()) {
    throw new HttpError('HTTP_CANNOT_LISTEN', `${path} is there and is no socket: correct ${keys.socket}`);
  }
  const refusal = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once('error', resolve);
  });
  if (refusal !== undefined && refusal.code !== 'ECONNREFUSED') {
    throw new HttpError(
      'HTTP_CANNOT_LISTEN',
      `cannot tell who listens on ${path}: ${wayOut(refusal, keys)}`,
      refusal,
    );
  }
  if (refusal === undefined) {
    throw new HttpError(
      'HTTP_ANOTHER_RUNS',
      `another swancast answers on ${path}: stop it first, or give this one a ${keys.socket} of its own`,
    );
  }
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw new HttpError('HTTP_CANNOT_LISTEN', `cannot replace ${path}: ${wayOut(error, keys)}`, error);
  });
}

const named = (listen: Listen): string =>
  'path' in listen ? listen.path : `${listen.host} port ${listen.port}`;

function wayOut(error: NodeJS.ErrnoException, { port }: ListenKeys): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `the port is taken; set ${port} to a free one, or to off`;
    case 'EADDRNOTAVAIL':
      return `the address is not on this host; set ${port} to one that is`;
    case 'EACCES':
    case 'EPERM':
      return 'permission denied; check the owner of the directory, or use a port above 1023';
    default:
      return error.message;
  }
}
