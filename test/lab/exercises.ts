import type { Fault } from './outage.ts';
import { LEASE_TTL_SECONDS } from './sidecar-config.ts';

/** What a busy machine may add to the lease: the guard's timer, ExaBGP, the wire. */
const LEASE_SLACK_MS = 100;

export type ExerciseName = 'crash' | 'sidecar-kill';

export interface Exercise {
  readonly name: ExerciseName;
  readonly summary: string;
  readonly fault: Fault;
}

export const EXERCISES: readonly Exercise[] = [
  {
    name: 'crash',
    summary: "SIGKILL of the serving gateway's charon, and its return",
    fault: {
      victim: 'charon',
      kill: (gateway) => gateway.charon.kill(),
      restart: async (gateway, signal) => gateway.startCharon(signal),
      withdrawBoundMs: 5000,
    },
  },
  {
    name: 'sidecar-kill',
    summary: "SIGKILL of the serving gateway's swancast: the guard withdraws when the lease runs out",
    fault: {
      victim: 'swancast',
      kill: (gateway) => gateway.killSidecar(),
      restart: async (gateway) => Promise.resolve(gateway.startSidecar()),
      withdrawBoundMs: LEASE_TTL_SECONDS * 1000 + LEASE_SLACK_MS,
    },
  },
];
