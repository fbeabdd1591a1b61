/**
 * Emptying this gateway: the phases that a drain and an evacuation go through. Pure.
 *
 *   moving ──nobody left to move──► worsening ──routers had time──► withdrawing ──guard: route gone──► settling
 *     │   (redirect, pin first)      worse attributes                                                   │
 *     │                                                             nobody reaches us, or long enough   ▼
 *     └────────────── deadline, from anywhere ──────────────► done ◄──nobody left────────────────── terminating
 *
 * What an operator forces to be announced holds all from the withdrawal on, and takes back to it: whoever is told to go
 * while the route still leads here is back at once. The deadline counts from the end of that. It holds all, the clients
 * of other prefixes too: a client is of no prefix (a pinned one has left it, the next login of any may take another), and
 * whoever forces one prefix while all is to be emptied has to say which of both he wants.
 *
 * The order is rule 4 of the design. A redirect after the withdrawal leaves an outage, and its answers go elsewhere;
 * a terminate before it brings the client back here at once.
 */
import { act, candidates, isPending, isWaiting } from './exodus-moves.ts';
import type { Hand, MoveEffect, Moves } from './moves.ts';
import { total, within } from './pace.ts';
import type { Method } from './policy.ts';
import { sessionsOn, type Scene } from './scene.ts';
import { nameOf, type Book, type Session } from './sessions.ts';
import type { LookWish } from './look.ts';
import { inboundOf } from './stillness.ts';
import { isWatchStopped, watchOf } from './watch.ts';

export type ExodusPhase = 'moving' | 'worsening' | 'withdrawing' | 'settling' | 'terminating' | 'done';

export interface Exodus {
  readonly phase: ExodusPhase;
  readonly since: number;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly deadlineMs: number;
  /** What is forced to be announced meanwhile, each in words: while it is, this goes no further than the withdrawal. */
  readonly heldBy: readonly string[];
  readonly method: Method;
  readonly pinFirst: boolean;
  /** The one gateway to go to; undefined: all targets in turn. */
  readonly to: string | undefined;
  readonly ratePerSecond: number;
  /** undefined: all of them. */
  readonly prefixes: ReadonlySet<string> | undefined;
  /** When the routers were first told, by worse attributes or the withdrawal; before that the beginning. */
  readonly leavingAt: number;
  readonly withdrawnAt: number | undefined;
  /** Who is looked at in place of all (watch.ts). */
  readonly watched: readonly number[];
  /** The most that were here at once. */
  readonly most: number;
  readonly here: number;
  readonly redirected: number;
  readonly terminated: number;
  /** Redirected and stayed. */
  readonly ignored: number;
  /** Who is left at the deadline. */
  readonly left: readonly string[];
  readonly timedOut: boolean;
}

export interface ExodusStep {
  readonly exodus: Exodus;
  readonly book: Book;
  readonly moves: Moves;
  readonly effects: readonly MoveEffect[];
  readonly wakeAt: number | undefined;
  readonly list: LookWish | undefined;
}

/** The names that are kept of those who are left. */
const LEFT_MAXIMUM = 1000;
/** The guard ends an ExaBGP that does not acknowledge within 0.25 s; whatever holds it, the lease is over by then. */
const WITHDRAW_MAXIMUM_MS = 3000;
const BACK_MS = 500;
const LIST_MS = 500;
const LIST_URGENT_MS = 10;
/** Of all, while at most a few wait in silence. */
const LIST_WATCHING_MS = 150;

export function beginExodus(
  how: Pick<Exodus, 'method' | 'pinFirst' | 'to' | 'ratePerSecond' | 'prefixes' | 'phase' | 'deadlineMs'>,
  now: number,
): Exodus {
  return {
    ...how,
    since: now,
    startedAt: now,
    deadlineAt: now + how.deadlineMs,
    heldBy: [],
    leavingAt: now,
    withdrawnAt: undefined,
    watched: [],
    most: 0,
    here: 0,
    redirected: 0,
    terminated: 0,
    ignored: 0,
    left: [],
    timedOut: false,
  };
}

/** Where one begins that has nothing behind it: who need not move first goes on to the attributes. */
export const firstPhase = (method: Method, pinFirst: boolean): ExodusPhase =>
  method === 'redirect' || (method === 'terminate' && pinFirst) ? 'moving' : 'worsening';

