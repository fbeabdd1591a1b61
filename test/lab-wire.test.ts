import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BgpSessions } from './lab/bgp-sessions.ts';
import type { LabEvent } from './lab/timeline.ts';
import { planTopology } from './lab/topology.ts';
import { BgpReader, parseUpdate, type BgpMessage } from './lab/wire/bgp-wire.ts';
import { PcapReader, type TcpSegment } from './lab/wire/pcap.ts';
import { parseRouteLine } from './lab/wire/route-line.ts';
import { TcpStream } from './lab/wire/tcp-stream.ts';

const MARKER = 'ff'.repeat(16);
const bytes = (...hex: string[]): Buffer => Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');

// Captured from ExaBGP 4.2.21.
const OPEN = bytes(
  MARKER,
  '0031 01 04 fde9 0009 0a010202 14',
  '0206 0104 00010001',
  '0206 4104 0000fde9',
  '0202 0600',
);
const KEEPALIVE = bytes(MARKER, '0013 04');
const ANNOUNCE4 = bytes(
  MARKER,
  '003e 02 0000 0022',
  '40 01 01 00', // ORIGIN IGP
  '40 02 06 02 01 0000fde9', // AS_PATH 65001
  '40 03 04 0a010202', // NEXT_HOP 10.1.2.2
  '80 04 04 00000064', // MED 100
  'c0 08 04 fde90064', // COMMUNITIES 65001:100
  '20 c0000201', // 192.0.2.1/32
);
const WITHDRAW4 = bytes(MARKER, '001c 02 0005 20c0000201 0000');
const ANNOUNCE6 = bytes(
  MARKER,
  '005b 02 0000 0044',
  '40 01 01 00',
  '40 02 06 02 01 0000fde9',
  '80 04 04 00000064',
  'c0 08 04 fde90064',
  '80 0e 26 0002 01 10 fd000001000200000000000000000002 00 80 20010db8005300000000000000000001', // MP_REACH_NLRI
);
const WITHDRAW6 = bytes(
  MARKER,
  '003b 02 0000 0024',
  '40 01 01 00',
  '40 02 06 02 01 0000fde9',
  '80 0f 14 0002 01 80 20010db8005300000000000000000001', // MP_UNREACH_NLRI
);
const END_OF_RIB6 = bytes(MARKER, '001e 02 0000 0007', '90 0f 0003 0002 01');
const NOTIFICATION = bytes(MARKER, '0015 03 06 02');
const ALL = [OPEN, KEEPALIVE, ANNOUNCE4, WITHDRAW4, ANNOUNCE6, WITHDRAW6, END_OF_RIB6, NOTIFICATION];

const NOTHING = {
  withdrawn: [],
  announced: [],
  nextHop: undefined,
  med: undefined,
  localPreference: undefined,
  asPath: [],
  communities: [],
  largeCommunities: [],
  extendedCommunities: [],
};
const ATTRIBUTES = { med: 100, asPath: [65001], communities: ['65001:100'] };
const MESSAGES: BgpMessage[] = [
  { type: 'open' },
  { type: 'keepalive' },
  { type: 'update', ...NOTHING, ...ATTRIBUTES, announced: ['192.0.2.1/32'], nextHop: '10.1.2.2' },
  { type: 'update', ...NOTHING, withdrawn: ['192.0.2.1/32'] },
  { type: 'update', ...NOTHING, ...ATTRIBUTES, announced: ['2001:db8:53::1/128'], nextHop: 'fd00:1:2::2' },
  { type: 'update', ...NOTHING, asPath: [65001], withdrawn: ['2001:db8:53::1/128'] },
  { type: 'update', ...NOTHING },
  { type: 'notification', code: 6, subcode: 2 },
];

