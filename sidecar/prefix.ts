/**
 * The state machine of one prefix. Pure.
 *
 *            earned                  impaired
 *    cold ───────────► announced ──────────────► degraded
 *     │                 ▲ ▲   │ ◄────────────────  │
 *     │ live lease      │ │   │   hold-down over   │
 *     ▼          earned │ │   │ gone, not serving  │
 *    adopted ───────────┘ │   ▼                    │
 *     └─────────────► withdrawn ◄──────────────────┘
 *       not earned in time   └─► announced or degraded, when earned again and the hold-down is over
 *
 * Stepping down starts a hold-down, which doubles with every further step down and halves with every
 * quiet period. Stepping down further never waits for it; only stepping up does.
 */
import type { Announcement } from '../bgp/announcement.ts';
import type { Intent } from './intent.ts';
import type { Cause, Verdict } from './verdict.ts';
import type { Reason } from './reason.ts';

export type Phase = 'cold' | 'adopted' | 'announced' | 'degraded' | 'withdrawn';

export interface PrefixState {
  readonly phase: Phase;
  readonly since: number;
  /** What brought it into this phase; undefined = nothing wrong. */
  readonly enteredBy: Cause | undefined;
  /** What keeps it there now. */
  readonly reason: Reason;
  readonly cause: Cause | undefined;
  /** No step up before this moment. */
  readonly holdUntil: number;
  /** How often the hold-down has doubled, and when it last did. */
  readonly flaps: number;
  readonly flappedAt: number;
  /** What the predecessor announced, while adopted. */
  readonly inherited: Announcement | undefined;
  /** An operator's order above it (force.ts); while it is in effect, `checks` is where this machine stands. */
  readonly force:
    { readonly intent: Intent; readonly checks: PrefixState; readonly isInEffect: boolean } | undefined;
}

export interface PrefixPolicy {
  readonly prefix: string;
  readonly checks: readonly string[];
  readonly announced: Announcement;
  readonly degraded: Announcement;
}

export interface HoldDownPolicy {
  readonly holdDownMs: number;
  readonly holdDownMaxMs: number;
  readonly quietMs: number;
}

/** Rank of preference: a lower number is a step up. */
const RANK = { announced: 0, adopted: 0, degraded: 1, withdrawn: 2, cold: 2 } as const;

export const coldPrefix = (now: number): PrefixState => ({
  phase: 'cold',
  since: now,
  enteredBy: undefined,
  reason: 'starting',
  cause: undefined,
  holdUntil: now,
  flaps: 0,
  flappedAt: -Infinity,
  inherited: undefined,
  force: undefined,
});

export const adoptedPrefix = (now: number, inherited: Announcement): PrefixState => ({
  ...coldPrefix(now),
  phase: 'adopted',
  reason: 'adopted',
  inherited,
});

export const holdsRoute = ({ phase }: PrefixState): boolean => phase !== 'cold' && phase !== 'withdrawn';

/** The route that a prefix in this state wants, or none. */
export function wanted(state: PrefixState, policy: PrefixPolicy): Announcement | undefined {
  switch (state.phase) {
    case 'announced':
      return policy.announced;
    case 'degraded':
      return policy.degraded;
    case 'adopted':
      return state.inherited;
    case 'cold':
    case 'withdrawn':
      return undefined;
  }
}

/** Where this prefix goes from here under that verdict. `canAnnounce`: the guard is there. */
export function stepPrefix(
  state: PrefixState,
  verdict: Verdict,
  hold: HoldDownPolicy,
  context: { readonly canAnnounce: boolean; readonly handoverMs: number },
  now: number,
): PrefixState {
  if (verdict.class === 'gone' || verdict.class === 'not-serving') {
    return holdsRoute(state)
      ? enter(state, 'withdrawn', verdict.cause, hold, now)
      : explain(state, verdict.cause?.reason, verdict.cause);
  }
  const target = verdict.class === 'impaired' ? 'degraded' : 'announced';
  const cause = verdict.class === 'impaired' ? verdict.cause : undefined;
  if (state.phase === 'adopted') {
    if (verdict.ready) return enter(state, target, cause, hold, now);
    if (now < state.since + context.handoverMs) return state;
    const expired = withCheck({ reason: 'adoption-expired', class: 'not-serving' }, verdict.waitingFor);
    return enter(state, 'withdrawn', expired, hold, now);
  }
  if (holdsRoute(state)) {
    const isStepUp = RANK[target] < RANK[state.phase];
    if (isStepUp && now < state.holdUntil) return explain(state, 'hold-down', cause);
    // Only a reload gets here: what is new or changed has not been heard yet.
    if (isStepUp && !verdict.ready) return state;
    return target === state.phase
      ? explain(state, cause?.reason ?? 'all-pass', cause)
      : enter(state, target, cause, hold, now);
  }
  if (!verdict.ready) {
    const why = cause ?? withCheck({ reason: 'starting', class: 'advisory' }, verdict.waitingFor);
    return explain(state, why.reason, why);
  }
  if (!context.canAnnounce) return explain(state, 'guard-absent', undefined);
  if (now < state.holdUntil) return explain(state, 'hold-down', cause);
  return enter(state, target, cause, hold, now);
}

/** When this state changes although nothing happens. */
export function wakesAt(
  { phase, holdUntil, since }: PrefixState,
  { handoverMs }: { readonly handoverMs: number },
): number | undefined {
  if (phase === 'adopted') return since + handoverMs;
  return phase === 'withdrawn' || phase === 'degraded' ? holdUntil : undefined;
}

/** One door for every change of phase. */
export function enter(
  state: PrefixState,
  phase: Phase,
  cause: Cause | undefined,
  hold: HoldDownPolicy,
  now: number,
): PrefixState {
  const reason = cause?.reason ?? 'all-pass';
  const next = { ...state, phase, since: now, enteredBy: cause, reason, cause, inherited: undefined };
  if (RANK[phase] <= RANK[state.phase]) return next;
  const quiet = Math.floor((now - state.flappedAt) / hold.quietMs);
  const flaps = Math.max(0, state.flaps - quiet);
  const wait = Math.min(hold.holdDownMaxMs, hold.holdDownMs * 2 ** flaps);
  return { ...next, flaps: Math.min(flaps + 1, 30), flappedAt: now, holdUntil: now + wait };
}

/** The same phase, with the reason that holds now. */
function explain(state: PrefixState, reason: Reason | undefined, cause: Cause | undefined): PrefixState {
  if (reason === undefined || (state.reason === reason && sameCause(state.cause, cause))) return state;
  return { ...state, reason, cause };
}

const sameCause = (a: Cause | undefined, b: Cause | undefined): boolean =>
  a === b || (a !== undefined && a.reason === b?.reason && a.check === b.check && a.value === b.value);

const withCheck = (cause: Cause, check: string | undefined): Cause =>
  check === undefined ? cause : { ...cause, check };
