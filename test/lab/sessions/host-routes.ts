/**
 * The way back to each client, behind the gateways, a process in the backend's namespace: `host-routes.ts
 * SOCKET=ADDRESS...`, charon's VICI socket and the inside address of each gateway. It stands for a router that learns
 * the host routes which a gateway tells of as soon as a CHILD_SA is there. The newest CHILD_SA has the address; one
 * that goes takes nothing along. Says "ready" on stdout once it listens.
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { openReader, ViciError, type Message, type Section } from '../../../health/vici/index.ts';

const AGAIN_MS = 50;

const ip = spawn('ip', ['-force', '-batch', '-'], { stdio: ['pipe', 'inherit', 'inherit'] });
ip.on('exit', (code) => process.exit(code ?? 1));

/** Of the clients of all CHILD_SAs in this message. */
function addressesIn(message: Message): string[] {
  const sas = Object.values(message).filter(
    (value): value is Section =>
      typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value),
  );
  return sas.flatMap((sa) => {
    const addresses = sa['remote-vips'];
    return Array.isArray(addresses) ? addresses.map(String) : [];
  });
}

/** Resolves when charon is gone. */
async function follow(socket: string, via: string, ready: () => void): Promise<void> {
  const vici = await openReader(socket);
  await vici.subscribe(['child-updown'], (_, message) => {
    if (message['up'] !== 'yes') return;
    for (const address of addressesIn(message)) ip.stdin.write(`route replace ${address}/32 via ${via}\n`);
  });
  ready();
  await vici.closed;
}

async function followForever(socket: string, via: string, ready: () => void): Promise<void> {
  for (;;) {
    try {
      await follow(socket, via, ready);
    } catch (error) {
      if (!(error instanceof ViciError)) throw error;
    }
    await delay(AGAIN_MS);
  }
}

const listening = process.argv.slice(2).map(async (argument) => {
  const [socket = '', via = ''] = argument.split('=');
  const { promise, resolve } = Promise.withResolvers<void>();
  void followForever(socket, via, resolve);
  return promise;
});
await Promise.all(listening);
process.stdout.write('ready\n');
