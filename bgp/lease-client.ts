/** One end of the lease socket: connects, and connects again; lines in and out; notices a guard that froze. */
import { connect, type Socket } from 'node:net';
import {
  leaseLine,
  LEASE_LINE_MAXIMUM,
  parseGuardMessage,
  type GuardMessage,
  type LeaseMessage,
} from './lease.ts';
import { LineReader } from './line-reader.ts';

export interface LeaseClientOptions {
  readonly path: string;
  /** A guard that leaves a connection, set or renewal unanswered this long is frozen. */
  readonly silenceMs: number;
  readonly now: () => number;
  /** `undefined`: a line that no guard of ours would send. */
  readonly onMessage: (message: GuardMessage | undefined) => void;
  /** After every connection that failed (`failure` says why) or ended. The next one is tried by itself. */
  readonly onClose: (failure: NodeJS.ErrnoException | undefined) => void;
  readonly onSilence: (waitedMs: number) => void;
}

const RECONNECT_MS = 50;

export class LeaseClient {
  readonly #options: LeaseClientOptions;
  #socket: Socket | undefined;
  #askedAt: number | undefined;
  #silence: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: LeaseClientOptions) {
    this.#options = options;
  }

  connect(): void {
    const socket = connect(this.#options.path);
    const reader = new LineReader(LEASE_LINE_MAXIMUM);
    let failure: NodeJS.ErrnoException | undefined;
    this.#socket = socket;
    // The kernel accepts for a frozen guard too; its hello is what tells.
    socket.on('connect', () => this.#ask());
    socket.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) {
        if (!socket.destroyed) this.#onLine(line);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error;
    });
    socket.on('close', () => {
      this.#answered();
      if (this.#stopped) return;
      this.#options.onClose(failure);
      this.#reconnect = setTimeout(() => this.connect(), RECONNECT_MS);
    });
  }

  /** Written before the call returns, unless the socket's buffer is full. */
  send(message: LeaseMessage): void {
    this.#socket?.write(leaseLine(message));
    if (message.type === 'set' || message.type === 'renew') this.#ask();
  }

  #ask(): void {
    if (this.#askedAt !== undefined) return;
    this.#askedAt = this.#options.now();
    // One look at the socket after the timer: when it was we who were late, the answer lies there unread.
    this.#silence = setTimeout(() => setImmediate(() => this.#judgeSilence()), this.#options.silenceMs);
  }

  /** Ends this connection; a new one is tried. */
  drop(): void {
    this.#socket?.destroy();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#reconnect);
    this.#answered();
    this.#socket?.destroy();
  }

  #onLine(line: string | undefined): void {
    const message = line === undefined ? undefined : parseGuardMessage(line);
    if (message?.type !== 'report') this.#answered();
    this.#options.onMessage(message);
  }

  #answered(): void {
    this.#askedAt = undefined;
    clearTimeout(this.#silence);
  }

  #judgeSilence(): void {
    if (this.#askedAt === undefined) return;
    const waited = this.#options.now() - this.#askedAt;
    this.#answered();
    this.#options.onSilence(waited);
  }
}
