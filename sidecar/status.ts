/**
 * What people and tools are shown: state and policy turned into one plain JSON object. Pure.
 * `/status`, `swancast status`, `swancast explain` and the metrics all read this and nothing else.
 */
import type { Verdict } from '../health/check.ts';
import { isUp } from '../health/hysteresis.ts';
import type { Class } from '../health/reason.ts';
import type { LeaseReport, NeighborState } from '../bgp/lease.ts';
import type { Policy, State, Transition } from './decision.ts';
import type { ForceVerb } from './intent.ts';
import { unforced } from './force.ts';
import { nextSteps } from './next-steps.ts';
import type { BgpObstacles } from './obstacles.ts';
import type { Phase, PrefixState } from './prefix.ts';
import { excerpt } from './printable.ts';
import { REASONS, type Reason } from './reason.ts';
import { troublesOf, type Trouble } from './trouble.ts';
import { evidenceOf, type Cause, type CheckState } from './verdict.ts';

/** The gateway's state for people: the best of its prefixes. */
export type GatewayState = 'starting' | 'announced' | 'degraded' | 'withdrawn' | 'stopping';

export interface Explained {
  readonly reason: Reason;
  readonly class: Class;
  readonly sentence: string;
  readonly way_out: string;
  readonly check?: string;
  readonly value?: string;
}

export interface PrefixStatus extends Explained {
  readonly prefix: string;
  readonly state: Phase;
  readonly since_seconds: number;
  /** What brought it into this state; `reason` is what keeps it there now. */
  readonly entered_by?: Explained;
  readonly hold_down_seconds: number;
  readonly flaps: number;
  readonly desired: boolean;
  readonly acknowledged: boolean;
  /** Checks that say nothing of their own, as one that they depend on is down: the cause, as a rule. */
  readonly consequences: readonly Trouble[];
  /** Checks that fail for themselves, beside the cause and no worse than it. */
  readonly also: readonly Trouble[];
  /** What would change this state next, one sentence each. */
  readonly next: readonly string[];
  /** An operator's order on this prefix. */
  readonly forced?: ForcedStatus;
}

export interface ForcedStatus {
  readonly verb: ForceVerb;
  readonly who: string;
  readonly reason: string;
  /** Wall clock, as it was ordered; what counts is the time that remains. */
  readonly since: string;
  readonly until: string;
  readonly remaining_seconds: number;
  /** false: charon gone, no proof that it lives, or no guard stands against announcing. */
  readonly in_effect: boolean;
  /** Where the checks alone would have it. */
  readonly checks: Explained & { readonly state: Phase };
}

export interface CheckStatus {
  readonly name: string;
  readonly verdict: Verdict | 'none';
  readonly up: boolean;
  readonly level: number;
  readonly rise: number;
  readonly fall: number;
  readonly required: boolean;
  readonly reason?: Reason;
  readonly class?: Class;
  readonly value?: string;
  readonly age_seconds?: number;
}

export interface TransitionStatus {
  readonly time: string;
  readonly prefix: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly reason: Reason;
  readonly check?: string;
  readonly value?: string;
}

export interface Status {
  readonly version: string;
  readonly gateway: string;
  readonly state: GatewayState;
  readonly uptime_seconds: number;
  /** How long ago charon was last proved alive; null = never. */
  readonly evidence_age_seconds: number | null;
  readonly prefixes: readonly PrefixStatus[];
  readonly checks: readonly CheckStatus[];
  readonly bgp: {
    readonly guard_connected: boolean;
    readonly lease: string;
    readonly generation: number;
    readonly neighbors: Readonly<Record<string, NeighborState>>;
    /** Why there is no guard; absent while it is connected, and until that is known. */
    readonly guard_problem?: string;
    /** Why those that are not up are not, and what ExaBGP or the far end said: for people alone. */
    readonly neighbor_reasons: Readonly<Record<string, string>>;
    /** Neighbors that keep our routes when ExaBGP dies (RFC 4724): its death is no withdrawal there. */
    readonly graceful_restart: readonly string[];
    /** Why ExaBGP cannot be told to connect at once to a router that comes back. */
    readonly redial_obstacle?: string;
  };
  /** Why `swancast force` would be refused: what is wrong with control.state_directory. */
  readonly orders_obstacle?: string;
  readonly journal: readonly TransitionStatus[];
}

