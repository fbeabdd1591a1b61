/** What the sessions are told of the rest: which prefixes are announced, and where clients may be sent. Pure. */
import type { Policy, State } from './decision.ts';
import { announcingOther, targets } from './fleet/better.ts';
import { inForce, unforced } from './force.ts';
import { intentSentence } from './intent.ts';
import type { PrefixState } from './prefix.ts';
import type { Reason } from './reason.ts';
import type { Facts } from './sessions/state.ts';
import type { Target } from './sessions/policy.ts';
import type { RoutedPrefix, Routing } from './sessions/scene.ts';

export const factsOf = (state: State, policy: Policy, now: number): Facts => ({
  routing: routingOf(state, policy, now),
  targets: targetsOf(state, policy, now),
});

/** Whoever leaves for an operator's drain is no collapse. */
export const isTakingClients = ({ announcements, sessions }: State): boolean =>
  announcements.length > 0 && sessions.drain === undefined;

/** Healthy gateways, best first. */
export const targetsOf = ({ fleet: view }: State, { fleet }: Policy, now: number): Target[] =>
  fleet === undefined ? [] : targets(view, fleet, now).map(asTarget);

/** Every other gateway, whatever state it is in. */
export const membersOf = ({ fleet }: Policy): Target[] => (fleet?.members ?? []).map(asTarget);

const asTarget = ({ name, address, address6 }: Target): Target => ({
  name,
  ...(address === undefined ? {} : { address }),
  ...(address6 === undefined ? {} : { address6 }),
});

export const routingOf = (state: State, { prefixes, fleet }: Policy, now: number): Routing => ({
  prefixes: new Map(
    prefixes.flatMap(({ prefix, side }) => {
      const at = state.prefixes.get(prefix);
      if (side !== 'outside' || at === undefined) return [];
      const elsewhere = fleet !== undefined && announcingOther(state.fleet, prefix, fleet, now) !== undefined;
      return [[prefix, routed(prefix, at, state, elsewhere)]];
    }),
  ),
  stopping: state.stopping,
});

function routed(
  prefix: string,
  at: PrefixState,
  { announcements, lease }: State,
  elsewhere: boolean,
): RoutedPrefix {
  const wanted = announcements.some((route) => route.prefix === prefix);
  const order = inForce(at);
  return {
    wanted,
    // A guard that does not answer has said nothing of a route that is gone.
    standing: lease?.acknowledged.includes(prefix) ?? true,
    worse: at.phase === 'degraded' || at.yielding,
    elsewhere,
    withdrawnBy: wanted ? undefined : withdrawnBy(at),
    forced: order?.verb === 'announce' ? intentSentence(order) : undefined,
  };
}

function withdrawnBy(at: PrefixState): RoutedPrefix['withdrawnBy'] {
  if (at.phase === 'drained' || inForce(at) !== undefined) return 'person';
  const { cause, enteredBy } = unforced(at);
  // The other ways to be gone leave a charon that can tell its clients.
  if (cause?.reason === 'charon-gone') return 'gone';
  return enteredBy !== undefined && OUR_OWN.has(enteredBy.reason) ? 'swancast' : 'checks';
}

/** This process slept or started: nothing that serves clients has failed. */
const OUR_OWN: ReadonlySet<Reason> = new Set(['lease-lapsed', 'adoption-expired', 'stopping']);

export const sameRouting = (a: Routing, b: Routing): boolean =>
  a.stopping === b.stopping &&
  a.prefixes.size === b.prefixes.size &&
  [...a.prefixes].every(([prefix, route]) => {
    const other = b.prefixes.get(prefix);
    return (
      other !== undefined &&
      route.wanted === other.wanted &&
      route.standing === other.standing &&
      route.worse === other.worse &&
      route.elsewhere === other.elsewhere &&
      route.withdrawnBy === other.withdrawnBy &&
      route.forced === other.forced
    );
  });
