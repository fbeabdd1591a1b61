/** Where a prefix goes from where it stands, under what its checks say and who else is there. Pure. */
import type { Class } from '../health/reason.ts';
import type { Company } from './fleet/better.ts';
import { isFlapHeld, isWorse, strike, type HoldDownPolicy } from './flap.ts';
import { enter, explain, holdsRoute, type PrefixState } from './prefix.ts';
import type { Reason } from './reason.ts';
import type { Cause, Verdict } from './verdict.ts';

export interface Context {
  /** The guard is there. */
  readonly canAnnounce: boolean;
  /** charon was proved alive lately. */
  readonly isProved: boolean;
  /** It was once, and that is too long ago. */
  readonly isStale: boolean;
  /** It is gone, and may still come back (restart-grace.ts). */
  readonly isGraced: boolean;
  readonly handoverMs: number;
  readonly company: Company;
  /** Whoever comes back leaves the prefix to the one that has it. */
  readonly preempt: boolean;
}

export function stepPrefix(
  before: PrefixState,
  verdict: Verdict,
  hold: HoldDownPolicy,
  context: Context,
  now: number,
): PrefixState {
  const state = judged(before, verdict.class, now);
  return yieldOrNot(before, move(state, verdict, hold, context, now), context);
}

/** Under this verdict, which what it is worth at the others depends on: see `Company`. */
export function judged(state: PrefixState, verdict: Class | undefined, now: number): PrefixState {
  if (state.verdict === verdict) return state;
  return { ...state, verdict, worseAt: isWorse(verdict, state.verdict) ? now : state.worseAt };
}

function move(
  state: PrefixState,
  verdict: Verdict,
  hold: HoldDownPolicy,
  context: Context,
  now: number,
): PrefixState {
  const { class: level, cause } = verdict;
  const stands = state.phase === 'announced' || state.phase === 'degraded';
  if (context.isGraced && stands && level !== undefined && level !== 'advisory') {
    return explain(state, 'restart-grace', cause);
  }
  if (level === 'gone' || (level === 'not-serving' && !context.isProved)) {
    // Nobody is asked. Where nobody better is known, it is the missing proof that decides.
    const isDecisive = level !== 'gone' && context.isStale && !context.company.hasBetter;
    const why = isDecisive && cause !== undefined ? composed('evidence-stale', cause) : cause;
    return holdsRoute(state) ? enter(state, 'withdrawn', why, hold, now) : explain(state, why?.reason, why);
  }
  if ((level !== 'not-serving' && level !== 'impaired') || cause === undefined) {
    return earn(recovered(state), verdict, hold, context, now);
  }
  const { hasBetter, isAsking, isLast } = context.company;
  if (isLast) return standIn(state, level, cause, verdict, hold, context, now);
  // Before all were asked once, or anew, what stands is kept; only that.
  const isKept = state.phase === 'adopted' ? now < state.since + context.handoverMs : holdsRoute(state);
  if (hasBetter || !isKept) return earn(state, verdict, hold, context, now);
  return isAsking ? explain(state, cause.reason, cause) : bear(state, level, cause, hold, now);
}

/** With a fleet that has somebody better, or without any: what the checks earn, or have lost. */
function earn(
  state: PrefixState,
  verdict: Verdict,
  hold: HoldDownPolicy,
  context: Context,
  now: number,
): PrefixState {
  const isHeld = isFlapHeld(state, now);
  const isServing = verdict.class !== 'not-serving';
  const isIll = !isServing || verdict.class === 'impaired';
  const cause = isIll ? verdict.cause : undefined;
  if (state.phase === 'adopted' && isServing) {
    if (verdict.ready) return stepDown(state, isIll || isHeld ? 'degraded' : 'announced', cause, hold, now);
    return now < state.since + context.handoverMs
      ? explain(recovered(state), 'adopted', undefined)
      : expire(state, verdict, hold, now);
  }
  if (holdsRoute(state)) {
    if (!isServing && !isHeld) return stepDown(state, 'withdrawn', cause, hold, now);
    if (state.phase === 'degraded') return climb(state, cause, isIll, verdict, now, hold);
    return isIll ? stepDown(state, 'degraded', cause, hold, now) : explain(state, 'all-pass', undefined);
  }
  if (!isServing) return explain(state, cause?.reason, cause);
  if (!verdict.ready) {
    const why = cause ?? starting(verdict);
    return explain(state, why.reason, why);
  }
  if (!context.canAnnounce) return explain(state, 'guard-absent', undefined);
  if (now < state.holdUntil) return explain(state, 'hold-down', cause);
  if (!isHeld) return enter(state, isIll ? 'degraded' : 'announced', cause, hold, now);
  return { ...enter(state, 'degraded', flapHoldCause(cause), hold, now), cause };
}

/** Degraded: announced again when nothing speaks against it. */
function climb(
  state: PrefixState,
  cause: Cause | undefined,
  isIll: boolean,
  verdict: Verdict,
  now: number,
  hold: HoldDownPolicy,
): PrefixState {
  // By its own merit from here on, whatever it stood in for before.
  if (isFlapHeld(state, now)) return explain(recovered(state), 'flap-hold', cause);
  if (isIll) return explain(recovered(state), cause?.reason, cause);
  if (now < state.holdUntil) return explain(state, 'hold-down', cause);
  // After a reload, or after it stood in: what is required has not been heard yet.
  if (!verdict.ready) return explain(state, 'starting', starting(verdict));
  return enter(state, 'announced', undefined, hold, now);
}

