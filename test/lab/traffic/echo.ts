/**
 * The backend's UDP echo server, a process of its own: `echo.ts PORT ADDRESS...`. One socket per address, so
 * that each answer leaves from the address that was asked (Node has no IP_PKTINFO), as the client's traffic
 * selector demands. Says "ready" on stdout once all sockets are bound.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const [port, ...addresses] = process.argv.slice(2);
await Promise.all(
  addresses.map(async (address) => {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => socket.send(message, from.port, from.address));
    socket.bind(Number(port), address);
    await once(socket, 'listening');
  }),
);
process.stdout.write('ready\n');
