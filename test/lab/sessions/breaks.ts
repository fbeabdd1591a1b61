/** What nobody announced: swancast cannot ask the clients to move, and they find out by themselves. */
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../clock.ts';
import { overrideRoute, pullCable, restoreRoute, stopCharon, untilMoved } from './acts.ts';
import type { SessionExercise, Stage } from './exercise.ts';

/** As long as a session of BGP that was reset takes to come back; longer than a client of 2 s takes to give up. */
const AWAY_MS = 8000;
const DPD_SECONDS: readonly number[] = [2, 10];

async function crash(stage: Stage): Promise<number> {
  const { lab, first } = stage;
  const at = lab.timeline.act(`SIGKILL of ${first.plan.name}'s charon`);
  await first.charon.kill().gone;
  return noteMoved(stage, at);
}

async function freeze(stage: Stage): Promise<number> {
  const { lab, first } = stage;
  const part = first.part('charon');
  const at = lab.timeline.act(`SIGSTOP of ${first.plan.name}'s charon`);
  first.signal(part, 'SIGSTOP');
  return noteMoved(stage, at);
}

async function linkDown(stage: Stage): Promise<number> {
  return noteMoved(stage, await pullCable(stage));
}

async function gracefulStop(stage: Stage): Promise<number> {
  return noteMoved(stage, await stopCharon(stage));
}

/** How long the route took, beside what the clients saw. @returns when it had moved */
export async function noteMoved(stage: Stage, at: number): Promise<number> {
  const moved = await untilMoved(stage);
  stage.note({ route_moved_ms: Math.round(moved - at) });
  return moved;
}

async function flap(stage: Stage): Promise<number> {
  const { second, signal } = stage;
  await overrideRoute(stage, second.plan);
  await delay(AWAY_MS, undefined, { signal });
  await restoreRoute(stage, second.plan);
  return monotonic();
}

const perDpd = (name: string, shows: string, act: SessionExercise['act']): readonly SessionExercise[] =>
  DPD_SECONDS.map((dpdSeconds) => ({
    name,
    variant: `dpd ${dpdSeconds} s`,
    shows: `${shows}; clients ask after ${dpdSeconds} s`,
    setup: { addresses: 'identity', dpdSeconds },
    act,
  }));

export const BREAKS: readonly SessionExercise[] = [
  ...perDpd('crash', "SIGKILL of the serving gateway's charon", crash),
  ...perDpd('freeze', "SIGSTOP of the serving gateway's charon", freeze),
  {
    name: 'link-down',
    variant: '',
    shows: 'the link between router and serving gateway goes down',
    setup: { addresses: 'identity' },
    act: linkDown,
  },
  {
    name: 'graceful-stop',
    variant: '',
    shows: 'strongSwan is stopped, and nobody drained before',
    setup: { addresses: 'identity' },
    act: gracefulStop,
  },
  {
    name: 'flap',
    variant: 'pinned',
    shows: `the route leads elsewhere for ${AWAY_MS / 1000} s and comes back; sessions on the unicast address`,
    setup: { addresses: 'identity', pinned: true },
    act: flap,
    bounds: [{ metric: 'lost', of: 'max', atMost: 1 }],
    keepsSession: true,
  },
  {
    name: 'flap',
    variant: 'on anycast',
    shows: `the route leads elsewhere for ${AWAY_MS / 1000} s and comes back; sessions on the anycast address`,
    setup: { addresses: 'identity' },
    act: flap,
  },
];
