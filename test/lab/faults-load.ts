/** What holds up charon itself: clients in crowds, a RADIUS server that is dead, a slow script. */
import { setTimeout as delay } from 'node:timers/promises';
import { section } from '../../health/vici/message.ts';
import type { CalmEntry, Scene } from './fault.ts';
import { LabError } from './lab-error.ts';
import { startDeadRadius } from './radius.ts';
import { EAP_CLIENTS } from './strongswan-conf.ts';
import { withVici } from './vici-command.ts';

/** charon runs the script under a lock of all of it, so the clients' times add up. */
const SLOW_UPDOWN = { clients: 10, seconds: 3 } as const;
/** Four tries of 2 × 1.4^n s, then the same again for those that found no worker. */
const DEAD_RADIUS_MS = 30_000;
/** VICI answers within milliseconds as a rule. */
const STALL_MS = 1000;
const RECONNECTED_WITHIN_MS = 60_000;

export const LOADS: readonly CalmEntry[] = [
  {
    name: 'reconnect-storm',
    summary: 'all clients but one leave, and come back at once',
    setting: 'stress',
    lasting: true,
    burden: async (scene) => {
      const clients = scene.lab.topology.clients.length;
      const from = performance.now();
      await reconnect(scene, clients - 1);
      await established(scene, clients);
      return `${clients - 1} clients back after ${((performance.now() - from) / 1000).toFixed(1)} s`;
    },
  },
  {
    name: 'slow-updown',
    summary: `an updown script of ${SLOW_UPDOWN.seconds} s, and ${SLOW_UPDOWN.clients} clients at once`,
    setting: 'stress',
    lasting: true,
    burden: async (scene) => {
      scene.gateway.slowUpdown(SLOW_UPDOWN.seconds);
      await reconnect(scene, SLOW_UPDOWN.clients);
      const stall = await longestStall(scene, SLOW_UPDOWN.clients * SLOW_UPDOWN.seconds * 1000);
      scene.gateway.slowUpdown(0);
      return stall;
    },
    spoils: true,
  },
  {
    name: 'dead-radius',
    summary: `a RADIUS server that never answers, and ${EAP_CLIENTS} clients that need it at once`,
    setting: 'stress',
    lasting: true,
    burden: async (scene) => {
      const { lab, gateway, signal } = scene;
      const server = await startDeadRadius(lab.processes, lab.topology, gateway.plan, signal);
      try {
        lab.timeline.act(`${EAP_CLIENTS} clients ask ${gateway.plan.name} for EAP`);
        await initiate(
          scene,
          Array.from({ length: EAP_CLIENTS }, (_, client) => `eap${client + 1}`),
        );
        return await longestStall(scene, DEAD_RADIUS_MS);
      } finally {
        await server.end('SIGKILL');
      }
    },
    spoils: true,
  },
];

/** The last so many clients: the first ones have traffic. Resolves when charon has been told, not when it is done. */
async function reconnect(scene: Scene, count: number): Promise<void> {
  const clients = scene.lab.topology.clients.length;
  const names = Array.from({ length: count }, (_, index) => `client${clients - index}`);
  scene.lab.timeline.act(`${count} clients leave`);
  await withVici(scene.lab.clients.charon.viciSocket, scene.signal, async (command) => {
    // One whose DELETE is not answered in time is forgotten all the same, as by a client that loses its power:
    // charon calls that a failure, and has done it.
    for (const ike of names)
      await command('terminate', Object.assign(section(), { ike, timeout: '5000', force: 'yes' })).catch(
        (error: unknown) => {
          if (!(error instanceof LabError && error.message.includes('terminating SA failed'))) throw error;
        },
      );
  });
  scene.lab.timeline.act(`${count} clients come back`);
  await initiate(scene, names);
}

async function initiate({ lab, signal }: Scene, connections: readonly string[]): Promise<void> {
  await withVici(lab.clients.charon.viciSocket, signal, async (command) => {
    for (const ike of connections)
      await command('initiate', Object.assign(section(), { ike, child: 'services', timeout: '-1' }));
  });
}

/**
 * Asks the gateway's charon for its `stats` again and again, for so long. @returns how long the slowest answer took
 * @throws LabError when they all came at once: then the burden was none
 */
async function longestStall({ gateway, signal }: Scene, forMs: number): Promise<string> {
  const deadline = performance.now() + forMs;
  let longest = 0;
  while (performance.now() < deadline) {
    const asked = performance.now();
    await withVici(gateway.charon.viciSocket, signal, async (command) => {
      await command('stats');
    });
    longest = Math.max(longest, performance.now() - asked);
    await delay(100, undefined, { signal });
  }
  if (longest < STALL_MS)
    throw new LabError(
      'LAB_SPOILT',
      `expected: charon's workers are held up; its slowest answer took ${longest.toFixed(0)} ms`,
    );
  return `VICI answered after up to ${(longest / 1000).toFixed(1)} s`;
}

/** The client side's charon has this many IKE_SAs, none of them half-open. */
async function established({ lab, signal }: Scene, count: number): Promise<void> {
  const deadline = performance.now() + RECONNECTED_WITHIN_MS;
  for (;;) {
    let total = 0;
    let halfOpen = 0;
    await withVici(lab.clients.charon.viciSocket, signal, async (command) => {
      const sas = (await command('stats'))['ikesas'];
      if (typeof sas !== 'object' || Array.isArray(sas) || Buffer.isBuffer(sas)) return;
      total = Number(sas['total']);
      halfOpen = Number(sas['half-open']);
    });
    if (total >= count && halfOpen === 0) return;
    if (performance.now() > deadline)
      throw new LabError(
        'LAB_DEADLINE',
        `expected within ${RECONNECTED_WITHIN_MS} ms: ${count} IKE_SAs of the clients; seen: ${total}, ${halfOpen} half-open`,
      );
    await delay(100, undefined, { signal });
  }
}
