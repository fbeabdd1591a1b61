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
import { longestAbsence, oneUpdateEach, onlyKeepalives, unnoticed } from './fault-window.ts';
import { LATE_FAULTS } from './faults-late.ts';
import { LOADS } from './faults-load.ts';
import { expectAnnounced } from './steady.ts';
import { restartSidecar, takenOver } from './sidecar-restart.ts';
import { PREFIX4, PREFIX6 } from './topology.ts';

/** What comes of a reload is on the wire by then. A burden need not wait for it: there is an aftermath. */
const RESTORED_MS = 300;
const SPARE_CONNECTIONS = 1000;
/** Lower than before: the router shall not move the clients. */
const CHANGED_MED = 50;
const HOGS = 2;
/** Long enough that ExaBGP's pause between two tries has grown to several seconds. */
const ROUTER_DOWN_MS = 8000;
const ROUTER_BOUND_MS = 2000;
const CLOCK_STEP_S = 3600;
/** Past the router's hold time, and a session's new beginning. */
const CLOCK_SHOWS_MS = 15_000;
/** Routers let a neighbor wait that ended its session by an error: BIRD for 60 s at first, unless told otherwise. */
const CLOCK_RECOVERS_MS = 150_000;

async function restoreConfig(scene: Scene): Promise<void> {
  scene.gateway.writeConfig({});
  strike(scene, 'sidecar', 'SIGHUP');
  await delay(RESTORED_MS, undefined, { signal: scene.signal });
}

const RELOADS: readonly CalmEntry[] = [
  {
    name: 'handover-successor',
    summary: 'SIGUSR2 to the sidecar and a new one: a restart',
    setting: 'own-unit',
    burden: async (scene) => {
      await restartSidecar(scene);
      await takenOver(scene);
    },
    check: unnoticed,
  },
  {
    name: 'reload-med',
    summary: 'SIGHUP with another MED',
    setting: 'supervised',
    burden: async (scene) => {
      scene.gateway.writeConfig({ med: CHANGED_MED });
      strike(scene, 'sidecar', 'SIGHUP');
      return Promise.resolve();
    },
    check: (window) => oneUpdateEach(window, [PREFIX4, PREFIX6], `MED ${CHANGED_MED}`),
    restore: restoreConfig,
  },
  {
    name: 'reload-bad-file',
    summary: 'SIGHUP with a file that is wrong',
    setting: 'supervised',
    burden: async (scene) => {
      writeFileSync(scene.gateway.configFile, 'prefixes: [ { prefix: nowhere } ]\n');
      strike(scene, 'sidecar', 'SIGHUP');
      return Promise.resolve();
    },
    check: unnoticed,
    restore: restoreConfig,
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
    lasting: true,
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
];

const CLOCKS = ([CLOCK_STEP_S, -CLOCK_STEP_S] as const).map((step): CalmEntry => ({
  name: step > 0 ? 'clock-forward' : 'clock-back',
  summary: `the wall clock stepped by ${step} s, as ExaBGP sees it`,
  setting: 'clock',
  expect: 'measured',
  spoils: true,
  lasting: true,
  burden: async ({ lab, gateway, signal }): Promise<string | undefined> => {
    lab.timeline.act(`${gateway.plan.name}'s ExaBGP: the clock is stepped by ${step} s`);
    gateway.clock?.step(step);
    const from = lab.timeline.events.length;
    await delay(CLOCK_SHOWS_MS, undefined, { signal });
    await expectAnnounced(lab, signal, CLOCK_RECOVERS_MS);
    const away = longestAbsence(lab.timeline.events.slice(from), gateway.plan.name, [PREFIX4, PREFIX6]);
    return `not announced for up to ${(away / 1000).toFixed(1)} s`;
  },
}));

export const CALM_FAULTS: readonly CalmFault[] = [
  ...RELOADS,
  ...BURDENS,
  ...LATE_FAULTS,
  ...LOADS,
  ...CLOCKS,
].map((entry) => ({
  expect: 'no withdrawal',
  ...entry,
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
    name: 'clock-step-host',
    summary: "the whole host's wall clock stepped",
    setting: 'supervised',
    expect: 'skipped',
    reason:
      "no namespace has a CLOCK_REALTIME of its own, and this machine's is not ours to set; clock-forward and clock-back step ExaBGP's, the one part here that times by it",
  },
];
