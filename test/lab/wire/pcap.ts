/**
 * Reads the stream that `tcpdump -U -w - -y LINUX_SLL2` writes: the classic pcap format (draft-ietf-opsawg-pcap),
 * link type 276, and in it TCP over IPv4 (RFC 791) or IPv6 (RFC 8200, without extension headers).
 */
export interface TcpSegment {
  /** CLOCK_REALTIME of the kernel, milliseconds with fractions. */
  readonly at: number;
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly payload: Buffer;
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_LINUX_SLL2 = 276;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const SLL2_HEADER = 20;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const PROTOCOL_TCP = 6;
/** More than any packet of the lab: a larger length means that we lost the place in the stream. */
const RECORD_LIMIT = 262_144;

export class PcapReader {
  #pending: Buffer = Buffer.alloc(0);
  #fractionsPerMs = 0;

  /** @returns the TCP segments that are complete now; throws RangeError if the stream is not what it should be */
  push(chunk: Buffer): TcpSegment[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (this.#fractionsPerMs === 0 && !this.#readFileHeader()) return [];
    const segments: TcpSegment[] = [];
    while (this.#pending.length >= RECORD_HEADER) {
      const length = this.#pending.readUInt32LE(8);
      if (length > RECORD_LIMIT)
        throw new RangeError(`pcap: a record of ${length} bytes, at most ${RECORD_LIMIT}`);
      if (this.#pending.length < RECORD_HEADER + length) break;
      const at = this.#pending.readUInt32LE(0) * 1000 + this.#pending.readUInt32LE(4) / this.#fractionsPerMs;
      const segment = parseSegment(at, this.#pending.subarray(RECORD_HEADER, RECORD_HEADER + length));
      if (segment !== undefined) segments.push(segment);
      this.#pending = this.#pending.subarray(RECORD_HEADER + length);
    }
    return segments;
  }

  #readFileHeader(): boolean {
    if (this.#pending.length < FILE_HEADER) return false;
    const magic = this.#pending.readUInt32LE(0);
    if (magic !== MAGIC_MICROSECONDS && magic !== MAGIC_NANOSECONDS)
      throw new RangeError(`pcap: magic 0x${magic.toString(16)}, expected a little-endian pcap file`);
    const link = this.#pending.readUInt32LE(20) & 0xffff;
    if (link !== LINKTYPE_LINUX_SLL2)
      throw new RangeError(`pcap: link type ${link}, expected ${LINKTYPE_LINUX_SLL2} (LINUX_SLL2)`);
    this.#fractionsPerMs = magic === MAGIC_NANOSECONDS ? 1e6 : 1e3;
    this.#pending = this.#pending.subarray(FILE_HEADER);
    return true;
  }
}

function parseSegment(at: number, frame: Buffer): TcpSegment | undefined {
  if (frame.length < SLL2_HEADER) return undefined;
  const packet = frame.subarray(SLL2_HEADER);
  switch (frame.readUInt16BE(0)) {
    case ETHERTYPE_IPV4: {
      if (packet.length < 20 || packet[9] !== PROTOCOL_TCP) return undefined;
      const header = ((packet[0] ?? 0) & 0x0f) * 4;
      // Cut at the total length: short frames may carry padding.
      const tcp = packet.subarray(header, packet.readUInt16BE(2));
      return parseTcp(at, packet.subarray(12, 16), packet.subarray(16, 20), tcp);
    }
    case ETHERTYPE_IPV6: {
      if (packet.length < 40 || packet[6] !== PROTOCOL_TCP) return undefined;
      const tcp = packet.subarray(40, 40 + packet.readUInt16BE(4));
      return parseTcp(at, packet.subarray(8, 24), packet.subarray(24, 40), tcp);
    }
    default:
      return undefined;
  }
}

function parseTcp(at: number, source: Buffer, destination: Buffer, tcp: Buffer): TcpSegment | undefined {
  if (tcp.length < 20) return undefined;
  const flags = tcp[13] ?? 0;
  return {
    at,
    source,
    destination,
    sourcePort: tcp.readUInt16BE(0),
    destinationPort: tcp.readUInt16BE(2),
    sequence: tcp.readUInt32BE(4),
    fin: (flags & 0x01) !== 0,
    syn: (flags & 0x02) !== 0,
    rst: (flags & 0x04) !== 0,
    payload: tcp.subarray((tcp[12] ?? 0) >> 2),
  };
}
