/** Something runs out: disk, descriptors, room in a pipe. */
import { setTimeout as delay } from 'node:timers/promises';
import { setLimit, takeDescriptors } from './descriptors.ts';
import { startCharon, strike, type CalmFault, type Scene, type WithdrawFault } from './fault.ts';
import { onlyKeepalives } from './fault-window.ts';
import { fillPipe } from './full-pipe.ts';
import { isAlive } from './process-identity.ts';
import { LabError } from './lab-error.ts';
import { LEASE_TTL_SECONDS } from './sidecar-config.ts';
import { PREFIX4 } from './topology.ts';

/** Longer than evidence may be old, and than a check may know nothing. */
const SCARCE_MS = 6000;
/** What the fault itself may do shall not be taken for what comes of charon's end. */
const APART_MS = 1000;

type CalmPart = Omit<CalmFault, 'expect'>;
type WithdrawPart = Omit<WithdrawFault, 'expect'>;

/** An order that changes nothing on the wire, but must be kept on the disk. */
const ORDER = ['force', 'announce', PREFIX4, '--for', '5m', '--reason', 'the lab fills the disk'] as const;

async function fillDisk({ lab, gateway, signal }: Scene): Promise<void> {
  lab.timeline.act(`${gateway.plan.name}: the disk with state and log is full`);
  await gateway.disk.fill(signal);
}

async function refusedForTheDisk({ gateway, signal }: Scene): Promise<void> {
  const said = await gateway.swancast(ORDER, signal).catch((error: unknown) => {
    if (error instanceof LabError && error.code === 'LAB_COMMAND') return error.message;
    throw error;
  });
  if (!said.includes('the disk is full'))
    throw new LabError('LAB_SPOILT', `expected: an order is refused because the disk is full; seen: ${said}`);
}

const DISK_CALM: CalmPart = {
  name: 'disk-full',
  summary:
    'the disk with state and log is full; orders and a reload meanwhile, and again once there is space',
  setting: 'supervised',
  lasting: true,
  burden: async (scene) => {
    const { gateway, signal } = scene;
    await fillDisk(scene);
    await refusedForTheDisk(scene);
    strike(scene, 'sidecar', 'SIGHUP');
    await delay(SCARCE_MS, undefined, { signal });
    await refusedForTheDisk(scene);
    await gateway.disk.free(signal);
    await gateway.swancast(ORDER, signal);
    await gateway.swancast(['release', PREFIX4], signal);
    return 'orders refused meanwhile, taken afterwards';
  },
  check: onlyKeepalives,
  restore: async ({ gateway, signal }) => gateway.disk.free(signal),
};

const DISK_WITHDRAW: WithdrawPart = {
  name: 'disk-full-charon-sigkill',
  summary: 'SIGKILL of charon while the disk with state and log is full',
  setting: 'supervised',
  boundMs: 5,
  strike: async (scene) => {
    const { gateway, signal } = scene;
    await fillDisk(scene);
    await delay(APART_MS, undefined, { signal });
    return {
      at: strike(scene, 'charon', 'SIGKILL'),
      restore: async () => {
        await gateway.disk.free(signal);
        await startCharon(scene)();
      },
    };
  },
};

/** @returns what gives them back */
async function takeAll({ lab, gateway, signal }: Scene): Promise<() => Promise<void>> {
  const sidecar = gateway.part('sidecar');
  lab.timeline.act(`${gateway.plan.name}'s sidecar (pid ${sidecar.pid}) is out of file descriptors`);
  const limit = await takeDescriptors(sidecar.pid, signal);
  return async () => {
    if (isAlive(sidecar)) await setLimit(sidecar.pid, limit, signal);
  };
}

const DESCRIPTORS_CALM: CalmPart = {
  name: 'descriptors-out',
  summary: `the sidecar out of file descriptors for ${SCARCE_MS / 1000} s`,
  setting: 'supervised',
  lasting: true,
  burden: async (scene) => {
    const giveBack = await takeAll(scene);
    try {
      await delay(SCARCE_MS, undefined, { signal: scene.signal });
    } finally {
      await giveBack();
    }
  },
};

const DESCRIPTORS_WITHDRAW: WithdrawPart = {
  name: 'descriptors-out-charon-sigkill',
  summary: 'SIGKILL of charon while the sidecar is out of file descriptors',
  setting: 'supervised',
  boundMs: 10,
  strike: async (scene) => {
    const giveBack = await takeAll(scene);
    await delay(APART_MS, undefined, { signal: scene.signal });
    return {
      at: strike(scene, 'charon', 'SIGKILL'),
      restore: async () => {
        await giveBack();
        await startCharon(scene)();
      },
    };
  },
};

const DESCRIPTORS_GUARD: WithdrawPart = {
  name: 'descriptors-out-guard-sigstop',
  summary: 'guard frozen while the sidecar, which must kill ExaBGP then, is out of file descriptors',
  setting: 'supervised',
  boundMs: LEASE_TTL_SECONDS * 1000 + 500,
  strike: async (scene) => {
    const giveBack = await takeAll(scene);
    return { at: strike(scene, 'guard', 'SIGSTOP'), restore: giveBack };
  },
};

const PIPE_FULL: WithdrawPart = {
  name: 'exabgp-pipe-full',
  summary: 'ExaBGP frozen, its pipe from the guard full to the brim, and charon killed: a withdrawal is due',
  setting: 'supervised',
  boundMs: 300,
  strike: async (scene) => {
    const { lab, gateway } = scene;
    strike(scene, 'exabgp', 'SIGSTOP');
    const bytes = fillPipe(gateway.part('guard').pid);
    lab.timeline.act(`${bytes} bytes fill the pipe from guard to ExaBGP`);
    return { at: strike(scene, 'charon', 'SIGKILL'), restore: startCharon(scene) };
  },
};

export const SCARCITY_FAULTS: readonly (CalmFault | WithdrawFault)[] = [
  ...[DISK_CALM, DESCRIPTORS_CALM].map((part): CalmFault => ({ ...part, expect: 'no withdrawal' })),
  ...[DISK_WITHDRAW, DESCRIPTORS_WITHDRAW, DESCRIPTORS_GUARD, PIPE_FULL].map((part): WithdrawFault => ({
    ...part,
    expect: 'withdrawn',
  })),
];
