/** Configuration → what the decision needs of it. Pure. */
import { CHECK_TYPES, type CheckTypeName } from '../health/registry.ts';
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
  const { required, proves } = CHECK_TYPES[check.type as CheckTypeName];
  return {
    rise: check.rise,
    fall: check.fall,
    required,
    proves,
    dependsOn: check.dependsOn,
    maxAgeMs: check.maxAgeMs,
    ...(check.class === undefined ? {} : { class: check.class }),
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

/** A check with an address speaks for the prefixes of that family; one without, for all. */
function concerns({ limits }: CheckConfig, family: 4 | 6): boolean {
  const { address } = limits;
  return typeof address !== 'string' || address === '' || address.includes(':') === (family === 6);
}
