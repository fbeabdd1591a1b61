/**
 * How often a prefix may change. Pure.
 *
 *   hold-down   after every step down: no step up before it is over. It doubles with every further step down
 *               and halves with every quiet period.
 *   flap hold   after so many steps down in a window: at best degraded, for a bounded time or until an operator
 *               releases it. What moves clients to and fro is worse than any of the two ends.
 *
 * Every step down counts towards the flap hold, as each moves clients. Towards the doubling counts only what our
 * own checks do. Who steps down because another gateway is better off (again) is held down for as long as before and
 * no longer: otherwise the flaps of one would be the flaps of all.
 */
import { CLASSES, type Class } from '../health/reason.ts';

export interface HoldDownPolicy {
  readonly holdDownMs: number;
  readonly holdDownMaxMs: number;
  readonly quietMs: number;
  /** So many steps down within flapWindowMs begin a flap hold; 0 = never. */
  readonly flapLimit: number;
  readonly flapWindowMs: number;
  readonly flapHoldMs: number;
}

export interface FlapState {
  /** No step up before this moment. */
  readonly holdUntil: number;
  /** What it is for: the others are told of no better class until it is over. */
  readonly heldFor: Class | undefined;
  /** How often the hold-down has doubled, and when it last did. */
  readonly flaps: number;
  readonly flappedAt: number;
  /** The last steps down that count, oldest first; never more than flapLimit. */
  readonly downs: readonly number[];
  /** At best degraded before this moment. */
  readonly flapHoldUntil: number;
}

export const noFlaps = (now: number): FlapState => ({
  holdUntil: now,
  heldFor: undefined,
  flaps: 0,
  flappedAt: -Infinity,
  downs: [],
  flapHoldUntil: -Infinity,
});

/**
 *   own          our checks took it down
 *   borne        they would have, had there been anybody better: the hold-down counts, as it damps what the
 *                others are told, but nothing has moved
 *   for-another  nothing of ours has changed; somebody better has come
 */
export type Strike = 'own' | 'borne' | 'for-another';

const DOUBLINGS_MAXIMUM = 30;

export function strike(
  state: FlapState,
  kind: Strike,
  level: Class | undefined,
  hold: HoldDownPolicy,
  now: number,
): FlapState {
  const flaps = doublings(state, hold, now);
  const heldFor = level;
  const struck =
    kind === 'for-another'
      ? {
          ...state,
          heldFor,
          holdUntil: Math.max(state.holdUntil, now + holdDown(Math.max(0, flaps - 1), hold)),
        }
      : {
          ...state,
          heldFor,
          holdUntil: now + holdDown(flaps, hold),
          flaps: Math.min(flaps + 1, DOUBLINGS_MAXIMUM),
          flappedAt: now,
        };
  // A hold that further steps down made longer would have no bound.
  if (kind === 'borne' || isFlapHeld(state, now) || hold.flapLimit === 0) return struck;
  const since = Math.max(now - hold.flapWindowMs, state.flapHoldUntil);
  const downs = [...state.downs.filter((at) => at > since), now].slice(-hold.flapLimit);
  const flapHoldUntil = downs.length < hold.flapLimit ? state.flapHoldUntil : now + hold.flapHoldMs;
  return { ...struck, downs, flapHoldUntil };
}

const holdDown = (doubled: number, { holdDownMs, holdDownMaxMs }: HoldDownPolicy): number =>
  Math.min(holdDownMaxMs, holdDownMs * 2 ** doubled);

/** What the quiet periods since have left of them. */
const doublings = ({ flaps, flappedAt }: FlapState, { quietMs }: HoldDownPolicy, now: number): number =>
  Math.max(0, flaps - Math.floor((now - flappedAt) / quietMs));

export const isFlapHeld = ({ flapHoldUntil }: FlapState, now: number): boolean => now < flapHoldUntil;

/** How many steps down count at this moment. */
export const countedFlaps = ({ downs }: FlapState, { flapWindowMs }: HoldDownPolicy, now: number): number =>
  downs.filter((at) => at > now - flapWindowMs).length;

/** There is something for an operator to release: a hold that runs, or what may begin one. */
export const hasFlapped = (state: FlapState, hold: HoldDownPolicy, now: number): boolean =>
  now < Math.max(state.holdUntil, state.flapHoldUntil) ||
  countedFlaps(state, hold, now) > 0 ||
  doublings(state, hold, now) > 0;

/**
 * The class that the others are told: the worst that fails now, or that began the hold-down which still runs. It
 * does not depend on what is announced, and it does not improve more often than the hold-down lets it.
 */
export function toldClass(
  { heldFor, holdUntil }: FlapState,
  verdict: Class | undefined,
  now: number,
): Class | undefined {
  return now < holdUntil ? worseClass(verdict, heldFor) : verdict;
}

export const worseClass = (a: Class | undefined, b: Class | undefined): Class | undefined =>
  isWorse(b, a) ? b : a;

/** `a` is worse than `b`; nothing failing is the best of all. */
export const isWorse = (a: Class | undefined, b: Class | undefined): boolean => badness(a) < badness(b);

const badness = (level: Class | undefined): number =>
  level === undefined ? CLASSES.length : CLASSES.indexOf(level);
