/**
 * The bytes of the IKE_SA_INIT probe and of its answers (RFC 7296 section 3). Pure: whatever is random
 * comes in.
 *
 *   worker probe    a well-formed IKE_SA_INIT whose only proposal names an encryption algorithm that does
 *                   not exist. No configuration can accept it, so a worker of charon refuses it with
 *                   NO_PROPOSAL_CHOSEN and forgets it: nothing half-open is left, and no proposal of the
 *                   gateway need be known. (A KE of a wrong group would tell more about the configuration,
 *                   but only where the guess at an acceptable proposal is right.)
 *   receiver probe  a header of IKE version 3: charon's receiver thread refuses it by itself, so it is
 *                   answered even while all workers are stuck.
 */

/** Payload types (RFC 7296 section 3.2). */
const SA = 33;
const KE = 34;
const NONCE = 40;
const NOTIFY = 41;

const IKE_SA_INIT = 34;
const HEADER_BYTES = 28;
const FLAG_INITIATOR = 0x08;
const FLAG_RESPONSE = 0x20;
const VERSION_2 = 0x20;
const VERSION_3 = 0x30;

/** Transform types (section 3.3.2) and the ones offered. */
const ENCR = 1;
const PRF = 2;
const INTEG = 3;
const DH = 4;
/** The last number IANA could still assign before the private range: not implemented by anybody. */
const ENCR_UNASSIGNED = 1023;
const PRF_HMAC_SHA2_256 = 5;
const AUTH_HMAC_SHA2_256_128 = 12;
export const CURVE25519 = 31;

/** On port 4500 an IKE message has four zero bytes in front, where ESP would have its SPI (RFC 3948). */
export const NON_ESP_MARKER = Buffer.alloc(4);

export const SPI_BYTES = 8;
export const NONCE_BYTES = 32;
/** A Curve25519 public value: any 32 bytes are one. */
export const KEY_BYTES = 32;

/** Notify types (section 3.10.1) that a probe can bring back. */
export const NOTIFY_NAMES: Readonly<Record<number, string>> = {
  5: 'INVALID_MAJOR_VERSION',
  7: 'INVALID_SYNTAX',
  14: 'NO_PROPOSAL_CHOSEN',
  17: 'INVALID_KE_PAYLOAD',
  16390: 'COOKIE',
};
const COOKIE = 16390;
/** Section 2.6: 1 to 64 bytes. */
const MAX_COOKIE_BYTES = 64;

export interface ProbeMaterial {
  /** Fresh for each probe: charon must take it for a new IKE_SA. Never all zero. */
  readonly spi: Buffer;
  readonly nonce: Buffer;
  readonly key: Buffer;
}

/** The worker probe; with the cookie that the answer to the first one demanded, if any. */
export function encodeWorkerProbe({ spi, nonce, key }: ProbeMaterial, cookie?: Buffer): Buffer {
  const payloads: [type: number, body: Buffer][] = [
    [SA, refusedProposal()],
    [KE, Buffer.concat([u16(CURVE25519), u16(0), key])],
    [NONCE, nonce],
  ];
  // Section 2.6: the cookie comes first, everything else stays as it was.
  if (cookie !== undefined) {
    payloads.unshift([NOTIFY, Buffer.concat([Buffer.of(0, 0), u16(COOKIE), cookie])]);
  }
  const body = payloads.map(([, bytes], index) =>
    Buffer.concat([Buffer.of(payloads[index + 1]?.[0] ?? 0, 0), u16(4 + bytes.length), bytes]),
  );
  return message(spi, VERSION_2, payloads[0]?.[0] ?? 0, Buffer.concat(body));
}

/** The receiver probe: a header and nothing else. */
export function encodeReceiverProbe(spi: Buffer): Buffer {
  return message(spi, VERSION_3, 0, Buffer.alloc(0));
}

