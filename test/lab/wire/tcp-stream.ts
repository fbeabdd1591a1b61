import type { TcpSegment } from './pcap.ts';

/** One direction of one TCP connection: its bytes in order, each once. Sequence numbers wrap at 2^32 (RFC 9293 section 3.4). */
export class TcpStream {
  #next: number | undefined;
  readonly #early = new Map<number, Buffer>();

  /** @returns the bytes that follow without a hole after this segment, often one piece, after a loss several */
  push(segment: TcpSegment): Buffer[] {
    if (segment.syn) {
      this.#next = (segment.sequence + 1) >>> 0;
      this.#early.clear();
      return [];
    }
    if (segment.payload.length === 0) return [];
    this.#next ??= segment.sequence;
    const pieces: Buffer[] = [];
    this.#take(segment.sequence, segment.payload, pieces);
    for (
      let waiting = this.#early.get(this.#next);
      waiting !== undefined;
      waiting = this.#early.get(this.#next)
    ) {
      this.#early.delete(this.#next);
      this.#take(this.#next, waiting, pieces);
    }
    return pieces;
  }

  /** Whether bytes wait for earlier ones. */
  get hasHole(): boolean {
    return this.#early.size > 0;
  }

  #take(sequence: number, payload: Buffer, pieces: Buffer[]): void {
    const next = this.#next ?? sequence;
    const known = (next - sequence) | 0;
    if (known < 0) {
      this.#early.set(sequence, payload);
    } else if (known < payload.length) {
      pieces.push(payload.subarray(known));
      this.#next = (sequence + payload.length) >>> 0;
    }
  }
}
