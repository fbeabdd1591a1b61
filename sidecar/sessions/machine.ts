/**
 * All of the sessions in one step, for the dispatch of the sidecar. Pure.
 *
 *   stepSessions(state, event, facts, policy, now) → { state, effects, wakeAt }
 *
 * step-all.ts runs it around the decision, in the same dispatch: what an order wants of the announcements (wishOf)
 * holds in that very step, and what became of them is a fact of another turn of it. Who comes first has the say: the
 * drain over the evacuation, both over pinning.
 */
import type { SaEvent } from '../../health/sa-event.ts';
import type { IkeSa } from '../../health/strongswan.ts';
import type { DrainIntent } from './drain-intent.ts';
import { beginDrain, stepDrain, wishOf, type Drain, type Wishes } from './drain.ts';
import { NO_EVACUATION, stepEvacuation, type Evacuation } from './evacuate.ts';
import type { Exodus } from './exodus.ts';
import { uncount } from './exodus-moves.ts';
import { nextLook, type LookWish, type Looks, type NextLook } from './look.ts';
import { NO_MOVES, NOBODY_TOLD, tell, unsend, type MoveEffect, type Moves, type Told } from './moves.ts';
import type { Notice } from './notice.ts';
import { NO_PINS, stepPin, type PinState } from './pin.ts';
import type { SessionsPolicy, Target } from './policy.ts';
import type { Connections, Routing, Scene } from './scene.ts';
import {
  beginListing,
  dropListing,
  EMPTY_BOOK,
  hearEvents,
  hearListing,
  note,
  replace,
  strike,
  type Book,
} from './sessions.ts';
import { NO_SWEEP, stepSweep, type Sweep } from './sweep.ts';
import { trafficOf, type Seen } from './traffic.ts';

export type SessionsEvent =
  /** What charon told, in order, gathered for a moment (feed.ts). */
  | { readonly type: 'sas'; readonly events: readonly SaEvent[] }
  | {
      readonly type: 'listing';
      readonly startedAt: number;
      readonly ikeSas: readonly IkeSa[];
      /** charon's own count right after it. */
      readonly total: number | undefined;
    }
  /** What was found of the few that were asked for. */
  | { readonly type: 'sample'; readonly startedAt: number; readonly seen: readonly Seen[] }
  | { readonly type: 'listing-failed' }
  /** The link for moving is there, or not any more. */
  | { readonly type: 'link'; readonly isUp: boolean }
  | { readonly type: 'connections'; readonly connections: Connections }
  /** What became of an effect: charon does not know these IKE_SAs, or was never asked for those. */
  | {
      readonly type: 'moved';
      readonly kind: MoveEffect['type'];
      readonly gone: readonly number[];
      readonly unsent: readonly number[];
    }
  /** undefined: undrain. `resumed`: read from the file after a restart. */
  | { readonly type: 'drain'; readonly intent: DrainIntent | undefined; readonly resumed: boolean }
  /** Another gateway began to announce this prefix, or does so with better attributes than before. */
  | { readonly type: 'better-path'; readonly prefix: string; readonly gateway: string }
  | { readonly type: 'reload' }
  /** Time passed, or the routing changed. */
  | { readonly type: 'look' };

/** What the rest of the sidecar knows. */
export interface Facts {
  readonly routing: Routing;
  readonly targets: readonly Target[];
}

/** `only`: the ids of the IKE_SAs to ask for, one by one; without it all of them are listed. */
export interface ListEffect {
  readonly type: 'list';
  readonly only?: readonly number[];
}

export type SessionsEffect =
  | MoveEffect
  | ListEffect
  | { readonly type: 'notice'; readonly notice: Notice }
  /** The intent file must not bring it back. */
  | { readonly type: 'drain-ended'; readonly intent: DrainIntent };

export interface SessionsState {
  readonly book: Book;
  readonly moves: Moves;
  readonly connections: Connections | undefined;
  readonly isLinked: boolean;
  /** When the listing under way was asked for. */
  readonly askedAt: number | undefined;
  readonly listed: Looks['listed'];
  readonly sampled: Looks['sampled'];
  /** The last listing is from before the link was up, or something could not be sent since: list before all else. */
  readonly isStale: boolean;
  readonly pin: PinState;
  readonly drain: Drain | undefined;
  readonly evacuation: Evacuation;
  readonly sweep: Sweep;
  readonly told: Told;
}

