/**
 * The guard's stdout. Written with `writeSync` and without `process.stdout`: a command must be in the pipe
 * when the call returns, not after the next turn of the event loop, and `process.stdout` would block on a full
 * pipe (Node makes pipes synchronous). A frozen ExaBGP leaves the pipe full, and a guard that blocks then
 * could not kill it. So the pipe is opened once more by its /proc name, non-blocking: O_NONBLOCK belongs to
 * the open file, and ExaBGP's own end as well as our parent's copy stay as they are.
 */
import { constants, openSync, writeSync } from 'node:fs';

/** A full pipe means that ExaBGP does not read: this waits for it, nothing else does. */
const RETRY_MS = 5;

export class CommandPipe {
  readonly #fd: number;
  readonly #onClosed: () => void;
  #waiting: Buffer[] = [];

  constructor(onClosed: () => void, fd = openNonBlocking()) {
    this.#onClosed = onClosed;
    this.#fd = fd;
  }

  /** One write per call, so that short commands reach ExaBGP in one piece. */
  write(lines: readonly string[]): void {
    this.#waiting.push(Buffer.from(lines.map((line) => `${line}\n`).join('')));
    if (this.#waiting.length === 1) this.#flush();
  }

  #flush(): void {
    for (let chunk = this.#waiting[0]; chunk !== undefined; chunk = this.#waiting[0]) {
      try {
        const written = writeSync(this.#fd, chunk);
        if (written < chunk.length) this.#waiting[0] = chunk.subarray(written);
        else this.#waiting.shift();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') setTimeout(() => this.#flush(), RETRY_MS);
        else this.#onClosed();
        return;
      }
    }
  }
}

function openNonBlocking(): number {
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No pipe (a socket in tests), or a pipe made by another user: blocking is the lesser evil.
    return 1;
  }
}
