import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePacket, encodePacket, type Packet, ViciError } from '../../../health/vici/index.ts';
import { bytes, thrown, tree } from './bytes.ts';

const GOLDEN: readonly (readonly [Packet, Buffer])[] = [
  [
    { type: 'command-request', name: 'stats', message: {} },
    bytes(
      0, // CMD_REQUEST
      5, // name of 5 bytes
      'stats',
    ),
  ],
  [
    { type: 'command-request', name: 'list-sas', message: { noblock: 'yes' } },
    bytes(
      0, // CMD_REQUEST
      8, // name of 8 bytes
      'list-sas',
      3, // KEY_VALUE
      7, // name of 7 bytes
      'noblock',
      0, // value of 3 bytes: high byte
      3, // low byte
      'yes',
    ),
  ],
  [
    { type: 'command-response', message: { success: 'yes' } },
    bytes(
      1, // CMD_RESPONSE, which has no name
      3, // KEY_VALUE
      7, // name of 7 bytes
      'success',
      0, // value of 3 bytes: high byte
      3, // low byte
      'yes',
    ),
  ],
  [
    { type: 'command-response', message: {} },
    bytes(
      1, // CMD_RESPONSE of an empty message
    ),
  ],
  [
    { type: 'command-unknown' },
    bytes(
      2, // CMD_UNKNOWN
    ),
  ],
  [
    { type: 'event-register', name: 'alert' },
    bytes(
      3, // EVENT_REGISTER
      5, // name of 5 bytes
      'alert',
    ),
  ],
  [
    { type: 'event-unregister', name: 'alert' },
    bytes(
      4, // EVENT_UNREGISTER
      5, // name of 5 bytes
      'alert',
    ),
  ],
  [
    { type: 'event-confirm' },
    bytes(
      5, // EVENT_CONFIRM
    ),
  ],
  [
    { type: 'event-unknown' },
    bytes(
      6, // EVENT_UNKNOWN
    ),
  ],
  [
    { type: 'event', name: 'ike-updown', message: { ra: {} } },
    bytes(
      7, // EVENT
      10, // name of 10 bytes
      'ike-updown',
      1, // SECTION_START
      2, // name of 2 bytes
      'ra',
      2, // SECTION_END
    ),
  ],
];

describe('golden bytes of a packet', () => {
  it.each(GOLDEN)('$type', (packet, golden) => {
    expect(encodePacket(packet).toString('hex')).toBe(golden.toString('hex'));
    expect(tree(decodePacket(golden))).toEqual(tree(packet));
  });

  it('has one for each type', () => {
    expect(new Set(GOLDEN.map(([, golden]) => golden[0]))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });
});

describe('bytes that are no packet', () => {
  it.each<readonly [string, Buffer, string]>([
    ['nothing', bytes(), 'not a VICI packet: it is empty'],
    ['type 8', bytes(8), 'not a VICI packet: type 8 does not exist'],
    ['another protocol', bytes('HTTP/1.1 400'), 'not a VICI packet: type 72 does not exist'],
    ['a name that is missing', bytes(7), 'not a VICI packet: the name is missing'],
    ['a name cut short', bytes(7, 9, 'up'), 'not a VICI packet: a name of 9 bytes, but only 2 are left'],
    [
      'more after CMD_UNKNOWN',
      bytes(2, 0),
      'not a VICI packet: 1 bytes after command-unknown, which has none',
    ],
    [
      'more after EVENT_CONFIRM',
      bytes(5, 5),
      'not a VICI packet: 1 bytes after event-confirm, which has none',
    ],
    [
      'more after EVENT_UNKNOWN',
      bytes(6, 'ab'),
      'not a VICI packet: 2 bytes after event-unknown, which has none',
    ],
    [
      'more after EVENT_REGISTER',
      bytes(3, 1, 'a', 2),
      'not a VICI packet: 1 bytes after event-register, which has none',
    ],
    ['a response of garbage', bytes(1, 9), 'not a VICI message: at byte 0, element type 9 does not exist'],
  ])('%s', (_name, wrong, text) => {
    const error = thrown(() => decodePacket(wrong));
    expect(error).toBeInstanceOf(ViciError);
    expect(error).toMatchObject({ code: 'VICI_PROTOCOL', message: text });
  });

  it('are a packet or VICI_PROTOCOL, never anything else', () => {
    const first = fc.integer({ min: 0, max: 8 });
    fc.assert(
      fc.property(first, fc.uint8Array({ maxLength: 60 }), (type, rest) => {
        try {
          decodePacket(Buffer.concat([Buffer.of(type), rest]));
        } catch (error) {
          expect(error).toMatchObject({ code: 'VICI_PROTOCOL' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

it('refuses a name over 255 bytes', () => {
  const error = thrown(() => encodePacket({ type: 'event-register', name: 'x'.repeat(256) }));
  expect(error).toMatchObject({
    code: 'VICI_TOO_LARGE',
    message: `name "${'x'.repeat(40)}…" has 256 bytes, VICI allows 255`,
  });
});
