/**
 * The other gateways of the fleet bench: each a real HTTP server with a word that changes with every answer, and
 * each asks the gateway under test as often as that asks them. argv: how many, the interval in milliseconds, and the
 * slots of the wall clock in it that all of them ask at, as far as their clocks agree (0: at any moment).
 */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FleetWord } from '../../sidecar/fleet/word.ts';

const [count, interval, slots] = process.argv.slice(2).map(Number) as [number, number, number];
/** What well-kept clocks and different ways to the gateway make of one moment. */
const APART_MS = 4;

function word(name: string, ikeSas: number): FleetWord {
  const digest = '0123456789abcdef';
  return {
    gateway: name,
    version: '0.1.0',
    state: 'announced',
    prefixes: ['192.0.2.1/32', '192.0.2.2/32', '2001:db8:53::1/128', '2001:db8:53::2/128'].map((prefix) => ({
      prefix,
      state: 'announced',
      class: null,
      preference: 1,
      yielding: false,
      acknowledged: true,
    })),
    drain: null,
    load: { ike_sas: ikeSas, half_open: 3 },
    set_up: {
      connections: digest,
      children: digest,
      authentication: digest,
      authorities: digest,
      pools: digest,
    },
  };
}

const ports: number[] = [];
for (let n = 0; n < count; n += 1) {
  let asked = 0;
  const server = createServer({ keepAliveTimeout: 30_000 }, (_, response) => {
    const body = JSON.stringify(word(`gw${n}`, 1000 + (asked += 1)));
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports.push((server.address() as AddressInfo).port);
}
process.send?.({ ports });

let answers = 0;
process.on('message', (message: { readonly port: number } | 'count') => {
  if (message === 'count') {
    process.send?.({ answers });
    return;
  }
  for (let n = 0; n < count; n += 1) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (): void => {
      const options = { host: '127.0.0.1', port: message.port, path: '/status?view=fleet', agent };
      request(options, (response) => {
        if (response.statusCode === 200) answers += 1;
        response.resume();
      })
        .on('error', () => undefined)
        .end();
    };
    setTimeout(() => setInterval(ask, interval), phase(n));
  }
});

/** When the first question comes: as far from the others as can be, or in one of the slots. */
function phase(n: number): number {
  if (slots === 0) return (n * interval) / count;
  const slot = interval / slots;
  return slot - (Date.now() % slot) + (n % slots) * slot + Math.random() * APART_MS;
}

process.on('disconnect', () => process.exit());
