/**
 * VICI frames: a 32-bit big-endian length, then that many bytes (strongSwan, vici/README.md, "Transport
 * Protocol"). Bytes in, bodies out; no socket here.
 */
import { ViciError } from './errors.ts';

const LENGTH_BYTES = 4;
/** The most that a frame may carry, both ways (VICI_MESSAGE_SIZE_MAX): charon hangs up on more. */
export const MAX_FRAME_BYTES = 512 * 1024;

/** Puts the length in front. Throws VICI_TOO_LARGE. */
export function frame(body: Buffer): Buffer {
  if (body.length > MAX_FRAME_BYTES) {
    throw new ViciError(
      'VICI_TOO_LARGE',
      `a VICI message of ${body.length} bytes cannot be sent, charon takes ${MAX_FRAME_BYTES} at most`,
    );
  }
  const framed = Buffer.allocUnsafe(LENGTH_BYTES + body.length);
  framed.writeUInt32BE(body.length);
  body.copy(framed, LENGTH_BYTES);
  return framed;
}

/** Cuts a byte stream into frame bodies, however it is split. */
export class Deframer {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes that must be held before there is anything to do. */
  #wanted = LENGTH_BYTES;
  #failure: ViciError | undefined;

  /**
   * Set once a length over the limit was read: the stream makes no sense from there on, `push` gives
   * nothing any more. Frames before it are still given, which is why `push` does not throw.
   */
  get failure(): ViciError | undefined {
    return this.#failure;
  }

  /** Bytes of a frame that is not complete yet. */
  get held(): number {
    return this.#held;
  }

  /** The bodies that are complete now, in order. They may share memory with `chunk`. */
  push(chunk: Buffer): Buffer[] {
    const bodies: Buffer[] = [];
    if (this.#failure !== undefined) return bodies;
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return bodies;

    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#held);
    let at = 0;
    this.#wanted = LENGTH_BYTES;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(at);
      if (length > MAX_FRAME_BYTES) {
        this.#failure = new ViciError(
          'VICI_PROTOCOL',
          `a frame of ${length} bytes was announced, VICI allows ${MAX_FRAME_BYTES}`,
        );
        break;
      }
      const end = at + LENGTH_BYTES + length;
      if (end > bytes.length) {
        this.#wanted = LENGTH_BYTES + length;
        break;
      }
      bodies.push(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    return bodies;
  }
}