/** Ill, and nobody better is known although all were asked: whoever can stand in does. */
function standIn(
  state: PrefixState,
  level: Class,
  cause: Cause,
  verdict: Verdict,
  hold: HoldDownPolicy,
  context: Context,
  now: number,
): PrefixState {
  const enterAs = (phase: 'announced' | 'degraded', from: PrefixState): PrefixState => ({
    ...enter(from, phase, lastCause(cause), hold, now),
    cause,
    lastFor: level,
  });
  const isEarned = verdict.heard && context.isProved;
  if (!holdsRoute(state)) {
    if (!isEarned) return explain(state, cause.reason, cause);
    if (!context.canAnnounce) return explain(state, 'guard-absent', cause);
    // The others may be on their way up too: announced alike, but not before they could be heard.
    const next = enterAs('degraded', state);
    return { ...next, holdUntil: Math.max(next.holdUntil, now + hold.holdDownMs) };
  }
  const borne = bear(state, level, cause, hold, now);
  switch (state.phase) {
    case 'adopted':
      if (isEarned) return enterAs('announced', borne);
      return now < state.since + context.handoverMs ? borne : expire(state, verdict, hold, now);
    case 'degraded':
      if (isFlapHeld(state, now)) return explain(borne, 'flap-hold', cause);
      return now >= borne.holdUntil && isEarned ? enterAs('announced', borne) : borne;
    case 'announced':
    case 'cold':
    case 'withdrawn':
    case 'draining':
    case 'drained':
      return borne;
  }
}

/** It stays as it is, for want of anybody better. */
function bear(
  state: PrefixState,
  level: Class,
  cause: Cause,
  hold: HoldDownPolicy,
  now: number,
): PrefixState {
  const wouldFall = level === 'not-serving' || state.phase !== 'degraded';
  const isNews = wouldFall && (state.lastFor === undefined || isWorse(level, state.lastFor));
  const known = explain(state, 'last-gateway', cause);
  if (!isNews) return known.lastFor === level ? known : { ...known, lastFor: level };
  return {
    ...known,
    ...strike(known, 'borne', level, hold, now),
    lastFor: level,
    enteredBy: lastCause(cause),
  };
}

/** It stands where it stands by its own merit (again). */
function recovered(state: PrefixState): PrefixState {
  if (state.lastFor === undefined) return state;
  const { phase } = state;
  return { ...state, lastFor: undefined, ...(phase === 'announced' ? { enteredBy: undefined } : {}) };
}

/** Down for what the checks say; to degraded at worst when that happened too often. */
function stepDown(
  state: PrefixState,
  phase: 'announced' | 'degraded' | 'withdrawn',
  cause: Cause | undefined,
  hold: HoldDownPolicy,
  now: number,
): PrefixState {
  const { lastFor } = state;
  // Nothing of ours has become worse since it stood there for want of anybody better.
  const isForAnother = lastFor !== undefined && !isWorse(cause?.class, lastFor);
  const next = enter(state, phase, cause, hold, now, isForAnother ? 'for-another' : 'own');
  if (phase === 'announced' || !isFlapHeld(next, now)) return next;
  const since = state.phase === 'degraded' ? state.since : now;
  return { ...next, phase: 'degraded', since, reason: 'flap-hold', enteredBy: flapHoldCause(cause) };
}

function expire(state: PrefixState, verdict: Verdict, hold: HoldDownPolicy, now: number): PrefixState {
  const cause = withCheck({ reason: 'adoption-expired', class: 'not-serving' }, verdict.waitingFor);
  return enter(state, 'withdrawn', cause, hold, now);
}

/** Only who comes to be announced yields, and then until nobody is known any more who has the prefix. */
function yieldOrNot(before: PrefixState, next: PrefixState, { company, preempt }: Context): PrefixState {
  if (next.phase !== 'announced') return next;
  const mayYield = before.phase === 'announced' || before.phase === 'adopted' ? before.yielding : true;
  const yielding = mayYield && !preempt && company.isTaken;
  const hasBegun = yielding && before.phase !== 'announced';
  const hasEnded = !yielding && next.yielding;
  const known = yielding && next.reason === 'all-pass' ? explain(next, 'yielding', undefined) : next;
  if (!hasBegun && !hasEnded) return known;
  const enteredBy = next.enteredBy ?? (yielding ? YIELDS : undefined);
  return { ...known, yielding, enteredBy: hasEnded && enteredBy === YIELDS ? undefined : enteredBy };
}

const YIELDS: Cause = { reason: 'yielding', class: 'advisory' };

/** For the journal: the token of its own, and the true cause in words. */
const lastCause = (cause: Cause): Cause => composed('last-gateway', cause);

const flapHoldCause = (cause: Cause | undefined): Cause =>
  cause === undefined ? { reason: 'flap-hold', class: 'advisory' } : composed('flap-hold', cause);

function composed(reason: Reason, cause: Cause): Cause {
  const { reason: true_, class: level, check, value } = cause;
  if (true_ === reason) return cause;
  const said = value === undefined ? true_ : `${true_}: ${value}`;
  return { reason, class: level, ...(check === undefined ? {} : { check }), value: said };
}

const starting = ({ waitingFor }: Verdict): Cause =>
  withCheck({ reason: 'starting', class: 'advisory' }, waitingFor);

const withCheck = (cause: Cause, check: string | undefined): Cause =>
  check === undefined ? cause : { ...cause, check };
