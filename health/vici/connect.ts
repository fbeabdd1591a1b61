/** Opens the unix socket, or says with one code why not. */
import { connect as netConnect, type Socket } from 'node:net';
import { connectError, ViciError } from './errors.ts';

export interface CallOptions {
  /** For the whole call, waiting for its turn included. Default: DEFAULT_DEADLINE_MS. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** How a socket is made; tests give their own. */
export type Connector = (path: string) => Socket;

/** charon answers all but long listings in well under a millisecond; a longer call must say so. */
export const DEFAULT_DEADLINE_MS = 5000;

/** setTimeout fires at once when given more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function deadlineOf(options: CallOptions): number {
  return Math.min(options.deadlineMs ?? DEFAULT_DEADLINE_MS, MAX_TIMER_MS);
}

export function abortedError(what: string, signal: AbortSignal): ViciError {
  return new ViciError('VICI_ABORTED', `${what}: given up by the caller`, { cause: signal.reason });
}

/** A connected socket without listeners. Rejects with ViciError. */
export function connectSocket(
  path: string,
  options: CallOptions,
  connector: Connector = (at) => netConnect({ path: at }),
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted === true) {
      reject(abortedError(`connecting to ${path}`, signal));
      return;
    }
    const socket = connector(path);
    const deadlineMs = deadlineOf(options);
    const timer = setTimeout(() => {
      fail(new ViciError('VICI_TIMEOUT', `connecting to ${path}: not done within ${deadlineMs} ms`));
    }, deadlineMs);
    const onAbort = (): void => {
      if (signal !== undefined) fail(abortedError(`connecting to ${path}`, signal));
    };
    const onError = (error: Error): void => {
      fail(connectError(path, error));
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.off('connect', onConnect);
    };
    const fail = (error: ViciError): void => {
      settle();
      socket.on('error', () => undefined); // an error after this one changes nothing
      socket.destroy();
      reject(error);
    };
    socket.on('error', onError);
    socket.on('connect', onConnect);
    signal?.addEventListener('abort', onAbort);
  });
}
