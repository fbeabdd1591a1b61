/**
 * Pin: anycast to find a gateway, unicast to stay on it. Each new IKE_SA on an anycast address is redirected to this
 * gateway's own unicast address (RFC 5685), so that no change of routes takes an established session away. Pure.
 *
 *   ike-updown ──delay──► waiting ──announced, calm, within the rate──► pending ──gone or DELETING──► moved
 *                            │                                             │
 *                            └─ not ours to move: left alone               └─ still here: ignored, left alone
 *
 * Opt-in: it doubles logins, which is why it waits while many arrive at once, and warns where a login asks RADIUS.
 * Sessions that were there before (a start of the sidecar) are left where they are: who ignored a redirect before
 * must not get another.
 */
import { isObedient, PIN_REDIRECTS, redirect, type Moves, type RedirectOrder } from './moves.ts';
import type { Notice } from './notice.ts';
import { total, within } from './pace.ts';
import type { PartStep } from './part.ts';
import { addressOf } from './policy.ts';
import { isAnnounced, takesOwn, type Scene } from './scene.ts';
import { isLive, nameOf, type Session } from './sessions.ts';

export interface PinState {
  /** When each IKE_SA that came up may be redirected. */
  readonly waiting: ReadonlyMap<number, number>;
  /** When each was. */
  readonly pending: ReadonlyMap<number, number>;
  /** Too many arrive: not before this. */
  readonly calmAt: number;
  readonly counts: PinCounts;
  /** What was warned of already: connections, once each. */
  readonly warned: ReadonlySet<string>;
}

export interface PinCounts {
  readonly redirected: number;
  readonly moved: number;
  /** Redirected, and still here. */
  readonly ignored: number;
  /** Not redirected, since the client would not obey any more: 3 in 300 s. */
  readonly limited: number;
  /** Not redirected, since its connection does not take the unicast address, or there is none. */
  readonly unable: number;
}

export const NO_PINS: PinState = {
  waiting: new Map(),
  pending: new Map(),
  calmAt: -Infinity,
  counts: { redirected: 0, moved: 0, ignored: 0, limited: 0, unable: 0 },
  warned: new Set(),
};

export interface PinStep extends PartStep {
  readonly pin: PinState;
}

/** A storm is over when it was calm for this long. */
const CALM_MS = 1000;
/** Who ignores redirects need not be known sooner than this. */
const LIST_MS = 5000;

/** `ups`: the IKE_SAs that came up just now. `isLeaving`: a drain or an evacuation has other plans with them. */
export function stepPin(
  before: PinState,
  ups: readonly number[],
  isLeaving: boolean,
  scene: Scene,
  moves: Moves,
  now: number,
): PinStep {
  const { book, policy, routing } = scene;
  const { pin } = policy;
  const nothing = { book, moves, effects: [], notices: [], wakeAt: undefined, list: undefined };
  if (!pin.enabled || routing.stopping) return { ...nothing, pin: { ...NO_PINS, counts: before.counts } };
  const notices: Notice[] = [];
  const counts = { ...before.counts };
  const warned = new Set(before.warned);
  const pending = verified(before.pending, scene, counts, notices);
  const waiting = new Map(isLeaving ? [] : before.waiting);
  for (const id of isLeaving ? [] : ups) waiting.set(id, now + pin.delayMs);
  const perSecond = total(within(book.arrivals, now - 1000));
  const isStorm = perSecond > pin.stormPerSecond;
  if (isStorm && now >= before.calmAt) notices.push({ code: 'pin-storm', perSecond });
  const calmAt = isStorm ? now + CALM_MS : before.calmAt;
  const mayGo = scene.isLinked && now >= calmAt;
  const orders: RedirectOrder[] = [];
  let dueAt = Infinity;
  for (const [id, due] of waiting) {
    const session = book.sessions.get(id);
    if (session === undefined || !isPinnable(session, scene)) {
      waiting.delete(id);
      continue;
    }
    const to = addressOf(policy.own, session.family);
    if (to === undefined || !takesOwn(scene, session)) {
      waiting.delete(id);
      counts.unable += 1;
      if (to !== undefined) warnOnce(warned, notices, 'pin-no-local-address', session.connection, to);
      continue;
    }
    if (!isObedient(moves, session, PIN_REDIRECTS, now)) {
      waiting.delete(id);
      counts.limited += 1;
      continue;
    }
    // A route that is away would take the answers along; it may come back.
    if (session.prefix === undefined || !isAnnounced(scene, session.prefix)) continue;
    if (due > now || !mayGo) dueAt = Math.min(dueAt, Math.max(due, calmAt));
    else orders.push({ session, to });
  }
  const done = redirect({ book, moves }, orders, 'home', pin.ratePerSecond, now);
  for (const { session } of orders.slice(0, done.count)) {
    waiting.delete(session.id);
    pending.set(session.id, now);
    counts.redirected += 1;
    if (session.eap) warnOnce(warned, notices, 'pin-doubles-logins', session.connection, '');
  }
  const oldest = [...pending.values()][0];
  const verifyAt = oldest === undefined ? Infinity : oldest + pin.verifyMs;
  const wakeAt = Math.min(dueAt, done.nextAt ?? Infinity, verifyAt > now ? verifyAt : Infinity);
  return {
    pin: { waiting, pending, calmAt, counts, warned },
    book: done.book,
    moves: done.moves,
    effects: done.effects,
    notices,
    wakeAt: wakeAt === Infinity ? undefined : wakeAt,
    list: verifyAt <= now ? { maxAgeMs: Math.min(LIST_MS, now - verifyAt), urgent: false } : undefined,
  };
}

const isPinnable = (session: Session, { policy }: Scene): boolean =>
  session.prefix !== undefined &&
  session.redirected === undefined &&
  session.terminated === undefined &&
  isLive(session) &&
  !policy.ignore.includes(session.identity) &&
  (policy.connections === undefined || policy.connections.includes(session.connection));

/** Moved is who is gone, or going; ignored is who a listing shows here after all that time. */
function verified(
  pending: ReadonlyMap<number, number>,
  { book, policy }: Scene,
  counts: { -readonly [Key in keyof PinCounts]: number },
  notices: Notice[],
): Map<number, number> {
  const left = new Map<number, number>();
  for (const [id, at] of pending) {
    const session = book.sessions.get(id);
    if (session === undefined || !isLive(session)) {
      counts.moved += 1;
    } else if (session.redirected === undefined) {
      // It could not be sent; see machine.ts.
      counts.redirected -= 1;
    } else if (session.missed === 0 && (book.listedAt ?? -Infinity) >= at + policy.pin.verifyMs) {
      counts.ignored += 1;
      notices.push({ code: 'pin-ignored', identity: nameOf(session), count: counts.ignored });
    } else {
      left.set(id, at);
    }
  }
  return left;
}

function warnOnce(
  warned: Set<string>,
  notices: Notice[],
  code: 'pin-doubles-logins' | 'pin-no-local-address',
  connection: string,
  address: string,
): void {
  const key = `${code} ${connection}`;
  if (warned.has(key) || warned.size >= WARNED_MAXIMUM) return;
  warned.add(key);
  notices.push(code === 'pin-doubles-logins' ? { code, connection } : { code, connection, address });
}

/** More connections than anybody warns of in one log. */
const WARNED_MAXIMUM = 1000;
