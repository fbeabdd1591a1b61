/** The guard's state, what moves it, and the few verbs that its parts share. See guard-core.ts for the whole. */
import type { Announcement } from './announcement.ts';
import { announceCommand, CLEAR, showCommand, VERSION, withdrawCommand } from './command.ts';
import type { GuardMessage, LeaseMessage, LeaseReport, NeighborState } from './lease.ts';
import { acknowledged, EMPTY_LEDGER, type Ledger, type Pending } from './reconcile.ts';
import type { Reply } from './reply.ts';

export interface GuardLimits {
  readonly localAs: number;
  /** How long a lease lasts without a renewal. */
  readonly ttlMs: number;
  /** How old the evidence of a set or renewal may be. */
  readonly maxAgeMs: number;
  /** The longest hand-over. */
  readonly handoverMs: number;
  /** A withdrawal that is not acknowledged this long costs ExaBGP its life. */
  readonly ackDeadlineMs: number;
  /** How often an idle ExaBGP is asked for a sign of life. */
  readonly probeEveryMs: number;
  /** Any unanswered command this old costs ExaBGP its life. */
  readonly silenceMs: number;
  /** The same before the lease socket opens: ExaBGP may still be starting. */
  readonly coldSilenceMs: number;
  /** Silence on the pipe this long means that all stale answers have gone by. */
  readonly quietMs: number;
  /** Announcements unanswered at once: so many may be in front of a withdrawal. */
  readonly unackedMaximum: number;
  readonly refusalRetryMs: number;
  readonly clientsMaximum: number;
}

/**
 * Tuning that no user needs to see. An ExaBGP that freezes while idle is noticed within probeEveryMs + silenceMs.
 * With 8 announcements unanswered, a withdrawal waits below 10 ms on ExaBGP.
 */
export const GUARD_TUNING = {
  ackDeadlineMs: 250,
  probeEveryMs: 400,
  silenceMs: 2000,
  coldSilenceMs: 5000,
  quietMs: 30,
  unackedMaximum: 8,
  refusalRetryMs: 1000,
  clientsMaximum: 4,
} as const;

export interface Lease {
  readonly kind: LeaseReport['lease'];
  /** 0: no set was ever accepted. */
  readonly generation: number;
  /** When it lapses; undefined while there is nothing to lapse. */
  readonly until: number | undefined;
}

export interface Neighbor {
  readonly state: NeighborState;
  readonly reason: string | undefined;
  /** Negotiated on the session that is up (RFC 4724). */
  readonly gracefulRestart: boolean;
}

export interface GuardState {
  readonly phase: 'draining' | 'syncing' | 'clearing' | 'confirming' | 'open' | 'killing';
  readonly phaseAt: number;
  readonly lease: Lease;
  /** When a lease last lapsed. Proof from before it announces nothing: its sender may have stood still since. */
  readonly lapsedAt: number | undefined;
  readonly desired: readonly Announcement[];
  readonly ledger: Ledger;
  /** Connected sidecars by number; `holder` is the one whose lease it is. */
  readonly clients: readonly number[];
  readonly holder: number | undefined;
  readonly neighbors: ReadonlyMap<string, Neighbor>;
  /** Neighbors that came up and that ExaBGP was not asked about yet, or 'all'. */
  readonly unlisted: readonly string[];
  /** The neighbor that the listing on its way is about. */
  readonly listing: string;
  readonly version: string;
  /** True once the version line of the unanswered probe came: then the next `done` is its. */
  readonly versionSeen: boolean;
  readonly replyAt: number;
  /** What every client was told, as JSON; '' when one was told something else than the others. */
  readonly reported: string;
}

export type GuardEvent =
  | { readonly type: 'tick' }
  /** All lines of one read: one step, so one report. */
  | { readonly type: 'replies'; readonly replies: readonly Reply[] }
  | { readonly type: 'connected' | 'disconnected'; readonly client: number }
  | { readonly type: 'message'; readonly client: number; readonly message: LeaseMessage | string }
  | { readonly type: 'vici-closed' };

