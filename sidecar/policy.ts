/** Configuration → what the decision needs of it. Pure. */
import type { CheckType } from '../health/check-type.ts';
import { CHECK_TYPES, checkFamily, type CheckTypeName } from '../health/registry.ts';
import type { Family } from '../health/family.ts';
import { announcementsOf, carriersOf } from './config/carriers.ts';
import type { CheckConfig, Config, FleetConfig, PrefixConfig } from './config/config.ts';
import { ownAddresses } from './config/own-addresses.ts';
import type { Policy } from './decision.ts';
import type { FleetPolicy } from './fleet/better.ts';
import type { PrefixPolicy } from './prefix.ts';
import type { SessionsPolicy } from './sessions/policy.ts';
import type { CheckPolicy } from './verdict.ts';

export const policyOf = (config: Config): Policy => ({
  checks: new Map(config.checks.map((check) => [check.name, checkPolicy(check)])),
  prefixes: config.prefixes.map((prefix) => prefixPolicy(prefix, config)),
  hold: config.decision,
  lease: config.lease,
  ...(config.fleet === undefined ? {} : { fleet: fleetPolicy(config.fleet, config.gateway.name) }),
  sessions: sessionsPolicy(config),
  restartGraceMs: config.strongswan.restartGraceMs,
});

function checkPolicy(check: CheckConfig): CheckPolicy {
  const type: CheckType = CHECK_TYPES[check.type as CheckTypeName];
  const { required, proves } = type;
  const ownClass = check.class ?? type.class;
  return {
    rise: check.rise,
    fall: check.fall,
    required,
    proves,
    dependsOn: check.dependsOn,
    maxAgeMs: check.maxAgeMs,
    ...(ownClass === undefined ? {} : { class: ownClass }),
  };
}

function prefixPolicy(prefix: PrefixConfig, { bgp, checks }: Config): PrefixPolicy {
  return {
    prefix: prefix.prefix,
    checks: prefix.checks ?? checks.filter((check) => concerns(check, prefix.family)).map(({ name }) => name),
    side: prefix.side,
    preempt: prefix.preempt,
    preference: prefix.preference,
    carriers: carriersOf(prefix, bgp.neighbors).map(({ address }) => address),
    routes: {
      announced: announcementsOf(prefix, 'announced', bgp),
      yielding: announcementsOf(prefix, 'yielding', bgp),
      degraded: announcementsOf(prefix, 'degraded', bgp),
      draining: announcementsOf(prefix, 'draining', bgp),
    },
  };
}

/** Our own entry, if the list has one, is not among the others. */
const fleetPolicy = ({ maxAgeMs, minimumOthers, gateways }: FleetConfig, own: string): FleetPolicy => ({
  maxAgeMs,
  minimumOthers,
  members: gateways
    .filter(({ name }) => name !== own)
    .map(({ name, address, address6, capacity }) => ({
      name,
      ...(address === undefined ? {} : { address }),
      ...(address6 === undefined ? {} : { address6 }),
      ...(capacity === undefined ? {} : { capacity }),
    })),
});

const sessionsPolicy = (config: Config): SessionsPolicy => ({
  ...config.sessions,
  own: { name: config.gateway.name, ...ownAddresses(config) },
  anycast: config.prefixes.flatMap(({ prefix, side }) => (side === 'outside' ? [prefix] : [])),
});

/** What speaks for one address family counts for the prefixes of that family; everything else for all. */
function concerns(check: CheckConfig, family: Family): boolean {
  const own = checkFamily(check);
  return own === undefined || own === family;
}
