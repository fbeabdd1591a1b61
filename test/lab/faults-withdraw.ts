/** The faults after which the gateway must have withdrawn within a bound. */
import { setTimeout as delay } from 'node:timers/promises';
import { nothing, startCharon, strike, type Scene, type WithdrawFault } from './fault.ts';
import { hasEnded } from './process-identity.ts';
import { HANDOVER_SECONDS, LEASE_TTL_SECONDS } from './sidecar-config.ts';

const LEASE_MS = LEASE_TTL_SECONDS * 1000;
const HANDOVER_MS = HANDOVER_SECONDS * 1000;
/** Hand-over and charon's end shall not be one event. */
const HANDED_OVER_MS = 300;

type Entry = Omit<WithdrawFault, 'expect'>;

const resume = (scene: Scene, part: 'charon' | 'sidecar') => async (): Promise<void> => {
  strike(scene, part, 'SIGCONT');
  return Promise.resolve();
};

export const CHARON_SIGSTOP: Entry = {
  name: 'charon-sigstop',
  summary: 'charon frozen, default profile',
  setting: 'supervised',
  boundMs: 1500,
  strike: async (scene) => ({ at: strike(scene, 'charon', 'SIGSTOP'), restore: resume(scene, 'charon') }),
};

const CHARON: readonly Entry[] = [
  {
    name: 'charon-sigkill',
    summary: 'SIGKILL of charon',
    setting: 'supervised',
    boundMs: 5,
    strike: async (scene) => ({ at: strike(scene, 'charon', 'SIGKILL'), restore: startCharon(scene) }),
  },
  {
    name: 'charon-sigterm',
    summary: 'SIGTERM of charon',
    setting: 'supervised',
    boundMs: 10,
    strike: async (scene) => ({ at: strike(scene, 'charon', 'SIGTERM'), restore: startCharon(scene) }),
  },
  CHARON_SIGSTOP,
  {
    name: 'connections-unloaded',
    summary: "charon's connections unloaded",
    setting: 'supervised',
    boundMs: 1200,
    strike: async ({ lab, gateway, signal }) => {
      const at = lab.timeline.act(`unloads ${gateway.plan.name}'s connections`);
      await gateway.charon.unload(['clients'], signal);
      return { at, restore: async () => gateway.charon.load(signal) };
    },
  },
];

const SIDECAR: readonly Entry[] = [
  {
    name: 'sidecar-sigkill',
    summary: 'SIGKILL of the sidecar',
    setting: 'supervised',
    boundMs: LEASE_MS + 50,
    strike: async (scene) => ({
      at: strike(scene, 'sidecar', 'SIGKILL'),
      restore: async () => {
        await scene.gateway.sidecar.exited;
        scene.gateway.startSidecar();
      },
    }),
  },
  {
    name: 'sidecar-sigstop',
    summary: 'sidecar frozen',
    setting: 'supervised',
    boundMs: LEASE_MS + 50,
    strike: async (scene) => ({ at: strike(scene, 'sidecar', 'SIGSTOP'), restore: resume(scene, 'sidecar') }),
  },
];

const GUARD: readonly Entry[] = [
  {
    name: 'guard-sigkill',
    summary: 'SIGKILL of the guard: its launcher clears',
    setting: 'supervised',
    boundMs: 100,
    strike: async (scene) => ({ at: strike(scene, 'guard', 'SIGKILL'), restore: nothing }),
  },
  ...(['supervised', 'own-unit'] as const).map((setting): Entry => {
    const suffix = setting === 'own-unit' ? '-own-unit' : '';
    return {
      name: `guard-sigstop${suffix}`,
      summary: `guard frozen, supervise: ${setting === 'supervised'}`,
      setting,
      boundMs: LEASE_MS + 500,
      strike: async (scene) => ({ at: strike(scene, 'guard', 'SIGSTOP'), restore: nothing }),
    };
  }),
];

const EXABGP: readonly Entry[] = [
  {
    name: 'exabgp-sigkill',
    summary: 'SIGKILL of ExaBGP: the kernel closes its sessions',
    setting: 'supervised',
    boundMs: 5,
    strike: async (scene) => ({ at: strike(scene, 'exabgp', 'SIGKILL'), restore: nothing }),
  },
  {
    name: 'exabgp-sigstop-busy',
    summary: 'ExaBGP frozen, and charon killed: a withdrawal is due',
    setting: 'supervised',
    boundMs: 300,
    strike: async (scene) => {
      strike(scene, 'exabgp', 'SIGSTOP');
      return { at: strike(scene, 'charon', 'SIGKILL'), restore: startCharon(scene) };
    },
  },
  {
    name: 'exabgp-sigstop-idle',
    summary: 'ExaBGP frozen while nothing is due',
    setting: 'supervised',
    boundMs: 2500,
    strike: async (scene) => ({ at: strike(scene, 'exabgp', 'SIGSTOP'), restore: nothing }),
  },
];

const HANDOVER: readonly Entry[] = [
  {
    name: 'handover-no-successor',
    summary: 'SIGUSR2 to the sidecar, and nobody takes over',
    setting: 'own-unit',
    boundMs: HANDOVER_MS + 50,
    strike: async (scene) => ({
      at: strike(scene, 'sidecar', 'SIGUSR2'),
      restore: async () => {
        await scene.gateway.sidecar.exited;
        scene.gateway.startSidecar();
      },
    }),
  },
  {
    name: 'handover-charon-killed',
    summary: 'SIGUSR2 to the sidecar, and charon killed before a successor came',
    setting: 'own-unit',
    boundMs: 10,
    strike: async (scene) => {
      const { gateway, signal } = scene;
      const sidecar = gateway.part('sidecar');
      strike(scene, 'sidecar', 'SIGUSR2');
      await hasEnded(sidecar, HANDOVER_MS);
      await delay(HANDED_OVER_MS, undefined, { signal });
      return {
        at: strike(scene, 'charon', 'SIGKILL'),
        restore: async () => {
          await startCharon(scene)();
          gateway.startSidecar();
        },
      };
    },
  },
];

export const WITHDRAW_FAULTS: readonly WithdrawFault[] = [
  ...CHARON,
  ...SIDECAR,
  ...GUARD,
  ...EXABGP,
  ...HANDOVER,
].map((entry) => ({ ...entry, expect: 'withdrawn' }));
