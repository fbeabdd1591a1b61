/** What is allowed of routes and sessions, and hardly ever meant. Pure. */
import { carriersOf, isInternal } from './carriers.ts';
import { ROUTE_STATES, type CheckConfig, type Config, type PrefixConfig } from './config.ts';
import { isLoopback } from './rules-neighbors.ts';
import type { Warning } from './warning.ts';

/** Longer than any failover is worth: RFC 4271 suggests 90 s, many routers default to 180 s. */
const HOLD_SECONDS_PATIENT = 30;

export function routeWarnings({ bgp, prefixes, checks }: Config): Warning[] {
  const found: Warning[] = [];
  for (const [index, { holdSeconds, address }] of bgp.neighbors.entries()) {
    if (holdSeconds > HOLD_SECONDS_PATIENT && !isLoopback(address) && !watchedByBfd(address, checks)) {
      const message = `a host or link that dies stays announced for up to ${holdSeconds} s, and no check of type bfd knows of anything that ends the session sooner; write 9, or run BFD with this router`;
      found.push({ key: `bgp.neighbors[${index}].hold_time_seconds`, message });
    }
  }
  for (const [index, prefix] of prefixes.entries()) {
    const path = `prefixes[${index}]`;
    const carriers = carriersOf(prefix, bgp.neighbors);
    const local = carriers.find(({ address }) => isLoopback(address));
    if (local !== undefined && prefix.announced.nextHop === 'self') {
      const message = `"self" is ${local.localAddress} towards the router program on this host (${local.address}), and no other host reaches that; give an address of this gateway, or let the router program set it`;
      found.push({ key: `${path}.next_hop`, message });
    }
    if (prefix.neighbors === undefined && !carriers.some(({ side }) => side === prefix.side)) {
      // Only where somebody said inside at all.
      if (prefix.side === 'inside') {
        const message =
          'no neighbor has the side inside, so it goes to all of them; give one of them that side, or name its neighbors';
        found.push({ key: `${path}.side`, message });
      }
    }
    found.push(...orderWarnings(prefix, path));
    if (
      prefix.announced.localPreference !== undefined &&
      prefix.preference === undefined &&
      !carriers.some(isInternal)
    ) {
      const message =
        'is sent to iBGP neighbors alone, and this prefix has none; use med, prepend or communities';
      found.push({ key: `${path}.announced.local_preference`, message });
    }
  }
  return found;
}

/** Without `peers` the check wants whatever sessions bfdd has. */
const watchedByBfd = (address: string, checks: readonly CheckConfig[]): boolean =>
  checks.some(({ type, limits: { peers } }) => {
    const named = Array.isArray(peers) ? (peers as readonly unknown[]) : [];
    return type === 'bfd' && (named.length === 0 || named.includes(address));
  });

/** A router that goes by one sign alone must not take a worse state for the better one. */
function orderWarnings(prefix: PrefixConfig, path: string): Warning[] {
  const found: Warning[] = [];
  // Whoever preempts never yields, and may not know the word.
  const states = ROUTE_STATES.filter((state) => state !== 'yielding' || !prefix.preempt);
  for (const [index, state] of states.entries()) {
    const better = states[index - 1];
    if (better === undefined) continue;
    const [good, bad] = [prefix[better], prefix[state]];
    for (const [key, goodValue, badValue, isWrong] of [
      ['med', good.med, bad.med, (bad.med ?? 0) < (good.med ?? 0)],
      ['prepend', good.prepend, bad.prepend, (bad.prepend ?? 0) < (good.prepend ?? 0)],
      [
        'local_preference',
        good.localPreference,
        bad.localPreference,
        (bad.localPreference ?? LOCAL_PREFERENCE) > (good.localPreference ?? LOCAL_PREFERENCE),
      ],
    ] as const) {
      if (!isWrong) continue;
      const message = `${String(badValue ?? LOCAL_PREFERENCE)} makes the route better than ${better} with ${String(goodValue ?? LOCAL_PREFERENCE)}: a router that goes by it prefers the worse gateway; turn them round`;
      found.push({ key: `${path}.${state}.${key}`, message });
    }
  }
  return found;
}

/** What a route without one counts as (RFC 4271 leaves it open; 100 everywhere). */
const LOCAL_PREFERENCE = 100;
