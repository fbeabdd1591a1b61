/**
 * The charon of the bench, in its own process so that its cost is not counted: answers list-sas with
 * 10,000 IKE_SAs, built from a recorded one with other names, addresses and SPIs.
 * Arguments: socket path, number of IKE_SAs. Prints a line once it listens; ends when stdin does.
 */
import { readFileSync } from 'node:fs';
import { Deframer, decodePacket, encodePacket, frame, type Section } from '../../health/vici/index.ts';
import { FakeCharon } from '../fake/charon.ts';

const SAMPLE = new URL('../health/vici/samples/list-sas.bin', import.meta.url);
const [path = '', count = '0'] = process.argv.slice(2);

const recorded = new Deframer()
  .push(readFileSync(SAMPLE))
  .map((body) => decodePacket(body))
  .find((packet) => packet.type === 'event');
if (recorded?.type !== 'event') throw new Error('the sample has no list-sa event');
const ikeSa = part(recorded.message, 'ra');
const childSa = part(part(ikeSa, 'child-sas'), 'net-1');

const frames = Array.from({ length: Number(count) }, (_, n) => {
  const id = n + 1;
  const address = `10.${64 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
  const message: Section = {
    [`ra-${n % 20}`]: {
      ...ikeSa,
      uniqueid: String(id),
      'remote-host': address,
      'remote-id': `client${id}@example.org`,
      'initiator-spi': spi(id, 16),
      'responder-spi': spi(id + 7, 16),
      established: String(n % 7200),
      'remote-vips': [address],
      'child-sas': {
        [`net-${id}`]: {
          ...childSa,
          uniqueid: String(id),
          'spi-in': spi(id, 8),
          'spi-out': spi(id + 3, 8),
          'bytes-in': String(n * 977),
          'packets-in': String(n),
          'remote-ts': [`${address}/32`],
        },
      },
    },
  };
  return frame(encodePacket({ type: 'event', name: 'list-sa', message }));
});
const raw = Buffer.concat([...frames, frame(encodePacket({ type: 'command-response', message: {} }))]);

const charon = await FakeCharon.listen(path);
charon.on('list-sas', () => ({ raw }));
process.stdout.write(`${raw.length}\n`);
process.stdin.resume();
process.stdin.on('end', () => void charon.stop());

function part(from: Section, name: string): Section {
  const inner = from[name];
  if (typeof inner !== 'object' || Array.isArray(inner) || Buffer.isBuffer(inner)) {
    throw new Error(`the sample has no section ${name}`);
  }
  return inner;
}

/** Hexadecimal digits that look as random as those of a real SPI, the same in each run. */
function spi(n: number, digits: number): string {
  const half = (seed: number): string => (Math.imul(seed, 2_654_435_761) >>> 0).toString(16).padStart(8, '0');
  return (half(n) + half(n ^ 0x5bd1)).slice(0, digits);
}
