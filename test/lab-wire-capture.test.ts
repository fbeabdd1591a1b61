/** What the lab reads in a capture: its segments, and the bytes of a connection in order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapReader } from './lab/wire/pcap.ts';
import { TcpStream } from './lab/wire/tcp-stream.ts';
import { bytes, segmentOf } from './lab-wire.fixture.ts';

describe('TcpStream', () => {
  it('gives each byte once and in order, whatever is repeated, overlaps or comes early', () => {
    const text = Buffer.from('the bytes of one direction of one connection');
    const cuts = fc.array(fc.tuple(fc.nat(text.length), fc.nat(12)), { maxLength: 30 });
    // Some start just below 2^32, where sequence numbers wrap.
    fc.assert(
      fc.property(cuts, fc.constantFrom(0, 1000, 2 ** 32 - 10), (pieces, start) => {
        const stream = new TcpStream();
        stream.push(segmentOf(start, Buffer.alloc(0), { syn: true }));
        const every = [...pieces, [0, text.length] as const];
        const out = every.flatMap(([from, length]) =>
          stream.push(segmentOf(start + 1 + from, text.subarray(from, from + length))),
        );
        expect(Buffer.concat(out).toString()).toBe(text.toString());
      }),
    );
  });

  it('knows that bytes wait for earlier ones', () => {
    const stream = new TcpStream();
    stream.push(segmentOf(0, Buffer.alloc(0), { syn: true }));
    expect([stream.push(segmentOf(4, Buffer.from('def'))), stream.hasHole]).toEqual([[], true]);
    expect(Buffer.concat(stream.push(segmentOf(1, Buffer.from('abc')))).toString()).toBe('abcdef');
    expect(stream.hasHole).toBe(false);
  });
});

// The first frame of a capture in the lab: gw2's SYN over IPv6.
const CAPTURE = bytes(
  '4d3cb2a1 0200 0400 00000000 00000000 00100000 14010000', // nanoseconds, version 2.4, snapshot length, LINUX_SLL2
  '454e036b 8ea2752f 64000000 64000000', // seconds, nanoseconds, captured, on the wire
  '86dd 0000 00000004 0001 00 06 02d6cb7dc0320000', // SLL2: IPv6, interface 4, Ethernet, to us
  '600561bb 0028 06 40 fd000001000200000000000000000002 fd000001000200000000000000000001',
  '92f7 00b3 d3d68128 00000000 a002 fd20 fa38 0000 020405a00402080a8fba93ed000000000103030a',
);

describe('PcapReader', () => {
  const syn = {
    at: 0x6b034e45 * 1000 + 0x2f75a28e / 1e6,
    source: bytes('fd000001000200000000000000000002'),
    destination: bytes('fd000001000200000000000000000001'),
    sourcePort: 37_623,
    destinationPort: 179,
    sequence: 0xd3d68128,
    syn: true,
    fin: false,
    rst: false,
    payload: Buffer.alloc(0),
  };

  it('reads a captured segment, at every split point', () => {
    for (let at = 0; at <= CAPTURE.length; at += 1) {
      const reader = new PcapReader();
      expect([...reader.push(CAPTURE.subarray(0, at)), ...reader.push(CAPTURE.subarray(at))]).toEqual([syn]);
    }
  });

  it('leaves out the padding of a short IPv4 frame, and what is not TCP', () => {
    const record = (frame: Buffer): Buffer => {
      const header = Buffer.alloc(16);
      header.writeUInt32LE(frame.length, 8);
      header.writeUInt32LE(frame.length, 12);
      return Buffer.concat([header, frame]);
    };
    const sll = '0800 0000 00000004 0001 00 06 02d6cb7dc0320000';
    const ip = (protocol: string): string => `45000029 00000000 40${protocol}0000 0a010102 0a010101`;
    const tcp = '92f7 00b3 00000001 00000000 5018 fd20 0000 0000';
    const reader = new PcapReader();
    reader.push(CAPTURE.subarray(0, 24));
    const segments = reader.push(
      Buffer.concat([
        record(bytes(sll, ip('11'), tcp, '41')),
        record(bytes('0806 0000 00000004 0001 00 06 02d6cb7dc0320000', '00')),
        record(bytes(sll, ip('06'), tcp, '41', '0000')),
      ]),
    );
    expect(segments.map((segment) => segment.payload.toString())).toEqual(['A']);
  });

  it.each([
    ['another format', bytes('0a0d0d0a', '00'.repeat(20)), /magic 0xa0d0d0a/],
    [
      'another link type',
      bytes('4d3cb2a1 0200 0400 00000000 00000000 00100000 01000000'),
      /link type 1, expected 276/,
    ],
    [
      'a record of a million bytes',
      bytes(CAPTURE.toString('hex', 0, 32), '40420f00 40420f00'),
      /record of 1000000 bytes/,
    ],
  ])('refuses %s', (_, stream, error) => {
    expect(() => new PcapReader().push(stream)).toThrow(error);
  });
});
