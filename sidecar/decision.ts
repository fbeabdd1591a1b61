/**
 * The decision: one pure step from an event to the next state, the effects to run and the moment to wake.
 *
 *   step(state, event, policy, now) → { state, effects, wakeAt }
 *
 * It reads no clock, starts no timer and does no I/O; `now` is monotonic milliseconds. Every state of the
 * gateway passes through here: results of checks, reports of the guard, the passing of time, the order to stop.
 */
import type { Result } from '../health/check.ts';
import type { Class } from '../health/reason.ts';
import type { LeaseReport } from '../bgp/lease.ts';
import { ask, type Asked, type AskEffect } from './ask.ts';
import { companyOf, expiries, type FleetPolicy } from './fleet/better.ts';
import type { FleetView } from './fleet/view.ts';
import { isWorse, type HoldDownPolicy } from './flap.ts';
import { inForce, underForce, unforced } from './force.ts';
import { hear } from './hear.ts';
import { byPrefix, ended, type Ended, type Intent, type Intents } from './intent.ts';
import { coldPrefix, wakesAt, wanted, type Phase, type PrefixPolicy, type PrefixState } from './prefix.ts';
import { graceCause, graceSince, isHeld, isRestarting } from './restart-grace.ts';
import { NO_SESSIONS, type SessionsEvent, type SessionsState } from './sessions/state.ts';
import type { SessionsPolicy } from './sessions/policy.ts';
import { judged, stepPrefix } from './step-prefix.ts';
import { underDrain } from './under-drain.ts';
import {
  evidenceOf,
  freshCheck,
  hurried,
  judge,
  lapsed,
  unproved,
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
  /** All that operators have ordered, in place of what they had before. */
  | { readonly type: 'intent'; readonly intents: readonly Intent[] }
  /** What is known of the other gateways, all of it. */
  | { readonly type: 'fleet'; readonly view: FleetView }
  /** An operator says that these prefixes have flapped enough: their hold-downs are over. */
  | { readonly type: 'release'; readonly prefixes: readonly string[] }
  /** Of clients, and of a drain: what comes of it is in `State.sessions` (step-all.ts). */
  | { readonly type: 'sessions'; readonly event: SessionsEvent }
  | { readonly type: 'stop' };

export interface Policy {
  readonly checks: ReadonlyMap<string, CheckPolicy>;
  readonly prefixes: readonly PrefixPolicy[];
  readonly hold: HoldDownPolicy;
  readonly lease: { readonly ttlMs: number; readonly maxAgeMs: number; readonly handoverMs: number };
  /** Absent: nobody is asked, and others are taken to be there. */
  readonly fleet?: FleetPolicy;
  readonly sessions: SessionsPolicy;
  /** How long a charon that is gone may take to come back. */
  readonly restartGraceMs: number;
}

export interface State extends Asked {
  readonly checks: ReadonlyMap<string, CheckState>;
  readonly prefixes: ReadonlyMap<string, PrefixState>;
  readonly intents: Intents;
  /** undefined until the first round of asking was over, and without a fleet. */
  readonly fleet: FleetView | undefined;
  readonly lease: LeaseReport | undefined;
  /** When we heard that the guard let our lease lapse, until there is a proof of life from after it. */
  readonly lapsedAt: number | undefined;
  /** The checks that were told to look fast. */
  readonly fast: ReadonlySet<string>;
  /** When charon went, if that began a grace. */
  readonly graceSince: number | undefined;
  readonly sessions: SessionsState;
  readonly stopping: boolean;
}

/** One change of phase, or of what it stands there by (an order, nobody better, yielding), as the journal keeps it. */
export interface Transition {
  readonly prefix: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly cause: Cause | undefined;
  readonly at: number;
}

export type Effect =
  | AskEffect
  | { readonly type: 'journal'; readonly transition: Transition }
  /** An order that nobody released is over; the state does not know it any more. */
  | ({ readonly type: 'force-ended' } & Ended)
  | { readonly type: 'pace'; readonly check: string; readonly fast: boolean }
  /** A prefix began to fail, or worse than before: whether anybody is better off counts from now on. */
  | { readonly type: 'ask-fleet' };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** Monotonic milliseconds; undefined = only an event can change anything. */
  readonly wakeAt: number | undefined;
}

export function initialState(policy: Policy, now: number): State {
  return {
    checks: new Map([...policy.checks.keys()].map((name) => [name, freshCheck(now)])),
    prefixes: new Map(policy.prefixes.map(({ prefix }) => [prefix, coldPrefix(now)])),
    intents: new Map(),
    fleet: undefined,
    lease: undefined,
    generation: 0,
    announcements: [],
    renewAt: now,
    lapsedAt: undefined,
    fast: new Set(),
    graceSince: undefined,
    sessions: NO_SESSIONS,
    stopping: false,
  };
}

