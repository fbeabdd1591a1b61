/**
 * Drain: an operator empties this gateway, and it stays withdrawn until he takes the order back. Pure.
 *
 *   redirect   clients move first (nothing lost), then the route goes, then who stayed is terminated
 *   terminate  the route goes first, then each client is told to come again, and finds another gateway
 *   none       the route goes; sessions are left to their own
 *
 * What it wants of the announcements is `wishOf`; the decision carries it out below what is forced, above the checks.
 */
import type { DrainIntent } from './drain-intent.ts';
import { beginExodus, firstPhase, stepExodus, type Exodus, type ExodusStep } from './exodus.ts';
import type { Moves } from './moves.ts';
import type { Notice } from './notice.ts';
import type { Method } from './policy.ts';
import type { Scene } from './scene.ts';

export interface Drain {
  readonly intent: DrainIntent;
  readonly exodus: Exodus;
}

/** What becomes of the announcements: by the checks, with the attributes `draining`, or nothing at all. */
export type Wish = 'as-checked' | 'draining' | 'withdrawn';

export interface Wishes {
  /** The anycast prefixes. */
  readonly outside: Wish;
  /** The way back of those who are still here: gone with the last of them. */
  readonly inside: Wish;
}

export const NO_WISHES: Wishes = { outside: 'as-checked', inside: 'as-checked' };

export function wishOf(drain: Drain | undefined): Wishes {
  if (drain === undefined) return NO_WISHES;
  const { phase, here, method } = drain.exodus;
  const inside = phase === 'done' && here === 0 && method !== 'none' ? 'withdrawn' : 'as-checked';
  switch (phase) {
    case 'moving':
      return NO_WISHES;
    case 'worsening':
      return { outside: 'draining', inside };
    case 'withdrawing':
    case 'settling':
    case 'terminating':
    case 'done':
      return { outside: 'withdrawn', inside };
  }
}

/**
 * `resumed`: kept over a restart. Who was redirected before it is not known any more, and nobody may be redirected
 * twice; so the route goes at once, and who is still here is terminated.
 */
export function beginDrain(
  intent: DrainIntent,
  before: Drain | undefined,
  scene: Scene,
  resumed: boolean,
  now: number,
): Drain {
  const method = methodOf(intent, scene);
  const { pinFirst } = scene.policy.drain;
  const { to, ratePerSecond, deadlineMs } = intent;
  if (before === undefined || before.exodus.phase === 'moving') {
    const phase = resumed ? 'withdrawing' : firstPhase(method, pinFirst);
    const fresh = { method, pinFirst, to, ratePerSecond, prefixes: undefined, phase, deadlineMs };
    return { intent, exodus: beginExodus(fresh, now) };
  }
  // The route is on its way out or gone: the new order only says how, and how long, to go on.
  const { exodus } = before;
  const phase = exodus.phase === 'done' ? 'withdrawing' : exodus.phase;
  const since = phase === exodus.phase ? exodus.since : now;
  const changed = { method, to, ratePerSecond, phase, since, startedAt: now, deadlineMs };
  return {
    intent,
    exodus: { ...exodus, ...changed, deadlineAt: now + deadlineMs, left: [], timedOut: false },
  };
}

/** Where addresses do not follow the identity, a redirected client may come up without any CHILD_SA. */
function methodOf({ move, to }: DrainIntent, { policy, targets }: Scene): Method {
  if (move !== 'auto') return move;
  const hasTarget = targets.some(({ name }) => to === undefined || name === to);
  return policy.addresses === 'identity' && hasTarget ? 'redirect' : 'terminate';
}

export interface DrainStep extends Omit<ExodusStep, 'exodus'> {
  readonly drain: Drain | undefined;
  readonly notices: readonly Notice[];
}

export function stepDrain(drain: Drain, scene: Scene, moves: Moves, now: number): DrainStep {
  const { intent } = drain;
  if (intent.endsAt !== undefined && now >= intent.endsAt) {
    const notice: Notice = { code: 'drain-ended', why: 'expired', intent };
    const nothing = { book: scene.book, moves, effects: [], wakeAt: undefined, list: undefined };
    return { ...nothing, drain: undefined, notices: [notice] };
  }
  const { exodus, ...step } = stepExodus(drain.exodus, scene, moves, now);
  const isNews = exodus.phase !== drain.exodus.phase || exodus.heldBy.join() !== drain.exodus.heldBy.join();
  const wakeAt = Math.min(step.wakeAt ?? Infinity, intent.endsAt ?? Infinity);
  return {
    ...step,
    wakeAt: wakeAt === Infinity ? undefined : wakeAt,
    drain: { intent, exodus },
    notices: isNews ? [{ code: 'drain-phase', exodus }] : [],
  };
}