export interface Identity extends Partial<BgpObstacles> {
  readonly version: string;
  readonly gateway: string;
  readonly startedAt: number;
  readonly neighbors: readonly string[];
  readonly ordersObstacle?: string;
}

export function statusOf(
  state: State,
  policy: Policy,
  identity: Identity,
  journal: readonly TransitionStatus[],
  now: number,
): Status {
  const evidence = evidenceOf(state.checks);
  const { guardProblem, redialObstacle, ordersObstacle } = identity;
  return {
    version: identity.version,
    gateway: identity.gateway,
    state: gatewayState(state),
    uptime_seconds: seconds(now - identity.startedAt),
    evidence_age_seconds: evidence === undefined ? null : seconds(now - evidence),
    prefixes: policy.prefixes.map(({ prefix }) => prefixStatus(prefix, state, policy, now)),
    checks: [...policy.checks].flatMap(([name, rule]) => {
      const check = state.checks.get(name);
      return check === undefined ? [] : [checkStatus(name, check, rule, now)];
    }),
    bgp: {
      guard_connected: state.lease !== undefined,
      lease: state.lease?.lease ?? 'unknown',
      generation: state.generation,
      ...(guardProblem === undefined || state.lease !== undefined ? {} : { guard_problem: guardProblem }),
      ...neighborStatus(identity.neighbors, state.lease, identity.neighborAdvice ?? {}),
      ...(redialObstacle === undefined ? {} : { redial_obstacle: redialObstacle }),
    },
    ...(ordersObstacle === undefined ? {} : { orders_obstacle: ordersObstacle }),
    journal,
  };
}

/** The longest text of a far end that is shown. */
const NEIGHBOR_REASON_MAXIMUM = 200;

/** Our advice first: it knows what was configured. It may have quoted what was heard already. */
function neighborReason(advice: string | undefined, heard: string | undefined): string | undefined {
  const shown = heard === undefined ? undefined : excerpt(heard, NEIGHBOR_REASON_MAXIMUM);
  if (advice === undefined || shown === undefined) return advice ?? shown;
  return advice.includes(shown) ? advice : `${advice}; last heard: ${shown}`;
}

function neighborStatus(
  addresses: readonly string[],
  lease: LeaseReport | undefined,
  advice: Readonly<Record<string, string>>,
): Pick<Status['bgp'], 'neighbors' | 'neighbor_reasons' | 'graceful_restart'> {
  const states = addresses.map((address) => [address, lease?.neighbors[address] ?? 'down'] as const);
  const reasons = states.flatMap(([address, state]) => {
    const reason = state === 'up' ? undefined : neighborReason(advice[address], lease?.reasons[address]);
    return reason === undefined ? [] : [[address, reason] as const];
  });
  return {
    neighbors: Object.fromEntries(states),
    neighbor_reasons: Object.fromEntries(reasons),
    graceful_restart: addresses.filter((address) => lease?.gracefulRestart?.includes(address) === true),
  };
}

export function gatewayState(state: State): GatewayState {
  if (state.stopping) return 'stopping';
  const phases = [...state.prefixes.values()].map(({ phase }) => phase);
  if (phases.some((phase) => phase === 'announced' || phase === 'adopted')) return 'announced';
  if (phases.includes('degraded')) return 'degraded';
  return phases.includes('withdrawn') ? 'withdrawn' : 'starting';
}

