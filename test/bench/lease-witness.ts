/** A guard that takes every set and writes down when it came; announces nothing to anybody. */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Announcement } from '../../bgp/announcement.ts';
import { leaseLine, parseLeaseMessage, type GuardMessage, type LeaseReport } from '../../bgp/lease.ts';
import { LineReader } from '../../bgp/line-reader.ts';

export interface SeenSet {
  readonly announcements: readonly Announcement[];
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** No process: the sidecar kills what its guard's hello names, when that guard is silent. */
const NOBODY = 0;

export class LeaseWitness {
  readonly sets: SeenSet[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();
  #generation = 0;

  static async listen(path: string): Promise<LeaseWitness> {
    const witness = new LeaseWitness();
    rmSync(path, { force: true });
    await new Promise<void>((resolve) => witness.#server.listen(path, resolve));
    return witness;
  }

  private constructor() {
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  get last(): SeenSet | undefined {
    return this.sets.at(-1);
  }

  get announces(): boolean {
    return (this.last?.announcements.length ?? 0) > 0;
  }

  /** Resolves once it holds; looked at after each set. */
  async until(holds: () => boolean, deadlineMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs);
    while (!holds()) {
      if (deadline.aborted) throw new Error(`the sidecar did not come to it within ${deadlineMs} ms`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(socket: Socket): void {
    const reader = new LineReader(1024 * 1024);
    const send = (message: GuardMessage): void => void socket.write(leaseLine(message));
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const at = Number(process.hrtime.bigint()) / 1e6;
      for (const line of reader.push(chunk)) this.#hear(line ?? '', at, send);
    });
    send({ type: 'hello', pid: NOBODY, exabgpPid: NOBODY, exabgpVersion: '4.2.21', ...this.#report() });
  }

  #hear(line: string, at: number, send: (message: GuardMessage) => void): void {
    const message = parseLeaseMessage(line);
    if (typeof message === 'string') throw new Error(`the sidecar sent what no guard takes: ${message}`);
    if (message.type === 'set') {
      this.#generation = message.generation;
      this.sets.push({ announcements: message.announcements, at });
    }
    if (message.type === 'release') this.sets.push({ announcements: [], at });
    if (message.type === 'set' || message.type === 'renew') {
      send({ type: 'renewed', generation: message.generation, at: message.evidence });
    }
    if (message.type !== 'renew') send({ type: 'report', ...this.#report() });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #report(): LeaseReport {
    const desired = this.last?.announcements ?? [];
    return {
      generation: this.#generation,
      lease: desired.length === 0 ? 'none' : 'held',
      desired,
      acknowledged: desired.map(({ prefix }) => prefix),
      neighbors: {},
      reasons: {},
    };
  }
}
