/**
 * What people and tools are shown: state and policy turned into one plain JSON object. Pure.
 * `/status`, `swancast status`, `swancast explain` and the metrics all read this and nothing else.
 */
import type { Verdict } from '../health/check.ts';
import { isUp } from '../health/hysteresis.ts';
import type { Class } from '../health/reason.ts';
import type { NeighborState } from '../bgp/lease.ts';
import type { Policy, State, Transition } from './decision.ts';
import type { Phase } from './prefix.ts';
import { REASONS, type Reason } from './reason.ts';
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
  /** What would change this state next, one sentence each. */
  readonly next: readonly string[];
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
  };
  readonly journal: readonly TransitionStatus[];
}

export interface Identity {
  readonly version: string;
  readonly gateway: string;
  readonly startedAt: number;
  readonly neighbors: readonly string[];
}

export function statusOf(
  state: State,
  policy: Policy,
  identity: Identity,
  journal: readonly TransitionStatus[],
  now: number,
): Status {
  const evidence = evidenceOf(state.checks);
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
      neighbors: Object.fromEntries(
        identity.neighbors.map((address) => [address, state.lease?.neighbors[address] ?? 'down']),
      ),
    },
    journal,
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

/** One transition as a log line: its level, its fields, its sentence. */
export function transitionLine({ prefix, from, to, cause }: Transition): {
  readonly level: 'info' | 'warn';
  readonly fields: object;
  readonly text: string;
} {
  const why = explained(cause?.reason ?? 'all-pass', cause);
  const level = to === 'withdrawn' || to === 'degraded' ? 'warn' : 'info';
  return { level, fields: { prefix, from, to, ...why }, text: `${prefix} ${to}: ${why.sentence}` };
}

export const transitionStatus = (
  { prefix, from, to, cause }: Transition,
  time: string,
): TransitionStatus => ({
  time,
  prefix,
  from,
  to,
  reason: cause?.reason ?? 'all-pass',
  ...(cause?.check === undefined ? {} : { check: cause.check }),
  ...(cause?.value === undefined ? {} : { value: cause.value }),
});

function prefixStatus(prefix: string, state: State, policy: Policy, now: number): PrefixStatus {
  const at = state.prefixes.get(prefix);
  if (at === undefined) throw new Error(`prefix ${prefix} has no state`);
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
    next: nextSteps(prefix, state, policy, now),
  };
}

function nextSteps(prefix: string, state: State, policy: Policy, now: number): string[] {
  const at = state.prefixes.get(prefix);
  const rule = policy.prefixes.find((each) => each.prefix === prefix);
  if (at === undefined || rule === undefined || state.stopping) return [];
  const steps: string[] = [];
  for (const name of rule.checks) {
    const [check, limits] = [state.checks.get(name), policy.checks.get(name)];
    if (check === undefined || limits === undefined || isUp(check.level, limits)) continue;
    if (check.down === undefined && !limits.required) continue;
    const missing = limits.rise - check.level;
    steps.push(`${name} passes ${missing === 1 ? 'once more' : `${missing} times in a row`}`);
  }
  if (at.holdUntil > now && at.phase !== 'announced') {
    steps.push(`the hold-down ends in ${seconds(at.holdUntil - now)} s`);
  }
  if (at.phase === 'cold' && state.lease === undefined) steps.push('the guard answers on the lease socket');
  if (at.phase === 'adopted') {
    steps.push(`withdrawn in ${seconds(at.since + policy.lease.handoverMs - now)} s unless earned before`);
  }
  return steps;
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
