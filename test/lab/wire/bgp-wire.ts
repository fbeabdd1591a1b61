/**
 * What the lab needs to see of BGP on the wire: framing (RFC 4271 section 4), UPDATE with IPv4 unicast in the
 * message itself and IPv6 unicast in MP_REACH_NLRI / MP_UNREACH_NLRI (RFC 4760). Written apart from the
 * product and from ExaBGP, since it judges both. AS numbers have four bytes (RFC 6793): both ends of the lab speak so.
 */
import ipaddr from 'ipaddr.js';

export type BgpMessage =
  | { readonly type: 'open' }
  | { readonly type: 'keepalive' }
  | { readonly type: 'notification'; readonly code: number; readonly subcode: number }
  | ({ readonly type: 'update' } & Update);

export interface Update extends RouteOnWire {
  readonly withdrawn: readonly string[];
  readonly announced: readonly string[];
}

/** All of an announcement but its prefix. */
export interface RouteOnWire {
  readonly nextHop: string | undefined;
  readonly med: number | undefined;
  readonly localPreference: number | undefined;
  readonly asPath: readonly number[];
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  /** Eight bytes each, in hex: type, subtype and value (RFC 4360). */
  readonly extendedCommunities: readonly string[];
}

const HEADER = 19;
const MESSAGE_LIMIT = 4096;
/** RFC 2918; BIRD also marks with it where its routes begin and end (RFC 7313). Says nothing of routes. */
const ROUTE_REFRESH = 5;
const AFI_IPV4 = 1;
const AFI_IPV6 = 2;
const SAFI_UNICAST = 1;
const ATTRIBUTE = {
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPreference: 5,
  communities: 8,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  largeCommunities: 32,
} as const;

export class BgpReader {
  #pending: Buffer = Buffer.alloc(0);