/** A reason with its words, as the log, `explain` and the journal show it. */
export function explained(reason: Reason, cause: Cause | undefined): Explained {
  const { class: natural, sentence, wayOut } = REASONS[reason];
  return {
    reason,
    class: cause?.class ?? natural,
    sentence,
    way_out: wayOut,
    ...(cause?.check === undefined ? {} : { check: cause.check }),
    ...(cause?.value === undefined ? {} : { value: cause.value }),
  };
}

/** The token of a transition: without a cause nothing is wrong. */
export const transitionReason = ({ to, cause }: Transition): Reason =>
  cause?.reason ?? (to === 'adopted' ? 'adopted' : 'all-pass');

/** One transition as a log line: its level, its fields, its sentence. */
export function transitionLine(transition: Transition): {
  readonly level: 'info' | 'warn';
  readonly fields: object;
  readonly text: string;
} {
  const { prefix, from, to, cause } = transition;
  const why = explained(transitionReason(transition), cause);
  const isForced = why.reason === 'forced-announce' || why.reason === 'forced-withdraw';
  const level = to === 'withdrawn' || to === 'degraded' || isForced ? 'warn' : 'info';
  return { level, fields: { prefix, from, to, ...why }, text: `${prefix} ${to}: ${why.sentence}` };
}

export function transitionStatus(transition: Transition, time: string): TransitionStatus {
  const { prefix, from, to, cause } = transition;
  return {
    time,
    prefix,
    from,
    to,
    reason: transitionReason(transition),
    ...(cause?.check === undefined ? {} : { check: cause.check }),
    ...(cause?.value === undefined ? {} : { value: cause.value }),
  };
}

function prefixStatus(prefix: string, state: State, policy: Policy, now: number): PrefixStatus {
  const at = state.prefixes.get(prefix);
  const rule = policy.prefixes.find((each) => each.prefix === prefix);
  if (at === undefined || rule === undefined) throw new Error(`prefix ${prefix} has no state`);
  const { consequences, others } = troublesOf(rule, unforced(at).cause, state, policy, now);
  return {
    prefix,
    state: at.phase,
    since_seconds: seconds(now - at.since),
    ...(at.enteredBy === undefined ? {} : { entered_by: explained(at.enteredBy.reason, at.enteredBy) }),
    ...explained(at.reason, at.cause),
    hold_down_seconds: seconds(Math.max(0, at.holdUntil - now)),
    flaps: at.flaps,
    desired: state.announcements.some((route) => route.prefix === prefix),
    acknowledged: state.lease?.acknowledged.includes(prefix) ?? false,
    consequences,
    also: others,
    next: nextSteps(prefix, state, policy, now),
    ...(at.force === undefined ? {} : { forced: forcedStatus(at.force, now) }),
  };
}

function forcedStatus(
  { intent, checks, isInEffect }: Exclude<PrefixState['force'], undefined>,
  now: number,
): ForcedStatus {
  const { verb, who, reason, since, until, endsAt } = intent;
  return {
    verb,
    who,
    reason,
    since,
    until,
    remaining_seconds: seconds(endsAt - now),
    in_effect: isInEffect,
    checks: { state: checks.phase, ...explained(checks.reason, checks.cause) },
  };
}

function checkStatus(
  name: string,
  { level, result, down }: CheckState,
  { rise, fall, required }: { rise: number; fall: number; required: boolean },
  now: number,
): CheckStatus {
  const reason =
    down?.reason ?? (result !== undefined && result.verdict !== 'pass' ? result.reason : undefined);
  return {
    name,
    verdict: result?.verdict ?? 'none',
    up: isUp(level, { rise, fall }),
    level,
    rise,
    fall,
    required,
    ...(reason === undefined ? {} : { reason, class: down?.class ?? REASONS[reason].class }),
    ...(result?.value === undefined ? {} : { value: result.value }),
    ...(result === undefined ? {} : { age_seconds: seconds(now - result.at) }),
  };
}

const seconds = (ms: number): number => Math.round(ms) / 1000;
