/** Frames recorded from a charon 5.9.8: NAME.bin what it sent, NAME.req.bin what it was sent, NAME.json what both say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Deframer,
  decodePacket,
  encodePacket,
  frame,
  type Message,
  type Packet,
} from '../../../health/vici/index.ts';

const DIRECTORY = new URL('samples/', import.meta.url);
const NAMES = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));
const EVENTS = NAMES.filter((name) => /^event-(child|ike|log)/.test(name));
const COMMANDS = NAMES.filter((name) => existsSync(new URL(`${name}.req.bin`, DIRECTORY)));

function bytesOf(file: string): Buffer {
  return readFileSync(new URL(file, DIRECTORY));
}

function jsonOf(name: string): unknown {
  return JSON.parse(bytesOf(`${name}.json`).toString());
}

function packetsOf(file: string): Packet[] {
  const deframer = new Deframer();
  const packets = deframer.push(bytesOf(file)).map((body) => decodePacket(body));
  expect(deframer.held).toBe(0);
  return packets;
}

/** As the recorder wrote it: bytes as "hex:…". */
function plain(element: unknown): unknown {
  if (Buffer.isBuffer(element)) return `hex:${element.toString('hex')}`;
  if (Array.isArray(element)) return element.map(plain);
  if (typeof element === 'object' && element !== null) {
    return Object.fromEntries(Object.entries(element).map(([name, inner]) => [name, plain(inner)]));
  }
  return element;
}

/** What a whole answer says, in the shape of the recorder. */
function said(packets: readonly Packet[], name: string): unknown {
  if (packets.some(({ type }) => type === 'command-unknown')) return { ERROR: `unknown command ${name}` };
  const events = packets.filter((packet) => packet.type === 'event');
  const response = packets.find((packet) => packet.type === 'command-response');
  if (name === 'initiate') {
    const logs = events.map((event) => [event.name, event.message]);
    return [true, response?.message, ...(logs.length === 0 ? [] : [logs])];
  }
  const streamed = packets.some(({ type }) => type === 'event-confirm');
  return streamed ? events.map((event) => event.message) : response?.message;
}

describe.each(COMMANDS)('recorded command %s', (sample) => {
  const { request, decoded } = jsonOf(sample) as { request: Record<string, Message>; decoded: unknown };
  const [[command, args] = ['', {}]] = Object.entries(request);
  const answers = packetsOf(`${sample}.bin`);

  it('answers what the recorder understood', () => {
    expect(plain(said(answers, command))).toEqual(decoded);
  });

  it('is asked in the same bytes', () => {
    const asked = new Deframer().push(bytesOf(`${sample}.req.bin`));
    const mine = encodePacket({ type: 'command-request', name: command, message: args });
    expect(asked.map((body) => body.toString('hex'))).toContain(mine.toString('hex'));
    const again = asked.map((body) => frame(encodePacket(decodePacket(body))));
    expect(Buffer.concat(again).equals(bytesOf(`${sample}.req.bin`))).toBe(true);
  });

  it('is answered in bytes that come back from what was understood', () => {
    const again = Buffer.concat(answers.map((packet) => frame(encodePacket(packet))));
    expect(again.equals(bytesOf(`${sample}.bin`))).toBe(true);
  });
});

describe.each(EVENTS)('recorded %s', (sample) => {
  const packets = packetsOf(`${sample}.bin`);

  it('says what the recorder understood', () => {
    expect(packets.every((packet) => packet.type === 'event' && `event-${packet.name}` === sample)).toBe(
      true,
    );
    expect(packets.map((packet) => plain('message' in packet ? packet.message : undefined))).toEqual(
      jsonOf(sample),
    );
  });
});

it('looked at every recording', () => {
  expect(COMMANDS.length).toBe(29);
  expect(EVENTS.length).toBe(6);
  expect(NAMES.filter((name) => !COMMANDS.includes(name) && !EVENTS.includes(name))).toEqual([
    'event-CLOSED', // the recorder's own note of an EOF
    'event-registration', // a summary, without bytes
  ]);
});

it('found a certificate as bytes', () => {
  const certificates = packetsOf('list-certs.bin').flatMap((packet) =>
    packet.type === 'event' ? [packet.message['data']] : [],
  );
  expect(certificates.length).toBeGreaterThan(0);
  expect(certificates.every((der) => Buffer.isBuffer(der) && der[0] === 0x30)).toBe(true);
});
