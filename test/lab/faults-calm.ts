/** The bad days that must not move a client, and what must come back by itself. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { withVici } from './vici-command.ts';
import { section } from '../../health/vici/message.ts';
import { strike, type CalmFault, type ReturnFault, type Scene, type SkippedFault } from './fault.ts';
import { oneUpdateEach, onlyKeepalives, unnoticed } from './fault-window.ts';
import { LabError } from './lab-error.ts';
import { hasEnded } from './process-identity.ts';
import { HANDOVER_SECONDS } from './sidecar-config.ts';
import { EAP_CLIENTS } from './strongswan-conf.ts';
import { PREFIX4, PREFIX6 } from './topology.ts';

/** How long what comes of a signal may take to show on the wire. */
const SHOWS_MS = 1500;
const SPARE_CONNECTIONS = 1000;
/** Lower than before: the router shall not move the clients. */
const CHANGED_MED = 50;
const HOGS = 2;
const HICCUP_MS = 900;
/** Long enough that ExaBGP's pause between two tries has grown to several seconds. */
const ROUTER_DOWN_MS = 8000;
const ROUTER_BOUND_MS = 2000;
/** charon runs the script under a lock of all of it, so the clients' times add up. */
const SLOW_UPDOWN = { clients: 10, seconds: 3 } as const;
/** Four tries of 2 × 1.4^n s, then the same again for those that found no worker. */
const DEAD_RADIUS_MS = 30_000;
/** VICI answers within milliseconds as a rule. */
const STALL_MS = 1000;
const RECONNECTED_WITHIN_MS = 60_000;

type Entry = Omit<CalmFault, 'expect'>;

async function reload(scene: Scene): Promise<void> {
  strike(scene, 'sidecar', 'SIGHUP');
  await delay(SHOWS_MS, undefined, { signal: scene.signal });
}

/** SIGUSR2, and a new sidecar as soon as the old one has ended, as `systemctl restart` does it. */
export async function restartSidecar(scene: Scene): Promise<void> {
  const { gateway } = scene;
  const sidecar = gateway.part('sidecar');
  strike(scene, 'sidecar', 'SIGUSR2');
  if (!(await hasEnded(sidecar, HANDOVER_SECONDS * 1000)))
    throw new LabError('LAB_DEADLINE', `expected: ${gateway.plan.name}'s swancast ends after SIGUSR2`);
  scene.lab.timeline.act(`starts ${gateway.plan.name}'s swancast again`);
  gateway.startSidecar();
}

const RELOADS: readonly Entry[] = [
  {
    name: 'handover-successor',
    summary: 'SIGUSR2 to the sidecar and a new one: a restart',
    setting: 'own-unit',
    burden: async (scene) => {
      await restartSidecar(scene);
      // Past the hand-over: a successor that did not take over would be found out.
      await delay(HANDOVER_SECONDS * 1000 + SHOWS_MS, undefined, { signal: scene.signal });
    },
    check: unnoticed,
  },
  {
    name: 'reload-med',
    summary: 'SIGHUP with another MED',
    setting: 'supervised',
    burden: async (scene) => {
      scene.gateway.writeConfig({ med: CHANGED_MED });
      await reload(scene);
    },
    check: (window) => oneUpdateEach(window, [PREFIX4, PREFIX6], `MED ${CHANGED_MED}`),
    restore: async (scene) => {
      scene.gateway.writeConfig({});
      await reload(scene);
    },
  },
  {
    name: 'reload-bad-file',
    summary: 'SIGHUP with a file that is wrong',
    setting: 'supervised',
    burden: async (scene) => {
      writeFileSync(scene.gateway.configFile, 'prefixes: [ { prefix: nowhere } ]\n');
      await reload(scene);
    },
    check: unnoticed,
    restore: async (scene) => {
      scene.gateway.writeConfig({});
      await reload(scene);
    },
  },
  {
    name: 'reload-connections',
    summary: `${SPARE_CONNECTIONS} connections loaded, replaced and unloaded again in charon`,
    setting: 'supervised',
    burden: async ({ gateway, signal }) => {
      for (const settings of [
        { spares: SPARE_CONNECTIONS, spareHours: 4 },
        { spares: SPARE_CONNECTIONS, spareHours: 5 },
        {},
      ]) {
        gateway.charon.writeConf(gateway.swanctlConf(settings));
        await gateway.charon.loadConnections(signal);
      }
    },
    check: onlyKeepalives,
  },
];

const BURDENS: readonly Entry[] = [
  {
    name: 'cpu-hogs',
    summary: `${HOGS} processes that take all the CPU they get`,
    setting: 'supervised',
    burden: async ({ lab, gateway, signal, seconds }) => {
      const { name, namespace } = gateway.plan;
      const hogs = Array.from({ length: HOGS }, (_, hog) =>
        lab.processes.start({
          name: `${name}-hog${hog + 1}`,
          namespace,
          argv: ['/bin/sh', '-c', 'while :; do :; done'],
        }),
      );
      try {
        await delay(seconds * 1000, undefined, { signal });
      } finally {
        await Promise.all(hogs.map(async (hog) => hog.end('SIGKILL')));
      }
      return `${seconds} s`;
    },
  },
  {
    name: 'sidecar-hiccup',
    summary: `sidecar stopped for ${HICCUP_MS} ms, as if its event loop were blocked`,
    setting: 'supervised',
    burden: async (scene) => {
      strike(scene, 'sidecar', 'SIGSTOP');
      await delay(HICCUP_MS, undefined, { signal: scene.signal });
      strike(scene, 'sidecar', 'SIGCONT');
    },
    check: onlyKeepalives,
  },
  {
    name: 'reconnect-storm',
    summary: 'all clients but one leave, and come back at once',
    setting: 'stress',
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
    burden: async (scene) => {
      const { lab, gateway, signal } = scene;
      const { backendSide } = gateway.plan;
      const program = `require('node:dgram').createSocket('udp4').bind(1812, '${backendSide}', () => console.log('ready'))`;
      const server = lab.processes.start({
        name: 'backend-radius',
        namespace: lab.topology.namespaces.backend,
        argv: [process.execPath, '-e', program],
        stdout: 'pipe',
      });
      try {
        if (server.child.stdout !== null) await once(server.child.stdout, 'data', { signal });
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
    for (const ike of names) await command('terminate', Object.assign(section(), { ike, timeout: '5000' }));
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

export const CALM_FAULTS: readonly CalmFault[] = [...RELOADS, ...BURDENS].map((entry) => ({
  ...entry,
  expect: 'no withdrawal',
}));

export const OTHER_FAULTS: readonly (ReturnFault | SkippedFault)[] = [
  {
    name: 'router-restart',
    summary: `the router's BGP daemon killed, started again ${ROUTER_DOWN_MS / 1000} s later`,
    setting: 'supervised',
    expect: 'announced',
    boundMs: ROUTER_BOUND_MS,
    strike: async ({ lab, signal }) => {
      lab.timeline.act("SIGKILL of the router's BGP daemon");
      await lab.router.kill();
      await delay(ROUTER_DOWN_MS, undefined, { signal });
      await lab.router.start(signal);
      return lab.timeline.act('the router listens again');
    },
  },
  {
    name: 'clock-step',
    summary: 'the wall clock stepped both ways',
    setting: 'supervised',
    expect: 'skipped',
    reason:
      'a namespace cannot have a CLOCK_REALTIME of its own, and the clock of this machine is not ours to set',
  },
];
