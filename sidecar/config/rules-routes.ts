/** Rules between the keys of prefixes, and from there to the neighbors. Pure. */
import { announcementProblems, COMMUNITIES_MAXIMUM, type Attributes } from '../../bgp/announcement.ts';
import { LEASE_LINE_MAXIMUM } from '../../bgp/lease.ts';
import { familyOf, holds } from './address.ts';
import { announcementsOf, cannotPrepend, carriersOf, familyName, isInternal } from './carriers.ts';
import { PROVING_TYPE } from './check-types.ts';
import {
  ROUTE_STATES,
  type BgpConfig,
  type CheckConfig,
  type Config,
  type NeighborConfig,
  type PrefixConfig,
} from './config.ts';
import { version } from './rules-neighbors.ts';
import { duplicates, unknownNames, type Violation } from './violation.ts';

export function* prefixRules({ prefixes, checks, bgp }: Config): Generator<Violation> {
  if (prefixes.length === 0) {
    const message = 'no prefix is given; write at least one: - prefix: 192.0.2.1/32';
    yield { key: 'prefixes', expected: 'at least one prefix', message };
  }
  yield* duplicates(prefixes, 'prefixes', 'prefix', ({ prefix }) => prefix);
  yield* overlaps(prefixes);
  yield* allTogether(prefixes, bgp);
  for (const [index, prefix] of prefixes.entries()) {
    const path = `prefixes[${index}]`;
    yield* allowed(prefix, path, bgp.allowedPrefixes);
    yield* unknownNeighbors(prefix, path, bgp.neighbors);
    yield* nextHopRules(prefix, path, bgp.neighbors);
    yield* checksOfPrefix(prefix, path, checks);
    yield* prependRules(prefix, path, bgp);
    yield* announcementRules(prefix, path, bgp);
    if (sameAttributes(prefix.announced, prefix.degraded)) {
      yield {
        key: `${path}.degraded`,
        expected: 'worse attributes than announced',
        message: 'is the same as announced, so degrading would move no client; give a higher med or prepend',
        involves: [`${path}.announced`],
      };
    }
  }
}

/** Clients of the narrower one would end up with the wider one, and the checks of one would speak for both. */
function* overlaps(prefixes: readonly PrefixConfig[]): Generator<Violation> {
  for (const [index, { prefix }] of prefixes.entries()) {
    const other = prefixes.findIndex(
      (wide, at) =>
        at !== index &&
        wide.prefix !== prefix &&
        holds(wide.prefix, prefix.split('/')[0] ?? '') &&
        isWider(wide.prefix, prefix),
    );
    if (other === -1) continue;
    yield {
      key: `${path(index)}.prefix`,
      value: prefix,
      expected: 'prefixes apart from each other',
      message: `"${prefix}" lies in ${prefixes[other]?.prefix}, which is ${path(other)}; remove one of the two`,
      involves: [`${path(other)}.prefix`],
    };
  }
}

const path = (index: number): string => `prefixes[${index}]`;
const lengthOf = (prefix: string): number => Number(prefix.split('/')[1]);
const isWider = (a: string, b: string): boolean => lengthOf(a) < lengthOf(b);

function* allowed(
  { prefix }: PrefixConfig,
  at: string,
  fences: readonly string[] | undefined,
): Generator<Violation> {
  const isInside = (fence: string): boolean =>
    holds(fence, prefix.split('/')[0] ?? '') && lengthOf(fence) <= lengthOf(prefix);
  if (fences === undefined || fences.some(isInside)) return;
  yield {
    key: `${at}.prefix`,
    value: prefix,
    expected: 'a prefix in bgp.allowed_prefixes',
    message: `"${prefix}" lies in none of bgp.allowed_prefixes (${fences.join(', ')}); correct it, or allow it there`,
    involves: ['bgp.allowed_prefixes'],
  };
}

