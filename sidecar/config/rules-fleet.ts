/** Rules between the keys of the section fleet. Pure. */
import { familyOf, holds } from './address.ts';
import type { Config, FleetMemberConfig, PrefixConfig } from './config.ts';
import { version } from './rules-neighbors.ts';
import { onlyOne, pair } from './rules-secrets.ts';
import { duplicates, seconds, type Violation } from './violation.ts';

export function* fleetRules({ fleet, prefixes }: Config): Generator<Violation> {
  if (fleet === undefined) return;
  const { gateways, pollMs, timeoutMs, maxAgeMs } = fleet;
  if (gateways.length === 0) {
    const message =
      'names no gateway; write at least one: - { name: gw2, url: "https://gw2.example:9179" }, or remove the section';
    yield { key: 'fleet.gateways', expected: 'at least one gateway', message };
  }
  yield* duplicates(gateways, 'fleet.gateways', 'name', ({ name }) => name);
  yield* duplicates(gateways, 'fleet.gateways', 'url', ({ url }) => url);
  yield* duplicates(gateways, 'fleet.gateways', 'address', ({ address }) => address);
  yield* duplicates(gateways, 'fleet.gateways', 'address6', ({ address6 }) => address6);
  for (const [index, member] of gateways.entries()) {
    yield* memberAddresses(member, `fleet.gateways[${index}]`, prefixes);
  }
  if (maxAgeMs <= pollMs + timeoutMs) {
    yield {
      key: 'fleet.max_age_seconds',
      value: maxAgeMs / 1000,
      expected: 'more than poll_seconds and timeout_seconds together',
      message: `${seconds(maxAgeMs)} is not more than poll_seconds ${seconds(pollMs)} and timeout_seconds ${seconds(timeoutMs)} together, so a gateway that answers slowly would come and go; raise it`,
      involves: ['fleet.poll_seconds', 'fleet.timeout_seconds'],
    };
  }
  yield* onlyOne('fleet', 'token', fleet.tokenFile, fleet.tokenCredential);
  yield* pair('fleet.tls', fleet.tls ?? {});
}

function* memberAddresses(
  { url, address, address6 }: FleetMemberConfig,
  path: string,
  prefixes: readonly PrefixConfig[],
): Generator<Violation> {
  const host = URL.parse(url)?.hostname.replaceAll(/[[\]]/gu, '') ?? '';
  const anycast = prefixes.find(({ prefix }) => holds(prefix, host));
  if (anycast !== undefined) {
    const message = `"${url}" lies in the prefix ${anycast.prefix}, where any gateway may answer; write an address of that gateway alone`;
    const expected = 'the address of one gateway';
    yield { key: `${path}.url`, value: url, expected, message, involves: ['prefixes'] };
  }
  for (const [key, value, family] of [
    ['address', address, 4],
    ['address6', address6, 6],
  ] as const) {
    if (value === undefined) continue;
    const expected = `an ${version(family)} address of that gateway alone`;
    const found = { key: `${path}.${key}`, value, expected };
    if (familyOf(value) !== family) {
      const other = family === 4 ? 'address6' : 'address';
      const message = `"${value}" is not an ${version(family)} address; that of the other family is for ${other}`;
      yield { ...found, message };
      continue;
    }
    const shared = prefixes.find(({ prefix }) => holds(prefix, value));
    if (shared === undefined) continue;
    const message = `"${value}" lies in the prefix ${shared.prefix}, which other gateways have as well; write ${expected}`;
    yield { ...found, message, involves: ['prefixes'] };
  }
}
