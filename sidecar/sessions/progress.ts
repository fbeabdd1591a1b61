/** Sessions as people and tools are shown them: `GET /sessions`, the part `sessions` of the status, metrics. Pure. */
import type { Exodus } from './exodus.ts';
import type { SessionsState } from './state.ts';
import type { PinCounts } from './pin.ts';
import type { MoveMethod } from './policy.ts';
import { isLive } from './sessions.ts';

export interface ExodusStatus {
  readonly method: Exodus['method'];
  readonly phase: Exodus['phase'];
  readonly phase_seconds: number;
  readonly seconds: number;
  /** null once it is done. */
  readonly deadline_seconds: number | null;
  readonly sessions: {
    /** The most that were here at once, and how many are. */
    readonly most: number;
    readonly here: number;
    readonly redirected: number;
    readonly terminated: number;
    /** Redirected, and stayed; with method redirect they are terminated in the end. */
    readonly ignored: number;
  };
  /** What an operator forces to be announced meanwhile: from the withdrawal on all waits for the end of that. */
  readonly held_by: readonly string[];
  /** The deadline passed with these still here. */
  readonly timed_out: boolean;
  readonly left: readonly string[];
}

export interface DrainStatus extends ExodusStatus {
  readonly who: string;
  readonly reason: string;
  /** Wall clock, as it was ordered. */
  readonly since: string;
  /** null: until `swancast undrain`. */
  readonly until: string | null;
  readonly remaining_seconds: number | null;
  readonly move: MoveMethod;
  /** null: every healthy gateway. */
  readonly to: string | null;
  readonly rate_per_second: number;
}

export interface SessionsStatus {
  /** IKE_SAs that carry traffic: on an anycast address, on our own unicast one, elsewhere. */
  readonly anycast: number;
  readonly pinned: number;
  readonly other: number;
  readonly pin: PinCounts & { readonly waiting: number };
  readonly swept: number;
  /** Since this process started, by anything that moves clients. */
  readonly redirected: number;
  readonly terminated: number;
  readonly drain: DrainStatus | null;
  readonly evacuation: (ExodusStatus & { readonly prefixes: readonly string[] }) | null;
}

export function sessionsStatus(state: SessionsState, now: number): SessionsStatus {
  const { book, pin, sweep, told, drain, evacuation } = state;
  const counts = { anycast: 0, pinned: 0, other: 0 };
  for (const session of book.sessions.values()) {
    if (!isLive(session)) continue;
    counts[session.prefix !== undefined ? 'anycast' : session.isOwn ? 'pinned' : 'other'] += 1;
  }
  const { exodus } = evacuation;
  return {
    ...counts,
    pin: { ...pin.counts, waiting: pin.waiting.size },
    swept: sweep.swept,
    ...told,
    drain: drain === undefined ? null : drainStatus(drain.intent, drain.exodus, now),
    evacuation:
      exodus === undefined ? null : { ...exodusStatus(exodus, now), prefixes: [...(exodus.prefixes ?? [])] },
  };
}

type Intent = Exclude<SessionsState['drain'], undefined>['intent'];

function drainStatus(intent: Intent, exodus: Exodus, now: number): DrainStatus {
  const { who, reason, since, until = null, endsAt, move, to = null } = intent;
  return {
    who,
    reason,
    since,
    until,
    remaining_seconds: endsAt === undefined ? null : seconds(Math.max(0, endsAt - now)),
    move,
    to,
    rate_per_second: intent.ratePerSecond,
    ...exodusStatus(exodus, now),
  };
}

export function exodusStatus(exodus: Exodus, now: number): ExodusStatus {
  const { phase, method, most, here, redirected, terminated, ignored, timedOut, left } = exodus;
  const isDone = phase === 'done';
  return {
    method,
    phase,
    phase_seconds: seconds(now - exodus.since),
    seconds: seconds((isDone ? exodus.since : now) - exodus.startedAt),
    deadline_seconds: isDone ? null : seconds(Math.max(0, exodus.deadlineAt - now)),
    sessions: { most, here, redirected, terminated, ignored },
    held_by: exodus.heldBy,
    timed_out: timedOut,
    left,
  };
}

const seconds = (ms: number): number => Math.round(ms) / 1000;
