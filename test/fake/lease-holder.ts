/** A sidecar's end of the lease socket for tests: raw lines out, parsed messages in. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { leaseLine, parseGuardMessage, type GuardMessage, type LeaseMessage } from '../../bgp/lease.ts';
import { LineReader } from '../../bgp/line-reader.ts';

export const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6;

export class LeaseHolder {
  readonly messages: GuardMessage[] = [];
  closed = false;
  readonly #socket: Socket;
  readonly #heard = new Set<() => void>();
  #renewing: NodeJS.Timeout | undefined;

  private constructor(socket: Socket) {
    const reader = new LineReader(1024 * 1024);
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    socket.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) {
        const message = parseGuardMessage(line ?? '');
        if (message !== undefined) this.messages.push(message);
      }
      this.#wake();
    });
  }

  /** Tries until the guard listens, and waits for its hello. */
  static async connect(path: string): Promise<LeaseHolder> {
    for (;;) {
      const socket = connect(path);
      try {
        await once(socket, 'connect');
        const holder = new LeaseHolder(socket);
        await holder.until(() => holder.messages.length > 0 || holder.closed);
        return holder;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  send(message: LeaseMessage): void {
    this.#socket.write(leaseLine(message));
  }

  sendText(text: string): void {
    this.#socket.write(text);
  }

  /** Renews every `everyMs` with fresh evidence until `stopRenewing` or `close`. */
  keepRenewing(generation: number, everyMs = 50): void {
    clearInterval(this.#renewing);
    this.#renewing = setInterval(
      () => this.send({ type: 'renew', generation, evidence: monotonic() }),
      everyMs,
    );
  }

  stopRenewing(): void {
    clearInterval(this.#renewing);
  }

  /** The newest hello or report. */
  get report(): Extract<GuardMessage, { type: 'hello' | 'report' }> | undefined {
    return this.messages.findLast((message) => message.type === 'hello' || message.type === 'report');
  }

  refusals(): string[] {
    return this.messages.flatMap((message) => (message.type === 'refused' ? [message.code] : []));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#heard.add(resolve));
  }

  close(): void {
    this.stopRenewing();
    this.#socket.destroy();
  }

  #wake(): void {
    for (const wake of this.#heard) wake();
    this.#heard.clear();
  }
}