  /** @returns the messages complete now; throws RangeError on bytes that are not BGP */
  push(bytes: Buffer): BgpMessage[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const messages: BgpMessage[] = [];
    while (this.#pending.length >= HEADER) {
      const length = this.#pending.readUInt16BE(16);
      if (
        !this.#pending.subarray(0, 16).every((byte) => byte === 0xff) ||
        length < HEADER ||
        length > MESSAGE_LIMIT
      )
        throw new RangeError(
          `BGP: no message starts with ${this.#pending.subarray(0, HEADER).toString('hex')}`,
        );
      if (this.#pending.length < length) break;
      const type = this.#pending[18] ?? 0;
      if (type !== ROUTE_REFRESH) messages.push(parseMessage(type, this.#pending.subarray(HEADER, length)));
      this.#pending = this.#pending.subarray(length);
    }
    return messages;
  }
}

function parseMessage(type: number, body: Buffer): BgpMessage {
  switch (type) {
    case 1:
      return { type: 'open' };
    case 2:
      return { type: 'update', ...parseUpdate(body) };
    case 3:
      return { type: 'notification', code: body[0] ?? 0, subcode: body[1] ?? 0 };
    case 4:
      return { type: 'keepalive' };
    default:
      throw new RangeError(`BGP: message type ${type}, expected 1 to 4`);
  }
}

export function parseUpdate(body: Buffer): Update {
  const withdrawnLength = body.readUInt16BE(0);
  const attributesAt = 2 + withdrawnLength;
  const attributesLength = body.readUInt16BE(attributesAt);
  const nlriAt = attributesAt + 2 + attributesLength;
  const withdrawn = parsePrefixes(body.subarray(2, attributesAt), AFI_IPV4);
  const announced = parsePrefixes(body.subarray(nlriAt), AFI_IPV4);
  let nextHop: string | undefined;
  let med: number | undefined;
  let asPath: number[] = [];
  let communities: string[] = [];
  let localPreference: number | undefined;
  let largeCommunities: string[] = [];
  let extendedCommunities: string[] = [];
  for (const { type, value } of attributes(body.subarray(attributesAt + 2, nlriAt))) {
    if (type === ATTRIBUTE.nextHop) nextHop = address(value);
    else if (type === ATTRIBUTE.med) med = value.readUInt32BE(0);
    else if (type === ATTRIBUTE.asPath) asPath = parseAsPath(value);
    else if (type === ATTRIBUTE.communities) communities = parseCommunities(value);
    else if (type === ATTRIBUTE.localPreference) localPreference = value.readUInt32BE(0);
    else if (type === ATTRIBUTE.extendedCommunities)
      extendedCommunities = chunks(value, 8).map((chunk) => chunk.toString('hex'));
    else if (type === ATTRIBUTE.largeCommunities)
      largeCommunities = chunks(value, 12).map((chunk) =>
        [0, 4, 8].map((at) => chunk.readUInt32BE(at)).join(':'),
      );
    else if (type === ATTRIBUTE.mpUnreach && isUnicast(value))
      withdrawn.push(...parsePrefixes(value.subarray(3), value.readUInt16BE(0)));
    else if (type === ATTRIBUTE.mpReach && isUnicast(value)) {
      const hopLength = value[3] ?? 0;
      // A second address, if there, is the link-local one (RFC 2545 section 3).
      nextHop = address(value.subarray(4, 4 + Math.min(hopLength, 16)));
      announced.push(...parsePrefixes(value.subarray(5 + hopLength), value.readUInt16BE(0)));
    }
  }
  const route = { nextHop, med, localPreference, asPath };
  return { withdrawn, announced, ...route, communities, largeCommunities, extendedCommunities };
}

function isUnicast(value: Buffer): boolean {
  const afi = value.readUInt16BE(0);
  return (afi === AFI_IPV4 || afi === AFI_IPV6) && value[2] === SAFI_UNICAST;
}

function* attributes(bytes: Buffer): Generator<{ type: number; value: Buffer }> {
  let at = 0;
  while (at < bytes.length) {
    const extended = (bytes.readUInt8(at) & 0x10) !== 0;
    const type = bytes.readUInt8(at + 1);
    const length = extended ? bytes.readUInt16BE(at + 2) : bytes.readUInt8(at + 2);
    const start = at + (extended ? 4 : 3);
    if (start + length > bytes.length) throw new RangeError(`BGP: attribute ${type} ends after its UPDATE`);
    yield { type, value: bytes.subarray(start, start + length) };
    at = start + length;
  }
}

function parsePrefixes(bytes: Buffer, afi: number): string[] {
  const prefixes: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const bits = bytes.readUInt8(at);
    const used = Math.ceil(bits / 8);
    const full = Buffer.alloc(afi === AFI_IPV6 ? 16 : 4);
    if (used > full.length || at + 1 + used > bytes.length)
      throw new RangeError(`BGP: a prefix of ${bits} bits does not fit`);
    bytes.copy(full, 0, at + 1, at + 1 + used);
    prefixes.push(`${address(full)}/${bits}`);
    at += 1 + used;
  }
  return prefixes;
}

function parseAsPath(value: Buffer): number[] {
  const path: number[] = [];
  let at = 0;
  while (at + 2 <= value.length) {
    const count = value.readUInt8(at + 1);
    for (let index = 0; index < count; index += 1) path.push(value.readUInt32BE(at + 2 + 4 * index));
    at += 2 + 4 * count;
  }
  return path;
}

function parseCommunities(value: Buffer): string[] {
  return chunks(value, 4).map((chunk) => `${chunk.readUInt16BE(0)}:${chunk.readUInt16BE(2)}`);
}

/** What is left at the end is none. */
function chunks(value: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.floor(value.length / length) }, (_, index) =>
    value.subarray(index * length, (index + 1) * length),
  );
}

/** Four or sixteen bytes as text, IPv6 in the form of RFC 5952. */
export function address(bytes: Buffer): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}