function* unknownNeighbors(
  { neighbors: named = [], family }: PrefixConfig,
  at: string,
  all: readonly NeighborConfig[],
): Generator<Violation> {
  const known = all.map(({ name, address }) => name ?? address);
  for (const [index, address] of named.entries()) {
    const neighbor = all.find((each) => each.address === address);
    const found = {
      key: `${at}.neighbors[${index}]`,
      value: address,
      involves: ['bgp.neighbors', `${at}.prefix`],
    };
    if (neighbor === undefined) {
      const message = `"${address}" is not a neighbor; there are: ${known.join(', ')}`;
      yield { ...found, expected: 'the name or the address of a neighbor', message };
    } else if (!neighbor.families.includes(familyName(family))) {
      const message = `${address} does not carry ${version(family)}; remove it, or add ${familyName(family)} to its families`;
      yield { ...found, expected: `a neighbor that carries ${version(family)}`, message };
    } else if (named.indexOf(address) < index) {
      const message = `${address} is in the list already, by its name or its address; keep one`;
      yield { ...found, expected: 'each once', message };
    }
  }
}

function* prependRules(
  prefix: PrefixConfig,
  at: string,
  { neighbors, localAs }: BgpConfig,
): Generator<Violation> {
  const carriers = carriersOf(prefix, neighbors);
  const [obstacle] = carriers;
  if (obstacle === undefined || carriers.some((neighbor) => !cannotPrepend(neighbor, localAs))) return;
  const why = isInternal(obstacle)
    ? 'is iBGP and drops a path with its own AS'
    : `is shown AS ${obstacle.localAs}, not ${localAs}`;
  const whom = carriers.length === 1 ? 'the neighbor' : `none of its ${carriers.length} neighbors takes it;`;
  for (const state of ROUTE_STATES) {
    const { prepend = 0 } = prefix[state];
    if (prepend === 0) continue;
    const message = `${prepend} cannot be sent: ${whom} ${obstacle.address} ${why}; write 0 and use med, local_preference or communities`;
    yield { key: `${at}.${state}.prepend`, value: prepend, expected: '0', message, involves: ['bgp'] };
  }
}

/** What the single keys cannot know: communities that are inherited, and the length of the whole command. */
function* announcementRules(prefix: PrefixConfig, at: string, bgp: BgpConfig): Generator<Violation> {
  for (const state of ROUTE_STATES) {
    const { communities = [], largeCommunities = [] } = prefix[state];
    const involves = [at, 'bgp'];
    const key = `${at}.${state}`;
    const most = Math.max(communities.length, largeCommunities.length);
    if (most > COMMUNITIES_MAXIMUM) {
      const message = `has ${most} communities, those of announced and of the state included; expected at most ${COMMUNITIES_MAXIMUM}`;
      yield { key, expected: `at most ${COMMUNITIES_MAXIMUM} communities`, message, involves };
      continue;
    }
    const [problem] = announcementsOf(prefix, state, bgp).flatMap(announcementProblems);
    if (problem !== undefined) yield { key, expected: 'what ExaBGP can be told', message: problem, involves };
  }
}

/** Beside the routes, what the guard reports of neighbors and their troubles. */
const REPORT_BYTES = 64 * 1024;

/** All routes are told to the guard in one line, and come back in one with the prefixes that were acknowledged. */
function* allTogether(prefixes: readonly PrefixConfig[], bgp: BgpConfig): Generator<Violation> {
  const bytes = prefixes.reduce((sum, prefix) => {
    const inState = ROUTE_STATES.map((state) => JSON.stringify(announcementsOf(prefix, state, bgp)).length);
    return sum + Math.max(...inState) + prefix.prefix.length + 4;
  }, 0);
  const most = LEASE_LINE_MAXIMUM - REPORT_BYTES;
  if (bytes <= most) return;
  yield {
    key: 'prefixes',
    expected: `routes of at most ${most} bytes`,
    message: `come to ${bytes} bytes of routes, each with its communities, once for each group of neighbors that is told something else; ${most} are possible: write fewer communities, or fewer prefixes`,
    involves: ['bgp'],
  };
}