describe('BgpReader', () => {
  it('reads the messages ExaBGP sends', () => {
    expect(ALL.map((message) => new BgpReader().push(message))).toEqual(MESSAGES.map((message) => [message]));
  });

  it('reads the same at every split point', () => {
    const stream = Buffer.concat(ALL);
    for (let at = 0; at <= stream.length; at += 1) {
      const reader = new BgpReader();
      expect([...reader.push(stream.subarray(0, at)), ...reader.push(stream.subarray(at))]).toEqual(MESSAGES);
    }
  });

  it.each([
    ['a broken marker', bytes('00'.repeat(16), '0013 04'), /no message starts with/],
    ['a length below the header', bytes(MARKER, '0012 04'), /no message starts with/],
    ['a length above the limit', bytes(MARKER, '1001 04'), /no message starts with/],
    ['an unknown type', bytes(MARKER, '0013 07'), /message type 7, expected 1 to 4/],
    [
      'an attribute that ends after its UPDATE',
      bytes(MARKER, '001b 02 0000 0004 40 01 02 00'),
      /attribute 1 ends after/,
    ],
    ['a prefix that is too long', bytes(MARKER, '001c 02 0005 21c0000201 0000'), /prefix of 33 bits/],
  ])('refuses %s', (_, message, error) => {
    expect(() => new BgpReader().push(message)).toThrow(error);
  });

  it('takes the global one of two next hops (RFC 2545)', () => {
    const hops = '20 fd000001000200000000000000000002 fe800000000000000000000000000002';
    const update = parseUpdate(bytes('0000 002d', '80 0e 2a 0002 01', hops, '00 20 20010db8'));
    expect([update.nextHop, update.announced]).toEqual(['fd00:1:2::2', ['2001:db8::/32']]);
  });

  it('reads every prefix of an UPDATE that withdraws and announces', () => {
    const update = parseUpdate(bytes('0004 18 0a0102', '0000', '08 0b', '00', '20 c0000201'));
    expect([update.withdrawn, update.announced]).toEqual([
      ['10.1.2.0/24'],
      ['11.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32'],
    ]);
  });
});

function segmentOf(sequence: number, payload: Buffer, flags: Partial<TcpSegment> = {}): TcpSegment {
  return {
    at: 0,
    source: bytes('0a010102'),
    destination: bytes('0a010101'),
    sourcePort: 40_000,
    destinationPort: 179,
    sequence: sequence >>> 0,
    syn: false,
    fin: false,
    rst: false,
    payload,
    ...flags,
  };
}

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

