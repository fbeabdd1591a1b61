/** What the sessions are told of the rest: which prefixes are announced, and where clients may be sent. Pure. */
import type { Policy, State } from './decision.ts';
import { targets } from './fleet/better.ts';
import { inForce, unforced } from './force.ts';
import type { PrefixState } from './prefix.ts';
import type { Facts } from './sessions/machine.ts';
import type { Target } from './sessions/policy.ts';
import type { RoutedPrefix, Routing } from './sessions/scene.ts';

export const factsOf = (state: State, policy: Policy, now: number): Facts => ({
  routing: routingOf(state, policy),
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

export const routingOf = (state: State, { prefixes }: Policy): Routing => ({
  prefixes: new Map(
    prefixes.flatMap(({ prefix, side }) => {
      const at = state.prefixes.get(prefix);
      return side === 'outside' && at !== undefined ? [[prefix, routed(prefix, at, state)]] : [];
    }),
  ),
  stopping: state.stopping,
});

function routed(prefix: string, at: PrefixState, { announcements, lease }: State): RoutedPrefix {
  const wanted = announcements.some((route) => route.prefix === prefix);
  return {
    wanted,
    // A guard that does not answer has said nothing of a route that is gone.
    standing: lease?.acknowledged.includes(prefix) ?? true,
    worse: at.phase === 'degraded' || at.yielding,
    withdrawnBy: wanted ? undefined : withdrawnBy(at),
  };
}

function withdrawnBy(at: PrefixState): 'checks' | 'gone' | 'person' {
  if (at.phase === 'drained' || inForce(at) !== undefined) return 'person';
  // The other ways to be gone leave a charon that can tell its clients.
  return unforced(at).cause?.reason === 'charon-gone' ? 'gone' : 'checks';
}

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
      route.withdrawnBy === other.withdrawnBy
    );
  });
