/** swancast.yaml of the labs of `lab routing`: what they have in common, and the parts that differ. Pure. */
import { dirname, join } from 'node:path';
import {
  HANDOVER_SECONDS,
  LEASE_TTL_SECONDS,
  type SidecarPaths,
  type SidecarSettings,
} from '../sidecar-config.ts';
import {
  ANYCAST4,
  ANYCAST6,
  GATEWAY_AS,
  PREFIX4,
  PREFIX6,
  ROUTER_AS,
  type GatewayName,
  type GatewayPlan,
} from '../topology.ts';

export type Mapping = Readonly<Record<string, unknown>>;

/** Sections and lists of the file: those given take the place of the usual ones, of `bgp` key by key. */
export interface ConfigParts {
  readonly prefixes?: readonly Mapping[];
  readonly neighbors?: readonly Mapping[];
  readonly bgp?: Mapping;
  /** Besides charon and the two probes. */
  readonly checks?: readonly Mapping[];
  readonly decision?: Mapping;
  readonly fleet?: Mapping;
  readonly http?: Mapping;
}

/** As JSON, which is YAML. */
export function configOf(
  gateway: GatewayPlan,
  { viciSocket, directory }: SidecarPaths,
  { supervise, stateDirectory = directory }: SidecarSettings,
  parts: ConfigParts,
): string {
  const config = {
    gateway: { name: gateway.name },
    strongswan: { vici_socket: viciSocket },
    prefixes: parts.prefixes ?? [{ prefix: PREFIX4 }, { prefix: PREFIX6 }],
    bgp: {
      supervise,
      local_as: GATEWAY_AS,
      router_id: gateway.address4,
      run_directory: directory,
      neighbors: parts.neighbors ?? routersOf(gateway),
      ...parts.bgp,
    },
    lease: {
      socket: join(directory, 'lease.sock'),
      ttl_seconds: LEASE_TTL_SECONDS,
      handover_seconds: HANDOVER_SECONDS,
    },
    decision: parts.decision ?? { hold_down_seconds: 1, hold_down_max_seconds: 1, flap_limit: 1000 },
    checks: [
      { name: 'charon', type: 'charon' },
      { name: 'ike-v4', type: 'ike-probe', limits: { address: ANYCAST4 } },
      { name: 'ike-v6', type: 'ike-probe', limits: { address: ANYCAST6 } },
      ...(parts.checks ?? []),
    ],
    ...(parts.fleet === undefined ? {} : { fleet: parts.fleet }),
    http: parts.http ?? { listen: '127.0.0.1:9179' },
    control: { socket: join(directory, 'control.sock'), state_directory: stateDirectory },
    log: { level: 'debug' },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Both addresses of every router. @param more keys of each */
export const routersOf = ({ uplinks }: GatewayPlan, more: Mapping = {}): readonly Mapping[] =>
  uplinks.flatMap((link) =>
    (
      [
        [link.router4, link.address4],
        [link.router6, link.address6],
      ] as const
    ).map(([address, local]) => ({
      ...{ address, peer_as: ROUTER_AS, local_address: local, hold_time_seconds: 9 },
      ...more,
    })),
  );

/** Where a gateway's own files are; `run`, its run directory, is in it. */
export const gatewayDirectory = ({ directory }: SidecarPaths): string => dirname(directory);

/** Fails, as this class, from the first look at which there is a file of its name (see Flags). */
export const flagCheck = (paths: SidecarPaths, name: string, kind: string, more: Mapping = {}): Mapping => ({
  ...{
    name,
    type: 'exec',
    class: kind,
    interval_seconds: 0.5,
    fast_interval_seconds: 0.5,
    timeout_seconds: 0.4,
  },
  ...{ rise: 1, fall: 1, ...more },
  limits: { command: ['/usr/bin/test', '!', '-e', flagFile(gatewayDirectory(paths), name)], warning: 'fail' },
});

export const flagFile = (directory: string, name: string): string => join(directory, `${name}.flag`);

/** First choice for gw1, second for gw2, third for gw3. */
export const PREFERENCE: Readonly<Record<GatewayName, number>> = { gw1: 1, gw2: 2, gw3: 3 };
