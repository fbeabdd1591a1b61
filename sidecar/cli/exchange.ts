/** One question to the running daemon, over its control socket. */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { SECTIONS } from '../config/schema.ts';
import { printable } from '../printable.ts';
import { EXIT } from './outcome.ts';
import { DEFAULT_CONFIG, type SocketOptions } from './options.ts';
import type { Surroundings } from './surroundings.ts';

export class DaemonError extends Error {
  override readonly name = 'DaemonError';
  readonly code: 'DAEMON_ABSENT' | 'DAEMON_DENIED' | 'DAEMON_SILENT' | 'DAEMON_STRANGE' | 'DAEMON_REFUSED';

  constructor(code: DaemonError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export interface Question {
  readonly path:
    | '/status'
    | '/force'
    | '/release'
    | '/checks'
    | '/checks/run'
    | '/fleet'
    | '/sessions'
    | '/drain'
    | '/undrain';
  /** What is posted; without it the question only reads. */
  readonly order?: object;
}

const DEADLINE_MS = 3000;
const SIZE_MAXIMUM = 16 * 1024 * 1024;

/** What `ask` comes back with, or the exit code after the one line that says why there is nothing. */
export async function askDaemon<T extends object>(
  options: SocketOptions,
  { output, env }: Surroundings,
  ask: (socket: string, signal: AbortSignal) => Promise<T>,
  deadlineMs: number = DEADLINE_MS,
): Promise<T | number> {
  try {
    return await ask(controlSocket(options, env), AbortSignal.timeout(deadlineMs));
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

/** The answer as JSON, its texts printable. Rejects with DaemonError, also when an order is refused. */
export async function exchange<T extends object>(
  socket: string,
  question: Question,
  isExpected: (answer: unknown) => answer is T,
  signal: AbortSignal,
): Promise<T> {
  let reply: { readonly status: number; readonly body: string };
  try {
    reply = await send(socket, question, signal);
  } catch (cause) {
    throw daemonError(socket, cause, signal);
  }
  const strange = (what: string): DaemonError =>
    new DaemonError('DAEMON_STRANGE', `${socket}: ${what}; is this the control socket of swancast?`);
  if (question.order !== undefined && REFUSALS.includes(reply.status)) {
    throw new DaemonError('DAEMON_REFUSED', `refused: ${printable(reply.body.trim())}`);
  }
  if (question.path === '/fleet' && reply.status === 404) {
    throw new DaemonError('DAEMON_REFUSED', printable(reply.body.trim()));
  }
  if (reply.status !== 200) throw strange(`answered with HTTP status ${reply.status}`);
  let answer: unknown;
  try {
    // Values come from the network in the end.
    answer = JSON.parse(reply.body, (_, value: unknown) =>
      typeof value === 'string' ? printable(value) : value,
    );
  } catch {
    throw strange('did not answer with JSON');
  }
  if (!isExpected(answer)) throw strange(`answered with something else than ${EXPECTED[question.path]}`);
  return answer;
}

/** routes.ts: a bad order, one with reasons against it, too long, cannot be taken now, cannot be kept. */
const REFUSALS: readonly number[] = [400, 409, 413, 503, 507];

const EXPECTED: Readonly<Record<Question['path'], string>> = {
  '/status': 'a status',
  '/force': 'prefixes',
  '/release': 'prefixes',
  '/checks': 'checks',
  '/checks/run': 'checks',
  '/sessions': 'sessions',
  '/drain': 'sessions',
  '/undrain': 'sessions',
  '/fleet': 'a fleet',
};

function send(
  socketPath: string,
  { path, order }: Question,
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const method = order === undefined ? 'GET' : 'POST';
    const call = request({ socketPath, path, method, signal, agent: false }, (response) => {
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
    call.end(order === undefined ? undefined : JSON.stringify(order));
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
      const message = `${path}: swancast does not run here; start it (its unit, or \`swancast run\`), or name its socket with --socket`;
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
