/** One client's TCP stream: says something ten times a second and hears it back, for as long as the stream lives. */
import { connect, type Socket } from 'node:net';
import type { StreamReport } from './load-protocol.ts';

/** After a wait this long for a line, the stream is of no use for the next measurement. */
const FRESH_MS = 1000;
const LINE_BYTES = 8;

export class Stream {
  readonly #address: string;
  readonly #port: number;
  readonly #now: () => number;
  #socket: Socket | undefined;
  #localAddress: string | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #openedAt = 0;
  #confirmedAt: number | undefined;
  #heardAt: number | undefined;
  #gapMs = 0;

  /** @param now CLOCK_MONOTONIC ms */
  constructor(address: string, port: number, now: () => number) {
    this.#address = address;
    this.#port = port;
    this.#now = now;
  }

  /** To be called every STREAM_INTERVAL_MS. Nothing is written while much is waiting: the network is away. */
  tick(): void {
    const socket = this.#socket;
    if (socket === undefined || socket.connecting || !socket.writable || socket.writableLength > 4096) return;
    const line = Buffer.alloc(LINE_BYTES);
    line.writeDoubleBE(this.#now());
    socket.write(line);
  }

  /** Forgets the past; opens the stream anew if it does not work. @returns whether it works now */
  renew(): boolean {
    this.#gapMs = 0;
    const now = this.#now();
    const works = this.#heardAt !== undefined && now - this.#heardAt < FRESH_MS;
    if (works && this.#socket !== undefined) return true;
    if (this.#socket === undefined || now - this.#openedAt > FRESH_MS) this.#open();
    return false;
  }

  report(): StreamReport {
    const waiting = this.#heardAt === undefined ? 0 : this.#now() - this.#heardAt;
    return {
      open: this.#socket !== undefined,
      localAddress: this.#localAddress,
      confirmedAt: this.#confirmedAt,
      gapMs: Math.max(this.#gapMs, waiting),
    };
  }

  #open(): void {
    this.#socket?.destroy();
    [this.#localAddress, this.#confirmedAt, this.#heardAt] = [undefined, undefined, undefined];
    this.#rest = Buffer.alloc(0);
    this.#openedAt = this.#now();
    // No local address: the kernel takes the one of the tunnel of this moment, and the stream keeps it.
    const socket = connect(this.#port, this.#address);
    socket.setNoDelay(true);
    socket
      .on('connect', () => (this.#localAddress = socket.localAddress))
      .on('data', (chunk) => this.#hear(chunk))
      .on('error', () => undefined)
      .on('close', () => {
        if (this.#socket === socket) this.#socket = undefined;
      });
    this.#socket = socket;
  }

  #hear(chunk: Buffer): void {
    const now = this.#now();
    if (this.#heardAt !== undefined) this.#gapMs = Math.max(this.#gapMs, now - this.#heardAt);
    this.#heardAt = now;
    const bytes = Buffer.concat([this.#rest, chunk]);
    const whole = bytes.length - (bytes.length % LINE_BYTES);
    if (whole > 0) this.#confirmedAt = bytes.readDoubleBE(whole - LINE_BYTES);
    this.#rest = bytes.subarray(whole);
  }
}
