/** The guard's end of the lease socket: opened as soon as that can be done safely, and tried again until then. */
import { lstatSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { makeDirectorySync } from './make-directory.ts';

/** How often a lease socket that cannot be opened is tried again, and how often that is worth a line. */
const RETRY_MS = 50;
const LOG_MS = 5000;

export interface LeaseSocketOptions {
  readonly path: string;
  readonly onClient: (socket: Socket) => void;
  readonly onListening: () => void;
  /** Why it cannot be opened, and the way out. */
  readonly onProblem: (text: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The directory's owner and mode are the access rule, so it must not be open to all. `toldAt`: the last problem. */
export function openLeaseSocket(options: LeaseSocketOptions, toldAt = -Infinity): void {
  const { path, onClient, onListening, onProblem, now } = options;
  const retry = (text: string): void => {
    const due = now() - toldAt >= LOG_MS;
    if (due) onProblem(text);
    setTimeout(() => openLeaseSocket(options, due ? now() : toldAt), RETRY_MS);
  };
  const directory = dirname(path);
  try {
    makeDirectorySync(directory);
    if ((statSync(directory).mode & 0o002) !== 0) {
      retry(`everybody may write to ${directory}: give the lease socket a directory of mode 0750`);
      return;
    }
  } catch (error) {
    retry(`the lease socket needs the directory ${directory}: ${(error as Error).message}`);
    return;
  }
  process.umask(0o117);
  const server = createServer(onClient);
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') {
      retry(`the lease socket ${path} cannot be opened: ${error.message}`);
      return;
    }
    // Left behind by a dead guard, or in use by a living one: only a connection tells.
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      retry(`another guard listens on ${path}: end the other ExaBGP, or give this one its own lease.socket`);
    });
    probe.on('error', (refusal: NodeJS.ErrnoException) => {
      if (refusal.code !== 'ECONNREFUSED' || !lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
        retry(
          `${path} is there and is no socket of a dead guard: correct lease.socket, or remove it by hand`,
        );
        return;
      }
      try {
        unlinkSync(path);
      } catch (failure) {
        retry(`the lease socket ${path} cannot be replaced: ${(failure as Error).message}`);
        return;
      }
      openLeaseSocket(options, toldAt);
    });
  });
  server.listen(path, onListening);
}
