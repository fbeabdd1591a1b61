/** Asks the running daemon for its status, over the control socket. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { SECTIONS } from '../config/schema.ts';
import type { Status } from '../status.ts';
import { EXIT } from './outcome.ts';
import { DEFAULT_CONFIG, type SocketOptions, type Surroundings } from './program.ts';

export class DaemonError extends Error {
  override readonly name = 'DaemonError';
  readonly code: 'DAEMON_ABSENT' | 'DAEMON_DENIED' | 'DAEMON_SILENT' | 'DAEMON_STRANGE';

  constructor(code: DaemonError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const DEADLINE_MS = 3000;
const SIZE_MAXIMUM = 16 * 1024 * 1024;

/** The status, or the exit code after the one line that says why there is none. */
export async function askDaemon(
  options: SocketOptions,
  { output, env }: Surroundings,
  deadlineMs: number = DEADLINE_MS,
): Promise<Status | number> {
  try {
    return await fetchStatus(controlSocket(options, env), AbortSignal.timeout(deadlineMs));
  } catch (error) {
    if (!(error instanceof DaemonError || error instanceof ConfigError)) throw error;
    output.err(`${error.message}\n`);
    return error.code === 'DAEMON_ABSENT' ? EXIT.noDaemon : EXIT.problem;
  }
}

/**
 * --socket, or that of --config, or that of the usual configuration file. A mistake in the latter must not
 * keep anybody from looking at a daemon that still runs with an older version of it.
 */
function controlSocket({ socket, config }: SocketOptions, env: Surroundings['env']): string {
  if (socket !== undefined) return socket;
  if (config !== undefined) return loadConfig(config, env).control.socket;
  try {
    if (existsSync(DEFAULT_CONFIG)) return loadConfig(DEFAULT_CONFIG, env).control.socket;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
  return SECTIONS.control.keys.socket.default;
}

/** Rejects with DaemonError. */
export async function fetchStatus(path: string, signal: AbortSignal): Promise<Status> {
  let reply: { readonly status: number; readonly body: string };
  try {
    reply = await get(path, signal);
  } catch (cause) {
    throw daemonError(path, cause, signal);
  }
  const strange = (what: string): DaemonError =>
    new DaemonError('DAEMON_STRANGE', `${path}: ${what}; is this the control socket of swancast?`);
  if (reply.status !== 200) throw strange(`answered with HTTP status ${reply.status}`);
  let status: unknown;
  try {
    status = JSON.parse(reply.body, (_, value: unknown) =>
      typeof value === 'string' ? printable(value) : value,
    );
  } catch {
    throw strange('did not answer with JSON');
  }
  if (!isStatus(status)) throw strange('answered with something else than a status');
  return status;
}

function get(socketPath: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/status', signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > SIZE_MAXIMUM) response.destroy(new Error(`more than ${SIZE_MAXIMUM} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

function daemonError(path: string, cause: unknown, signal: AbortSignal): DaemonError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  if (signal.aborted) {
    const message = `${path}: no answer in time; the daemon hangs or is stopped: see \`systemctl status swancast\``;
    return new DaemonError('DAEMON_SILENT', message, cause);
  }
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED': {
      const message = `${path}: swancast does not run here; start it (\`systemctl start swancast\`), or name its socket with --socket`;
      return new DaemonError('DAEMON_ABSENT', message, cause);
    }
    case 'EACCES':
    case 'EPERM': {
      const message = `${path}: permission denied; run as root or as the user of swancast`;
      return new DaemonError('DAEMON_DENIED', message, cause);
    }
    default:
      return new DaemonError('DAEMON_STRANGE', `${path}: cannot be asked (${code})`, cause);
  }
}

/** What the renderers below stand on; the daemon is of another version now and then. */
function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null) return false;
  const { prefixes, checks, bgp, journal } = value as Partial<Record<string, unknown>>;
  const isObjects = (list: unknown): boolean =>
    Array.isArray(list) && list.every((each) => typeof each === 'object' && each !== null);
  const hasNeighbors = typeof bgp === 'object' && bgp !== null && 'neighbors' in bgp;
  return isObjects(prefixes) && isObjects(checks) && isObjects(journal) && hasNeighbors;
}

/** Values come from the network in the end; none of them may talk to the terminal. */
const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what it is for
  text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '?');
