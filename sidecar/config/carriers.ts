/** Which neighbor hears what of a prefix. Pure. */
import type { Announcement } from '../../bgp/announcement.ts';
import {
  ROUTE_STATES,
  type BgpConfig,
  type Family,
  type NeighborConfig,
  type PrefixConfig,
  type RouteState,
} from './config.ts';

export const familyName = (family: 4 | 6): Family => (family === 4 ? 'ipv4' : 'ipv6');

export const isInternal = ({ peerAs, localAs }: NeighborConfig): boolean => peerAs === localAs;

/**
 * An iBGP neighbor drops a route with its own AS in the path (RFC 4271 section 9.1.2), and one that is shown
 * another AS of ours would see a path that does not begin with it, which many routers refuse.
 */
export const cannotPrepend = (neighbor: NeighborConfig, ownAs: number): boolean =>
  isInternal(neighbor) || neighbor.localAs !== ownAs;

/** The neighbors that a prefix is announced to: those it names, or else those of its side, or else all. */
export function carriersOf(
  { family, side, neighbors: named }: Pick<PrefixConfig, 'family' | 'side' | 'neighbors'>,
  all: readonly NeighborConfig[],
): readonly NeighborConfig[] {
  const ofItsSide = all.filter((neighbor) => neighbor.side === side);
  const meant =
    named === undefined
      ? ofItsSide.length > 0
        ? ofItsSide
        : all
      : all.filter(({ address }) => named.includes(address));
  return meant.filter(({ families }) => families.includes(familyName(family)));
}

/**
 * The announcements of a prefix in one state: one for all neighbors that are told the same in every state, and
 * without names where those are all that carry the family. In every state: a change of state must change words and
 * no hearers, or the guard would withdraw the prefix in between (see `routeKey`).
 */
export function announcementsOf(
  prefix: PrefixConfig,
  state: RouteState,
  bgp: BgpConfig,
): readonly Announcement[] {
  const groups = new Map<string, { readonly words: Announcement; readonly neighbors: string[] }>();
  const carriers = carriersOf(prefix, bgp.neighbors);
  for (const neighbor of carriers) {
    const words = wordsFor(neighbor, prefix, state, bgp.localAs);
    const key = ROUTE_STATES.map((each) => {
      const { prepend = 0, localPreference } = wordsFor(neighbor, prefix, each, bgp.localAs);
      return `${prepend} ${localPreference ?? '-'}`;
    }).join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { words, neighbors: [neighbor.address] });
    else group.neighbors.push(neighbor.address);
  }
  const listeners = bgp.neighbors.filter(({ families }) => families.includes(familyName(prefix.family)));
  const isForAll = groups.size === 1 && carriers.length === listeners.length;
  return [...groups.values()].map(({ words, neighbors }) => (isForAll ? words : { ...words, neighbors }));
}

function wordsFor(
  neighbor: NeighborConfig,
  prefix: PrefixConfig,
  state: RouteState,
  ownAs: number,
): Announcement {
  const { prepend = 0, localPreference, ...rest } = prefix[state];
  return {
    prefix: prefix.prefix,
    ...rest,
    ...(prefix.pathId === undefined ? {} : { pathId: prefix.pathId }),
    prepend: cannotPrepend(neighbor, ownAs) ? 0 : prepend,
    ...(isInternal(neighbor) && localPreference !== undefined ? { localPreference } : {}),
  };
}

/** Addresses of the neighbors that are to be sent several paths of a prefix (RFC 7911): the session says so at its start. */
export const neighborsWithPaths = (
  prefixes: readonly PrefixConfig[],
  neighbors: readonly NeighborConfig[],
): ReadonlySet<string> =>
  new Set(
    prefixes
      .filter(({ pathId }) => pathId !== undefined)
      .flatMap((prefix) => carriersOf(prefix, neighbors).map(({ address }) => address)),
  );
