/** Bytes in, whole lines out, with a length cap: a sender that never ends its line must not eat our memory. */

const NEWLINE = 0x0a;

export class LineReader {
  readonly #maximum: number;
  #parts: Buffer[] = [];
  #length = 0;
  #skipping = false;

  /** `maximum` in bytes; a longer line is dropped whole and comes out as `undefined`. */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** The lines that this chunk completes, without their end (LF or CRLF). */
  push(chunk: Buffer): (string | undefined)[] {
    const lines: (string | undefined)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    if (part.length === 0 || this.#skipping) return;
    this.#length += part.length;
    if (this.#length > this.#maximum) {
      this.#parts = [];
      this.#skipping = true;
    } else {
      this.#parts.push(part);
    }
  }

  #take(): string | undefined {
    const line = this.#skipping ? undefined : Buffer.concat(this.#parts).toString('utf8').replace(/\r$/, '');
    this.#parts = [];
    this.#length = 0;
    this.#skipping = false;
    return line;
  }
}
