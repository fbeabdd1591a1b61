/**
 * What people and tools are shown: state and policy turned into one plain JSON object. Pure.
 * `/status`, `swancast status`, `swancast explain` and the metrics all read this and nothing else.
 */
import type { BfdPeer, BfdState } from '../health/bfd-peers.ts';
import type { Verdict } from '../health/check.ts';
import { isUp } from '../health/hysteresis.ts';
import type { Class } from '../health/reason.ts';
import type { LeaseReport, NeighborState } from '../bgp/lease.ts';
import type { Policy, State } from './decision.ts';
import { fleetStatus, type FleetStatus } from './fleet-status.ts';
import type { GatewayState } from './gateway-state.ts';
import type { BgpObstacles } from './obstacles.ts';
import { prefixStatus, type PrefixStatus } from './prefix-status.ts';
import { excerpt } from './printable.ts';
import { REASONS, type Reason } from './reason.ts';
import { sessionsStatus, type SessionsStatus } from './sessions/progress.ts';
import type { TransitionStatus } from './transition.ts';
import { evidenceOf, type CheckState } from './verdict.ts';

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
  /** BFD sessions with routers, by their addresses, as FRR's bfdd tells them; absent without a check `bfd` that knows. */
  readonly bfd?: Readonly<Record<string, BfdState>>;
  /** Why `swancast force` would be refused: what is wrong with control.state_directory. */
  readonly orders_obstacle?: string;
  /** The clients, and what moves them; who is left is named on the control socket alone (`/sessions`). */
  readonly sessions: SessionsStatus;
  /** What is known of the other gateways; absent without a fleet. */
  readonly fleet?: FleetStatus;
  readonly journal: readonly TransitionStatus[];
}

export interface Identity extends Partial<BgpObstacles> {
  readonly version: string;
  readonly gateway: string;
  readonly startedAt: number;
  readonly neighbors: readonly string[];
  readonly ordersObstacle?: string;
  /** What checks `bfd` saw; undefined: it is not known. */
  readonly bfd?: readonly BfdPeer[] | undefined;
}

export function statusOf(
  state: State,
  policy: Policy,
  identity: Identity,
  journal: readonly TransitionStatus[],
  now: number,
): Status {
  const evidence = evidenceOf(state.checks);
  const { guardProblem, redialObstacle, ordersObstacle, bfd } = identity;
  const fleet = fleetStatus(state, policy, now);
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
    ...(bfd === undefined
      ? {}
      : { bfd: Object.fromEntries(bfd.map(({ peer, state: word }) => [peer, word])) }),
    ...(ordersObstacle === undefined ? {} : { orders_obstacle: ordersObstacle }),
    sessions: withoutNames(sessionsStatus(state.sessions, now)),
    ...(fleet === undefined ? {} : { fleet }),
    journal,
  };
}

function drainState(drain: State['sessions']['drain']): 'draining' | 'drained' | undefined {
  if (drain === undefined) return undefined;
  return drain.exodus.phase === 'done' ? 'drained' : 'draining';
}

/** Whoever may read the status need not learn who the clients are. */
const withoutNames = (sessions: SessionsStatus): SessionsStatus => ({
  ...sessions,
  drain: sessions.drain && { ...sessions.drain, left: [] },
  evacuation: sessions.evacuation && { ...sessions.evacuation, left: [] },
});

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
  // What people ordered goes before what inside prefixes, or forced ones, still are.
  const word = drainState(state.sessions.drain);
  if (word !== undefined) return word;
  const phases = [...state.prefixes.values()].map(({ phase }) => phase);
  if (phases.some((phase) => phase === 'announced' || phase === 'adopted')) return 'announced';
  if (phases.includes('degraded')) return 'degraded';
  return phases.includes('withdrawn') ? 'withdrawn' : 'starting';
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
