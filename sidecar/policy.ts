/** Configuration → what the decision needs of it. Pure. */
import type { CheckType } from '../health/check-type.ts';
import { CHECK_TYPES, checkFamily, type CheckTypeName } from '../health/registry.ts';
import type { Family } from '../health/family.ts';
import type { CheckConfig, Config, PrefixConfig } from './config/config.ts';
import type { Policy } from './decision.ts';
import type { PrefixPolicy } from './prefix.ts';
import type { CheckPolicy } from './verdict.ts';

export const policyOf = (config: Config): Policy => ({
  checks: new Map(config.checks.map((check) => [check.name, checkPolicy(check)])),
  prefixes: config.prefixes.map((prefix) => prefixPolicy(prefix, config.checks)),
  hold: config.decision,
  lease: config.lease,
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

function prefixPolicy(config: PrefixConfig, checks: readonly CheckConfig[]): PrefixPolicy {
  const route = { prefix: config.prefix, nextHop: config.nextHop };
  return {
    prefix: config.prefix,
    checks: config.checks ?? checks.filter((check) => concerns(check, config.family)).map(({ name }) => name),
    announced: { ...route, ...config.announced },
    degraded: { ...route, ...config.degraded },
  };
}

/** What speaks for one address family counts for the prefixes of that family; everything else for all. */
function concerns(check: CheckConfig, family: Family): boolean {
  const own = checkFamily(check);
  return own === undefined || own === family;
}
