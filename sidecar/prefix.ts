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
 * Stepping down starts a hold-down (flap.ts), and stepping up waits for it. Who fails, but for charon being gone
 * or not proved alive, steps down only for someone better (fleet/better.ts); where nobody is, it stands in: an
 * announced prefix stays announced, a withdrawn one steps up to degraded at once and then, like every degraded
 * one, to announced after its hold-down. Here is what a prefix can be; step-prefix.ts is where it goes from there.
 */
import type { Announcement } from '../bgp/announcement.ts';
import type { Class } from '../health/reason.ts';
import { noFlaps, strike, type FlapState, type HoldDownPolicy, type Strike } from './flap.ts';
import type { Intent } from './intent.ts';
import type { Cause } from './verdict.ts';
import type { Reason } from './reason.ts';

/** `draining` and `drained` are an operator's (under-drain.ts): this machine goes on beneath them. */
export type Phase = 'cold' | 'adopted' | 'announced' | 'degraded' | 'withdrawn' | 'draining' | 'drained';

export interface PrefixState extends FlapState {
  readonly phase: Phase;
  readonly since: number;
  /** What brought it into this phase, or changed its standing there; undefined = nothing wrong. */
  readonly enteredBy: Cause | undefined;
  /** What keeps it there now. */
  readonly reason: Reason;
  readonly cause: Cause | undefined;
  /** The worst class that fails now, whatever is announced. */
  readonly verdict: Class | undefined;
  /** When that class last became worse: what the others said before it does not count against us. */
  readonly worseAt: number;
  /** The class that it stands there with although that should take it down, as nobody better is known. */
  readonly lastFor: Class | undefined;
  /** Announced behind a member that had the prefix first. */
  readonly yielding: boolean;
  /** What the predecessor announced, while adopted; else nothing. */
  readonly inherited: readonly Announcement[];
  /** An operator's order above it (force.ts); while it is in effect, `checks` is where this machine stands. */
  readonly force:
    { readonly intent: Intent; readonly checks: PrefixState; readonly isInEffect: boolean } | undefined;
  /** A drain above it (under-drain.ts), and where this machine stands beneath it. */
  readonly drain: { readonly checks: PrefixState } | undefined;
}

export interface PrefixPolicy {
  readonly prefix: string;
  readonly checks: readonly string[];
  /** `inside`: a pool of virtual addresses or such, announced so that the return path follows. */
  readonly side: 'outside' | 'inside';
  /** false: whoever comes back yields to a member that has the prefix already. */
  readonly preempt: boolean;
  /** Which choice this gateway is for the prefix: 1 is the first; undefined: all are alike. */
  readonly preference: number | undefined;
  /** Addresses of the neighbors that hear of it. */
  readonly carriers: readonly string[];
  /** What is announced in each state: routes of this prefix alone, with no neighbor in two of them. */
  readonly routes: Routes;
}

export interface Routes {
  readonly announced: readonly Announcement[];
  /** Announced, behind a member that had the prefix first (`preempt: false`). */
  readonly yielding: readonly Announcement[];
  readonly degraded: readonly Announcement[];
  readonly draining: readonly Announcement[];
}

/** Rank of preference: a lower number is a step up. */
const RANK = {
  announced: 0,
  adopted: 0,
  degraded: 1,
  draining: 1,
  withdrawn: 2,
  drained: 2,
  cold: 2,
} as const;

export const coldPrefix = (now: number): PrefixState => ({
  phase: 'cold',
  since: now,
  enteredBy: undefined,
  reason: 'starting',
  cause: undefined,
  verdict: undefined,
  worseAt: -Infinity,
  lastFor: undefined,
  yielding: false,
  ...noFlaps(now),
  inherited: [],
  force: undefined,
  drain: undefined,
});

export const adoptedPrefix = (
  now: number,
  inherited: readonly Announcement[],
  { routes }: PrefixPolicy,
): PrefixState => ({
  ...coldPrefix(now),
  phase: 'adopted',
  reason: 'adopted',
  // A predecessor that yielded goes on yielding: a restart must not move the clients.
  yielding: sameRoutes(inherited, routes.yielding) && !sameRoutes(inherited, routes.announced),
  inherited,
});

const sameRoutes = (a: readonly Announcement[], b: readonly Announcement[]): boolean =>
  a.length === b.length &&
  a.every((route) => b.some((other) => JSON.stringify(route) === JSON.stringify(other)));

export const holdsRoute = ({ phase }: Pick<PrefixState, 'phase'>): boolean =>
  phase !== 'cold' && phase !== 'withdrawn' && phase !== 'drained';

/** The routes that a prefix in this state wants, if any. */
export function wanted(state: PrefixState, { routes }: PrefixPolicy): readonly Announcement[] {
  switch (state.phase) {
    case 'announced':
      return state.yielding ? routes.yielding : routes.announced;
    case 'degraded':
      return routes.degraded;
    case 'adopted':
      return state.inherited;
    case 'draining':
      return routes.draining;
    case 'cold':
    case 'withdrawn':
    case 'drained':
      return [];
  }
}

/** When this state changes although nothing happens. */
export function wakesAt(
  { phase, holdUntil, flapHoldUntil, since }: PrefixState,
  { handoverMs }: { readonly handoverMs: number },
): readonly number[] {
  if (phase === 'adopted') return [since + handoverMs];
  return phase === 'withdrawn' || phase === 'degraded' ? [holdUntil, flapHoldUntil] : [];
}

/** One door for every change of phase; `kind`: of a step down. */
export function enter(
  state: PrefixState,
  phase: Phase,
  cause: Cause | undefined,
  hold: HoldDownPolicy,
  now: number,
  kind: Strike = 'own',
): PrefixState {
  const reason = cause?.reason ?? 'all-pass';
  const next: PrefixState = {
    ...state,
    phase,
    since: now,
    enteredBy: cause,
    reason,
    cause,
    lastFor: undefined,
    yielding: false,
    inherited: [],
  };
  if (RANK[phase] <= RANK[state.phase]) return next;
  return { ...next, ...strike(next, kind, cause?.class, hold, now) };
}

/** The same phase, with the reason that holds now. */
export function explain(
  state: PrefixState,
  reason: Reason | undefined,
  cause: Cause | undefined,
): PrefixState {
  if (reason === undefined || (state.reason === reason && sameCause(state.cause, cause))) return state;
  return { ...state, reason, cause };
}

const sameCause = (a: Cause | undefined, b: Cause | undefined): boolean =>
  a === b || (a !== undefined && a.reason === b?.reason && a.check === b.check && a.value === b.value);