export function step(before: State, event: Event, policy: Policy, now: number): Step {
  const told = hear(before, event, policy, now);
  const over = ended(told.intents, policy.prefixes, now);
  const heard = over.length === 0 ? told : { ...told, intents: without(told.intents, over) };
  const evidence = evidenceOf(heard.checks);
  const isStale = evidence !== undefined && now >= evidence + policy.lease.maxAgeMs;
  const hasLapsed = heard.lapsedAt !== undefined && (evidence ?? -Infinity) <= heard.lapsedAt;
  const since = graceSince(before.graceSince, before.checks, heard.checks, policy.checks, now);
  const isProved = evidence !== undefined && !isStale && !hasLapsed;
  const mayGrace = isProved && since !== undefined && now < since + policy.restartGraceMs;
  const context = {
    canAnnounce: heard.lease !== undefined,
    isProved,
    isStale,
    handoverMs: policy.lease.handoverMs,
  };
  const verdicts = new Map<string, Verdict>();
  const prefixes = new Map<string, PrefixState>();
  for (const rule of policy.prefixes) {
    const said = judge(rule.checks, heard.checks, policy.checks, now);
    const shown = heard.prefixes.get(rule.prefix) ?? coldPrefix(now);
    const verdict = isStale ? unproved(said, policy.checks) : hasLapsed ? lapsed(said) : said;
    const stood = judged(unforced(shown), verdict.class, now);
    const ours = { class: verdict.class, since: stood.worseAt };
    const company = companyOf(rule, policy.prefixes, ours, heard.fleet, policy.fleet, now);
    const isGraced = mayGrace && isRestarting(rule.checks, heard.checks);
    const around = { ...context, company, isGraced, preempt: rule.preempt };
    const own = stepPrefix(stood, verdict, policy.hold, around, now);
    const order = heard.intents.get(rule.prefix);
    verdicts.set(rule.prefix, verdict);
    const base = underDrain(own, rule, heard.sessions);
    prefixes.set(rule.prefix, heard.stopping ? shown : underForce(shown, base, order, verdict, context, now));
  }
  const announcements = policy.prefixes.flatMap((rule) => {
    const state = prefixes.get(rule.prefix);
    return state === undefined ? [] : wanted(state, rule);
  });
  const { asked, effects } = ask(heard, announcements, evidence, policy.lease.ttlMs, now);
  const { generation, renewAt } = asked;
  const fast = heard.checks === before.checks ? heard.fast : hurried(heard.checks, policy.checks);
  const lapsedAt = hasLapsed ? heard.lapsedAt : undefined;
  const state = {
    ...heard,
    prefixes,
    generation,
    announcements: asked.announcements,
    renewAt,
    lapsedAt,
    fast,
    graceSince: since,
  };
  return {
    state,
    // The order is the point: what goes to the wire first, what tells people afterwards.
    effects: [
      ...effects,
      ...transitions(before, state, now),
      ...over.map((each) => ({ type: 'force-ended' as const, ...each })),
      ...paces(heard.fast, fast, policy),
      ...questions(before, state, policy),
    ],
    wakeAt: wakeTime(state, verdicts, evidence, policy, now),
  };
}

const without = (intents: Intents, over: readonly Ended[]): Intents =>
  byPrefix([...intents.values()].filter((intent) => !over.some((each) => each.intent === intent)));

function transitions(before: State, after: State, now: number): Effect[] {
  return [...after.prefixes].flatMap(([prefix, state]) => {
    const old = before.prefixes.get(prefix) ?? coldPrefix(now);
    const isSame = old.phase === state.phase && old.enteredBy === state.enteredBy;
    if (isSame && inForce(old) === inForce(state) && isHeld(old) === isHeld(state)) return [];
    const cause = isHeld(state) ? graceCause(state) : state.enteredBy;
    const transition = { prefix, from: old.phase, to: state.phase, cause, at: now };
    return [{ type: 'journal' as const, transition }];
  });
}

function paces(told: ReadonlySet<string>, fast: ReadonlySet<string>, policy: Policy): Effect[] {
  if (told === fast) return [];
  return [...policy.checks.keys()].flatMap((check) =>
    told.has(check) === fast.has(check) ? [] : [{ type: 'pace' as const, check, fast: fast.has(check) }],
  );
}

function questions(before: State, after: State, { fleet }: Policy): Effect[] {
  const verdict = (state: PrefixState | undefined): Class | undefined => state && unforced(state).verdict;
  const hasBegun = [...after.prefixes].some(([prefix, state]) =>
    isWorse(verdict(state), verdict(before.prefixes.get(prefix))),
  );
  return hasBegun && fleet !== undefined ? [{ type: 'ask-fleet' }] : [];
}

function wakeTime(
  state: State,
  verdicts: ReadonlyMap<string, Verdict>,
  evidence: number | undefined,
  policy: Policy,
  now: number,
): number | undefined {
  const times: number[] = expiries(state.fleet, policy.fleet, now);
  if (evidence !== undefined) times.push(evidence + policy.lease.maxAgeMs);
  if (evidence !== undefined && state.announcements.length > 0) times.push(state.renewAt);
  if (state.graceSince !== undefined) times.push(state.graceSince + policy.restartGraceMs);
  for (const { endsAt } of state.intents.values()) times.push(endsAt);
  for (const [prefix, shown] of state.prefixes) {
    times.push(verdicts.get(prefix)?.staleAt ?? now, ...wakesAt(unforced(shown), policy.lease));
  }
  const coming = times.filter((time) => time > now);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