export function stepExodus(before: Exodus, scene: Scene, moves: Moves, now: number): ExodusStep {
  const here = sessionsOn(scene, before.prefixes);
  let hand: Hand = { book: scene.book, moves, effects: [], nextAt: undefined, count: 0 };
  const heldBy = forcedOn(scene, before.prefixes);
  const most = Math.max(before.most, here.length);
  let exodus: Exodus = { ...before, here: here.length, most, heldBy, watched: watchOf(before, here, scene) };
  // A phase may be over at once: each is entered once at most, as they only go forward but for what is held.
  for (;;) {
    const next = nextPhase(exodus, here, scene, hand.moves, now);
    if (next === exodus.phase) break;
    exodus = enter(exodus, next, here, now);
  }
  if (isHeld(exodus)) exodus = { ...exodus, since: now, leavingAt: now, deadlineAt: now + exodus.deadlineMs };
  if (scene.isLinked && !scene.routing.stopping) {
    const acted = act(exodus, here, scene, hand, now);
    hand = acted.hand;
    exodus = { ...exodus, redirected: acted.redirected, terminated: acted.terminated };
  }
  return {
    exodus,
    book: hand.book,
    moves: hand.moves,
    effects: hand.effects,
    wakeAt: wakeAt(exodus, here, scene, hand, now),
    list: listing(exodus, hand.book),
  };
}

function nextPhase(
  exodus: Exodus,
  here: readonly Session[],
  scene: Scene,
  moves: Moves,
  now: number,
): ExodusPhase {
  const { phase, since, method } = exodus;
  const { drain } = scene.policy;
  if (isHeld(exodus)) return 'withdrawing';
  if (phase === 'done') return phase;
  if (now >= exodus.deadlineAt) return 'done';
  const routes = [...scene.routing.prefixes].filter(([prefix]) => exodus.prefixes?.has(prefix) !== false);
  const isWanted = routes.some(([, { wanted }]) => wanted);
  switch (phase) {
    case 'moving': {
      // The checks were faster.
      if (!isWanted) return 'withdrawing';
      if (now >= movingUntil(exodus, here, scene)) return 'worsening';
      const isListed = (scene.book.listedAt ?? -Infinity) >= since;
      const isMoved =
        candidates(exodus, here, scene, moves, now).length === 0 &&
        !here.some((session) => isPending(session, scene, now)) &&
        !here.some((session) => isWaiting(exodus, session, scene, moves, now));
      return isListed && isMoved ? 'worsening' : phase;
    }
    case 'worsening': {
      const isOver = now >= since + drain.worseMs;
      return !isWanted || isOver || hasStopped(exodus, here, scene) ? 'withdrawing' : phase;
    }
    case 'withdrawing': {
      if (isWanted) return phase;
      // That nobody reaches us any more says more than the guard's word, and sooner.
      const isGone = !routes.some(([, { standing }]) => standing) || hasStopped(exodus, here, scene);
      if (!isGone && now < since + WITHDRAW_MAXIMUM_MS) return phase;
      return method === 'none' ? 'done' : 'settling';
    }
    case 'settling':
      return isSettled(exodus, here, scene, now) ? 'terminating' : phase;
    case 'terminating': {
      const isListed = (scene.book.listedAt ?? -Infinity) >= since;
      // Whoever was told to go would be back by now, had he been led here again.
      const isQuiet =
        within(moves.away, now - BACK_MS).length === 0 &&
        within(scene.book.arrivals, now - BACK_MS).length === 0;
      return here.length === 0 && isListed && isQuiet ? 'done' : phase;
    }
  }
}

function enter(exodus: Exodus, phase: ExodusPhase, here: readonly Session[], now: number): Exodus {
  const next = { ...exodus, phase, since: now };
  if (exodus.phase === 'moving') {
    next.leavingAt = now;
    next.ignored = here.filter((session) => session.redirected !== undefined).length;
  }
  if (phase === 'settling') next.withdrawnAt = now;
  if (phase !== 'done') return { ...next, timedOut: false, left: [] };
  const timedOut = exodus.method !== 'none' && here.length > 0;
  return { ...next, timedOut, left: timedOut ? here.slice(0, LEFT_MAXIMUM).map(nameOf) : [] };
}

/** Nobody reaches us any more, of all or of those who are watched: the routers have moved, or are about to. */
function hasStopped(exodus: Exodus, here: readonly Session[], { book }: Scene): boolean {
  const { listedAt = -Infinity } = book;
  if (isWatchStopped(exodus, here)) return true;
  // A listing from before the routers were told knows nothing of what they do.
  return listedAt >= exodus.leavingAt && inboundOf(onAnycast(here), exodus.since, listedAt) === 'stopped';
}

