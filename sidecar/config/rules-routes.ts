/** Rules between the keys of prefixes and bgp.neighbors. Pure. */
import type { Attributes } from '../../bgp/announcement.ts';
import { familyOf, holds } from './address.ts';
import { PROVING_TYPE } from './check-types.ts';
import type { CheckConfig, Config, Family, NeighborConfig, PrefixConfig } from './config.ts';
import { duplicates, unknownNames, type Violation } from './violation.ts';

const familyName = (family: 4 | 6): Family => (family === 4 ? 'ipv4' : 'ipv6');
const version = (family: 4 | 6): string => (family === 4 ? 'IPv4' : 'IPv6');

/**
 * An iBGP neighbor drops a route with its own AS in the path (RFC 4271 section 9.1.2), and one that is shown
 * another AS of ours would see a path that does not begin with it, which many routers refuse.
 */
export const cannotPrepend = ({ peerAs, localAs }: NeighborConfig, ownAs: number): boolean =>
  peerAs === localAs || localAs !== ownAs;

export function* prefixRules({ prefixes, checks, bgp }: Config): Generator<Violation> {
  const { neighbors, localAs } = bgp;
  const obstacle = neighbors.find((neighbor) => cannotPrepend(neighbor, localAs));
  if (prefixes.length === 0) {
    const message = 'no prefix is given; write at least one: - prefix: 192.0.2.1/32';
    yield { key: 'prefixes', expected: 'at least one prefix', message };
  }
  yield* duplicates(prefixes, 'prefixes', 'prefix', ({ prefix }) => prefix);
  for (const [index, prefix] of prefixes.entries()) {
    const path = `prefixes[${index}]`;
    yield* nextHopRules(prefix, path, neighbors);
    yield* checksOfPrefix(prefix, path, checks);
    for (const phase of ['announced', 'degraded'] as const) {
      const { prepend = 0 } = prefix[phase];
      if (prepend === 0 || obstacle === undefined) continue;
      const why =
        obstacle.peerAs === obstacle.localAs
          ? 'is iBGP and drops a path with its own AS'
          : `is shown AS ${obstacle.localAs}, not ${localAs}`;
      const message = `${prepend} cannot be sent: the neighbor ${obstacle.address} ${why}; write 0 and use med, local_preference or communities`;
      yield { key: `${path}.${phase}.prepend`, value: prepend, expected: '0', message, involves: ['bgp'] };
    }
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

function* nextHopRules(
  { prefix, family, nextHop }: PrefixConfig,
  path: string,
  neighbors: readonly NeighborConfig[],
): Generator<Violation> {
  const involves = [`${path}.prefix`, `${path}.next_hop`, 'bgp.neighbors'];
  const carriers = neighbors.filter(({ families }) => families.includes(familyName(family)));
  if (nextHop !== 'self' && familyOf(nextHop) !== family) {
    const other = version(family === 4 ? 6 : 4);
    const message = `"${nextHop}" is an ${other} address, but ${prefix} is ${version(family)}; write "self" or an ${version(family)} address`;
    yield {
      key: `${path}.next_hop`,
      value: nextHop,
      expected: `an ${version(family)} address`,
      message,
      involves,
    };
  }
  if (neighbors.length > 0 && carriers.length === 0) {
    const message = `no neighbor carries ${version(family)}, so nobody would hear of ${prefix}; add an ${version(family)} neighbor, or ${familyName(family)} to the families of one and a next_hop here`;
    yield {
      key: `${path}.prefix`,
      value: prefix,
      expected: `a neighbor for ${version(family)}`,
      message,
      involves,
    };
  }
  const stranger = carriers.find((neighbor) => neighbor.family !== family);
  if (nextHop === 'self' && stranger !== undefined) {
    const message = `"self" is no ${version(family)} address on the session with ${stranger.address}, which carries ${familyName(family)} over ${version(stranger.family)}; give the ${version(family)} address of this gateway`;
    yield {
      key: `${path}.next_hop`,
      value: nextHop,
      expected: `an ${version(family)} address`,
      message,
      involves,
    };
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
  JSON.stringify([a.communities, a.largeCommunities]) === JSON.stringify([b.communities, b.largeCommunities]);

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

export function* neighborRules({ bgp: { neighbors } }: Config): Generator<Violation> {
  if (neighbors.length === 0) {
    const message = 'no neighbor is given, so nobody would hear of the prefixes; write at least one router';
    yield { key: 'bgp.neighbors', expected: 'at least one neighbor', message };
  }
  yield* duplicates(neighbors, 'bgp.neighbors', 'address', ({ address }) => address);
  for (const [index, { address, family, localAddress, families }] of neighbors.entries()) {
    const path = `bgp.neighbors[${index}]`;
    const involves = [`${path}.address`];
    if (familyOf(localAddress) !== family) {
      const wanted = `an ${version(family)} address`;
      const message = `"${localAddress}" is not ${wanted}, but the neighbor ${address} is; write our address on the way to it`;
      yield { key: `${path}.local_address`, value: localAddress, expected: wanted, message, involves };
    }
    if (localAddress === address) {
      const message = `"${localAddress}" is the neighbor's own address; write our address on the way to it`;
      yield {
        key: `${path}.local_address`,
        value: localAddress,
        expected: 'our own address',
        message,
        involves,
      };
    }
    if (families.length === 0) {
      const message = 'is an empty list; name ipv4, ipv6 or both, or remove the key';
      yield { key: `${path}.families`, value: families, expected: 'ipv4, ipv6 or both', message };
    }
  }
}
