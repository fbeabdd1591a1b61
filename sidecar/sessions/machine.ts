/**
 * All of the sessions in one step, for the dispatch of the sidecar. Pure.
 *
 *   stepSessions(state, event, facts, policy, now) → { state, effects, wakeAt }
 *
 * step-all.ts runs it around the decision, in the same dispatch: what an order wants of the announcements (wishOf)
 * holds in that very step, and what became of them is a fact of another turn of it. Who comes first has the say: the
 * drain over the evacuation, both over pinning.
 */
import type { DrainIntent } from './drain-intent.ts';
import { beginDrain, stepDrain, wishOf, type Drain, type Wishes } from './drain.ts';
import { stepEvacuation } from './evacuate.ts';
import type { Exodus } from './exodus.ts';
import { uncount } from './exodus-moves.ts';
import { nextLook, type LookWish, type NextLook } from './look.ts';
import { most, tell, unsend, type Moves } from './moves.ts';
import type { Notice } from './notice.ts';
import { stepPin } from './pin.ts';
import type { SessionsPolicy } from './policy.ts';
import type { Scene } from './scene.ts';
import { beginListing, dropListing, hearEvents, hearListing, note, replace, strike } from './sessions.ts';
import type { Facts, SessionsEvent, SessionsState, SessionsStep } from './state.ts';
import { stepSweep } from './sweep.ts';
import { trafficOf } from './traffic.ts';

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
  const ordered = effects.reduce((all, { type, ids }) => tell(all, type, ids.length), heard.ordered);
  const state: SessionsState = {
    ...heard,
    book: isAsking && only === undefined ? beginListing(pinned.book) : pinned.book,
    moves: pinned.moves,
    askedAt: isAsking ? now : heard.askedAt,
    drain: drained.drain,
    evacuation: evacuated.evacuation,
    sweep: swept.sweep,
    pin: pinned.pin,
    ordered,
    told: most(heard.told, ordered),
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
        ordered: tell(state.ordered, event.kind, -event.unsent.length),
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
