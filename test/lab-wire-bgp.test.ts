/** What the lab reads in the messages of BGP. */
import { describe, expect, it } from 'vitest';
import { BgpReader, parseUpdate, type BgpMessage } from './lab/wire/bgp-wire.ts';
import {
  ANNOUNCE4,
  ANNOUNCE6,
  bytes,
  END_OF_RIB6,
  KEEPALIVE,
  MARKER,
  NOTIFICATION,
  OPEN,
  WITHDRAW4,
  WITHDRAW6,
} from './lab-wire.fixture.ts';

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
