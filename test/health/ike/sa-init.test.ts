import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeReceiverProbe,
  encodeWorkerProbe,
  notifyName,
  readAnswer,
} from '../../../health/ike/sa-init.ts';

/** "a1b2 …" with comments after "//" → bytes. */
const hex = (text: string): Buffer => Buffer.from(text.replace(/\/\/.*$/gm, '').replace(/\s/g, ''), 'hex');

const SPI = hex('1122334455667788');
const MATERIAL = { spi: SPI, nonce: Buffer.alloc(32, 0xaa), key: Buffer.alloc(32, 0xbb) };

/** The worker probe without its header: RFC 7296 sections 3.3, 3.4 and 3.9. */
const PAYLOADS = `
  22 00 002c              // SA: next is KE (34), 44 bytes
    00 00 0028            //   the last proposal, 40 bytes
    01 01 00 04           //   number 1, protocol IKE, no SPI, 4 transforms
      03 00 0008 01 00 03ff   // encryption 1023: does not exist
      03 00 0008 02 00 0005   // PRF_HMAC_SHA2_256
      03 00 0008 03 00 000c   // AUTH_HMAC_SHA2_256_128
      00 00 0008 04 00 001f   // Curve25519, the last transform
  28 00 0028              // KE: next is Nonce (40), 40 bytes
    001f 0000             //   Curve25519, reserved
    ${'bb'.repeat(32)}
  00 00 0024              // Nonce: the last payload, 36 bytes
    ${'aa'.repeat(32)}
`;

describe('what is sent', () => {
  it('the worker probe', () => {
    const expected = hex(`
      1122334455667788    // initiator's SPI
      0000000000000000    // responder's SPI: not known yet
      21 20 22 08         // first payload SA (33), version 2.0, IKE_SA_INIT (34), flag Initiator
      00000000            // message ID 0
      00000094            // 148 bytes
      ${PAYLOADS}`);
    expect(encodeWorkerProbe(MATERIAL).toString('hex')).toBe(expected.toString('hex'));
  });

  it('the worker probe with the cookie that was demanded: in front, the rest unchanged (section 2.6)', () => {
    const expected = hex(`
      1122334455667788 0000000000000000
      29 20 22 08         // first payload Notify (41)
      00000000
      000000a0            // 160 bytes
      21 00 000c          // Notify: next is SA (33), 12 bytes
        00 00 4006        //   no protocol, no SPI, COOKIE (16390)
        c0ffee00
      ${PAYLOADS}`);
    expect(encodeWorkerProbe(MATERIAL, hex('c0ffee00')).toString('hex')).toBe(expected.toString('hex'));
  });

  it('the receiver probe: a header of IKE version 3', () => {
    const expected = hex(`
      1122334455667788 0000000000000000
      00 30 22 08         // no payload, version 3.0, IKE_SA_INIT, flag Initiator
      00000000
      0000001c            // 28 bytes: the header is all`);
    expect(encodeReceiverProbe(SPI).toString('hex')).toBe(expected.toString('hex'));
  });
});

/** An answer with the given payloads; each header field can be made wrong. */
function answer(
  payloads: string,
  {
    spi = '1122334455667788',
    first = '29',
    version = '20',
    exchange = '22',
    flags = '20',
    id = '00000000',
  } = {},
): Buffer {
  const body = hex(payloads);
  const length = (28 + body.length).toString(16).padStart(8, '0');
  return Buffer.concat([
    hex(`${spi} 0000000000000000 ${first} ${version} ${exchange} ${flags} ${id} ${length}`),
    body,
  ]);
}

const NO_PROPOSAL_CHOSEN = '00 00 0008 00 00 000e';

