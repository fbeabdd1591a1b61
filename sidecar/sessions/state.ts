/** What the sessions are told, what they know, and what they want done: the types of machine.ts. */
import type { SaEvent } from '../../health/sa-event.ts';
import type { IkeSa } from '../../health/strongswan.ts';
import type { DrainIntent } from './drain-intent.ts';
import type { Drain } from './drain.ts';
import { NO_EVACUATION, type Evacuation } from './evacuate.ts';
import type { Looks } from './look.ts';
import { NO_MOVES, NOBODY_TOLD, type MoveEffect, type Moves, type Told } from './moves.ts';
import type { Notice } from './notice.ts';
import { NO_PINS, type PinState } from './pin.ts';
import type { Target } from './policy.ts';
import type { Connections, Routing } from './scene.ts';
import { EMPTY_BOOK, type Book } from './sessions.ts';
import { NO_SWEEP, type Sweep } from './sweep.ts';
import type { Seen } from './traffic.ts';

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
  /** Orders, less those that never reached charon; and the most that there were: a counter never goes back. */
  readonly ordered: Told;
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
  ordered: NOBODY_TOLD,
  told: NOBODY_TOLD,
};
