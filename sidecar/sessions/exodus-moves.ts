/** Who is moved in which phase of an exodus, and how. Pure. */
import type { Exodus } from './exodus.ts';
import {
  CLIENT_REDIRECTS,
  isObedient,
  isTerminable,
  redirect,
  terminate,
  type Hand,
  type MoveEffect,
  type Moves,
  type RedirectOrder,
} from './moves.ts';
import { addressOf, type Target } from './policy.ts';
import { takesOwn, type Scene } from './scene.ts';
import type { Book, Session } from './sessions.ts';
import { isStill } from './stillness.ts';
import { isWatchStopped } from './watch.ts';

/** How old a listing may be while sessions are watched for falling silent. */
export const LIST_FAST_MS = 100;

export function act(
  exodus: Exodus,
  here: readonly Session[],
  scene: Scene,
  hand: Hand,
  now: number,
): { readonly hand: Hand; readonly redirected: number; readonly terminated: number } {
  const { ratePerSecond, phase, method } = exodus;
  let done = hand;
  let { redirected, terminated } = exodus;
  if (phase === 'moving') {
    const orders = candidates(exodus, here, scene, hand.moves, now);
    done = redirect(done, orders, method === 'redirect' ? 'away' : 'home', ratePerSecond, now);
    redirected += done.count;
  }
  if (phase === 'settling' || phase === 'terminating') {
    // The unicast address needs no route to be gone: there a redirect is still the gentler way.
    const isLate = phase === 'terminating';
    const pinned = isLate && method === 'redirect' ? here.filter(({ prefix }) => prefix === undefined) : [];
    const orders = candidates(exodus, pinned, scene, done.moves, now);
    const moved = redirect(done, orders, 'away', ratePerSecond, now);
    redirected += moved.count;
    const stopped = new Set(isWatchStopped(exodus, here) ? exodus.watched : []);
    const spared = new Set(orders.map(({ session }) => session.id));
    const rest = here.filter(
      (session) =>
        !spared.has(session.id) &&
        !isPending(session, scene, now) &&
        isTerminable(session, scene.book, now) &&
        ((isLate && !isBack(exodus, session, scene, now)) ||
          stopped.has(session.id) ||
          (session.prefix !== undefined && wasSeenSince(exodus, session) && isStill(session, LIST_FAST_MS))),
    );
    // First those who wait in silence.
    rest.sort((a, b) => rank(a) - rank(b));
    const ended = terminate(moved, rest, ratePerSecond, now);
    terminated += ended.count;
    done = { ...ended, effects: [...moved.effects, ...ended.effects], nextAt: ended.nextAt ?? moved.nextAt };
  }
  return { hand: done, redirected, terminated };
}

/** What of its orders never reached charon was not done. */
export function uncount(
  exodus: Exodus,
  { sessions }: Book,
  kind: MoveEffect['type'],
  unsent: readonly number[],
): Exodus {
  const done = kind === 'redirect' ? 'redirected' : 'terminated';
  const own = unsent.filter((id) => (sessions.get(id)?.[done]?.at ?? -Infinity) >= exodus.startedAt);
  return { ...exodus, [done]: exodus[done] - own.length };
}

/**
 * It came up on an anycast address although the route should be gone: for this client it still leads here, and at once
 * terminated it would be back at once. Not so fast, then.
 */
const isBack = (
  { withdrawnAt = Infinity }: Exodus,
  { prefix, since }: Session,
  { policy }: Scene,
  now: number,
): boolean => prefix !== undefined && since >= withdrawnAt && now < since + policy.drain.settleMaxMs;

/** It sent after the routers were told: who fell silent before that may have nothing to say. */
const wasSeenSince = ({ leavingAt }: Exodus, { traffic }: Session): boolean =>
  (traffic?.grewAt ?? -Infinity) >= leavingAt;

const rank = (session: Session): number =>
  session.prefix === undefined ? 2 : session.traffic?.grewAt === undefined ? 1 : 0;

/** Who can be redirected now, and where to. */
export function candidates(
  exodus: Exodus,
  here: readonly Session[],
  scene: Scene,
  moves: Moves,
  now: number,
): RedirectOrder[] {
  const orders: RedirectOrder[] = [];
  let turn = exodus.redirected;
  for (const session of here) {
    if (!isMovable(exodus, session, moves, now)) continue;
    const to = destination(exodus, session, scene, turn);
    if (to === undefined || (exodus.method !== 'redirect' && !takesOwn(scene, session))) continue;
    orders.push({ session, to });
    turn += 1;
  }
  return orders;
}

function isMovable(exodus: Exodus, session: Session, moves: Moves, now: number): boolean {
  if (session.redirected !== undefined || session.terminated !== undefined) return false;
  // Pinning first has nothing to do with who is pinned.
  if (exodus.method !== 'redirect' && session.prefix === undefined) return false;
  return isObedient(moves, session, CLIENT_REDIRECTS, now);
}

/** No gateway to go to just now: worth waiting for, as long as there is time. */
export const isWaiting = (
  exodus: Exodus,
  session: Session,
  scene: Scene,
  moves: Moves,
  now: number,
): boolean =>
  exodus.method === 'redirect' &&
  chosen(exodus, scene.targets).length === 0 &&
  isMovable(exodus, session, moves, now);

function destination(
  exodus: Exodus,
  { family }: Session,
  { targets, policy }: Scene,
  turn: number,
): string | undefined {
  if (exodus.method !== 'redirect') return addressOf(policy.own, family);
  const able = chosen(exodus, targets).flatMap((target) => addressOf(target, family) ?? []);
  return able[turn % Math.max(1, able.length)];
}

const chosen = ({ to }: Exodus, targets: readonly Target[]): readonly Target[] =>
  to === undefined ? targets : targets.filter(({ name }) => name === to);

/** Redirected, and may still be on its way. */
export const isPending = ({ redirected }: Session, { policy }: Scene, now: number): boolean =>
  redirected !== undefined && now < redirected.at + policy.drain.verifyMs;