export interface SessionsStep {
  readonly state: SessionsState;
  readonly effects: readonly SessionsEffect[];
  readonly wakeAt: number | undefined;
}

export const NO_SESSIONS: SessionsState = {
  book: EMPTY_BOOK,
  moves: NO_MOVES,
  connections: undefined,
  isLinked: false,
  askedAt: undefined,
  listed: { endedAt: -Infinity, tookMs: 0, failed: false },
  sampled: { endedAt: -Infinity, tookMs: 0 },
  isStale: true,
  pin: NO_PINS,
  drain: undefined,
  evacuation: NO_EVACUATION,
  sweep: NO_SWEEP,
  told: NOBODY_TOLD,
};

/** What the decision must make of the announcements. */
export const wishesOf = ({ drain }: SessionsState): Wishes => wishOf(drain);

export function stepSessions(
  before: SessionsState,
  event: SessionsEvent,
  facts: Facts,
  policy: SessionsPolicy,
  now: number,
): SessionsStep {
  const { heard, ups } = hear(before, event, policy, now);
  const { routing, targets } = facts;
  const { book, connections } = heard;
  // Nobody is moved by what may have changed unheard.
  const isLinked = heard.isLinked && !heard.isStale;
  const scene: Scene = { book, routing, targets, connections, isLinked, policy };
  const drained = decideDrain(heard.drain, event, scene, heard.moves, now);
  const isDraining = drained.drain !== undefined;
  const evacuated = stepEvacuation(
    heard.evacuation,
    isDraining,
    { ...scene, book: drained.book },
    drained.moves,
    now,
  );
  const path = event.type === 'better-path' ? event : undefined;
  const swept = stepSweep(
    heard.sweep,
    path,
    event.type === 'listing',
    { ...scene, book: evacuated.book },
    evacuated.moves,
    now,
  );
  const isLeaving = isDraining || evacuated.evacuation.exodus !== undefined;
  const pinned = stepPin(heard.pin, ups, isLeaving, { ...scene, book: swept.book }, swept.moves, now);
  const parts = [drained, evacuated, swept, pinned];
  const listing = lookOf(heard, parts, now);
  const isAsking = listing !== undefined && listing.at <= now;
  const only = listing?.watched;
  const effects = parts.flatMap((part) => part.effects);
  const state: SessionsState = {
    ...heard,
    book: isAsking && only === undefined ? beginListing(pinned.book) : pinned.book,
    moves: pinned.moves,
    askedAt: isAsking ? now : heard.askedAt,
    drain: drained.drain,
    evacuation: evacuated.evacuation,
    sweep: swept.sweep,
    pin: pinned.pin,
    told: effects.reduce((told, { type, ids }) => tell(told, type, ids.length), heard.told),
  };
  const times = [...parts.map(({ wakeAt }) => wakeAt), isAsking ? undefined : listing?.at];
  const coming = times.filter((time) => time !== undefined && time > now) as number[];
  return {
    state,
    effects: [
      ...effects,
      ...(isAsking ? [{ type: 'list' as const, ...(only === undefined ? {} : { only }) }] : []),
      ...parts.flatMap(({ notices }) => notices.map((notice) => ({ type: 'notice' as const, notice }))),
      ...drained.ended.map((intent) => ({ type: 'drain-ended' as const, intent })),
    ],
    wakeAt: coming.length === 0 ? undefined : Math.min(...coming),
  };
}

