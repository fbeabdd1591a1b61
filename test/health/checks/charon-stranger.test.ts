/** What the check says of something behind the VICI socket that is no charon. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeCharon } from '../../fake/charon.ts';
import { firstRecorded } from '../fixture.ts';
import { socketPath, startCharon, watch } from './charon.fixture.ts';

describe('something else behind the socket', () => {
  async function listen(path: string, onSocket: (socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    server.listen(path);
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  it.each([
    ['a web server', (socket: Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a program that hangs up', (socket: Socket) => void socket.end()],
  ])('%s', async (_, onSocket) => {
    const path = await socketPath();
    await listen(path, onSocket);
    expect(await watch(path).observe()).toBe('fail not-charon');
  });

  it('a program that says nothing is silent', async () => {
    const path = await socketPath();
    await listen(path, () => undefined);
    expect(await watch(path, 100).observe()).toBe('fail vici-silent');
  });

  it.each([
    ['a VICI speaker of another name', 'version', { daemon: 'swanctl', version: '5.9.8' }],
    ['a VICI speaker without stats', 'stats', { hello: 'world' }],
  ])('%s', async (_, command, answer) => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on(command, () => answer);
    expect(await watch(path).observe()).toBe('fail not-charon');
  });

  it('a charon that knows no stats', async () => {
    const path = await socketPath();
    const charon = await FakeCharon.listen(path);
    onTestFinished(() => charon.stop());
    charon.on('version', () => firstRecorded('version'));
    expect(await watch(path).observe()).toBe('fail not-charon');
  });

  it('a charon that always hangs up is no charon, and is not asked thousands of times', async () => {
    const path = await socketPath();
    const charon = await startCharon(path);
    charon.on('stats', (_, client) => {
      client.socket.destroy();
      return undefined;
    });
    const { observe } = watch(path);
    expect(await observe()).toBe('fail not-charon');
    expect(charon.requests.filter((name) => name === 'stats')).toHaveLength(2);
  });
});
