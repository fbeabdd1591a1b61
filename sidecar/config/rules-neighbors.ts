/** Rules between the keys of bgp.neighbors. Pure. */
import { familyOf } from './address.ts';
import type { Config, NeighborConfig } from './config.ts';
import { onlyOne } from './rules-secrets.ts';
import { duplicates, type Violation } from './violation.ts';

export const version = (family: 4 | 6): string => (family === 4 ? 'IPv4' : 'IPv6');

export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

export function* neighborRules({ bgp: { neighbors } }: Config): Generator<Violation> {
  if (neighbors.length === 0) {
    const message = 'no neighbor is given, so nobody would hear of the prefixes; write at least one router';
    yield { key: 'bgp.neighbors', expected: 'at least one neighbor', message };
  }
  yield* duplicates(neighbors, 'bgp.neighbors', 'address', ({ address }) => address);
  yield* duplicates(neighbors, 'bgp.neighbors', 'name', ({ name }) => name);
  for (const [index, neighbor] of neighbors.entries()) {
    const path = `bgp.neighbors[${index}]`;
    yield* addressRules(neighbor, path);
    yield* ttlRules(neighbor, path);
    yield* onlyOne(path, 'password', neighbor.passwordFile, neighbor.passwordCredential);
  }
}

function* addressRules(
  { address, family, localAddress, families }: NeighborConfig,
  path: string,
): Generator<Violation> {
  const involves = [`${path}.address`];
  if (familyOf(localAddress) !== family) {
    const wanted = `an ${version(family)} address`;
    const message = `"${localAddress}" is not ${wanted}, but the neighbor ${address} is; write our address on the way to it`;
    yield { key: `${path}.local_address`, value: localAddress, expected: wanted, message, involves };
  }
  // A router program on this host may well be reached at the address we have ourselves: IPv6 has but one.
  if (localAddress === address && !isLoopback(address)) {
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

/** gtsm and multihop say what outgoing_ttl must be; with both, 255 is sent, and the packet filter counts the hops. */
function* ttlRules(
  { gtsm, multihop, outgoingTtl, passive, family }: NeighborConfig,
  path: string,
): Generator<Violation> {
  if (passive && family === 6 && outgoingTtl !== undefined) {
    const message =
      'true leaves no way to set the TTL over IPv6, since ExaBGP sets none on IPv6 connections that come in; let it connect, or remove gtsm, multihop and outgoing_ttl';
    const involves = [`${path}.gtsm`, `${path}.multihop`, `${path}.outgoing_ttl`];
    yield { key: `${path}.passive`, value: passive, expected: 'false', message, involves };
  }
  const meant = gtsm ? GTSM_TTL : multihop;
  if (meant === undefined || outgoingTtl === meant) return;
  const by = gtsm ? 'gtsm' : 'multihop';
  yield {
    key: `${path}.outgoing_ttl`,
    value: outgoingTtl,
    expected: String(meant),
    message: `${outgoingTtl} contradicts ${by}, which means ${meant}; remove one of the two`,
    involves: [`${path}.gtsm`, `${path}.multihop`],
  };
}

/** RFC 5082 section 3: no router on the way can make it that high again. */
export const GTSM_TTL = 255;