function message(spi: Buffer, version: number, nextPayload: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  spi.copy(header, 0, 0, SPI_BYTES);
  // Bytes 8-15: the responder's SPI, still 0. Bytes 20-23: message ID 0.
  header.writeUInt8(nextPayload, 16);
  header.writeUInt8(version, 17);
  header.writeUInt8(IKE_SA_INIT, 18);
  header.writeUInt8(FLAG_INITIATOR, 19);
  header.writeUInt32BE(HEADER_BYTES + body.length, 24);
  return Buffer.concat([header, body]);
}

function refusedProposal(): Buffer {
  const transforms: [type: number, id: number][] = [
    [ENCR, ENCR_UNASSIGNED],
    [PRF, PRF_HMAC_SHA2_256],
    [INTEG, AUTH_HMAC_SHA2_256_128],
    [DH, CURVE25519],
  ];
  const list = transforms.map(([type, id], index) =>
    // 3 = another transform follows, 0 = the last one
    Buffer.concat([Buffer.of(index < transforms.length - 1 ? 3 : 0, 0), u16(8), Buffer.of(type, 0), u16(id)]),
  );
  const body = Buffer.concat(list);
  // last proposal, reserved, length, number 1, protocol 1 (IKE), no SPI, how many transforms
  return Buffer.concat([Buffer.of(0, 0), u16(8 + body.length), Buffer.of(1, 1, 0, transforms.length), body]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/**
 * What an answer says. `foreign`: not an answer to this probe (another SPI, or no IKE): to be ignored.
 * `answered`: its first notify, or none when it carries an SA (which nobody should have chosen).
 */
export type ProbeAnswer =
  | { readonly kind: 'cookie'; readonly cookie: Buffer }
  | { readonly kind: 'answered'; readonly notify: number | undefined }
  | { readonly kind: 'foreign'; readonly why: string };

/** Reads an answer to the probe with this SPI. Never throws, whatever the bytes are. */
export function readAnswer(bytes: Buffer, spi: Buffer): ProbeAnswer {
  const foreign = (why: string): ProbeAnswer => ({ kind: 'foreign', why });
  if (bytes.length < HEADER_BYTES) return foreign(`only ${String(bytes.length)} bytes`);
  if (!bytes.subarray(0, SPI_BYTES).equals(spi)) return foreign("another initiator's SPI");
  if (bytes.readUInt8(17) >> 4 !== 2) return foreign('not IKE version 2');
  if (bytes.readUInt8(18) !== IKE_SA_INIT) return foreign('not an IKE_SA_INIT exchange');
  const flags = bytes.readUInt8(19);
  if ((flags & FLAG_RESPONSE) === 0 || (flags & FLAG_INITIATOR) !== 0) return foreign('not a response');
  if (bytes.readUInt32BE(20) !== 0) return foreign('another message ID');
  if (bytes.readUInt32BE(24) !== bytes.length) return foreign('the length does not fit the datagram');

  let notify: number | undefined;
  let type = bytes.readUInt8(16);
  let at = HEADER_BYTES;
  while (type !== 0) {
    if (at + 4 > bytes.length) return foreign('a payload begins behind the end');
    const next = bytes.readUInt8(at);
    const end = at + bytes.readUInt16BE(at + 2);
    if (end < at + 4 || end > bytes.length) return foreign('a payload of impossible length');
    if (type === NOTIFY) {
      if (end < at + 8) return foreign('a notify too short');
      const data = at + 8 + bytes.readUInt8(at + 5);
      if (data > end) return foreign('a notify whose SPI is too long');
      const number = bytes.readUInt16BE(at + 6);
      if (number === COOKIE) {
        const length = end - data;
        if (length < 1 || length > MAX_COOKIE_BYTES) return foreign('a cookie of impossible length');
        return { kind: 'cookie', cookie: Buffer.from(bytes.subarray(data, end)) };
      }
      notify ??= number;
    }
    type = next;
    at = end;
  }
  return { kind: 'answered', notify };
}

/** "NO_PROPOSAL_CHOSEN", or the number where it has no name here. */
export const notifyName = (notify: number | undefined): string =>
  notify === undefined ? 'no notify' : (NOTIFY_NAMES[notify] ?? `notify ${String(notify)}`);
