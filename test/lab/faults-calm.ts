/** The bad days that must not move a client, and what must come back by itself. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  strike,
  type CalmEntry,
  type CalmFault,
  type ReturnFault,
  type Scene,
  type SkippedFault,
} from './fault.ts';
import { oneUpdateEach, onlyKeepalives, unnoticed } from './fault-window.ts';
import { LOADS } from './faults-load.ts';
import { expectAnnounced } from './lab.ts';
import { LabError } from './lab-error.ts';
import { hasEnded } from './process-identity.ts';
import { HANDOVER_SECONDS } from './sidecar-config.ts';
import { PREFIX4, PREFIX6 } from './topology.ts';

/** How long what comes of a signal may take to show on the wire. */
const SHOWS_MS = 1500;
const SPARE_CONNECTIONS = 1000;
/** Lower than before: the router shall not move the clients. */
const CHANGED_MED = 50;
const HOGS = 2;
/** Renewals come four times in a lease of one second: this long can pass between two without harm. */
const HICCUP_MS = 700;
/** Of this length some outlast the lease, by when the last renewal was. */
const LONG_HICCUP_MS = 900;
/** Long enough that ExaBGP's pause between two tries has grown to several seconds. */
const ROUTER_DOWN_MS = 8000;
const ROUTER_BOUND_MS = 2000;
const CLOCK_STEP_S = 3600;
/** Past the router's hold time, and a session's new beginning. */
const CLOCK_SHOWS_MS = 15_000;
/** Routers let a neighbor wait that ended its session by an error: BIRD for 60 s at first. */
const CLOCK_RECOVERS_MS = 150_000;

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

const RELOADS: readonly CalmEntry[] = [
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

const BURDENS: readonly CalmEntry[] = [
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
    burden: async (scene) => hiccup(scene, HICCUP_MS),
    check: onlyKeepalives,
  },
  {
    name: 'sidecar-hiccup-long',
    summary: `sidecar stopped for ${LONG_HICCUP_MS} ms, nearly as long as its lease`,
    setting: 'supervised',
    expect: 'measured',
    burden: async (scene) => hiccup(scene, LONG_HICCUP_MS),
  },
];

async function hiccup(scene: Scene, ms: number): Promise<void> {
  strike(scene, 'sidecar', 'SIGSTOP');
  await delay(ms, undefined, { signal: scene.signal });
  strike(scene, 'sidecar', 'SIGCONT');
}

const CLOCKS = ([CLOCK_STEP_S, -CLOCK_STEP_S] as const).map((step): CalmEntry => ({
  name: step > 0 ? 'clock-forward' : 'clock-back',
  summary: `the wall clock stepped by ${step} s, as ExaBGP sees it`,
  setting: 'clock',
  expect: 'measured',
  spoils: true,
  burden: async ({ lab, gateway, signal }): Promise<string | undefined> => {
    lab.timeline.act(`${gateway.plan.name}'s ExaBGP: the clock is stepped by ${step} s`);
    gateway.clock?.step(step);
    const from = performance.now();
    await delay(CLOCK_SHOWS_MS, undefined, { signal });
    await expectAnnounced(lab, signal, CLOCK_RECOVERS_MS);
    const took = performance.now() - from;
    return took < CLOCK_SHOWS_MS + 100 ? undefined : `announced again after ${(took / 1000).toFixed(0)} s`;
  },
}));

export const CALM_FAULTS: readonly CalmFault[] = [...RELOADS, ...BURDENS, ...LOADS, ...CLOCKS].map(
  (entry) => ({
    expect: 'no withdrawal',
    ...entry,
  }),
);

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
    name: 'clock-step-host',
    summary: "the whole host's wall clock stepped",
    setting: 'supervised',
    expect: 'skipped',
    reason:
      "no namespace has a CLOCK_REALTIME of its own, and this machine's is not ours to set; clock-forward and clock-back step ExaBGP's, the one part here that times by it",
  },
];
