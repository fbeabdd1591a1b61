/**
 * The decision: one pure step from an event to the next state, the effects to run and the moment to wake.
 *
 *   step(state, event, policy, now) → { state, effects, wakeAt }
 *
 * It reads no clock, starts no timer and does no I/O; `now` is monotonic milliseconds. Every state of the
 * gateway passes through here: results of checks, reports of the guard, the passing of time, the order to stop.
 */
import type { Result } from '../health/check.ts';
import type { Announcement } from '../bgp/announcement.ts';
import type { LeaseReport } from '../bgp/lease.ts';
import {
  adoptedPrefix,
  coldPrefix,
  enter,
  stepPrefix,
  wanted,
  type HoldDownPolicy,
  type Phase,
  type PrefixPolicy,
  type PrefixState,
} from './prefix.ts';
import {
  absorb,
  evidenceOf,
  freshCheck,
  hurried,
  judge,
  type Cause,
  type CheckPolicy,
  type CheckState,
  type Verdict,
} from './verdict.ts';

export type Event =
  | { readonly type: 'result'; readonly result: Result }
  /** The guard's word; undefined while nobody answers on the lease socket. */
  | { readonly type: 'lease'; readonly report: LeaseReport | undefined }
  | { readonly type: 'tick' }
  /** The policy of this step is a new one; `changed` names the checks that must be earned anew. */
  | { readonly type: 'reload'; readonly changed: ReadonlySet<string> }
  | { readonly type: 'stop' };

export interface Policy {
  readonly checks: ReadonlyMap<string, CheckPolicy>;
  readonly prefixes: readonly PrefixPolicy[];
  readonly hold: HoldDownPolicy;
  readonly lease: { readonly ttlMs: number; readonly maxAgeMs: number; readonly handoverMs: number };
}

export interface State {
  readonly checks: ReadonlyMap<string, CheckState>;
  readonly prefixes: ReadonlyMap<string, PrefixState>;
  readonly lease: LeaseReport | undefined;
  /** The last set that was asked for. 0 = none yet. */
  readonly generation: number;
  readonly announcements: readonly Announcement[];
  readonly renewAt: number;
  readonly stopping: boolean;
}

/** One change of phase, as the journal keeps it. */
export interface Transition {
  readonly prefix: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly cause: Cause | undefined;
  readonly at: number;
}

export type Effect =
  | {
      readonly type: 'set';
      readonly generation: number;
      readonly evidence: number;
      readonly announcements: readonly Announcement[];
    }
  | { readonly type: 'renew'; readonly generation: number; readonly evidence: number }
  | { readonly type: 'journal'; readonly transition: Transition }
  | { readonly type: 'pace'; readonly check: string; readonly fast: boolean };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** Monotonic milliseconds; undefined = only an event can change anything. */
  readonly wakeAt: number | undefined;
}

/** Renewals in a lease: three may be lost before it lapses. */
const RENEWALS_PER_TTL = 4;

export function initialState(policy: Policy, now: number): State {
  return {
    checks: new Map([...policy.checks.keys()].map((name) => [name, freshCheck(now)])),
    prefixes: new Map(policy.prefixes.map(({ prefix }) => [prefix, coldPrefix(now)])),
    lease: undefined,
    generation: 0,
    announcements: [],
    renewAt: now,
    stopping: false,
  };
}

export function step(before: State, event: Event, policy: Policy, now: number): Step {
  const heard = hear(before, event, policy, now);
  const evidence = evidenceOf(heard.checks);
  const verdicts = new Map<string, Verdict>();
  const prefixes = new Map<string, PrefixState>();
  for (const rule of policy.prefixes) {
    const verdict = underEvidence(
      judge(rule.checks, heard.checks, policy.checks, now),
      evidence,
      policy,
      now,
    );
    const context = { canAnnounce: heard.lease !== undefined, handoverMs: policy.lease.handoverMs };
    const state = heard.prefixes.get(rule.prefix) ?? coldPrefix(now);
    verdicts.set(rule.prefix, verdict);
    prefixes.set(rule.prefix, heard.stopping ? state : stepPrefix(state, verdict, policy.hold, context, now));
  }
  const announcements = policy.prefixes.flatMap((rule) => {
    const state = prefixes.get(rule.prefix);
    return (state && wanted(state, rule)) ?? [];
  });
  const asked = ask({ ...heard, prefixes }, announcements, evidence, policy, now);
  return {
    state: asked.state,
    // The order is the point: what goes to the wire first, what tells people afterwards.
    effects: [
      ...asked.effects,
      ...transitions(before, asked.state, now),
      ...paces(before, asked.state, policy),
    ],
    wakeAt: wakeTime(asked.state, verdicts, evidence, policy, now),
  };
}

/** The event itself, before anything is judged. */
function hear(state: State, event: Event, policy: Policy, now: number): State {
  switch (event.type) {
    case 'result': {
      const { check } = event.result;
      const rule = policy.checks.get(check);
      const known = state.checks.get(check);
      if (rule === undefined || known === undefined) return state;
      return { ...state, checks: new Map(state.checks).set(check, absorb(known, event.result, rule)) };
    }
    case 'lease':
      return hearGuard(state, event.report, policy, now);
    case 'stop':
      return {
        ...state,
        stopping: true,
        prefixes: withdrawAll(state, { reason: 'stopping', class: 'advisory' }, policy, now),
      };
    case 'reload':
      return hearPolicy(state, event.changed, policy, now);
    case 'tick':
      return state;
  }
}

