/**
 * A process that stands for fleet members of the worst kind: `bad-member.ts ADDRESS FIRST_PORT`. One port each, in
 * the order of BAD_MEMBERS. Says "ready" on stdout once it listens on all.
 */
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { BAD_MEMBERS, type BadMember } from './bad-members.ts';

const [address = '', firstPort = ''] = process.argv.slice(2);

/** What a member of this kind does with each connection. */
const BEHAVIOUR: Readonly<Record<BadMember, (socket: Socket) => void>> = {
  garbage: (socket) => socket.end(Buffer.from('\u0000\u0001 not HTTP at all \r\n\r\n')),
  'no-json': (socket) => socket.end(answer('<html>hello</html>')),
  'other-json': (socket) => socket.end(answer('{"gateway":7,"prefixes":"all","state":null}')),
  huge: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"');
    const block = 'x'.repeat(65_536);
    const more = (): void => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on('drain', more);
    more();
  },
  slow: (socket) => {
    const text = answer('{}');
    let at = 0;
    const timer = setInterval(() => socket.write(text.charAt(at++ % text.length)), 100);
    socket.on('close', () => clearInterval(timer));
  },
  hanging: () => undefined,
  redirect: (socket) =>
    socket.end(
      `HTTP/1.1 302 Found\r\nlocation: http://${address}:${firstPort}/\r\ncontent-length: 0\r\n\r\n`,
    ),
  closing: (socket) => socket.destroy(),
};

function answer(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

await Promise.all(
  BAD_MEMBERS.map(async (kind, index) => {
    const server = createServer((socket) => {
      // Whoever asked may go at any moment.
      socket.on('error', () => undefined);
      socket.resume();
      BEHAVIOUR[kind](socket);
    });
    server.listen(Number(firstPort) + index, address);
    await once(server, 'listening');
  }),
);
process.stdout.write('ready\n');