/** Enough of the time is left for everything that comes after. */
function movingUntil(
  { startedAt, deadlineAt, ratePerSecond }: Exodus,
  here: readonly Session[],
  scene: Scene,
) {
  const { worseMs, settleMaxMs } = scene.policy.drain;
  const after = worseMs + settleMaxMs + (here.length / ratePerSecond) * 1100 + WITHDRAW_MAXIMUM_MS;
  return deadlineAt - Math.min((deadlineAt - startedAt) / 2, after);
}

function isSettled(exodus: Exodus, here: readonly Session[], scene: Scene, now: number): boolean {
  const { settleMs, settleMaxMs } = scene.policy.drain;
  const withdrawnAt = exodus.withdrawnAt ?? exodus.since;
  if (here.length === 0 || now >= withdrawnAt + settleMaxMs) return true;
  const listedAt = scene.book.listedAt ?? -Infinity;
  // Worse attributes may have moved them all before.
  const inbound = inboundOf(onAnycast(here), withdrawnAt - scene.policy.drain.worseMs, listedAt);
  const isListed = listedAt >= withdrawnAt;
  if (inbound !== 'nobody') return isListed && inbound === 'stopped';
  // Who logs in on an anycast address has found a route that still leads here.
  const newest = within(scene.book.arrivals, withdrawnAt);
  return isListed && now >= withdrawnAt + settleMs && total(newest) === 0;
}

function listing(exodus: Exodus, { listedAt }: Book): ExodusStep['list'] {
  const { phase, method, leavingAt, watched } = exodus;
  if (isHeld(exodus)) return undefined;
  switch (phase) {
    case 'moving':
    case 'terminating':
      return { maxAgeMs: LIST_MS, urgent: false };
    // Worse attributes move the route as a withdrawal does: clients may wait in silence from here on.
    case 'worsening':
    case 'withdrawing':
    case 'settling': {
      if (method === 'none') return undefined;
      if ((listedAt ?? -Infinity) < leavingAt) return { maxAgeMs: LIST_URGENT_MS, urgent: true };
      // Of those who send, nobody is left but them; who sends nothing waits for nothing.
      return { maxAgeMs: LIST_WATCHING_MS, urgent: watched.length > 0, watched };
    }
    case 'done':
      return undefined;
  }
}

function wakeAt(
  exodus: Exodus,
  here: readonly Session[],
  scene: Scene,
  { nextAt }: Hand,
  now: number,
): number | undefined {
  const { drain } = scene.policy;
  const { since } = exodus;
  const times = [exodus.deadlineAt, ...(nextAt === undefined ? [] : [nextAt])];
  switch (exodus.phase) {
    case 'done':
      return undefined;
    case 'moving':
      times.push(movingUntil(exodus, here, scene));
      times.push(...verifications(here, scene));
      break;
    case 'worsening':
      times.push(since + drain.worseMs);
      break;
    case 'withdrawing':
      times.push(since + WITHDRAW_MAXIMUM_MS);
      break;
    case 'settling':
      times.push(since + drain.settleMs, since + drain.settleMaxMs, since + 1001);
      break;
    case 'terminating':
      // Quiet by then, unless more was done meanwhile.
      times.push(since + BACK_MS + 1, ...verifications(here, scene));
      break;
  }
  const next = times.reduce((first, time) => (time > now ? Math.min(first, time) : first), Infinity);
  return next === Infinity ? undefined : next;
}

const verifications = (here: readonly Session[], { policy }: Scene): number[] =>
  here.flatMap(({ redirected }) => (redirected === undefined ? [] : redirected.at + policy.drain.verifyMs));

const forcedOn = ({ routing }: Scene, prefixes: Exodus['prefixes']): string[] =>
  [...routing.prefixes].flatMap(([prefix, { forced }]) =>
    forced !== undefined && prefixes?.has(prefix) !== false ? [forced] : [],
  );

const isHeld = ({ phase, heldBy }: Exodus): boolean =>
  heldBy.length > 0 && phase !== 'moving' && phase !== 'worsening';

const onAnycast = (sessions: readonly Session[]): Session[] =>
  sessions.filter(({ prefix }) => prefix !== undefined);
