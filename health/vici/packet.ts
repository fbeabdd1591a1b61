/**
 * VICI packets: an 8-bit type, for named types an 8-bit length and a name, then the message (strongSwan,
 * vici/README.md, "Packet Layer"). A packet is the body of a frame.
 */
import { ViciError } from './errors.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';

export type Packet =
  | { readonly type: 'command-request'; readonly name: string; readonly message: Message }
  | { readonly type: 'command-response'; readonly message: Message }
  | { readonly type: 'command-unknown' }
  | { readonly type: 'event-register'; readonly name: string }
  | { readonly type: 'event-unregister'; readonly name: string }
  | { readonly type: 'event-confirm' }
  | { readonly type: 'event-unknown' }
  | { readonly type: 'event'; readonly name: string; readonly message: Message };

export type PacketType = Packet['type'];

/** In the order of their numbers on the wire, 0 to 7. */
const TYPES = [
  'command-request',
  'command-response',
  'command-unknown',
  'event-register',
  'event-unregister',
  'event-confirm',
  'event-unknown',
  'event',
] as const satisfies readonly PacketType[];

const MAX_NAME_BYTES = 0xff;

/** Throws VICI_TOO_LARGE for a name over 255 bytes, and what `encodeMessage` throws. */
export function encodePacket(packet: Packet): Buffer {
  const parts: Buffer[] = [Buffer.of(TYPES.indexOf(packet.type))];
  if ('name' in packet) {
    const name = Buffer.from(packet.name);
    if (name.length > MAX_NAME_BYTES) {
      const text = `name "${packet.name.slice(0, 40)}…" has ${name.length} bytes, VICI allows 255`;
      throw new ViciError('VICI_TOO_LARGE', text);
    }
    parts.push(Buffer.of(name.length), name);
  }
  if ('message' in packet) parts.push(encodeMessage(packet.message));
  return Buffer.concat(parts);
}

/** Throws VICI_PROTOCOL when the bytes are no packet. */
export function decodePacket(bytes: Buffer): Packet {
  const number = bytes[0];
  if (number === undefined) throw new ViciError('VICI_PROTOCOL', 'not a VICI packet: it is empty');
  const type = TYPES[number];
  switch (type) {
    case 'command-request':
    case 'event': {
      const { name, rest } = splitName(bytes);
      return { type, name, message: decodeMessage(rest) };
    }
    case 'command-response':
      return { type, message: decodeMessage(bytes.subarray(1)) };
    case 'event-register':
    case 'event-unregister': {
      const { name, rest } = splitName(bytes);
      nothingLeft(type, rest);
      return { type, name };
    }
    case 'command-unknown':
    case 'event-confirm':
    case 'event-unknown':
      nothingLeft(type, bytes.subarray(1));
      return { type };
    case undefined:
      throw new ViciError('VICI_PROTOCOL', `not a VICI packet: type ${number} does not exist`);
    default:
      return type satisfies never;
  }
}

function splitName(bytes: Buffer): { name: string; rest: Buffer } {
  const length = bytes[1];
  if (length === undefined) throw new ViciError('VICI_PROTOCOL', 'not a VICI packet: the name is missing');
  const end = 2 + length;
  if (end > bytes.length) {
    const text = `not a VICI packet: a name of ${length} bytes, but only ${bytes.length - 2} are left`;
    throw new ViciError('VICI_PROTOCOL', text);
  }
  return { name: bytes.toString('utf8', 2, end), rest: bytes.subarray(end) };
}

function nothingLeft(type: PacketType, rest: Buffer): void {
  if (rest.length === 0) return;
  throw new ViciError(
    'VICI_PROTOCOL',
    `not a VICI packet: ${rest.length} bytes after ${type}, which has none`,
  );
}