describe('what comes back', () => {
  it('as charon 5.9.8 sends it: NO_PROPOSAL_CHOSEN', () => {
    const bytes = hex(`
      1122334455667788 0000000000000000
      29 20 22 20         // first payload Notify, version 2.0, IKE_SA_INIT, flag Response
      00000000 00000024   // message ID 0, 36 bytes
      00 00 0008          // Notify: the last payload, 8 bytes
        00 00 000e        //   no protocol, no SPI, NO_PROPOSAL_CHOSEN (14)`);
    expect(readAnswer(bytes, SPI)).toEqual({ kind: 'answered', notify: 14 });
  });

  it('a demand for a cookie', () => {
    expect(readAnswer(answer('00 00 000c 00 00 4006 c0ffee00'), SPI)).toEqual({
      kind: 'cookie',
      cookie: hex('c0ffee00'),
    });
  });

  it('a notify with data and an SPI, behind another payload', () => {
    const payloads = '29 00 0006 0000   00 00 000e 01 04 0011 deadbeef 001f';
    expect(readAnswer(answer(payloads, { first: '2b' }), SPI)).toEqual({ kind: 'answered', notify: 17 });
  });

  it('an SA: alive all the same', () => {
    expect(readAnswer(answer('00 00 0004', { first: '21' }), SPI)).toEqual({
      kind: 'answered',
      notify: undefined,
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'only 0 bytes'],
    ['half a header', hex('1122334455667788 00'), 'only 9 bytes'],
    ['another SPI', answer(NO_PROPOSAL_CHOSEN, { spi: '1122334455667789' }), "another initiator's SPI"],
    ['our own request', encodeWorkerProbe(MATERIAL), 'not a response'],
    ['IKEv1', answer(NO_PROPOSAL_CHOSEN, { version: '10' }), 'not IKE version 2'],
    ['IKE_AUTH', answer(NO_PROPOSAL_CHOSEN, { exchange: '23' }), 'not an IKE_SA_INIT exchange'],
    ['a response by an initiator', answer(NO_PROPOSAL_CHOSEN, { flags: '28' }), 'not a response'],
    ['message ID 1', answer(NO_PROPOSAL_CHOSEN, { id: '00000001' }), 'another message ID'],
    [
      'one byte too many',
      Buffer.concat([answer(NO_PROPOSAL_CHOSEN), Buffer.of(0)]),
      'the length does not fit the datagram',
    ],
    ['a payload announced and absent', answer(''), 'a payload begins behind the end'],
    ['a payload of length 3', answer('00 00 0003 00'), 'a payload of impossible length'],
    ['a payload longer than the datagram', answer('00 00 00ff'), 'a payload of impossible length'],
    ['a notify of 6 bytes', answer('00 00 0006 0000'), 'a notify too short'],
    ['a notify with a huge SPI', answer('00 00 0008 00 ff 000e'), 'a notify whose SPI is too long'],
    ['an empty cookie', answer('00 00 0008 00 00 4006'), 'a cookie of impossible length'],
    [
      'a cookie of 65 bytes',
      answer(`00 00 0049 00 00 4006 ${'00'.repeat(65)}`),
      'a cookie of impossible length',
    ],
  ])('%s is not an answer to this probe', (_, bytes, why) => {
    expect(readAnswer(bytes, SPI)).toEqual({ kind: 'foreign', why });
  });

  it('whatever the bytes are, it neither throws nor hangs', () => {
    const header = fc.uint8Array({ minLength: 0, maxLength: 80 }).map((tail) => {
      const bytes = Buffer.concat([answer('').subarray(0, 28), tail]);
      bytes.writeUInt32BE(bytes.length, 24);
      return bytes;
    });
    const any = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(header, any), (bytes) => {
        expect(['answered', 'cookie', 'foreign']).toContain(readAnswer(bytes, SPI).kind);
      }),
    );
  });
});

it.each([
  [14, 'NO_PROPOSAL_CHOSEN'],
  [4711, 'notify 4711'],
  [undefined, 'no notify'],
])('notify %s is shown as %s', (notify, name) => {
  expect(notifyName(notify)).toBe(name);
});
