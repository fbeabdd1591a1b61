/**
 * Config → the file that would give it, every default written out. Pure. Reading it again gives the same
 * Config; secrets appear as the paths of their files only.
 */
import type { Attributes } from '../../bgp/announcement.ts';
import { isCheckType } from '../../health/registry.ts';
import { limitsSpec } from './check-types.ts';
import type { CheckConfig, Config, NeighborConfig, PrefixConfig } from './config.ts';
import { fieldName } from './key-spec.ts';

type Plain = { readonly [key: string]: unknown };

export function plainConfig(config: Config): Plain {
  const { profile, gateway, strongswan, prefixes, bgp, lease, decision, checks, http, control, log } = config;
  return {
    profile,
    gateway: { name: gateway.name },
    strongswan: { vici_socket: strongswan.viciSocket },
    prefixes: prefixes.map(plainPrefix),
    bgp: {
      supervise: bgp.supervise,
      exabgp: bgp.exabgp,
      local_as: bgp.localAs,
      router_id: bgp.routerId,
      run_directory: bgp.runDirectory,
      neighbors: bgp.neighbors.map(plainNeighbor),
    },
    lease: {
      socket: lease.socket,
      ttl_seconds: lease.ttlMs / 1000,
      max_age_seconds: lease.maxAgeMs / 1000,
      handover_seconds: lease.handoverMs / 1000,
    },
    decision: {
      hold_down_seconds: decision.holdDownMs / 1000,
      hold_down_max_seconds: decision.holdDownMaxMs / 1000,
      quiet_seconds: decision.quietMs / 1000,
    },
    checks: checks.map(plainCheck),
    http: { listen: listenText(http.listen) },
    control: { socket: control.socket, state_directory: control.stateDirectory },
    log: { level: log.level },
  };
}

const listenText = (listen: Config['http']['listen']): string => {
  if (listen === undefined) return 'off';
  return listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
};

const plainPrefix = ({ prefix, nextHop, checks, announced, degraded }: PrefixConfig): Plain => ({
  prefix,
  next_hop: nextHop,
  ...given({ checks }),
  announced: plainAttributes(announced),
  degraded: plainAttributes(degraded),
});

const plainAttributes = (attributes: Attributes): Plain =>
  given({
    med: attributes.med,
    local_preference: attributes.localPreference,
    prepend: attributes.prepend,
    communities: attributes.communities,
    large_communities: attributes.largeCommunities,
  });

const plainNeighbor = (neighbor: NeighborConfig): Plain =>
  given({
    address: neighbor.address,
    peer_as: neighbor.peerAs,
    local_as: neighbor.localAs,
    local_address: neighbor.localAddress,
    hold_time_seconds: neighbor.holdSeconds,
    port: neighbor.port,
    password_file: neighbor.passwordFile,
    outgoing_ttl: neighbor.outgoingTtl,
    families: neighbor.families,
  });

const plainCheck = (check: CheckConfig): Plain =>
  given({
    name: check.name,
    type: check.type,
    interval_seconds: check.intervalMs / 1000,
    fast_interval_seconds: check.fastMs / 1000,
    timeout_seconds: check.timeoutMs / 1000,
    rise: check.rise,
    fall: check.fall,
    max_age_seconds: check.maxAgeMs / 1000,
    depends_on: check.dependsOn,
    class: check.class,
    limits: plainLimits(check),
  });

function plainLimits({ type, limits }: CheckConfig): Plain {
  if (!isCheckType(type)) return {};
  const { keys, lists = {} } = limitsSpec(type);
  return given(
    Object.fromEntries(
      [...Object.keys(keys), ...Object.keys(lists)].map((key) => {
        const value = limits[fieldName(key)];
        return [key, key.endsWith('_seconds') && typeof value === 'number' ? value / 1000 : value];
      }),
    ),
  );
}

/** Without the keys that are unset. */
const given = (object: Plain): Plain =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