export type GuardEffect =
  | { readonly type: 'write'; readonly lines: readonly string[] }
  | { readonly type: 'send'; readonly client: number; readonly message: GuardMessage | Hello }
  | { readonly type: 'close-client'; readonly client: number }
  | { readonly type: 'open-lease' }
  | { readonly type: 'watch-vici'; readonly path: string }
  | { readonly type: 'unwatch-vici' }
  | { readonly type: 'kill-exabgp'; readonly why: string }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly text: string };

/** A hello lacks the pids: the shell knows them. */
export type Hello = { readonly type: 'hello'; readonly exabgpVersion: string } & LeaseReport;

/** What one step may change; the functions of this file and of guard-lease.ts work on it in turn. */
export interface Turn {
  state: GuardState;
  readonly effects: GuardEffect[];
  readonly now: number;
  readonly limits: GuardLimits;
}

export const coldGuard = (now: number): GuardState => ({
  phase: 'draining',
  phaseAt: now,
  lease: { kind: 'none', generation: 0, until: undefined },
  lapsedAt: undefined,
  desired: [],
  ledger: EMPTY_LEDGER,
  clients: [],
  holder: undefined,
  neighbors: new Map(),
  unlisted: [],
  listing: '',
  version: '',
  versionSeen: false,
  replyAt: now,
  reported: '',
});

/** What the clients are told. */
export function leaseReport({ lease, desired, ledger, neighbors }: GuardState): LeaseReport {
  const reasons = [...neighbors].flatMap(([address, { reason }]) =>
    reason === undefined ? [] : [[address, reason]],
  );
  return {
    generation: lease.generation,
    lease: lease.kind,
    desired,
    acknowledged: acknowledged(ledger),
    neighbors: Object.fromEntries([...neighbors].map(([address, { state }]) => [address, state])),
    reasons: Object.fromEntries(reasons) as Record<string, string>,
    gracefulRestart: [...neighbors].flatMap(([address, neighbor]) =>
      neighbor.gracefulRestart ? [address] : [],
    ),
  };
}

export function log(turn: Turn, level: 'debug' | 'info' | 'warn' | 'error', text: string): void {
  turn.effects.push({ type: 'log', level, text });
}

/** Goes to a phase and asks ExaBGP what belongs to it. */
export function enter(turn: Turn, phase: GuardState['phase'], ...commands: Pending[]): void {
  const { ledger } = turn.state;
  turn.state = {
    ...turn.state,
    phase,
    phaseAt: turn.now,
    ledger: { ...ledger, pending: [...ledger.pending, ...commands] },
  };
  write(turn, commands);
}

export function kill(turn: Turn, why: string): void {
  turn.state = { ...turn.state, phase: 'killing' };
  log(turn, 'error', `ExaBGP is killed, its closed sessions withdraw all: ${why}`);
  turn.effects.push({ type: 'kill-exabgp', why });
}

export function lapse(turn: Turn, why: string): void {
  if (turn.state.lease.kind === 'handover') turn.effects.push({ type: 'unwatch-vici' });
  const { generation } = turn.state.lease;
  log(turn, 'warn', `lease lapsed, everything is withdrawn: ${why}`);
  const lease = { kind: 'lapsed', generation, until: undefined } as const;
  turn.state = { ...turn.state, desired: [], lease, lapsedAt: turn.now };
}

export function write(turn: Turn, commands: readonly Pending[]): void {
  if (commands.length === 0) return;
  turn.effects.push({ type: 'write', lines: commands.map((part) => commandLine(part, turn.limits.localAs)) });
}

function commandLine(pending: Pending, localAs: number): string {
  switch (pending.kind) {
    case 'clear':
      return CLEAR;
    case 'probe':
      return VERSION;
    case 'show':
      return showCommand(pending.neighbor);
    case 'announce':
      return announceCommand(pending.announcement, localAs);
    case 'withdraw':
      return withdrawCommand(pending.announcement);
    default:
      return pending satisfies never;
  }
}
