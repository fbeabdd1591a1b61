/**
 * What the checks of one prefix say together, at one moment: the worst class that holds, the one cause
 * behind it, whether an announcement is earned, and when charon was last proved alive. Pure.
 */
import type { Result } from '../health/check.ts';
import { CLASSES, type Class } from '../health/reason.ts';
import { isMoving, isUp, nextLevel, START_LEVEL, type Thresholds } from '../health/hysteresis.ts';
import { REASONS, type Reason } from './reason.ts';

export interface CheckPolicy extends Thresholds {
  /** Must be up before the first announcement, and again after every withdrawal. */
  readonly required: boolean;
  /** A pass proves charon alive and so renews the lease. */
  readonly proves: boolean;
  readonly dependsOn: readonly string[];
  /** How long it may know nothing before it counts as impaired, in milliseconds. */
  readonly maxAgeMs: number;
  /** The operator's word on how bad a failure of this check is; `gone` stays gone. */
  readonly class?: Class;
}

export interface Cause {
  readonly reason: Reason;
  readonly class: Class;
  readonly check?: string;
  readonly value?: string;
}

/**
 * A charon that only its receiver thread proves alive (its workers are stuck on a dead RADIUS server, say) goes
 * on carrying its tunnels; but one whose workers never come back is dead. So such a proof counts for this long
 * after the last pass of the same check.
 */
const STUCK_GRACE_MS = 60_000;

export const LAPSED: Cause = { reason: 'lease-lapsed', class: 'not-serving' };

export interface CheckState {
  readonly passedAt: number | undefined;
  readonly level: number;
  readonly result: Result | undefined;
  /** When it last knew (pass or fail), or when watching began. */
  readonly knownAt: number;
  /** Why it is down; undefined while up, and while it has only not risen yet. */
  readonly down: Cause | undefined;
  readonly aliveAt: number | undefined;
}

export interface Verdict {
  readonly class: Class | undefined;
  readonly cause: Cause | undefined;
  /** Everything that must rise has risen, and every check has been heard once. */
  readonly ready: boolean;
  /** Every check has been heard once, or long enough not. */
  readonly heard: boolean;
  readonly waitingFor: string | undefined;
  /** The next moment at which this verdict changes although no result arrives. */
  readonly staleAt: number | undefined;
}

export const freshCheck = (now: number): CheckState => ({
  passedAt: undefined,
  level: START_LEVEL,
  result: undefined,
  knownAt: now,
  down: undefined,
  aliveAt: undefined,
});

/** One result into one check. A fact of class gone snaps to the ground: no hysteresis asks for a second look. */
export function absorb(state: CheckState, result: Result, policy: CheckPolicy): CheckState {
  if (result.verdict === 'unknown') {
    return { ...state, result, aliveAt: aliveBy(state, result) };
  }
  const knownAt = Math.max(state.knownAt, result.at);
  if (result.verdict === 'pass') {
    const level = nextLevel(state.level, 'pass', policy);
    return {
      passedAt: newest(state.passedAt, result.at),
      level,
      result,
      knownAt,
      down: isUp(level, policy) ? undefined : state.down,
      aliveAt: policy.proves ? newest(state.aliveAt, result.at) : state.aliveAt,
    };
  }
  const cause = causeOf(result, policy);
  const level = cause.class === 'gone' ? 0 : nextLevel(state.level, 'fail', policy);
  return {
    ...state,
    level,
    result,
    knownAt,
    down: isUp(level, policy) ? undefined : cause,
    aliveAt: aliveBy(state, result),
  };
}

function aliveBy(
  { aliveAt, passedAt }: CheckState,
  result: Exclude<Result, { verdict: 'pass' }>,
): number | undefined {
  const counts =
    result.provesAlive === true && passedAt !== undefined && result.at - passedAt <= STUCK_GRACE_MS;
  return counts ? newest(aliveAt, result.at) : aliveAt;
}

/** When charon was last proved alive by any of the checks; undefined = never. */
export const evidenceOf = (checks: ReadonlyMap<string, CheckState>): number | undefined =>
  [...checks.values()].reduce<number | undefined>(
    (best, { aliveAt }) => (aliveAt === undefined ? best : newest(best, aliveAt)),
    undefined,
  );

/** Which checks should look more often: those that move, and every proof of life while one of them fails. */
export function hurried(
  states: ReadonlyMap<string, CheckState>,
  policies: ReadonlyMap<string, CheckPolicy>,
): ReadonlySet<string> {
  const checks = [...policies].flatMap(([name, policy]) => {
    const state = states.get(name);
    return state === undefined ? [] : [{ name, policy, state }];
  });
  const proofMissing = checks.some(({ policy, state }) => policy.proves && state.down !== undefined);
  const rising = ({ level, result }: CheckState, policy: CheckPolicy): boolean =>
    isMoving(level, policy) || (!isUp(level, policy) && result?.verdict === 'pass');
  return new Set(
    checks
      .filter(({ policy, state }) => rising(state, policy) || (proofMissing && policy.proves))
      .map(({ name }) => name),
  );
}

