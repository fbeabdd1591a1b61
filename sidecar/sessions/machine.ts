/**
 * All of the sessions in one step, for the dispatch of the sidecar. Pure.
 *
 *   stepSessions(state, event, facts, policy, now) → { state, effects, wakeAt }
 *
 * It runs before the decision in the same dispatch: what an order wants of the announcements (wishOf) holds in that
 * very step; what became of it is a fact of the next one. Who comes first has the say: the drain over the evacuation,
 * both over pinning.
 */
import type { SaEvent } from '../../health/sa-event.ts';
import type { IkeSa } from '../../health/strongswan.ts';
import type { DrainIntent } from './drain-intent.ts';
import { beginDrain, stepDrain, wishOf, type Drain, type Wishes } from './drain.ts';
import { NO_EVACUATION, stepEvacuation, type Evacuation } from './evacuate.ts';
import { NO_MOVES, type MoveEffect, type Moves } from './moves.ts';
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

export type SessionsEffect =
  | MoveEffect
  | { readonly type: 'list' }
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
  /** When the last one ended, and how long to wait after it. */
  readonly listed: { readonly endedAt: number; readonly tookMs: number; readonly failed: boolean };
  /** The last listing is from before the link was up, or something could not be sent since: list before all else. */
  readonly isStale: boolean;
  readonly pin: PinState;
  readonly drain: Drain | undefined;
  readonly evacuation: Evacuation;
  readonly sweep: Sweep;
  /** IKE_SAs that charon was told to move, since the start. */
  readonly told: { readonly redirected: number; readonly terminated: number };
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
  isStale: true,
  pin: NO_PINS,
  drain: undefined,
  evacuation: NO_EVACUATION,
  sweep: NO_SWEEP,
  told: { redirected: 0, terminated: 0 },
};

/** What the decision must make of the announcements. */
export const wishesOf = ({ drain }: SessionsState): Wishes => wishOf(drain);

/** A listing takes at most one fifth of charon's time, or half of it while clients wait in silence. */
const PAUSE = { calm: 4, urgent: 1 } as const;
const PAUSE_MINIMUM_MS = 10;
const PAUSE_FAILED_MS = 500;

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
  const listing = nextListing(heard, parts, now);
  const isAsking = listing !== undefined && listing <= now;
  const effects = parts.flatMap((part) => part.effects);
  const state: SessionsState = {
    ...heard,
    book: isAsking ? beginListing(pinned.book) : pinned.book,
    moves: pinned.moves,
    askedAt: isAsking ? now : heard.askedAt,
    drain: drained.drain,
    evacuation: evacuated.evacuation,
    sweep: swept.sweep,
    pin: pinned.pin,
    told: counted(heard.told, effects),
  };
  const times = [...parts.map(({ wakeAt }) => wakeAt), isAsking ? undefined : listing];
  const coming = times.filter((time) => time !== undefined && time > now) as number[];
  return {
    state,
    effects: [
      ...effects,
      ...(isAsking ? [{ type: 'list' as const }] : []),
      ...parts.flatMap(({ notices }) => notices.map((notice) => ({ type: 'notice' as const, notice }))),
      ...drained.ended.map((intent) => ({ type: 'drain-ended' as const, intent })),
    ],
    wakeAt: coming.length === 0 ? undefined : Math.min(...coming),
  };
}

function counted(before: SessionsState['told'], effects: readonly MoveEffect[]): SessionsState['told'] {
  if (effects.length === 0) return before;
  const of = (type: MoveEffect['type']): number =>
    effects.reduce((sum, effect) => sum + (effect.type === type ? effect.ids.length : 0), 0);
  return {
    redirected: before.redirected + of('redirect'),
    terminated: before.terminated + of('terminate'),
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
      const book = hearListing(state.book, event.ikeSas, event.total, event.startedAt, policy);
      const listed = { endedAt: now, tookMs: now - event.startedAt, failed: false };
      return heard({ book, listed, askedAt: undefined, isStale: false });
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
      const unmarked = note(state.book, event.unsent, (session) =>
        event.kind === 'redirect'
          ? { ...session, redirected: undefined }
          : { ...session, terminated: undefined },
      );
      const book = strike(unmarked, event.gone);
      return heard(event.unsent.length === 0 ? { book } : { book, isStale: true });
    }
    case 'reload':
      return heard({ book: replace(state.book, policy) });
    case 'drain':
    case 'better-path':
    case 'look':
      return { heard: state, ups: [] };
  }
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

/** When charon is to be listed next: as soon as somebody needs it, but not so often that it does nothing else. */
function nextListing(
  { book, isLinked, isStale, askedAt, listed }: SessionsState,
  parts: readonly { readonly list: { readonly maxAgeMs: number; readonly urgent: boolean } | undefined }[],
  now: number,
): number | undefined {
  if (!isLinked || askedAt !== undefined) return undefined;
  const wishes = parts.flatMap(({ list }) => list ?? []);
  if (isStale) wishes.push({ maxAgeMs: 0, urgent: false });
  if (wishes.length === 0) return undefined;
  const due = (book.listedAt ?? -Infinity) + Math.min(...wishes.map(({ maxAgeMs }) => maxAgeMs));
  const isUrgent = wishes.some(({ urgent }) => urgent);
  const least = listed.failed ? PAUSE_FAILED_MS : PAUSE_MINIMUM_MS;
  const pause = Math.max(least, listed.tookMs * (isUrgent ? PAUSE.urgent : PAUSE.calm));
  return Math.max(isStale ? now : due, listed.endedAt + pause);
}