describe('BgpSessions', () => {
  const topology = planTopology('x', 1);
  const run = (...segments: TcpSegment[]): LabEvent[] => {
    const sessions = new BgpSessions(topology);
    return segments.flatMap((segment) => sessions.push(segment));
  };
  const start = segmentOf(0, Buffer.alloc(0), { syn: true });

  it('tells the story of a session', () => {
    const conversation = [OPEN, KEEPALIVE, ANNOUNCE4, KEEPALIVE, WITHDRAW4, NOTIFICATION];
    let sequence = 1;
    const segments = conversation.map((message, index) => {
      const segment = segmentOf(sequence, message, { at: 10 * (index + 1) });
      sequence += message.length;
      return segment;
    });
    const fin = segmentOf(sequence, Buffer.alloc(0), { fin: true, at: 70 });
    expect(run(start, ...segments, fin, segmentOf(sequence + 1, WITHDRAW4))).toEqual([
      { kind: 'session', at: 20, gateway: 'gw1', family: 4, state: 'open', how: 'first KEEPALIVE' },
      {
        kind: 'announce',
        at: 30,
        gateway: 'gw1',
        prefix: '192.0.2.1/32',
        detail: 'MED 100, 65001:100',
        route: {
          nextHop: '10.1.2.2',
          med: 100,
          localPreference: undefined,
          asPath: [65001],
          communities: ['65001:100'],
          largeCommunities: [],
          extendedCommunities: [],
        },
      },
      { kind: 'withdraw', at: 50, gateway: 'gw1', prefix: '192.0.2.1/32' },
      { kind: 'action', at: 60, text: 'gw1 sends NOTIFICATION 6/2 over IPv4' },
      { kind: 'session', at: 70, gateway: 'gw1', family: 4, state: 'closed', how: 'FIN from the gateway' },
    ]);
  });

  it('sees that the router ends a session, and takes its messages for nobody else', () => {
    const reset = segmentOf(1, ANNOUNCE4, {
      source: bytes('0a010101'),
      destination: bytes('0a010102'),
      sourcePort: 179,
      destinationPort: 40_000,
      rst: true,
    });
    expect(
      run(start, segmentOf(1, KEEPALIVE), reset).map((event) => [event.kind, 'how' in event && event.how]),
    ).toEqual([
      ['session', 'first KEEPALIVE'],
      ['session', 'RST from the router'],
    ]);
  });

  it('does not take the late end of an earlier session for that of the present one', () => {
    const first = [OPEN, KEEPALIVE].map((message, index) =>
      segmentOf(index === 0 ? 1 : 1 + OPEN.length, message),
    );
    const again = [start, ...first].map((segment) => ({ ...segment, sourcePort: 40_001, at: 100 }));
    const events = run(
      start,
      ...first,
      ...again,
      segmentOf(1 + OPEN.length + KEEPALIVE.length, Buffer.alloc(0), { rst: true, at: 200 }),
    );
    expect(events.map((event) => [event.kind, event.at])).toEqual([
      ['session', expect.any(Number)],
      ['session', 100],
    ]);
  });

  it('counts what each gateway sent, whatever it says', () => {
    const sessions = new BgpSessions(topology);
    sessions.push(start);
    let sequence = 1;
    for (const message of [OPEN, KEEPALIVE, ANNOUNCE4, KEEPALIVE, WITHDRAW4, NOTIFICATION]) {
      sessions.push(segmentOf(sequence, message));
      sequence += message.length;
    }
    expect(sessions.sent('gw1')).toEqual({ open: 1, update: 2, notification: 1, keepalive: 2 });
    expect(sessions.sent('gw2')).toEqual({ open: 0, update: 0, notification: 0, keepalive: 0 });
  });

  it('says once that the capture has a hole', () => {
    const events = run(start, segmentOf(2, KEEPALIVE), segmentOf(30, KEEPALIVE));
    expect(events).toMatchObject([
      { kind: 'action', text: expect.stringContaining('a hole in what gw1 sent over IPv4') },
    ]);
  });
});

describe('parseRouteLine', () => {
  const at = Date.UTC(2026, 10, 22, 19, 50, 1) + 123.456;

  it.each([
    [
      '192.0.2.1 via 10.1.1.2 dev gw1 proto bird metric 32',
      { destination: '192.0.2.1', deleted: false, via: '10.1.1.2' },
    ],
    [
      '192.0.2.1 nhid 12 via 10.1.2.2 dev gw2 proto bgp metric 20',
      { destination: '192.0.2.1', deleted: false, via: '10.1.2.2' },
    ],
    [
      'Deleted 2001:db8:53::1 via fd00:1:1::2 dev gw1 proto bgp',
      { destination: '2001:db8:53::1', deleted: true, via: 'fd00:1:1::2' },
    ],
    [
      '192.0.2.1 via inet6 fe80::2 dev gw1 proto bgp',
      { destination: '192.0.2.1', deleted: false, via: 'fe80::2' },
    ],
    ['unreachable 198.51.100.1', { destination: '198.51.100.1', deleted: false, via: undefined }],
  ])('reads "%s"', (text, route) => {
    expect(parseRouteLine(`[2026-11-22T19:50:01.123456] ${text}`)).toEqual({ at, ...route });
  });

  it('leaves out what is no route', () => {
    expect(parseRouteLine('\tnexthop via 10.1.1.2 dev gw1 weight 1')).toBeUndefined();
  });
});
