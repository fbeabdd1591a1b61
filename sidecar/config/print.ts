/**
 * Config → the file that would give it, every default written out. Pure. Reading it again gives the same
 * Config; secrets appear as the paths of their files, or the names of their credentials.
 */
import { isCheckType } from '../../health/registry.ts';
import { limitsSpec } from './check-types.ts';
import type {
  CheckConfig,
  Config,
  FleetConfig,
  HttpConfig,
  NeighborConfig,
  PrefixConfig,
  RouteConfig,
  SessionsConfig,
} from './config.ts';
import { fieldName } from './key-spec.ts';

type Plain = { readonly [key: string]: unknown };

export function plainConfig(config: Config): Plain {
  const { profile, gateway, strongswan, prefixes, bgp, lease, decision, fleet } = config;
  const { sessions, checks, http, control, log } = config;
  return {
    profile,
    gateway: { name: gateway.name },
    strongswan: { vici_socket: strongswan.viciSocket, restart_grace_ms: strongswan.restartGraceMs },
    prefixes: prefixes.map(plainPrefix),
    bgp: given({
      supervise: bgp.supervise,
      exabgp: bgp.exabgp,
      local_as: bgp.localAs,
      router_id: bgp.routerId,
      run_directory: bgp.runDirectory,
      allowed_prefixes: bgp.allowedPrefixes,
      neighbors: bgp.neighbors.map(plainNeighbor),
    }),
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
      flap_limit: decision.flapLimit,
      flap_window_seconds: decision.flapWindowMs / 1000,
      flap_hold_seconds: decision.flapHoldMs / 1000,
    },
    ...(fleet === undefined ? {} : { fleet: plainFleet(fleet) }),
    sessions: plainSessions(sessions),
    checks: checks.map(plainCheck),
    http: plainHttp(http),
    control: { socket: control.socket, state_directory: control.stateDirectory },
    log: { level: log.level },
  };
}

const listenText = (listen: HttpConfig['listen']): string => {
  if (listen === undefined) return 'off';
  return listen.host.includes(':') ? `[${listen.host}]:${listen.port}` : `${listen.host}:${listen.port}`;
};

const plainHttp = ({ listen, tokenFile, tokenCredential, tls }: HttpConfig): Plain =>
  given({
    listen: listenText(listen),
    token_file: tokenFile,
    token_credential: tokenCredential,
    tls:
      tls &&
      given({
        certificate_file: tls.certificateFile,
        key_file: tls.keyFile,
        client_ca_file: tls.clientCaFile,
      }),
  });

const plainFleet = (fleet: FleetConfig): Plain =>
  given({
    gateways: fleet.gateways.map((member) => given({ ...member })),
    poll_seconds: fleet.pollMs / 1000,
    timeout_seconds: fleet.timeoutMs / 1000,
    max_age_seconds: fleet.maxAgeMs / 1000,
    minimum_others: fleet.minimumOthers,
    token_file: fleet.tokenFile,
    token_credential: fleet.tokenCredential,
    tls:
      fleet.tls &&
      given({
        ca_file: fleet.tls.caFile,
        certificate_file: fleet.tls.certificateFile,
        key_file: fleet.tls.keyFile,
      }),
  });

const plainSessions = (sessions: SessionsConfig): Plain => {
  const { pin, drain, evacuate, sweep } = sessions;
  return given({
    addresses: sessions.addresses,
    own_address: sessions.ownAddress,
    own_address6: sessions.ownAddress6,
    connections: sessions.connections,
    ignore: sessions.ignore,
    rate_per_second: sessions.ratePerSecond,
    pin: {
      enabled: pin.enabled,
      delay_ms: pin.delayMs,
      rate_per_second: pin.ratePerSecond,
      storm_per_second: pin.stormPerSecond,
      verify_ms: pin.verifyMs,
    },
    drain: {
      pin_first: drain.pinFirst,
      worse_ms: drain.worseMs,
      settle_ms: drain.settleMs,
      settle_max_ms: drain.settleMaxMs,
      verify_ms: drain.verifyMs,
      deadline_seconds: drain.deadlineMs / 1000,
    },
    evacuate: { enabled: evacuate.enabled },
    sweep: {
      enabled: sweep.enabled,
      before_ms: sweep.beforeMs,
      after_ms: sweep.afterMs,
      quiet_ms: sweep.quietMs,
    },
  });
};

const plainPrefix = (prefix: PrefixConfig): Plain =>
  given({
    prefix: prefix.prefix,
    side: prefix.side,
    neighbors: prefix.neighbors,
    preference: prefix.preference,
    preempt: prefix.preempt,
    path_id: prefix.pathId,
    next_hop: prefix.nextHop,
    checks: prefix.checks,
    announced: plainRoute(prefix.announced),
    yielding: plainRoute(prefix.yielding),
    degraded: plainRoute(prefix.degraded),
    draining: plainRoute(prefix.draining),
  });

const plainRoute = (route: RouteConfig): Plain =>
  given({
    next_hop: route.nextHop,
    med: route.med,
    local_preference: route.localPreference,
    prepend: route.prepend,
    communities: route.communities,
    large_communities: route.largeCommunities,
    extended_communities: route.extendedCommunities,
  });

const plainNeighbor = (neighbor: NeighborConfig): Plain =>
  given({
    name: neighbor.name,
    address: neighbor.address,
    side: neighbor.side,
    peer_as: neighbor.peerAs,
    local_as: neighbor.localAs,
    local_address: neighbor.localAddress,
    hold_time_seconds: neighbor.holdSeconds,
    port: neighbor.port,
    passive: neighbor.passive,
    password_file: neighbor.passwordFile,
    password_credential: neighbor.passwordCredential,
    gtsm: neighbor.gtsm,
    multihop: neighbor.multihop,
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