/** The verdict over the named checks at `now`. `policies` and `states` hold every name. */
export function judge(
  names: readonly string[],
  states: ReadonlyMap<string, CheckState>,
  policies: ReadonlyMap<string, CheckPolicy>,
  now: number,
): Verdict {
  let worst: Cause | undefined;
  let waitingFor: string | undefined;
  let staleAt: number | undefined;
  const silent = { vici: false, ike: false };
  let settled = false;
  let allHeard = true;
  for (const name of names) {
    const state = states.get(name);
    const policy = policies.get(name);
    if (state === undefined || policy === undefined) throw new Error(`check ${name} has no state or policy`);
    const hasGoneStale = isStale(state, policy, now);
    if (!hasGoneStale) staleAt = soonest(staleAt, state.knownAt + policy.maxAgeMs);
    if (causeBehind(name, states, policies) === undefined) {
      worst = worse(worst, state.down);
      if (hasGoneStale && state.down === undefined) worst = worse(worst, stale(name, policy, state.result));
    }
    settled ||= state.down?.reason === 'vici-silent' || state.down?.reason === 'ike-silent';
    silent.vici ||= saysSilent(state, 'vici-silent');
    silent.ike ||= saysSilent(state, 'ike-silent');
    const heard = state.result !== undefined || hasGoneStale;
    allHeard &&= heard;
    const risen = !policy.required || isUp(state.level, policy);
    if ((!heard || !risen) && waitingFor === undefined) waitingFor = name;
  }
  // One plane has fallen and the last look at the other agrees: two witnesses need no second look each.
  if (settled && silent.vici && silent.ike)
    worst = worse(worst, { reason: 'both-planes-silent', class: 'not-serving' });
  const ready = waitingFor === undefined;
  return { class: worst?.class, cause: worst, ready, heard: allHeard, waitingFor, staleAt };
}

/** It has known nothing for too long; what it said before that counts no more. */
export const isStale = ({ knownAt }: CheckState, { maxAgeMs }: CheckPolicy, now: number): boolean =>
  now >= knownAt + maxAgeMs;

/**
 * The check that is down and that the named one depends on, directly or through others: whatever the named one
 * says is a consequence. The last in the chain that is down; undefined: it speaks for itself.
 */
export function causeBehind(
  name: string,
  states: ReadonlyMap<string, CheckState>,
  policies: ReadonlyMap<string, CheckPolicy>,
): string | undefined {
  for (const other of policies.get(name)?.dependsOn ?? []) {
    const cause = causeBehind(other, states, policies);
    if (cause !== undefined) return cause;
    if (states.get(other)?.down !== undefined) return other;
  }
  return undefined;
}

/** Without fresh proof that charon lives, no verdict is better than not serving; the check that failed to prove it is named. */
export function unproved(verdict: Verdict, policies: ReadonlyMap<string, CheckPolicy>): Verdict {
  if (verdict.class === 'gone' || verdict.class === 'not-serving') return verdict;
  const stale: Cause = { reason: 'evidence-stale', class: 'not-serving' };
  const { check, reason, value } = verdict.cause ?? stale;
  const isProof = check !== undefined && policies.get(check)?.proves === true;
  if (!isProof) return { ...verdict, class: 'not-serving', cause: stale };
  const said = value === undefined ? reason : `${reason}: ${value}`;
  return { ...verdict, class: 'not-serving', cause: { ...stale, check, value: said } };
}

/** After a lapse nothing is better than not serving until charon is proved alive anew: we may have stood still. */
export function lapsed(verdict: Verdict): Verdict {
  if (verdict.class === 'gone' || verdict.class === 'not-serving') return verdict;
  return { ...verdict, class: 'not-serving', cause: LAPSED };
}

/** What a failure means: its own class, or the one that the operator gave the check. */
export function causeOf(result: Exclude<Result, { verdict: 'pass' }>, policy: CheckPolicy): Cause {
  const natural: Class = REASONS[result.reason].class;
  return {
    reason: result.reason,
    class: natural === 'gone' ? natural : (policy.class ?? natural),
    check: result.check,
    ...(result.value === undefined ? {} : { value: result.value }),
  };
}

/** The last look at this plane heard nothing at all. */
const saysSilent = ({ result }: CheckState, reason: Reason): boolean =>
  result?.verdict === 'fail' && result.reason === reason && result.provesAlive !== true;

/** What a check that knows nothing for long is worth: no more than its failure, where that only shows. */
export const stale = (check: string, policy: CheckPolicy, last: Result | undefined): Cause => ({
  reason: 'check-stale',
  class: policy.class === 'advisory' ? 'advisory' : REASONS['check-stale'].class,
  check,
  ...(last?.verdict === 'unknown' ? { value: [last.reason, last.value].filter(Boolean).join(': ') } : {}),
});

/** The worse of two causes; the first stands when they are equally bad. */
const worse = (a: Cause | undefined, b: Cause | undefined): Cause | undefined =>
  a === undefined || (b !== undefined && CLASSES.indexOf(b.class) < CLASSES.indexOf(a.class)) ? b : a;

const newest = (a: number | undefined, b: number): number => (a === undefined ? b : Math.max(a, b));
const soonest = (a: number | undefined, b: number): number => (a === undefined ? b : Math.min(a, b));