/** The event itself, before anything is decided. */
function hear(
  state: SessionsState,
  event: SessionsEvent,
  policy: SessionsPolicy,
  now: number,
): { readonly heard: SessionsState; readonly ups: readonly number[] } {
  const heard = (change: Partial<SessionsState>) => ({ heard: { ...state, ...change }, ups: [] });
  switch (event.type) {
    case 'sas': {
      const { book, ups } = hearEvents(state.book, event.events, policy, now);
      return { heard: { ...state, book }, ups };
    }
    case 'listing': {
      const book = hearListing(state.book, event.ikeSas, event.total, event.startedAt, policy, now);
      const listed = { endedAt: now, tookMs: now - event.startedAt, failed: false };
      return heard({ book, listed, askedAt: undefined, isStale: false });
    }
    case 'sample': {
      const found = new Map(event.seen.map((each) => [each.ikeSa.uniqueId, each]));
      const book = note(state.book, found.keys(), (session) => {
        const seen = found.get(session.id);
        if (seen?.ikeSa.initiatorSpi !== session.spi) return session;
        return { ...session, traffic: trafficOf(seen.ikeSa, session.traffic, seen.from, seen.until) };
      });
      return heard({ book, sampled: { endedAt: now, tookMs: now - event.startedAt }, askedAt: undefined });
    }
    case 'listing-failed': {
      const listed = { endedAt: now, tookMs: now - (state.askedAt ?? now), failed: true };
      return heard({ book: dropListing(state.book), listed, askedAt: undefined, isStale: true });
    }
    case 'link':
      // What came and went meanwhile no event tells any more.
      return heard({ isLinked: event.isUp, isStale: true });
    case 'connections':
      return heard({ connections: event.connections });
    case 'moved': {
      if (event.unsent.length === 0) return heard({ book: strike(state.book, event.gone) });
      const { book, moves } = unsend(state, event.kind, event.unsent);
      const { drain, evacuation } = state;
      const uncounted = (exodus: Exodus): Exodus => uncount(exodus, state.book, event.kind, event.unsent);
      return heard({
        book: strike(book, event.gone),
        moves,
        isStale: true,
        told: tell(state.told, event.kind, -event.unsent.length),
        drain: drain && { ...drain, exodus: uncounted(drain.exodus) },
        evacuation: { ...evacuation, exodus: evacuation.exodus && uncounted(evacuation.exodus) },
      });
    }
    case 'reload':
      return heard({ book: replace(state.book, policy) });
    case 'drain':
    case 'better-path':
    case 'look':
      return { heard: state, ups: [] };
  }
}

/** The IKE_SAs of a charon that crashed, say: no event tells of their end, and nobody may wish to see all for days. */
const WHEN_DOUBTED: LookWish = { maxAgeMs: 1000, urgent: false };

/** Nothing while there is nobody to ask, or a question is under way. */
function lookOf(
  state: SessionsState,
  parts: readonly { readonly list: LookWish | undefined }[],
  now: number,
): NextLook | undefined {
  if (!state.isLinked || state.askedAt !== undefined) return undefined;
  const wishes = parts.flatMap(({ list }) => list ?? []);
  if (state.book.isDoubted) wishes.push(WHEN_DOUBTED);
  return nextLook({ ...state, listedAt: state.book.listedAt }, wishes, now);
}

type DrainPart = ReturnType<typeof stepDrain> & { readonly ended: readonly DrainIntent[] };

function decideDrain(
  before: Drain | undefined,
  event: SessionsEvent,
  scene: Scene,
  moves: Moves,
  now: number,
): DrainPart {
  const nothing = { book: scene.book, moves, effects: [], wakeAt: undefined, list: undefined };
  const isOrder = event.type === 'drain';
  if (isOrder && event.intent === undefined) {
    const notices: Notice[] =
      before === undefined ? [] : [{ code: 'drain-ended', why: 'undrained', intent: before.intent }];
    return { ...nothing, drain: undefined, notices, ended: [] };
  }
  const drain =
    isOrder && event.intent !== undefined
      ? beginDrain(event.intent, before, scene, event.resumed, now)
      : before;
  if (drain === undefined) return { ...nothing, drain, notices: [], ended: [] };
  const step = stepDrain(drain, scene, moves, now);
  const isBegun = drain !== before && step.drain !== undefined && step.notices.length === 0;
  const begun: Notice[] = isBegun ? [{ code: 'drain-phase', exodus: step.drain.exodus }] : [];
  return {
    ...step,
    notices: [...begun, ...step.notices],
    ended: step.drain === undefined ? [drain.intent] : [],
  };
}
