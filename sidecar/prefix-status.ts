/** One prefix as people and tools are shown it. Pure. */
import type { Class } from '../health/reason.ts';
import type { Policy, State } from './decision.ts';
import { explained, type Explained } from './explained.ts';
import { betterFor } from './fleet/better.ts';
import { countedFlaps, toldClass } from './flap.ts';
import { unforced } from './force.ts';
import type { ForceVerb } from './intent.ts';
import { nextSteps } from './next-steps.ts';
import type { Phase, PrefixState } from './prefix.ts';
import { troublesOf, type Trouble } from './trouble.ts';

export interface PrefixStatus extends Explained {
  readonly prefix: string;
  readonly state: Phase;
  readonly since_seconds: number;
  /** What brought it into this state; `reason` is what keeps it there now. */
  readonly entered_by?: Explained;
  /** What fails, where `reason` says something else. */
  readonly cause?: Explained;
  /** The worst class that fails, whatever is announced: what the other gateways are told. */
  readonly verdict: Class | null;
  readonly side: 'outside' | 'inside';
  readonly preference: number | null;
  /** Announced behind a gateway that had the prefix first. */
  readonly yielding: boolean;
  /** A gateway that announces it and is better off. */
  readonly better?: string;
  readonly hold_down_seconds: number;
  /** How often the hold-down has doubled. */
  readonly flaps: number;
  /** Steps down within decision.flap_window_seconds, and how many begin a flap hold (0 = none do). */
  readonly step_downs: number;
  readonly flap_limit: number;
  /** What is left of the flap hold; 0 = none. */
  readonly flap_hold_seconds: number;
  readonly desired: boolean;
  readonly acknowledged: boolean;
  /** One of the neighbors that hear of it has a session: ExaBGP acknowledges a route without any. */
  readonly has_session: boolean;
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

export function prefixStatus(prefix: string, state: State, policy: Policy, now: number): PrefixStatus {
  const at = state.prefixes.get(prefix);
  const rule = policy.prefixes.find((each) => each.prefix === prefix);
  if (at === undefined || rule === undefined) throw new Error(`prefix ${prefix} has no state`);
  const own = unforced(at);
  const told = toldClass(own, own.verdict, now);
  const ours = { class: own.verdict, since: own.worseAt };
  const better = betterFor(rule, policy.prefixes, ours, state.fleet, policy.fleet, now);
  const { consequences, others } = troublesOf(rule, own.cause, state, policy, now);
  return {
    prefix,
    state: at.phase,
    since_seconds: seconds(now - at.since),
    verdict: told ?? null,
    side: rule.side,
    preference: rule.preference ?? null,
    yielding: at.yielding,
    ...(better === undefined ? {} : { better }),
    ...(at.enteredBy === undefined ? {} : { entered_by: explained(at.enteredBy.reason, at.enteredBy) }),
    ...explained(at.reason, at.cause),
    ...(at.cause === undefined || at.cause.reason === at.reason
      ? {}
      : { cause: explained(at.cause.reason, at.cause) }),
    hold_down_seconds: seconds(Math.max(0, at.holdUntil - now)),
    flaps: at.flaps,
    step_downs: countedFlaps(at, policy.hold, now),
    flap_limit: policy.hold.flapLimit,
    flap_hold_seconds: seconds(Math.max(0, at.flapHoldUntil - now)),
    desired: state.announcements.some((route) => route.prefix === prefix),
    acknowledged: state.lease?.acknowledged.includes(prefix) ?? false,
    has_session: rule.carriers.some((address) => state.lease?.neighbors[address] === 'up'),
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

const seconds = (ms: number): number => Math.round(ms) / 1000;
