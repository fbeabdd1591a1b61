/**
 * The backend's side of the clients' load, a process of its own: `peer.ts PORT ADDRESS...`. Each UDP packet goes
 * back with the four bytes of the address that it came from; what comes on a TCP stream goes back as it is. One
 * socket per address, since Node has no IP_PKTINFO. Says "ready" on stdout once all of them are bound.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [port, ...addresses] = process.argv.slice(2);
await Promise.all(
  addresses.map(async (address) => {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => {
      const source = Buffer.from(from.address.split('.').map(Number));
      socket.send([message, source], from.port, from.address, () => undefined);
    });
    socket.bind(Number(port), address);
    // A stream whose client is gone ends by an error some day.
    const server = createServer((stream) => stream.on('error', () => undefined).pipe(stream));
    server.listen(Number(port), address);
    await Promise.all([once(socket, 'listening'), once(server, 'listening')]);
  }),
);
process.stdout.write('ready\n');