/** What is known by name stays; what is new starts unknown, and counts for nothing until it was heard. */
function hearPolicy(state: State, changed: ReadonlySet<string>, policy: Policy, now: number): State {
  const kept = (name: string): CheckState | undefined =>
    changed.has(name) ? undefined : state.checks.get(name);
  return {
    ...state,
    checks: new Map([...policy.checks.keys()].map((name) => [name, kept(name) ?? freshCheck(now)])),
    prefixes: new Map(
      policy.prefixes.map(({ prefix }) => [prefix, state.prefixes.get(prefix) ?? coldPrefix(now)]),
    ),
  };
}

function hearGuard(state: State, report: LeaseReport | undefined, policy: Policy, now: number): State {
  const next = { ...state, lease: report };
  if (report === undefined) return next;
  const isFirst = state.generation === 0;
  if (isFirst) {
    const held = report.lease === 'held' || report.lease === 'handover' ? report.desired : [];
    const prefixes = new Map(state.prefixes);
    for (const route of held) {
      if (prefixes.get(route.prefix)?.phase === 'cold') prefixes.set(route.prefix, adoptedPrefix(now, route));
    }
    return { ...next, generation: Math.max(1, report.generation), announcements: held, prefixes };
  }
  // A lapse counts once: the guard has withdrawn what we believed announced, so it is earned again.
  const lapsedNow = report.lease === 'lapsed' && report.generation === state.generation;
  return lapsedNow
    ? { ...next, prefixes: withdrawAll(state, { reason: 'lease-lapsed', class: 'not-serving' }, policy, now) }
    : next;
}

function withdrawAll(
  state: State,
  cause: Cause,
  policy: Policy,
  now: number,
): ReadonlyMap<string, PrefixState> {
  return new Map(
    [...state.prefixes].map(([prefix, old]) => [
      prefix,
      old.phase === 'withdrawn' || old.phase === 'cold'
        ? { ...old, reason: cause.reason, cause, enteredBy: cause }
        : enter(old, 'withdrawn', cause, policy.hold, now),
    ]),
  );
}

/** Without fresh proof that charon lives, no verdict is better than not serving. */
function underEvidence(verdict: Verdict, evidence: number | undefined, policy: Policy, now: number): Verdict {
  if (evidence === undefined || now < evidence + policy.lease.maxAgeMs) return verdict;
  if (verdict.class === 'gone' || verdict.class === 'not-serving') return verdict;
  // A check that should have proved it says best why there is no proof.
  const { cause } = verdict;
  const known = cause?.check !== undefined && policy.checks.get(cause.check)?.proves === true;
  const stale: Cause = known
    ? { ...cause, class: 'not-serving' }
    : { reason: 'evidence-stale', class: 'not-serving' };
  return { ...verdict, class: 'not-serving', cause: stale };
}

/** What the lease must be told: a new set when it changed, else a renewal when it is due. */
function ask(
  state: State,
  announcements: readonly Announcement[],
  evidence: number | undefined,
  policy: Policy,
  now: number,
): { state: State; effects: Effect[] } {
  const renewAt = now + policy.lease.ttlMs / RENEWALS_PER_TTL;
  // A withdrawal needs no evidence: `now` keeps the guard from refusing it as too old.
  const proof = announcements.length === 0 ? now : evidence;
  if (proof !== undefined && !sameSet(state.announcements, announcements)) {
    const generation = state.generation + 1;
    return {
      state: { ...state, generation, announcements, renewAt },
      effects: [{ type: 'set', generation, evidence: proof, announcements }],
    };
  }
  if (announcements.length === 0 || evidence === undefined || now < state.renewAt)
    return { state, effects: [] };
  return {
    state: { ...state, renewAt },
    effects: [{ type: 'renew', generation: state.generation, evidence }],
  };
}

function transitions(before: State, after: State, now: number): Effect[] {
  return [...after.prefixes].flatMap(([prefix, { phase, cause }]) => {
    const from = before.prefixes.get(prefix)?.phase ?? 'cold';
    return from === phase
      ? []
      : [{ type: 'journal' as const, transition: { prefix, from, to: phase, cause, at: now } }];
  });
}

function paces(before: State, after: State, policy: Policy): Effect[] {
  if (before.checks === after.checks) return [];
  const [slow, fast] = [hurried(before.checks, policy.checks), hurried(after.checks, policy.checks)];
  return [...policy.checks.keys()].flatMap((check) =>
    slow.has(check) === fast.has(check) ? [] : [{ type: 'pace' as const, check, fast: fast.has(check) }],
  );
}

function wakeTime(
  state: State,
  verdicts: ReadonlyMap<string, Verdict>,
  evidence: number | undefined,
  policy: Policy,
  now: number,
): number | undefined {
  const times: number[] = [];
  if (state.announcements.length > 0 && evidence !== undefined) {
    times.push(state.renewAt, evidence + policy.lease.maxAgeMs);
  }
  for (const [prefix, { phase, holdUntil, since }] of state.prefixes) {
    if (phase === 'withdrawn' || phase === 'degraded') times.push(holdUntil);
    if (phase === 'adopted') times.push(since + policy.lease.handoverMs);
    times.push(verdicts.get(prefix)?.staleAt ?? now);
  }
  const coming = times.filter((time) => time > now);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

const sameSet = (a: readonly Announcement[], b: readonly Announcement[]): boolean =>
  a.length === b.length && a.every((route, i) => JSON.stringify(route) === JSON.stringify(b[i]));
