/** What a real charon (5.9.8) once sent, as templates for as many IKE_SAs as a bench wants. */
import { readFileSync } from 'node:fs';
import {
  Deframer,
  decodePacket,
  encodePacket,
  frame,
  type Message,
  type Packet,
  type Section,
} from '../../health/vici/index.ts';

const SAMPLES = new URL('../health/vici/samples/', import.meta.url);

const packets = (sample: string): Packet[] =>
  new Deframer().push(readFileSync(new URL(`${sample}.bin`, SAMPLES))).map((body) => decodePacket(body));

/** The answer to a command. */
export function recordedResponse(sample: string): Message {
  const found = packets(sample).find((packet) => packet.type === 'command-response');
  if (found?.type !== 'command-response') throw new Error(`the sample ${sample} has no response`);
  return found.message;
}

/** The events, in order. */
export const recordedEvents = (sample: string): Message[] =>
  packets(sample).flatMap((packet) => (packet.type === 'event' ? [packet.message] : []));

export function part(from: Section, name: string): Section {
  const inner = from[name];
  if (typeof inner !== 'object' || Array.isArray(inner) || Buffer.isBuffer(inner)) {
    throw new Error(`the sample has no section ${name}`);
  }
  return inner;
}

/** A number that stands in no sample, and is as long as the numbers that take its place. */
const PLACE = '9876543210';
/** IKE_SAs and CHILD_SAs are numbered from here, so that all numbers are of one length. */
export const FIRST_ID = 1_000_000_000;

/** The frame of an event about one IKE_SA, to be stamped with its uniqueid, which its CHILD_SA has too. */
export class EventTemplate {
  readonly #bytes: Buffer;
  readonly #places: number[] = [];

  constructor(event: string, recorded: Message, connection: string) {
    const ikeSa: Section = { ...part(recorded, connection), uniqueid: PLACE };
    if (ikeSa['child-sas'] !== undefined) {
      const children = Object.entries(part(ikeSa, 'child-sas'));
      ikeSa['child-sas'] = Object.fromEntries(
        children.map(([name]) => [name, { ...part(part(ikeSa, 'child-sas'), name), uniqueid: PLACE }]),
      );
    }
    const message = { ...recorded, [connection]: ikeSa };
    this.#bytes = frame(encodePacket({ type: 'event', name: event, message }));
    for (let at = this.#bytes.indexOf(PLACE); at !== -1; at = this.#bytes.indexOf(PLACE, at + 1)) {
      this.#places.push(at);
    }
  }

  stamped(id: number): Buffer {
    const bytes = Buffer.from(this.#bytes);
    for (const at of this.#places) bytes.write(String(id), at, 'latin1');
    return bytes;
  }
}

/** The frames of a whole list-sas: these IKE_SAs with one CHILD_SA each, other names, addresses and SPIs. */
export function listing(ids: Iterable<number>, connections = 20): Buffer {
  const [recorded] = recordedEvents('list-sas');
  if (recorded === undefined) throw new Error('the sample has no list-sa event');
  const ikeSa = part(recorded, 'ra');
  const childSa = part(part(ikeSa, 'child-sas'), 'net-1');
  const frames: Buffer[] = [];
  for (const id of ids) {
    const n = id % FIRST_ID;
    const address = `10.${64 + ((n >> 16) & 63)}.${(n >> 8) & 255}.${n & 255}`;
    const message: Section = {
      [connections === 1 ? 'ra' : `ra-${n % connections}`]: {
        ...ikeSa,
        uniqueid: String(id),
        'remote-host': address,
        'remote-id': `client${n}@example.org`,
        'initiator-spi': spi(n, 16),
        'responder-spi': spi(n + 7, 16),
        established: String(n % 7200),
        'remote-vips': [address],
        'child-sas': {
          [`net-${n}`]: {
            ...childSa,
            uniqueid: String(id),
            'spi-in': spi(n, 8),
            'spi-out': spi(n + 3, 8),
            'bytes-in': String(n * 977),
            'packets-in': String(n),
            'remote-ts': [`${address}/32`],
          },
        },
      },
    };
    frames.push(frame(encodePacket({ type: 'event', name: 'list-sa', message })));
  }
  return Buffer.concat([...frames, frame(encodePacket({ type: 'command-response', message: {} }))]);
}

/** Hexadecimal digits that look as random as those of a real SPI, the same in each run. */
function spi(n: number, digits: number): string {
  const half = (seed: number): string => (Math.imul(seed, 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
  return (half(n) + half(n ^ 0x5bd1)).slice(0, digits);
}