function* nextHopRules(
  prefix: PrefixConfig,
  at: string,
  neighbors: readonly NeighborConfig[],
): Generator<Violation> {
  const { family } = prefix;
  const carriers = carriersOf(prefix, neighbors);
  const [version4, wanted] = [version(family === 4 ? 6 : 4), `an ${version(family)} address`];
  const involves = [`${at}.prefix`, `${at}.next_hop`, `${at}.neighbors`, 'bgp.neighbors'];
  if (neighbors.length > 0 && carriers.length === 0) {
    const others = neighbors.some(({ families }) => families.includes(familyName(family)));
    const whose = others ? `neighbor of its side (${prefix.side})` : 'neighbor';
    const message = `no ${whose} carries ${version(family)}, so nobody would hear of ${prefix.prefix}; add an ${version(family)} neighbor, or ${familyName(family)} to the families of one and a next_hop here`;
    const expected = `a neighbor for ${version(family)}`;
    yield { key: `${at}.prefix`, value: prefix.prefix, expected, message, involves };
  }
  const stranger = carriers.find((neighbor) => neighbor.family !== family);
  const places = [
    { key: `${at}.next_hop`, nextHop: prefix.nextHop },
    // The states have that of the prefix, where they have none of their own.
    ...ROUTE_STATES.map((state) => ({
      key: `${at}.${state}.next_hop`,
      nextHop: prefix[state].nextHop,
    })).filter(({ nextHop }) => nextHop !== prefix.nextHop),
  ];
  for (const { key, nextHop } of places) {
    if (nextHop !== 'self' && familyOf(nextHop) !== family) {
      const message = `"${nextHop}" is an ${version4} address, but ${prefix.prefix} is ${version(family)}; write "self" or ${wanted}`;
      yield { key, value: nextHop, expected: wanted, message, involves };
    }
    if (nextHop === 'self' && stranger !== undefined) {
      const message = `"self" is no ${version(family)} address on the session with ${stranger.address}, which carries ${familyName(family)} over ${version(stranger.family)}; give the ${version(family)} address of this gateway`;
      yield { key, value: nextHop, expected: wanted, message, involves };
    }
  }
}

function* checksOfPrefix(
  { prefix, checks: names }: PrefixConfig,
  path: string,
  checks: readonly CheckConfig[],
): Generator<Violation> {
  if (names === undefined) return;
  yield* unknownNames(names, `${path}.checks`, checks);
  const proving = checks.filter(({ type }) => type === PROVING_TYPE);
  if (proving.length > 0 && !proving.some(({ name }) => names.includes(name))) {
    yield {
      key: `${path}.checks`,
      value: names,
      expected: `a check of type ${PROVING_TYPE}`,
      message: `names no check of type ${PROVING_TYPE}, so nothing would prove charon alive for ${prefix}; add ${proving[0]?.name}`,
      involves: ['checks'],
    };
  }
}

const sameAttributes = (a: Attributes, b: Attributes): boolean =>
  a.med === b.med &&
  a.prepend === b.prepend &&
  a.localPreference === b.localPreference &&
  communitiesOf(a) === communitiesOf(b);

const communitiesOf = ({ communities, largeCommunities, extendedCommunities }: Attributes): string =>
  JSON.stringify([communities, largeCommunities, extendedCommunities]);

/** Our side of a session must be ours alone: over an anycast address the router would talk to any gateway. */
export function* ownAddressRules({ prefixes, bgp }: Config): Generator<Violation> {
  const own = [
    { key: 'bgp.router_id', address: bgp.routerId },
    ...bgp.neighbors.map(({ localAddress }, index) => ({
      key: `bgp.neighbors[${index}].local_address`,
      address: localAddress,
    })),
  ];
  for (const { key, address } of own) {
    const shared = prefixes.find(({ prefix }) => holds(prefix, address));
    if (shared === undefined) continue;
    const expected = 'an address of this gateway alone';
    const message = `"${address}" lies in the anycast prefix ${shared.prefix}, which every gateway has; write ${expected}`;
    yield { key, value: address, expected, message, involves: ['prefixes'] };
  }
}
